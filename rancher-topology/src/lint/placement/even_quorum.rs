//! A quorum with an even number of members.

use super::{about_size, by_size};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "even-quorum",
    severity: Severity::Warning,
    summary: "A quorum has an even number of members.",
    reason: "A majority of four is three, so four members survive the loss of one, as three members do; and there is one \
             more that can fail. A network that breaks in the middle leaves neither half with a majority.",
    source: "ZooKeeper Administrator's Guide, \"Clustered (Multi-Server) Setup\"; etcd FAQ, \"Why an odd number of cluster \
             members?\".",
    bad: "\
nodes:
  node:
    count: 4
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
services:
  store: {image: store:3.6.4, placement: node, quorum: majority}
",
    good: "\
services:
  store: {image: store:3.6.4, placement: node, quorum: majority}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for quorums in by_size(cx) {
        let members = quorums[0].members();
        if members < 4 || members % 2 != 0 {
            continue;
        }
        let (fewer, more) = (members - 1, members + 1);
        let tolerated = members - (members / 2 + 1);
        findings.push(
            about_size(cx, &LINT, &quorums, |name| format!("the quorum of `{name}` has {members} members"))
                .why(format!(
                    "its majority is {}: it survives {tolerated} failures, as {fewer} members do",
                    members / 2 + 1
                ))
                .help(format!("have {fewer} members, or {more}, which survive {}", more / 2)),
        );
    }
}
