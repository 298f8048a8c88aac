//! A port of the cluster's own that the whole internet may reach.

use std::collections::BTreeSet;

use super::{Written, list, sensitive, words};
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::flow::Party;
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Exposure, Extent, ServiceRange, Usage};

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
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for exposure in cx.admission.exposed() {
        for range in exposure.services.ranges() {
            let ServiceRange::Ports(ports) = range else { continue };
            let dangers: Vec<&sensitive::Sensitive> = sensitive::among(ports).collect();
            let reason = match dangers.as_slice() {
                [one] => Some((format!("{ports} ({})", one.what), one.danger.to_owned())),
                [one, ..] => Some((format!("{ports} ({} and more)", one.what), one.danger.to_owned())),
                [] if only_inside(cx, exposure) => {
                    Some((ports.to_string(), "only the cluster's own connections use it".to_owned()))
                }
                [] => None,
            };
            let finding = reason.and_then(|(what, why)| finding(cx, exposure, &what, why));
            if let Some(finding) = finding {
                findings.push(finding);
            }
        }
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

fn finding(cx: &Context<'_>, exposure: &Exposure, what: &str, why: String) -> Option<Diagnostic> {
    let rules: Vec<_> = exposure
        .rules
        .iter()
        .filter_map(|id| Written::of(cx, &cx.admission[*id]).map(|written| (&cx.admission[*id], written)))
        .collect();
    let (rule, written) = rules.first()?;
    let extent = match (exposure.v4, exposure.v6) {
        (Extent::Everywhere, _) | (_, Extent::Everywhere) => "the whole internet",
        _ => "large parts of the internet",
    };
    let mut finding = LINT
        .finding(format!("{extent} may reach {what}"), written.place(rule))
        .here(words(rule, written))
        .why(why);
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
