//! Replicas on one node, where there are nodes without one.

use std::collections::BTreeSet;

use crate::diagnostic::Severity;
use crate::document::Quorum;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "replicas-share-node",
    severity: Severity::Warning,
    summary: "Two replicas of a service share a node, and another node has none.",
    reason: "The second replica is there for the day on which the first one's node fails; on the same node it fails as well.",
    source: "Rancher 1.x documentation, \"Scheduling services\": anti-affinity; Kubernetes documentation, \"Pod topology \
             spread constraints\".",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: 2, observed-on: [1, 1], naming: numbered}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: 2, observed-on: [1, 2], naming: numbered}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for id in cx.topology.service_ids() {
        let service = &cx.topology[id];
        let Some((_, said)) = cx.document.services.get_index(id.position()) else { continue };
        let nodes: BTreeSet<_> = service.placement.iter().collect();
        let possible = service.eligible;
        // A quorum's members are told of by a lint of their own.
        if *service.quorum == Quorum::Majority
            || nodes.len() == service.placement.len()
            || nodes.len() >= possible
        {
            continue;
        }
        let place = match (said.observed_on.first(), said.observed_on.last(), &said.scale) {
            (Some(first), Some(last), _) => first.span.to(last.span),
            (_, _, Some(scale)) => scale.span,
            _ => service.span,
        };
        findings.push(
            LINT.finding(
                format!(
                    "{} replicas of `{}` are on {} of {possible} nodes",
                    service.placement.len(),
                    service.name,
                    nodes.len()
                ),
                place,
            )
            .why("replicas that share a node fail with it")
            .help("let the scheduler keep them apart, or place them on nodes of their own"),
        );
    }
}
