//! What is lost when things fail, why, and the smallest failures that lose each thing.
//!
//! An instance is up when its node is, its service has not failed, the owner of its network namespace is up and
//! everything that its service requires works. A service works when enough of its instances are up. Where services
//! require each other in a circle they work as long as nothing outside the circle takes one of them down: the
//! greatest fixpoint. Nothing here knows a product, and nothing fails by itself: what fails is asked.
//!
//! A subnet without a zone is lost with none, so its nodes fail each by itself only.

mod cuts;
mod flows;
mod outcome;
mod places;
mod projection;
mod search;
mod wiring;

use std::collections::BTreeSet;

pub use cuts::{Choice, Cut};
pub use outcome::{BalancerState, Cause, DatabaseState, EntryState, Loss, Outcome, ServiceState};
pub use search::{Answer, Found, Search, Single, Subject};

use crate::diagnostic::nearest;
use crate::flow::{Flow, FlowGraph, Party, Reason, Route};
use crate::scalar::Name;
use crate::topology::{
    DatabaseId, LoadBalancerId, MeshId, NodeId, ServiceId, ServiceKind, SubnetId, Topology,
};
use places::Places;
use wiring::Wiring;

/// A zone of a simulated topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(usize);

/// An entry point of a simulated topology: a listener of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(usize);

/// Something that fails as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// A node, with everything on it.
    Node(NodeId),
    /// A zone, with the nodes in it and what else stands there.
    Zone(ZoneId),
    /// All instances of a service.
    Service(ServiceId),
    /// A database.
    Database(DatabaseId),
    /// A load balancer.
    LoadBalancer(LoadBalancerId),
}

/// Something that can be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// A node.
    Node(NodeId),
    /// A service.
    Service(ServiceId),
    /// A database.
    Database(DatabaseId),
    /// A load balancer.
    LoadBalancer(LoadBalancerId),
    /// An entry point.
    Entry(EntryId),
}

/// A listener of a load balancer, and the services that answer behind it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// The load balancer.
    pub balancer: LoadBalancerId,
    /// The load balancer's port.
    pub listen: u16,
    /// The targets' port.
    pub forward: u16,
    /// The services that have this port on a target. None: it leads nowhere, whatever fails.
    pub servers: Vec<ServiceId>,
}

/// Why a name is none of something that can fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotNamed {
    /// Nothing is called so. The nearest name, if one is near.
    Unknown(Option<String>),
    /// Several things are called so; how to write each.
    Several(Vec<String>),
}

/// A topology made ready to be asked what happens when something fails.
#[derive(Debug)]
pub struct Simulation<'t> {
    topology: &'t Topology,
    graph: FlowGraph,
    zones: Vec<Name>,
    zone_of_node: Vec<Option<ZoneId>>,
    /// The zones of each load balancer; `None` where a subnet of it names no zone, so that no zone takes it down.
    balancer_zones: Vec<Option<Vec<ZoneId>>>,
    targets: Vec<BTreeSet<NodeId>>,
    databases: Vec<Places>,
    entries: Vec<Entry>,
    wiring: Wiring,
}

impl<'t> Simulation<'t> {
    /// Makes a topology ready.
    #[must_use]
    pub fn of(topology: &'t Topology) -> Self {
        let mut zones: Vec<Name> = Vec::new();
        for zone in topology.subnets.iter().filter_map(|subnet| subnet.zone.as_ref()) {
            if !zones.contains(zone) {
                zones.push(zone.clone());
            }
        }
        let zone_of = |subnet: SubnetId| -> Option<ZoneId> {
            let zone = topology[subnet].zone.as_ref()?;
            zones.iter().position(|own| own == zone).map(ZoneId)
        };
        let graph = FlowGraph::of(topology);
        let balancer_zones = topology
            .load_balancers
            .iter()
            .map(|balancer| {
                let all: Option<BTreeSet<ZoneId>> = balancer.subnets.iter().map(|id| zone_of(*id)).collect();
                all.filter(|all| !all.is_empty()).map(|all| all.into_iter().collect())
            })
            .collect();
        Self {
            topology,
            zone_of_node: topology.nodes.iter().map(|node| zone_of(node.subnet)).collect(),
            balancer_zones,
            targets: topology
                .load_balancers
                .iter()
                .map(|own| own.targets.iter().copied().collect())
                .collect(),
            databases: topology.databases.iter().map(|own| Places::of(topology, own, zone_of)).collect(),
            entries: topology.load_balancer_ids().flat_map(|id| entries(topology, &graph, id)).collect(),
            wiring: Wiring::of(topology),
            graph,
            zones,
        }
    }

