//! What is true: names are resolved handles, every default is filled in and says why, addresses lie in subnets.
//!
//! A [`Topology`] is made by [`resolve()`] alone and never changed; nothing that reads one checks it again.

mod assertion;
mod instances;
mod known;
mod network;
mod nodes;
mod place;
mod rancher;
mod resolve;
mod services;

use std::ops::Index;

pub use assertion::Assertion;
pub use instances::{Instance, Namespace};
pub use known::{Known, Origin};
pub use network::{Database, Listener, LoadBalancer, Network, Overlay, SecurityGroup, SecurityRule, Subnet};
pub use nodes::{Node, Pool};
pub use place::{NoPlace, Place};
pub use rancher::Rancher1;
pub use resolve::{Resolution, resolve};
pub use services::{
    Destination, EnvironmentValue, Health, Mesh, Probe, Required, Requirement, Service, ServiceKind,
    ServiceNetwork, StartedBy, Starter, Traffic, TunnelEnd, TunnelMode,
};

use crate::document::Scheme;
use crate::scalar::{Name, Text};

/// Handles: each is the position of a thing in the topology that it was taken from.
macro_rules! handles {
    ($($(#[$about:meta])* $handle:ident => $field:ident: $thing:ident),* $(,)?) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $handle(pub(crate) usize);

            impl $handle {
                /// Its position among its kind, counted from 0, in the order of the document.
                #[must_use]
                pub const fn position(self) -> usize {
                    self.0
                }
            }

            impl Index<$handle> for Topology {
                type Output = $thing;

                fn index(&self, handle: $handle) -> &$thing {
                    &self.$field[handle.0]
                }
            }
        )*
    };
}

handles! {
    /// A subnet of a topology.
    SubnetId => subnets: Subnet,
    /// An overlay of a topology.
    OverlayId => overlays: Overlay,
    /// A pool of a topology.
    PoolId => pools: Pool,
    /// A node of a topology.
    NodeId => nodes: Node,
    /// A security group of a topology.
    GroupId => groups: SecurityGroup,
    /// A database of a topology.
    DatabaseId => databases: Database,
    /// A load balancer of a topology.
    LoadBalancerId => load_balancers: LoadBalancer,
    /// A starter of a topology.
    StarterId => starters: Starter,
    /// A service of a topology.
    ServiceId => services: Service,
    /// A mesh of tunnels of a topology.
    MeshId => meshes: Mesh,
    /// An instance of a topology.
    InstanceId => instances: Instance,
}

/// A cluster: its network, what stands in it, what runs there and who talks to whom.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Topology {
    /// Its name.
    pub name: Name,
    /// What it is, in a line.
    pub title: Option<Text>,
    /// The network that everything stands in.
    pub network: Network,
    /// The network's subnets.
    pub subnets: Vec<Subnet>,
    /// Networks between containers of different nodes.
    pub overlays: Vec<Overlay>,
    /// Pools of alike nodes.
    pub pools: Vec<Pool>,
    /// The nodes, pool by pool.
    pub nodes: Vec<Node>,
    /// The security groups that the document states.
    pub groups: Vec<SecurityGroup>,
    /// Databases.
    pub databases: Vec<Database>,
    /// Load balancers.
    pub load_balancers: Vec<LoadBalancer>,
    /// Who starts containers, other than a person.
    pub starters: Vec<Starter>,
    /// The services, those that the meshes of tunnels consist of behind the others.
    pub services: Vec<Service>,
    /// The meshes of tunnels.
    pub meshes: Vec<Mesh>,
    /// The instances, service by service.
    pub instances: Vec<Instance>,
    /// What is peculiar to Rancher 1.0 and 1.1, if it is such a cluster.
    pub rancher_1: Option<Rancher1>,
    /// What has to be true of who can reach whom.
    pub assertions: Vec<Assertion>,
    instances_of_nodes: Vec<Vec<InstanceId>>,
    first_instances: Vec<usize>,
}

impl Topology {
    /// The handles of all nodes.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId)
    }

    /// The handles of all services.
    pub fn service_ids(&self) -> impl Iterator<Item = ServiceId> + use<> {
        (0..self.services.len()).map(ServiceId)
    }

    /// The handles of all databases.
    pub fn database_ids(&self) -> impl Iterator<Item = DatabaseId> + use<> {
        (0..self.databases.len()).map(DatabaseId)
    }

    /// The handles of all load balancers.
    pub fn load_balancer_ids(&self) -> impl Iterator<Item = LoadBalancerId> + use<> {
        (0..self.load_balancers.len()).map(LoadBalancerId)
    }

    /// The handles of all pools.
    pub fn pool_ids(&self) -> impl Iterator<Item = PoolId> + use<> {
        (0..self.pools.len()).map(PoolId)
    }

    /// The handles of all stated security groups.
    pub fn group_ids(&self) -> impl Iterator<Item = GroupId> + use<> {
        (0..self.groups.len()).map(GroupId)
    }

    /// The handles of all starters.
    pub fn starter_ids(&self) -> impl Iterator<Item = StarterId> + use<> {
        (0..self.starters.len()).map(StarterId)
    }

    /// The handles of all meshes of tunnels.
    pub fn mesh_ids(&self) -> impl Iterator<Item = MeshId> + use<> {
        (0..self.meshes.len()).map(MeshId)
    }

    /// The handles of all subnets.
    pub fn subnet_ids(&self) -> impl Iterator<Item = SubnetId> + use<> {
        (0..self.subnets.len()).map(SubnetId)
    }

    /// The region of AWS that its subnets lie in; `None` where they are not AWS's.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.subnets.iter().find_map(Subnet::region)
    }

    /// Whether anything in its network has public addresses, so that there has to be a way to the internet.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.pools.iter().any(|pool| *pool.public_address)
            || self.load_balancers.iter().any(|balancer| *balancer.scheme == Scheme::InternetFacing)
    }

    /// A node by its name.
    #[must_use]
    pub fn node_named(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|node| node.name.as_str() == name).map(NodeId)
    }

    /// What everything about a node that its pool shares.
    #[must_use]
    pub fn pool_of(&self, node: NodeId) -> &Pool {
        &self[self[node].pool]
    }
}
