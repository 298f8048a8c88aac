//! Two names that differ only in capital letters.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Severity, Span};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Name;

pub(super) const LINT: Lint = Lint {
    id: "names-differ-in-case",
    severity: Severity::Warning,
    summary: "Two names differ only in capital letters.",
    reason: "DNS does not tell them apart, so that one is reached in place of the other; neither do the file systems of macOS and \
             Windows, where the rendered folder of one node would take the other's place.",
    source: "RFC 4343, section 2.",
    bad: "\
services:
  cache: {image: redis:7.4.1, placement: node, publish: [6379:6379], traffic-to: [cache, Cache]}
  Cache: {image: redis:7.4.1, placement: node, publish: [6380:6379], traffic-to: cache}
security-groups:
  nodes:
    inbound:
      - {port: 6379-6380/tcp, from: self, purpose: cache}
",
    good: "\
services:
  cache: {image: redis:7.4.1, placement: node, publish: [6379:6379], traffic-to: [cache, sessions]}
  sessions: {image: redis:7.4.1, placement: node, publish: [6380:6379], traffic-to: cache}
security-groups:
  nodes:
    inbound:
      - {port: 6379-6380/tcp, from: self, purpose: cache}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let (document, topology) = (cx.document, cx.topology);
    let services = document.services.keys().chain(document.tunnels.keys());
    let beside = document.databases.keys().chain(document.load_balancers.keys());
    let stated = document.nodes.keys().chain(services).chain(beside).map(|name| (&name.value, name.span));
    let nodes = topology.nodes.iter().map(|node| (&node.name, topology[node.pool].span));
    let mut first: BTreeMap<String, (&Name, Span)> = BTreeMap::new();
    let mut told: BTreeSet<(Span, Span)> = BTreeSet::new();
    for (name, span) in stated.chain(nodes) {
        let (other, place) = *first.entry(name.to_ascii_lowercase()).or_insert((name, span));
        // Two pools have many nodes and one cause.
        if other == name || !told.insert((place, span)) {
            continue;
        }
        findings.push(
            LINT.finding(format!("`{name}` and `{other}` differ only in capital letters"), span)
                .also(place, format!("`{other}` comes from here"))
                .why("DNS and some file systems take them for one")
                .help("give one of them another name"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    fn found(text: &str) -> usize {
        let report = crate::validate(&complete(text));
        assert!(report.topology.is_some(), "{report:#?}");
        report.findings.iter().filter(|finding| finding.id == "names-differ-in-case").count()
    }

    #[test]
    fn two_pools_are_one_finding_and_a_single_node_is_compared_with_a_pools() {
        let pools = "\
nodes:
  web: {count: 40, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1}
  Web: {count: 40, first-address: {b: 10.0.2.10}, os: debian-12, engine: docker-27.3.1}
";
        assert_eq!(found(pools), 1);
        let single = "\
nodes:
  web: {count: 3, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1}
  Web-2: {first-address: {b: 10.0.2.10}, os: debian-12, engine: docker-27.3.1}
";
        assert_eq!(found(single), 1);
    }
}
