//! Nodes, what runs on them, and how much of it has to live.

use std::collections::BTreeMap;

use super::ends::Matched;
use super::{PlacementChange, Quorum, QuorumChange};
use crate::document;
use crate::topology::{NodeId, Service, ServiceKind, Topology};

pub(super) fn placement(old: &Topology, new: &Topology, matched: &Matched) -> Vec<PlacementChange> {
    let mut all = Vec::new();
    // Nodes of the old topology as those of the new one that they are.
    let mut same: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for pair in &matched.nodes {
        match *pair {
            (Some(before), Some(after)) => {
                same.insert(before, after);
                let renamed = old[before].name != new[after].name;
                all.extend(renamed.then_some(PlacementChange::NodeRenamed(before, after)));
            }
            (None, Some(after)) => all.push(PlacementChange::NodeComes(after)),
            (Some(before), None) => all.push(PlacementChange::NodeGoes(before)),
            (None, None) => {}
        }
    }
    // The services of a mesh of tunnels follow from its pool.
    let declared = |service: &Service| service.kind == ServiceKind::Declared;
    for pair in &matched.services {
        match *pair {
            (Some(before), Some(after)) => {
                let mut comes = new[after].placement.clone();
                let mut goes = Vec::new();
                for node in &old[before].placement {
                    let known = same.get(node).and_then(|same| comes.iter().position(|other| other == same));
                    match known {
                        Some(at) => {
                            comes.remove(at);
                        }
                        None => goes.push(*node),
                    }
                }
                if declared(&new[after]) && (!comes.is_empty() || !goes.is_empty()) {
                    all.push(PlacementChange::ServiceMoves { service: after, comes, goes });
                }
            }
            (None, Some(id)) if declared(&new[id]) => all.push(PlacementChange::ServiceComes(id)),
            (Some(id), None) if declared(&old[id]) => all.push(PlacementChange::ServiceGoes(id)),
            _ => {}
        }
    }
    all
}

pub(super) fn quorum(old: &Topology, new: &Topology, matched: &Matched) -> Vec<QuorumChange> {
    let of = |service: &Service| Quorum { members: service.placement.len(), needed: service.needed() };
    let has_one = |service: &Service| *service.quorum == document::Quorum::Majority;
    let mut all = Vec::new();
    for (before, after) in &matched.services {
        let (before, after) = (before.map(|id| &old[id]), after.map(|id| &new[id]));
        let Some(either) = after.or(before) else { continue };
        let change =
            QuorumChange { service: either.name.to_string(), before: before.map(of), after: after.map(of) };
        let matters = before.is_some_and(has_one) || after.is_some_and(has_one);
        if matters && change.before != change.after {
            all.push(change);
        }
    }
    all
}
