//! What is true of Rancher 1.0 and 1.1 with its cluster manager ("rancher-ha.sh") only.
//!
//! The rest of this crate does not know Rancher; a document switches this part on with the key `rancher-1`.
//! Source: the releases' own scripts and cattle's `haconfig` (rancher/rancher v1.0.1 to v1.1.4, rancher/cattle).

mod example;
mod failure;
mod lints;
mod release;

pub(crate) use example::REST;
pub use failure::Remark;
pub use release::Release;

use crate::lint::Set;
use crate::topology::{Rancher1, Topology};

/// The lints that hold for Rancher 1.0 and 1.1 with its cluster manager.
pub const LINTS: Set = Set {
    name: "rancher-1",
    about: "Rancher 1.0 and 1.1 with its cluster manager: the key `rancher-1` switches them on.",
    applies: |document| document.rancher_1.is_some(),
    families: lints::FAMILIES,
};

impl Rancher1 {
    /// The cluster's size: how many cluster managers there are.
    #[must_use]
    pub fn size(&self, topology: &Topology) -> usize {
        topology[self.cluster_manager].placement.len()
    }

    /// The ports of the nodes as `server.conf` names them: what the model publishes for each, or the product's default.
    ///
    /// Source: cattle's `HaConfigInput`; the variables are those of `haconfig/script.ftl`.
    #[must_use]
    pub fn ports(&self, topology: &Topology) -> Vec<(&'static str, u16)> {
        let defaults = [
            ("CATTLE_HA_PORT_REDIS", 6379),
            ("CATTLE_HA_PORT_SWARM", 2376),
            ("CATTLE_HA_PORT_HTTP", 80),
            ("CATTLE_HA_PORT_HTTPS", 443),
            ("CATTLE_HA_PORT_PP_HTTP", 81),
            ("CATTLE_HA_PORT_PP_HTTPS", 444),
            ("CATTLE_HA_PORT_ZK_CLIENT", 2181),
            ("CATTLE_HA_PORT_ZK_QUORUM", 2888),
            ("CATTLE_HA_PORT_ZK_LEADER", 3888),
        ];
        let carried = |port| topology.meshes.iter().find(|mesh| mesh.port == port).map(|mesh| mesh.published);
        let published = |port| {
            topology.services.iter().flat_map(|service| &service.publish).find_map(|p| p.host_port_of(port))
        };
        defaults
            .map(|(name, port)| (name, carried(port).or_else(|| published(port)).unwrap_or(port)))
            .to_vec()
    }
}
