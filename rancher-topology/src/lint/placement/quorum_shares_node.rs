//! Two members of a quorum on one node.

use super::quorums;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "quorum-shares-node",
    severity: Severity::Warning,
    summary: "Two members of a quorum run on one node.",
    reason: "The node's failure takes both. With three members on two nodes, one node holds the majority, and its loss stops \
             the service.",
    source: "etcd FAQ, \"What is failure tolerance?\": it counts members that fail one at a time.",
    bad: "\
services:
  store: {image: store:3.6.4, placement: [node-1, node-2], scale: 3, naming: numbered, quorum: majority}
",
    good: "\
services:
  store: {image: store:3.6.4, placement: node, scale: 3, naming: numbered, quorum: majority}
",
    instead_of: &["replicas-share-node"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for quorum in quorums(cx) {
        let (members, nodes) = (quorum.members(), quorum.nodes());
        if nodes == members {
            continue;
        }
        findings.push(
            LINT.finding(
                format!("{members} members of the quorum of `{}` are on {nodes} nodes", quorum.service.name),
                quorum.size_place(cx),
            )
            .why("a node that fails takes more than one member along")
            .help(format!("place it on {members} nodes")),
        );
    }
}
