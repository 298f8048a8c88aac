//! The containers: what the cluster manager starts, and how the document states it.

mod api_port;
mod environment;
mod exposed_port;
mod missing_agents;
mod missing_tunnels;
mod tunnel_entry;

use super::Cluster;
use crate::lint::Family;

/// Lints about the containers.
pub(super) const FAMILY: Family = Family {
    name: "Management stack",
    lints: &[
        &missing_tunnels::LINT,
        &tunnel_entry::LINT,
        &api_port::LINT,
        &environment::LINT,
        &exposed_port::LINT,
        &missing_agents::LINT,
    ],
};

/// What is carried between the nodes: the name that the cluster manager has for it, and its port on the first node.
///
/// Source: rancher/cluster-manager v0.1.5, `service/tunnel.go`.
const CARRIED: [(&str, u16); 4] =
    [("redis", 6379), ("zk-client", 2181), ("zk-quorum", 2888), ("zk-leader", 3888)];
