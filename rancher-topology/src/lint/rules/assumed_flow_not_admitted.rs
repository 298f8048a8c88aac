//! A connection that nodes are taken to need, and that no rule admits.

use std::collections::BTreeMap;

use super::flow_not_admitted::is_assumed;
use super::list;
use crate::diagnostic::Severity;
use crate::flow::Party;
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Blocked, Direction, GroupRef, Services};

pub(super) const LINT: Lint = Lint {
    id: "assumed-flow-not-admitted",
    severity: Severity::Warning,
    summary: "Nodes are taken to need connections that no security rule admits, and the topology does not say what they need.",
    reason: "A pool without `traffic-to` is taken to need what most nodes do: packages and images from the internet (80/tcp, \
             443/tcp) and the time (123/udp). Where the rules of its group are written out and admit less, either a rule is \
             missing, and updates, images or the clock fail one day; or the nodes have a mirror and a time server of their own, \
             which the topology should name.",
    source: "Debian Handbook, section 6.1, \"Filling in the sources.list File\"; RFC 5905, section 7.2: NTP is 123/udp.",
    bad: "\
security-groups:
  nodes:
    inbound: []
    outbound:
      - {port: 443/tcp, to: internet, purpose: images}
",
    good: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    traffic-to: internet:443
security-groups:
  nodes:
    inbound: []
    outbound:
      - {port: 443/tcp, to: internet, purpose: images}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut of_groups: BTreeMap<(Direction, &[GroupRef]), Vec<&Blocked>> = BTreeMap::new();
    for blocked in cx.admission.blocked().iter().filter(|blocked| is_assumed(&cx.flows[blocked.flow])) {
        of_groups.entry((blocked.direction, &blocked.groups[..])).or_default().push(blocked);
    }
    for ((_, groups), blocked) in of_groups {
        let client = blocked.first().map(|one| cx.flows[one.flow].client);
        let Some(Party::Pool(pool)) = client else { continue };
        let Some((name, _)) = cx.document.nodes.get_index(pool.position()) else { continue };
        let group = groups.first().and_then(|group| cx.document.security_groups.get_index(group.position()));
        let services = blocked.iter().fold(Services::default(), |all, one| all.union(&one.services));
        let groups: Vec<String> =
            groups.iter().map(|group| format!("`{}`", cx.policy[*group].name)).collect();
        let rules: Vec<String> =
            services.ranges().iter().map(|range| format!("`- {{port: {range}, to: internet}}`")).collect();
        let finding = LINT
            .finding(
                format!(
                    "`{}` is taken to need {services} of the internet, and no rule of {} admits it",
                    name.value,
                    list(&groups)
                ),
                group.map_or(name.span, |(group, _)| group.span),
            )
            .why("a pool without `traffic-to` needs what most nodes do: packages, images and the time")
            .help(format!(
                "write under `traffic-to` of `{}` what its nodes connect to, as in `traffic-to: internet:443`; or add to \
                 `outbound`: {}",
                name.value,
                list(&rules)
            ));
        findings.push(match group {
            Some(_) => finding.also(name.span, "the nodes, which say nothing of their own traffic"),
            None => finding,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate::complete;

    #[test]
    fn all_that_is_assumed_is_one_finding_and_no_error() {
        let found = |text: &str| {
            let report = crate::validate(&complete(text));
            assert!(report.topology.is_some(), "{report:#?}");
            report.findings
        };
        let [one] = &found(LINT.bad)[..] else { panic!("one cause, one finding") };
        assert_eq!(
            one.message,
            "`node` is taken to need 80/tcp, 123/udp of the internet, and no rule of `nodes` admits it"
        );
        let none = "security-groups: {nodes: {inbound: [], outbound: []}}\n";
        assert_eq!(found(none).len(), 1, "{:#?}", found(none));
    }
}
