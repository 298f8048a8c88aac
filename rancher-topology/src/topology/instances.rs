//! Instances: one container of a service on one node.

use std::net::Ipv4Addr;

use super::{
    EnvironmentValue, InstanceId, NodeId, ServiceId, ServiceKind, ServiceNetwork, Topology, TunnelEnd,
    TunnelMode,
};
use crate::document::Naming;
use crate::scalar::{Name, PortRange, Ports, Protocol};

/// One container of a service on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instance {
    /// The service.
    pub service: ServiceId,
    /// The node.
    pub node: NodeId,
    /// Its position among the service's instances, counted from 1.
    pub number: usize,
}

/// The network namespace that a process listens in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// The node's own.
    Node(NodeId),
    /// That of one container, which others may share.
    Instance(InstanceId),
}

impl Topology {
    /// The instances on a node, in the order of the document.
    #[must_use]
    pub fn instances_on(&self, node: NodeId) -> &[InstanceId] {
        &self.instances_of_nodes[node.0]
    }

    /// The instances of a service, in their order.
    pub fn instances_of(&self, service: ServiceId) -> impl Iterator<Item = InstanceId> + use<> {
        let first = self.first_instances[service.0];
        (first..first + self[service].placement.len()).map(InstanceId)
    }

    /// The instance of a service on a node; the first one where there are several.
    #[must_use]
    pub fn instance_on(&self, service: ServiceId, node: NodeId) -> Option<InstanceId> {
        self.instances_on(node).iter().copied().find(|instance| self[*instance].service == service)
    }

    /// The name of an instance's container.
    #[must_use]
    pub fn container_name(&self, instance: InstanceId) -> Name {
        let Instance { service, number, .. } = self[instance];
        match self[service].naming {
            Naming::Plain => self[service].name.clone(),
            Naming::Numbered => self[service].name.numbered('_', number),
        }
    }

    /// The network namespace that an instance is in.
    #[must_use]
    pub fn namespace_of(&self, instance: InstanceId) -> Namespace {
        let Instance { service, node, .. } = self[instance];
        match self[service].network {
            ServiceNetwork::Host => Namespace::Node(node),
            ServiceNetwork::Of(owner) => {
                // Resolving made sure that the owner is on this node and shares nobody's namespace.
                self.instance_on(owner, node)
                    .map_or(Namespace::Instance(instance), |owner| self.namespace_of(owner))
            }
            ServiceNetwork::Bridge { .. } | ServiceNetwork::Overlays(_) => Namespace::Instance(instance),
        }
    }

    /// The service in whose network namespace a service's containers are: its own, or another's.
    #[must_use]
    pub fn namespace_service(&self, service: ServiceId) -> ServiceId {
        match self[service].network {
            ServiceNetwork::Of(owner) => owner,
            _ => service,
        }
    }

    /// The tunnel that an instance is, if it is one.
    #[must_use]
    pub fn tunnel_end(&self, instance: InstanceId) -> Option<TunnelEnd> {
        let Instance { service, node, .. } = self[instance];
        match self[service].kind {
            ServiceKind::Tunnel { mesh, peer } => Some(self[mesh].end(self, node, peer)),
            ServiceKind::Declared => None,
        }
    }

    /// What an instance listens on inside its network namespace: address and ports, meshes and tunnels included.
    #[must_use]
    pub fn sockets_of(&self, instance: InstanceId) -> Vec<(Ipv4Addr, Ports)> {
        let Instance { service, node, .. } = self[instance];
        let tcp = |port| PortRange::single(port).ok().map(|range| Ports { protocol: Protocol::Tcp, range });
        if let Some(end) = self.tunnel_end(instance) {
            let address =
                if end.mode == TunnelMode::Decrypt { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
            return tcp(end.listen.port()).map(|ports| (address, ports)).into_iter().collect();
        }
        let own = self[service].listen.iter().map(|ports| (Ipv4Addr::UNSPECIFIED, *ports));
        let carried = self.meshes.iter().filter(|mesh| mesh.carries == service);
        let shifted = carried.filter_map(|mesh| tcp(mesh.local_port(self[node].index)));
        own.chain(shifted.map(|ports| (Ipv4Addr::UNSPECIFIED, ports))).collect()
    }

    /// The value of an environment variable for an instance on a node; `None` when it is a secret.
    #[must_use]
    pub fn environment_on(&self, node: NodeId, value: &EnvironmentValue) -> Option<String> {
        Some(match value {
            EnvironmentValue::Literal(text) => text.clone(),
            EnvironmentValue::Secret(_) => return None,
            EnvironmentValue::NodeIndex => self[node].index.to_string(),
            EnvironmentValue::PoolSize(pool) => self[*pool].nodes.len().to_string(),
            EnvironmentValue::NodeAddress => self[node].address.to_string(),
            EnvironmentValue::LocalEnds(mesh) => {
                let mesh = &self[*mesh];
                let ends = self[mesh.pool].nodes.iter().map(|peer| mesh.local_port(self[*peer].index));
                ends.map(|port| format!("localhost:{port}")).collect::<Vec<_>>().join(",")
            }
            EnvironmentValue::HostOf(database) => self[*database].host_name(&self.network),
            EnvironmentValue::PortOf(database) => self[*database].port.to_string(),
        })
    }
}
