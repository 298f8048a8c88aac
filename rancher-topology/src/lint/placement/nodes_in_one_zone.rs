//! A pool whose nodes stand in one zone, where there are others.

use std::collections::BTreeSet;

use super::quorums;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::{NodeId, PoolId, ServiceId};

pub(super) const LINT: Lint = Lint {
    id: "nodes-in-one-zone",
    severity: Severity::Warning,
    summary: "All nodes of a pool stand in one zone, and the network has others.",
    reason: "A zone fails as a whole: its power, its cooling, its uplink. Everything that runs on these nodes is gone with it, \
             however many nodes there are.",
    source: "AWS, Reliability Pillar (Well-Architected Framework), REL10-BP01: deploy the workload to multiple locations.",
    bad: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    good: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let topology = cx.topology;
    let zones: BTreeSet<&str> = topology.subnets.iter().filter_map(|subnet| subnet.zone.as_deref()).collect();
    for id in topology.pool_ids().filter(|id| topology[*id].nodes.len() > 1) {
        let pool = &topology[id];
        let own: BTreeSet<Option<&str>> =
            pool.nodes.iter().map(|node| topology[topology[*node].subnet].zone.as_deref()).collect();
        let (1, Some(Some(zone))) = (own.len(), own.first()) else { continue };
        let Some((_, said)) = cx.document.nodes.get_index(id.position()) else { continue };
        let Some((subnet, address)) = said.first_address.first() else { continue };
        let others: Vec<String> =
            zones.iter().filter(|other| *other != zone).take(2).map(|zone| format!("`{zone}`")).collect();
        if others.is_empty() {
            continue;
        }
        if is_spread(cx, id) {
            continue;
        }
        let quorums: Vec<String> = quorums(cx)
            .filter(|quorum| quorum.service.placement.iter().all(|node| topology[*node].pool == id))
            .map(|quorum| format!("`{}`", quorum.service.name))
            .collect();
        let message = format!("all {} nodes of `{}` stand in zone `{zone}`", pool.nodes.len(), pool.name);
        let why = match quorums.as_slice() {
            [] => "the zone's failure takes all of them".to_owned(),
            quorums => format!(
                "the zone's failure takes all of them, and with them the quorum of {}",
                quorums.join(", ")
            ),
        };
        let place = subnet.span.to(address.span);
        findings.push(LINT.finding(message, place).why(why).help(format!(
            "name a first address in a subnet of {} as well; nodes are dealt in turn",
            others.join(" and ")
        )));
    }
}

/// Whether all that runs on a pool's nodes runs in another zone as well: a pool for each zone is no fault.
fn is_spread(cx: &Context<'_>, pool: PoolId) -> bool {
    let topology = cx.topology;
    let zone = |node: &NodeId| topology[topology[*node].subnet].zone.as_deref();
    let Some(own) = topology[pool].nodes.first().map(zone) else { return false };
    let instances = topology[pool].nodes.iter().flat_map(|node| topology.instances_on(*node));
    let here: BTreeSet<ServiceId> = instances.map(|instance| topology[*instance].service).collect();
    let elsewhere = |service: &ServiceId| topology[*service].placement.iter().any(|node| zone(node) != own);
    !here.is_empty() && here.iter().all(elsewhere)
}
