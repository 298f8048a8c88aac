//! A quorum that no failure leaves standing.

use super::{about_size, by_size};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "quorum-without-redundancy",
    severity: Severity::Warning,
    summary: "A quorum has one or two members.",
    reason: "One member is lost with its node. Of two members both are the majority, so the loss of either stops the \
             service: two are worse than one.",
    source: "ZooKeeper Administrator's Guide, \"Clustered (Multi-Server) Setup\"; etcd FAQ, \"What is failure tolerance?\".",
    bad: "\
services:
  store: {image: store:3.6.4, placement: node, scale: 2, quorum: majority}
",
    good: "\
services:
  store: {image: store:3.6.4, placement: node, quorum: majority}
",
    instead_of: &["single-instance"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for quorums in by_size(cx, &LINT).into_iter().filter(|quorums| quorums[0].members() < 3) {
        let (what, why) = match quorums[0].members() {
            2 => ("two members", "both of them are the majority, so that either failure stops it"),
            _ => ("one member", "it is lost with its node"),
        };
        findings.push(
            about_size(cx, &LINT, &quorums, |name| format!("the quorum of `{name}` has {what}"))
                .why(why)
                .help("three members on three nodes survive the loss of one"),
        );
    }
}