    /// The topology that it was made of.
    #[must_use]
    pub fn topology(&self) -> &'t Topology {
        self.topology
    }

    /// The zones that the subnets name, in the order of the document.
    pub fn zone_ids(&self) -> impl Iterator<Item = ZoneId> + use<> {
        (0..self.zones.len()).map(ZoneId)
    }

    /// The entry points: each listener of each load balancer.
    pub fn entry_ids(&self) -> impl Iterator<Item = EntryId> + use<> {
        (0..self.entries.len()).map(EntryId)
    }

    /// An entry point.
    #[must_use]
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.0]
    }

    /// The zone that a node stands in, if its subnet names one.
    #[must_use]
    pub fn zone_of(&self, node: NodeId) -> Option<ZoneId> {
        self.zone_of_node[node.position()]
    }

    /// The name of something that fails.
    #[must_use]
    pub fn failure_name(&self, failure: Failure) -> &str {
        match failure {
            Failure::Node(id) => &self.topology[id].name,
            Failure::Zone(id) => &self.zones[id.0],
            Failure::Service(id) => &self.topology[id].name,
            Failure::Database(id) => &self.topology[id].name,
            Failure::LoadBalancer(id) => &self.topology[id].name,
        }
    }

    /// The name of something that is lost. An entry point is `LOAD-BALANCER:PORT`.
    #[must_use]
    pub fn thing_name(&self, thing: Thing) -> String {
        match thing {
            Thing::Node(id) => self.topology[id].name.to_string(),
            Thing::Service(id) => self.topology[id].name.to_string(),
            Thing::Database(id) => self.topology[id].name.to_string(),
            Thing::LoadBalancer(id) => self.topology[id].name.to_string(),
            Thing::Entry(id) => {
                let entry = self.entry(id);
                format!("{}:{}", self.topology[entry.balancer].name, entry.listen)
            }
        }
    }

    /// What a name means that a person gives: a node, a zone, a service, a database, a load balancer; a role or a mesh
    /// of tunnels means each of its services. `zone:NAME`, `node:NAME` and so on tell apart what has one name.
    ///
    /// # Errors
    /// When nothing that can fail is called so, or things of several kinds are.
    pub fn named(&self, word: &str) -> Result<Vec<Failure>, NotNamed> {
        let all = self.all_named();
        let (kind, name) = match word.split_once(':') {
            Some((kind, name)) if all.iter().any(|(own, ..)| *own == kind) => (Some(kind), name),
            _ => (None, word),
        };
        let found: Vec<&(&str, &str, Failure)> = all
            .iter()
            .filter(|(own, called, _)| *called == name && kind.is_none_or(|kind| kind == *own))
            .collect();
        let mut kinds: Vec<&str> = found.iter().map(|(own, ..)| *own).collect();
        kinds.dedup();
        match kinds.as_slice() {
            [] => {
                let known: BTreeSet<&str> = all.iter().map(|(_, called, _)| *called).collect();
                Err(NotNamed::Unknown(nearest(name, known).map(str::to_owned)))
            }
            [_] => {
                let mut failures: Vec<Failure> = found.iter().map(|(.., failure)| *failure).collect();
                failures.sort_unstable();
                failures.dedup();
                Ok(failures)
            }
            several => Err(NotNamed::Several(several.iter().map(|kind| format!("{kind}:{name}")).collect())),
        }
    }

    /// Every name of something that can fail, with its kind.
    fn all_named(&self) -> Vec<(&'static str, &str, Failure)> {
        let topology = self.topology;
        let mut all: Vec<(&'static str, &str, Failure)> = Vec::new();
        let failures = topology
            .node_ids()
            .map(|id| ("node", Failure::Node(id)))
            .chain(self.zone_ids().map(|id| ("zone", Failure::Zone(id))))
            .chain(topology.database_ids().map(|id| ("database", Failure::Database(id))))
            .chain(topology.load_balancer_ids().map(|id| ("load-balancer", Failure::LoadBalancer(id))));
        all.extend(failures.map(|(kind, failure)| (kind, self.failure_name(failure), failure)));
        for id in topology.service_ids() {
            let service = &topology[id];
            let failure = Failure::Service(id);
            all.push(("service", &service.name, failure));
            if let ServiceKind::Tunnel { mesh, .. } = service.kind {
                all.push(("service", &topology[mesh].name, failure));
            }
            if service.role != service.name {
                all.push(("service", &service.role, failure));
            }
        }
        all
    }

    /// The mesh that a service is a part of.
    fn mesh_of(&self, service: ServiceId) -> Option<MeshId> {
        match self.topology[service].kind {
            ServiceKind::Tunnel { mesh, .. } => Some(mesh),
            ServiceKind::Declared => None,
        }
    }
}

fn entries(topology: &Topology, graph: &FlowGraph, balancer: LoadBalancerId) -> Vec<Entry> {
    let behind = |flow: &Flow, port: u16| match (&flow.route, flow.server, flow.reason) {
        (Route::Published(range), Party::Service(id), Reason::Listener) if range.contains(port) => Some(id),
        (Route::Direct, Party::Service(id), Reason::Listener) if flow.ports.range.contains(port) => Some(id),
        _ => None,
    };
    let listeners = topology[balancer].listeners.iter();
    listeners
        .map(|listener| {
            let (listen, forward) = (listener.listen.port, listener.forward.port);
            let servers: BTreeSet<ServiceId> =
                graph.from(Party::LoadBalancer(balancer)).filter_map(|flow| behind(flow, forward)).collect();
            Entry { balancer, listen, forward, servers: servers.into_iter().collect() }
        })
        .collect()
}
