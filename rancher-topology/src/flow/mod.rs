//! The traffic-flow graph: who opens a connection to whom, on what, and over which route.
//!
//! Its vertices are services, pools, load balancers, databases and the internet, and an edge stands for all
//! connections between the instances of both ends, so that five thousand nodes that all talk to each other are one edge.
//! [`FlowGraph::connections`] unfolds an edge into instances and hops, one at a time.
//! petgraph stays inside this folder.

mod answer;
mod build;
mod expand;

use std::collections::BTreeMap;
use std::ops::Index;
use std::sync::Arc;

use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};

pub use answer::{Answer, Answerer, answers_at};
pub(crate) use answer::{declared_of_nodes, services_at};
pub use expand::{Connection, End, Hop, HopKind};

use crate::diagnostic::Span;
use crate::document::Scope;
use crate::scalar::{PortRange, Ports};
use crate::topology::{DatabaseId, LoadBalancerId, MeshId, OverlayId, PoolId, ServiceId, Topology};

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// What is outside the network.
    Internet,
    /// A load balancer.
    LoadBalancer(LoadBalancerId),
    /// The nodes of a pool themselves.
    Pool(PoolId),
    /// A service's instances.
    Service(ServiceId),
    /// A database.
    Database(DatabaseId),
}

impl Party {
    /// Its name in the document.
    #[must_use]
    pub fn name(self, topology: &Topology) -> &str {
        match self {
            Self::Internet => "internet",
            Self::LoadBalancer(id) => &topology[id].name,
            Self::Pool(id) => &topology[id].name,
            Self::Service(id) => &topology[id].name,
            Self::Database(id) => &topology[id].name,
        }
    }
}

/// Connections of one kind: client, server, protocol and ports, and how they get there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flow {
    /// Who opens it.
    pub client: Party,
    /// Who accepts it.
    pub server: Party,
    /// The ports that the server listens on.
    pub ports: Ports,
    /// How it gets there.
    pub route: Route,
    /// To which of the server's instances.
    pub scope: Scope,
    /// What makes it: a statement of the document, or a listener, a health check.
    pub reason: Reason,
    /// Where the document says it: the traffic, the listener, or the load balancer of a health check. Empty when a
    /// default says it.
    pub span: Span,
}

/// The position of a flow in its graph, counted from 0, in the order of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(usize);

/// How a flow gets from client to server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Both are in one network namespace.
    Loopback,
    /// Through the tunnels of a mesh; to the server of its own node over loopback.
    Tunnels(MeshId),
    /// Between containers, inside an overlay's packets.
    Overlay(OverlayId),
    /// Through ports that the server's node publishes.
    Published(PortRange),
    /// Straight to an address.
    Direct,
    /// Through a load balancer's listener, and from there to a port of its targets.
    Balanced {
        /// The load balancer.
        balancer: LoadBalancerId,
        /// Its port.
        listen: u16,
        /// The targets' port.
        forward: u16,
    },
    /// Nothing leads there: nobody listens on that port, or its network cannot be reached.
    Nowhere,
}

/// What makes a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The document says it under `traffic-to`, or a default does.
    Stated,
    /// A load balancer's listener.
    Listener,
    /// A load balancer's health check.
    HealthCheck,
}

/// Packets that a flow sends across the network: from each of its senders to each of its receivers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Wire {
    /// Who sends them: never a service, always the pools that it runs on. Sorted.
    pub from: Arc<[Party]>,
    /// Who gets them. Sorted.
    pub to: Arc<[Party]>,
    /// To which ports.
    pub ports: Ports,
}

/// Who talks to whom in a topology.
#[derive(Debug)]
pub struct FlowGraph {
    graph: DiGraph<Party, Flow>,
    vertices: BTreeMap<Party, NodeIndex>,
}

impl Index<FlowId> for FlowGraph {
    type Output = Flow;

    fn index(&self, id: FlowId) -> &Flow {
        &self.graph[EdgeIndex::new(id.0)]
    }
}

impl FlowGraph {
    /// The handles of all flows, in the order of the document.
    pub fn flow_ids(&self) -> impl Iterator<Item = FlowId> + use<> {
        (0..self.graph.edge_count()).map(FlowId)
    }

    /// Every flow, in the order of the document.
    pub fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.graph.edge_weights()
    }

    /// Every end of a flow, each once, in a stable order.
    pub fn parties(&self) -> impl Iterator<Item = Party> + '_ {
        self.vertices.keys().copied()
    }

    /// The flows that a party opens.
    pub fn from(&self, party: Party) -> impl Iterator<Item = &Flow> {
        let mut flows: Vec<_> =
            self.vertices.get(&party).into_iter().flat_map(|v| self.graph.edges(*v)).collect();
        flows.sort_by_key(petgraph::visit::EdgeRef::id);
        flows.into_iter().map(|edge| edge.weight())
    }

    /// The flows that a party accepts.
    pub fn to(&self, party: Party) -> impl Iterator<Item = &Flow> {
        let incoming = petgraph::Direction::Incoming;
        let mut flows: Vec<_> = self
            .vertices
            .get(&party)
            .into_iter()
            .flat_map(|v| self.graph.edges_directed(*v, incoming))
            .collect();
        flows.sort_by_key(petgraph::visit::EdgeRef::id);
        flows.into_iter().map(|edge| edge.weight())
    }

    /// What all flows together send across the network; each kind once, in a stable order.
    #[must_use]
    pub fn wires(&self, topology: &Topology) -> Vec<Wire> {
        let mut wires: Vec<Wire> = self.flows().filter_map(|flow| flow.wire(topology)).collect();
        wires.sort_unstable();
        wires.dedup();
        wires
    }
}

impl Flow {
    /// What this flow sends across the network; `None` when it stays on its node or inside an overlay.
    #[must_use]
    pub fn wire(&self, topology: &Topology) -> Option<Wire> {
        let (receiver, ports) = self.crossing(topology)?;
        Some(Wire { from: places(topology, self.client), to: places(topology, receiver), ports })
    }

    /// Who gets what this flow sends across the network, and on which ports; `None` when it sends nothing there.
    pub(crate) fn crossing(&self, topology: &Topology) -> Option<(Party, Ports)> {
        let ports = |range| Ports { range, ..self.ports };
        let single = |port| PortRange::single(port).ok().map(ports);
        let (receiver, ports) = match &self.route {
            Route::Loopback | Route::Overlay(_) | Route::Nowhere => return None,
            _ if self.scope == Scope::OwnNode => return None,
            Route::Tunnels(mesh) => (self.server, single(topology[*mesh].published)),
            Route::Published(range) => (self.server, Some(ports(*range))),
            Route::Direct => (self.server, Some(self.ports)),
            Route::Balanced { balancer, listen, .. } => (Party::LoadBalancer(*balancer), single(*listen)),
        };
        Some((receiver, ports?))
    }
}

/// Where a party's packets come from and go to on the network: a service is on its pools.
fn places(topology: &Topology, party: Party) -> Arc<[Party]> {
    let Party::Service(service) = party else { return Arc::from([party]) };
    let mut pools: Vec<Party> =
        topology[service].placement.iter().map(|node| Party::Pool(topology[*node].pool)).collect();
    pools.sort_unstable();
    pools.dedup();
    pools.into()
}
