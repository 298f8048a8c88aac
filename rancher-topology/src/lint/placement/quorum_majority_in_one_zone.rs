//! A zone that holds the majority of a quorum.

use std::collections::{BTreeMap, BTreeSet};

use super::by_size;
use crate::diagnostic::{MOST_PLACES, Severity};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "quorum-majority-in-one-zone",
    severity: Severity::Warning,
    summary: "One zone holds so many members of a quorum that its failure stops the service.",
    reason: "Of three members in two zones, one zone has two, which are the majority. Where the network has three zones, \
             they can be spread so that the loss of any one is survived; where it has two they cannot, and nothing is said.",
    source: "ZooKeeper Administrator's Guide, \"Cross Machine Requirements\"; etcd FAQ, \"What is failure tolerance?\".",
    bad: "\
services:
  store: {image: store:3.6.4, placement: [node-1, other-1, other-2], quorum: majority}
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
  other:
    count: 2
    first-address: {a: 10.0.1.20, b: 10.0.2.20}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    good: "\
services:
  store: {image: store:3.6.4, placement: node, quorum: majority}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let topology = cx.topology;
    let zones: BTreeSet<&str> = topology.subnets.iter().filter_map(|subnet| subnet.zone.as_deref()).collect();
    for quorums in by_size(cx, &LINT) {
        let quorum = &quorums[0];
        if quorum.members() < 3 || quorum.nodes() != quorum.members() {
            continue;
        }
        let mut members_of: BTreeMap<&str, usize> = BTreeMap::new();
        for node in &quorum.service.placement {
            if let Some(zone) = topology[topology[*node].subnet].zone.as_deref() {
                *members_of.entry(zone).or_default() += 1;
            }
        }
        let majority = quorum.members() / 2 + 1;
        // Spread as evenly as can be, the fullest zone has this many.
        if quorum.members() - quorum.members().div_ceil(zones.len().max(1)) < majority {
            continue;
        }
        // That a whole pool stands in one zone is told of the pool.
        let pools: BTreeSet<_> = quorum.service.placement.iter().map(|node| topology[*node].pool).collect();
        if members_of.len() == 1 && pools.len() == 1 {
            continue;
        }
        let fatal = members_of.iter().find(|(_, count)| quorum.members() - **count < majority);
        if let Some((zone, count)) = fatal {
            findings.push(
                LINT.finding(
                    format!(
                        "zone `{zone}` holds {count} of {} members of the quorum of `{}`",
                        quorum.members(),
                        quorum.service.name
                    ),
                    quorum.placement_place(cx),
                )
                .also_up_to(
                    MOST_PLACES,
                    quorums[1..].iter().map(|other| {
                        (other.placement_place(cx), format!("and of the quorum of `{}`", other.service.name))
                    }),
                )
                .why(format!(
                    "without them {} are left, and the majority is {majority}",
                    quorum.members() - count
                ))
                .help("spread the members over three zones"),
            );
        }
    }
}
