//! A program whose members have to agree, of which that is not said.

use super::placement_of;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Image;
use crate::topology::Origin;

pub(super) const LINT: Lint = Lint {
    id: "quorum-unstated",
    severity: Severity::Warning,
    summary: "An etcd or a ZooKeeper runs on several nodes, and no `quorum` is stated.",
    reason: "Both work only while a majority of their members lives. Without `quorum: majority` any one of them is taken to be \
             enough: nobody looks whether there are too few, whether they share a node or a zone, and a simulation \
             says that the service works when it does not. Where the instances are servers of their own, `quorum: one` says so.",
    source: "ZooKeeper Administrator's Guide, \"Clustered (Multi-Server) Setup\"; etcd FAQ, \"What is failure tolerance?\".",
    bad: "\
services:
  registry: {image: zookeeper:3.9.2, placement: node}
",
    good: "\
services:
  registry: {image: zookeeper:3.9.2, placement: node, quorum: majority}
",
    instead_of: &[],
    found: Found::Whole(check),
};

/// Programs that need a majority, by their images' names.
const AGREEING: [(&str, &str); 2] = [("etcd", "an etcd"), ("zookeeper", "a ZooKeeper")];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for id in cx.topology.service_ids().take(cx.document.services.len()) {
        let service = &cx.topology[id];
        let members = service.placement.len();
        if members < 2 || service.quorum.origin == Origin::Stated {
            continue;
        }
        let image = Image::of(&service.image);
        let Some((_, what)) = AGREEING.iter().find(|(name, _)| image.is(name)) else { continue };
        findings.push(
            LINT.finding(
                format!("`{}` is {what} with {members} members and states no `quorum`", service.name),
                placement_of(cx, id),
            )
            .why("without one, any single member is taken to be enough, and what survives a failure is not known")
            .help("write `quorum: majority`, or `quorum: one` where they do not know of each other"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    #[test]
    fn one_server_and_servers_that_are_said_to_stand_alone_are_no_quorum() {
        let found = |service: &str| {
            let text = format!("services: {{kv: {{image: {service}}}}}\n");
            let report = crate::validate(&complete(&text));
            assert!(report.topology.is_some(), "{report:#?}");
            report.findings.iter().any(|finding| finding.id == "quorum-unstated")
        };
        assert!(found("'quay.io/coreos/etcd:v3.5.17', placement: node"));
        assert!(!found("'quay.io/coreos/etcd:v3.5.17', placement: node-1"));
        assert!(!found("'quay.io/coreos/etcd:v3.5.17', placement: node, quorum: one"));
        assert!(!found("'lab/etcd-backup:1.0', placement: node"));
    }
}
