//! What is the same thing in two topologies.

use std::collections::BTreeMap;

use crate::topology::{DatabaseId, LoadBalancerId, NodeId, ServiceId, Topology};

/// A thing of the old topology, of the new one, or of both.
pub(super) type Pair<Id> = (Option<Id>, Option<Id>);

/// The things of two topologies, those of the new one in its order, and then those that are gone.
pub(super) struct Matched {
    pub(super) nodes: Vec<Pair<NodeId>>,
    pub(super) services: Vec<Pair<ServiceId>>,
    pub(super) load_balancers: Vec<Pair<LoadBalancerId>>,
    pub(super) databases: Vec<Pair<DatabaseId>>,
}

impl Matched {
    pub(super) fn of(old: &Topology, new: &Topology) -> Self {
        Self {
            nodes: nodes(old, new),
            services: by_key(
                old.service_ids().map(|id| (&old[id].name, id)),
                new.service_ids().map(|id| (&new[id].name, id)),
            ),
            load_balancers: by_key(
                old.load_balancer_ids().map(|id| (&old[id].name, id)),
                new.load_balancer_ids().map(|id| (&new[id].name, id)),
            ),
            databases: by_key(
                old.database_ids().map(|id| (&old[id].name, id)),
                new.database_ids().map(|id| (&new[id].name, id)),
            ),
        }
    }
}

/// By their names; those that are left over by their addresses.
fn nodes(old: &Topology, new: &Topology) -> Vec<Pair<NodeId>> {
    let named =
        by_key(old.node_ids().map(|id| (&old[id].name, id)), new.node_ids().map(|id| (&new[id].name, id)));
    let gone = named.iter().filter(|(_, new)| new.is_none()).filter_map(|(old, _)| *old);
    let mut gone: BTreeMap<_, NodeId> = gone.map(|id| (old[id].address, id)).collect();
    let mut all: Vec<Pair<NodeId>> = Vec::new();
    for (before, after) in named {
        match (before, after) {
            (None, Some(id)) => all.push((gone.remove(&new[id].address), Some(id))),
            (Some(_), None) => {}
            both => all.push(both),
        }
    }
    let mut gone: Vec<NodeId> = gone.into_values().collect();
    gone.sort_unstable();
    all.extend(gone.into_iter().map(|id| (Some(id), None)));
    all
}

/// Pairs of what has the same key.
pub(super) fn by_key<Key: Ord, Id: Copy>(
    old: impl Iterator<Item = (Key, Id)>,
    new: impl Iterator<Item = (Key, Id)>,
) -> Vec<Pair<Id>> {
    let old: Vec<(Key, Id)> = old.collect();
    let mut positions: BTreeMap<&Key, usize> = old.iter().zip(0..).map(|((key, _), at)| (key, at)).collect();
    let mut all: Vec<Pair<Id>> = Vec::new();
    for (key, id) in new {
        all.push((positions.remove(&key).map(|at| old[at].1), Some(id)));
    }
    let mut gone: Vec<usize> = positions.into_values().collect();
    gone.sort_unstable();
    all.extend(gone.into_iter().map(|at| (Some(old[at].1), None)));
    all
}
