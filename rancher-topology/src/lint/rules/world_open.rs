//! A port of the cluster's own that the whole internet may reach.

use std::collections::{BTreeMap, BTreeSet};

use super::{Written, list, sensitive, words};
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::document::{Document, Spanned};
use crate::flow::Party;
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Exposure, Extent, RuleId, ServiceRange, Usage};
use crate::scalar::{Peer, Traffic};

pub(super) const LINT: Lint = Lint {
    id: "world-open",
    severity: Severity::Warning,
    summary: "A management, database or coordination port, or one that only the cluster itself uses, is open to the internet.",
    reason: "Scanners find it within minutes. Behind such a port stands something that trusts its network: a ZooKeeper without a \
             password, a Redis that takes configuration, an SSH that is guessed at day and night. A port that expects a PROXY \
             header believes whatever source address it is told.",
    source: "CIS Amazon Web Services Foundations Benchmark, section 5 (no 0.0.0.0/0 to administration ports); AWS Security Hub, \
             control EC2.19.",
    bad: "\
services:
  store: {image: store:3.6.4, placement: node, publish: [2181:2181], traffic-to: store}
security-groups:
  nodes:
    inbound:
      - {port: 2181/tcp, from: 0.0.0.0/0}
",
    good: "\
services:
  store: {image: store:3.6.4, placement: node, publish: [2181:2181], traffic-to: store}
security-groups:
  nodes:
    inbound:
      - {port: 2181/tcp, from: self}
",
    instead_of: &["rule-wider-than-flows", "unused-rule"],
    found: Found::WholeOrParts(check, check_parts),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let allowance = |id: RuleId| {
        let rule = &cx.admission[id];
        Written::of(cx, rule).and_then(|written| cx.allowed(&LINT, written.place(rule)))
    };
    if !cx.allows(&LINT) {
        findings.found.extend(open(cx).iter().filter_map(|open| finding(cx, open, open.rules)));
        return;
    }
    let by = |is_allowed: bool| {
        cx.admission.exposed_by(cx.topology, &cx.policy, |id| allowance(id).is_some() == is_allowed)
    };
    // What is left without the rules that are allowed.
    let left = by(false);
    findings.found.extend(open_by(cx, &left).iter().filter_map(|open| finding(cx, open, open.rules)));
    // What these do alone, and what they do only beside others.
    let alone = by(true);
    let mut told: BTreeSet<RuleId> = BTreeSet::new();
    for open in open_by(cx, &alone).into_iter().chain(open(cx)) {
        let mut by_allowance: BTreeMap<usize, Vec<RuleId>> = BTreeMap::new();
        for id in open.rules.iter().filter(|id| !told.contains(id)) {
            if let Some(allowance) = allowance(*id) {
                by_allowance.entry(allowance).or_default().push(*id);
            }
        }
        told.extend(open.rules);
        findings.found.extend(by_allowance.values().filter_map(|rules| finding(cx, &open, rules)));
    }
}

/// What some rules together open to the internet and should not: one cause, however many pools and ports it shows at.
pub(super) struct Open<'a> {
    /// The rules that do it.
    pub(super) rules: &'a [RuleId],
    everywhere: bool,
    /// The ports, those with a name first.
    what: BTreeSet<(bool, String)>,
    danger: Option<&'static str>,
}

/// Everything that is open and should not be.
pub(super) fn open<'a>(cx: &'a Context<'_>) -> Vec<Open<'a>> {
    open_by(cx, cx.admission.exposed())
}

fn open_by<'a>(cx: &Context<'_>, exposures: &'a [Exposure]) -> Vec<Open<'a>> {
    let mut all: BTreeMap<&[RuleId], Open<'a>> = BTreeMap::new();
    for exposure in exposures {
        let inside = only_inside(cx, exposure);
        for range in exposure.services.ranges() {
            let ServiceRange::Ports(ports) = range else { continue };
            let mut dangers = sensitive::among(ports);
            let first = dangers.next();
            let what = match (first, dangers.next()) {
                (Some(one), None) => format!("{ports} ({})", one.what),
                (Some(one), Some(_)) => format!("{ports} ({} and more)", one.what),
                (None, _) if inside => ports.to_string(),
                (None, _) => continue,
            };
            let open = all.entry(&exposure.rules).or_insert_with(|| Open {
                rules: &exposure.rules,
                everywhere: false,
                what: BTreeSet::new(),
                danger: None,
            });
            open.everywhere |= [exposure.v4, exposure.v6].contains(&Extent::Everywhere);
            open.what.insert((first.is_none(), what));
            open.danger = open.danger.or(first.map(|one| one.danger));
        }
    }
    all.into_values().collect()
}

