//! A rule whose peer is a private range that no packet comes from.

use super::faulty;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "peer-outside-network",
    severity: Severity::Warning,
    summary: "A rule's peer is a private range that touches neither the network nor what is routed to it.",
    reason: "Packets from private addresses come over a route only. Where there is none, the rule admits nobody: most often the \
             range is another network's, or mistyped. A network that is reached by a VPN is named under `routed`.",
    source: "RFC 1918, section 3; RFC 4193, section 4.1.",
    bad: "\
services:
  store: {image: store:3.6.4, placement: node, publish: [7000:7000], traffic-to: store}
security-groups:
  nodes:
    inbound:
      - {port: 7000/tcp, from: self}
      - {port: 7000/tcp, from: 172.20.1.0/24}
",
    good: "\
services:
  store: {image: store:3.6.4, placement: node, publish: [7000:7000], traffic-to: store}
security-groups:
  nodes:
    inbound:
      - {port: 7000/tcp, from: self}
",
    instead_of: &["unused-rule", "rule-wider-than-flows"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for rule in faulty(cx, |rule| rule.peer_is_nowhere) {
        findings.push(
            LINT.finding(format!("{} admits nobody", rule.words()), rule.place())
                .here("a private range outside the network")
                .also(cx.document.network.cidr.span, format!("the network is {}", cx.topology.network.cidr))
                .why("packets from private addresses come over a route, and none is stated")
                .help("correct the range, or name it under the pool's `routed` if a VPN or a peering leads there"),
        );
    }
}
