//! What an outcome means for a Rancher 1.0 or 1.1, beyond what is lost.

use crate::failure::{Outcome, ServiceState, Thing};
use crate::scalar::Name;
use crate::topology::{EnvironmentValue, MeshId, NodeId, Rancher1, ServiceId, Topology};

/// Something to know about a service while an outcome lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remark {
    /// The service.
    pub service: ServiceId,
    /// What to know, in a sentence.
    pub text: String,
    /// Where it is known from.
    pub source: &'static str,
}

impl Rancher1 {
    /// What to know while an outcome lasts.
    ///
    /// The server finds ZooKeeper in `CATTLE_ZOOKEEPER_CONNECTION_STRING`, through the mesh that this variable names.
    #[must_use]
    pub fn remarks(&self, topology: &Topology, outcome: &Outcome) -> Vec<Remark> {
        let servers = topology.service_ids().filter_map(|id| Some((id, zookeeper_mesh(topology, id)?)));
        servers.filter_map(|(server, mesh)| remark(topology, outcome, server, mesh)).collect()
    }
}

fn zookeeper_mesh(topology: &Topology, server: ServiceId) -> Option<MeshId> {
    topology[server].environment.iter().find_map(|(name, value)| match value {
        EnvironmentValue::LocalEnds(mesh) if name.as_str() == "CATTLE_ZOOKEEPER_CONNECTION_STRING" => {
            Some(*mesh)
        }
        _ => None,
    })
}

fn remark(topology: &Topology, outcome: &Outcome, server: ServiceId, mesh: MeshId) -> Option<Remark> {
    let zookeeper = topology[mesh].carries;
    let state = |id: ServiceId| outcome.services.get(id.position());
    let works = |id: ServiceId| state(id).is_some_and(|state: &ServiceState| state.works);
    let [name, members]: [&Name; 2] = [server, zookeeper].map(|id| &topology[id].name);
    if !works(zookeeper) {
        return Some(Remark {
            service: server,
            text: format!(
                "`{name}` exits when ZooKeeper is lost, and is started again and again until a majority of `{members}` is back"
            ),
            source: "rancher/cattle v0.159.7 to v0.165.8.4, CuratorFactory: a lost connection is exit(3)",
        });
    }
    let is_down = |node: &NodeId| outcome.losses.contains_key(&Thing::Node(*node));
    let pool = &topology[topology[mesh].pool].nodes;
    let first = pool.first()?;
    if !works(server) || !pool.iter().any(is_down) {
        return None;
    }
    let waits = format!(
        "a `{name}` that restarts now gives up after about a minute, again and again: it waits for the ZooKeeper of index 1 only"
    );
    let text = if is_down(first) {
        format!(
            "{waits}, which is `{}` in static mode, and in managed mode may be any node",
            topology[*first].name
        )
    } else {
        format!(
            "in managed mode the cluster manager gives out the indices, so a node that is down may have index 1. Then {waits}"
        )
    };
    Some(Remark { service: server, text, source: "rancher/rancher v1.0.1 to v1.1.4, server/bin/cattle.sh" })
}
