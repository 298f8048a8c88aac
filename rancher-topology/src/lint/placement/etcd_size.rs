//! An etcd with more members than it is made for.

use super::quorums;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Image;

/// etcd FAQ, "What is maximum cluster size?": seven.
const MOST_MEMBERS: usize = 7;

pub(super) const LINT: Lint = Lint {
    id: "etcd-size",
    severity: Severity::Warning,
    summary: "An etcd has more than seven members.",
    reason: "Each write waits for a majority of all members, so that every further one makes writing slower; five survive two \
             failures, and seven survive three.",
    source: "etcd FAQ, \"What is maximum cluster size?\".",
    bad: "\
nodes:
  node:
    count: 9
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
services:
  etcd: {image: quay.io/coreos/etcd:v3.5.17, placement: node, quorum: majority}
",
    good: "\
services:
  etcd: {image: quay.io/coreos/etcd:v3.5.17, placement: node, quorum: majority}
",
    instead_of: &["even-quorum"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for quorum in quorums(cx).filter(|quorum| quorum.members() > MOST_MEMBERS) {
        let image = Image::of(&quorum.service.image);
        let is_etcd = image.is("etcd") || quorum.service.role.as_str() == "etcd";
        if is_etcd {
            let message = format!("`{}` is an etcd with {} members", quorum.service.name, quorum.members());
            findings.push(
                LINT.finding(message, quorum.size_place(cx))
                    .why("each write waits for a majority of them")
                    .help("have five or seven members, on as many nodes"),
            );
        }
    }
}