/// Single rules that alone open a port which is never meant for everybody.
fn check_parts(document: &Document, findings: &mut Findings) {
    for rule in document.security_groups.values().flat_map(|group| &group.inbound) {
        let Traffic::Ports(ports) = rule.port.value else { continue };
        let everybody = |peer: &&Spanned<Peer>| match peer.value {
            Peer::Internet => true,
            Peer::Network(net) => net.prefix_len() == 0,
            Peer::Itself | Peer::Group(_) => false,
        };
        let (Some(danger), Some(peer)) = (sensitive::among(ports).next(), rule.from.iter().find(everybody))
        else {
            continue;
        };
        findings.push(
            LINT.finding(format!("the whole internet may reach {ports} ({})", danger.what), rule.span)
                .here(format!("{ports} from {}", peer.value))
                .why(danger.danger)
                .help("name the network that its users come from, as in `203.0.113.0/24`"),
        );
    }
}

/// Whether flows use the rules of an exposure, and none of them comes from the internet.
fn only_inside(cx: &Context<'_>, exposure: &Exposure) -> bool {
    let used = exposure.rules.iter().filter_map(|rule| match &cx.admission[*rule].usage {
        Usage::Flows(flows) => Some(flows),
        _ => None,
    });
    let flows: BTreeSet<_> = used.flatten().collect();
    !flows.is_empty() && flows.iter().all(|flow| cx.flows[**flow].client != Party::Internet)
}

/// What is to be said of some of the rules that open something.
fn finding(cx: &Context<'_>, open: &Open<'_>, rules: &[RuleId]) -> Option<Diagnostic> {
    let written =
        |id: &RuleId| Written::of(cx, &cx.admission[*id]).map(|written| (&cx.admission[*id], written));
    let rules: Vec<_> = rules.iter().filter_map(written).collect();
    let (rule, written) = rules.first()?;
    let extent = if open.everywhere { "the whole internet" } else { "large parts of the internet" };
    let what: Vec<String> = open.what.iter().map(|(_, what)| what.clone()).collect();
    let mut finding = LINT
        .finding(format!("{extent} may reach {}", list(&what)), written.place(rule))
        .here(words(rule, written))
        .why(open.danger.unwrap_or("only the cluster's own connections use it"));
    for (other, place) in rules.iter().skip(1).take(4) {
        finding = finding.also(place.place(other), format!("together with {}", words(other, place)));
    }
    let narrowest: Vec<String> = rule.excess.narrowest.iter().map(ToString::to_string).collect();
    Some(match (narrowest.as_slice(), written.peer(rule)) {
        ([one], Some(peer)) => finding
            .help(format!("`{one}` is enough for the flows that use it"))
            .suggest(vec![Edit::Replace { span: peer.span, text: one.clone() }]),
        ([], _) => finding.help("name the network that its users come from, as in `203.0.113.0/24`"),
        (several, _) => finding.help(format!("[{}] is enough for the flows that use it", list(several))),
    })
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn messages(rules: &str) -> Vec<String> {
        let text = format!(
            "\
nodes:
  node: {{count: 3, first-address: {{a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}}, os: debian-12, engine: docker-27.3.1, groups: nodes}}
  edge: {{first-address: {{a: 10.0.1.50}}, os: debian-12, engine: docker-27.3.1, groups: [nodes, more]}}
security-groups:
  nodes: {{inbound: [{rules}]}}
  more: {{inbound: []}}
"
        );
        let report = validate(&complete(&text));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.into_iter().filter(|one| one.id == "world-open").map(|one| one.message).collect()
    }

    #[test]
    fn one_rule_is_one_finding_however_many_pools_and_protocols_it_opens() {
        let open = "the whole internet may reach";
        assert_eq!(messages("{port: 22/tcp, from: 0.0.0.0/0}"), [format!("{open} 22/tcp (SSH)")]);
        assert_eq!(messages("{port: any, from: internet}"), [format!("{open} 1-65535/tcp (SSH and more)")]);
        let two = "{port: 22/tcp, from: 0.0.0.0/0}, {port: 2375/tcp, from: 0.0.0.0/0}";
        assert_eq!(messages(two).len(), 2);
    }
}
