//! Services, the meshes of tunnels between them, and who starts them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{
    DatabaseId, Known, LoadBalancerId, MeshId, NodeId, OverlayId, PoolId, ServiceId, StarterId, Topology,
};
use crate::diagnostic::Span;
use crate::document::{Naming, Quorum, Restart, Scope, Stated};
use crate::scalar::{Duration, Name, Ports, Publish, Text};

/// One row of the stack.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Service {
    /// Its name.
    pub name: Name,
    /// What it is to others.
    pub role: Name,
    /// Whether the document states it or a mesh of tunnels consists of it.
    pub kind: ServiceKind,
    /// The image.
    pub image: String,
    /// What the image runs; for a tunnel without the tunnel's own arguments.
    pub command: Vec<String>,
    /// The node of each instance, in the instances' order.
    pub placement: Vec<NodeId>,
    /// How many nodes its placement names; with a `scale`, not every one of them has an instance.
    pub eligible: usize,
    /// The number of instances that the document asks for, when it is not one on every node.
    pub scale: Option<usize>,
    /// How its containers are called.
    pub naming: Naming,
    /// Who starts it.
    pub started_by: StartedBy,
    /// The network that its containers are in.
    pub network: ServiceNetwork,
    /// Ports of the node that lead to it.
    pub publish: Vec<Publish>,
    /// Ports that its image names and nobody publishes.
    pub expose: Vec<Ports>,
    /// Ports that its process listens on; those of meshes are not among them.
    pub listen: Known<Vec<Ports>>,
    /// Whom it opens connections to.
    pub traffic_to: Vec<Traffic>,
    /// Services whose containers are started before its own.
    pub after: Vec<ServiceId>,
    /// How many of its instances must live for it to work.
    pub quorum: Known<Quorum>,
    /// Whether one instance works at a time and the others wait to take over.
    pub active_passive: Known<bool>,
    /// That without which it does not work.
    pub requires: Vec<Requirement>,
    /// How one learns that it is well.
    pub health: Option<Health>,
    /// Environment variables, in the document's order.
    pub environment: Vec<(Name, EnvironmentValue)>,
    /// Volumes, as the engine takes them.
    pub volumes: Vec<String>,
    /// Folders that live in memory.
    pub tmpfs: Vec<String>,
    /// Labels, in the document's order.
    pub labels: Vec<(Name, String)>,
    /// Whether it may do what the node's root may.
    pub privileged: bool,
    /// Whether its standard input is kept open.
    pub stdin: bool,
    /// What the engine does when it ends.
    pub restart: Known<Restart>,
    /// What the source of the topology prints for it.
    pub stated: Stated,
    /// Where the document says it.
    pub span: Span,
}

impl Service {
    /// How many of its instances must live for it to work.
    #[must_use]
    pub fn needed(&self) -> usize {
        match *self.quorum {
            Quorum::One => 1,
            Quorum::Majority => self.placement.len() / 2 + 1,
        }
    }
}

/// Something without which a service does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// The word that it was written with.
    pub word: Name,
    /// What is meant.
    pub what: Required,
    /// Where the document says it.
    pub span: Span,
}

/// What a service can require.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Required {
    /// Services: one by its name, or all of a role. Each of them has to work.
    Services(Vec<ServiceId>),
    /// A database.
    Database(DatabaseId),
    /// A load balancer.
    LoadBalancer(LoadBalancerId),
}

/// Where a service comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKind {
    /// The document states it.
    Declared,
    /// The tunnels of a mesh to one node of its pool.
    Tunnel {
        /// The mesh.
        mesh: MeshId,
        /// The node that its tunnels lead to.
        peer: NodeId,
    },
}

/// Who starts a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartedBy {
    /// Somebody, by hand or through the unit that is rendered.
    Person,
    /// A service of the cluster.
    Starter(StarterId),
}

/// The network that a service's containers are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceNetwork {
    /// The engine's bridge, and overlays besides it.
    Bridge {
        /// The overlays.
        overlays: Vec<OverlayId>,
    },
    /// Overlays alone.
    Overlays(Vec<OverlayId>),
    /// The node's own network.
    Host,
    /// The network namespace of another service's container on the same node.
    Of(ServiceId),
}

/// Who starts containers, other than a person.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Starter {
    /// Its name.
    pub name: Name,
    /// The services that it consists of.
    pub services: Vec<ServiceId>,
    /// Whether a file can start the same containers in its place.
    pub replaceable: bool,
    /// Why it can or cannot.
    pub because: Text,
    /// Where the document says it.
    pub span: Span,
}

/// A connection that a service or a node opens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// The word that it was written with.
    pub word: Name,
    /// Whom.
    pub to: Destination,
    /// On which ports; all that the other side listens on when it is not said.
    pub ports: Option<Ports>,
    /// The load balancer and its port that it goes through.
    pub through: Option<(LoadBalancerId, u16)>,
    /// To which of the other side's instances.
    pub scope: Scope,
    /// Where the document says it.
    pub span: Span,
}

/// The other side of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Services: one by its name, or all of a role.
    Services(Vec<ServiceId>),
    /// A database.
    Database(DatabaseId),
    /// A load balancer's listener.
    LoadBalancer(LoadBalancerId),
    /// The nodes of a pool themselves.
    Pool(PoolId),
    /// What is outside the network.
    Internet,
}

/// How one learns that a service is well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// What is asked.
    pub probe: Probe,
    /// How long between two questions.
    pub interval: Known<Duration>,
    /// How long an answer may take.
    pub timeout: Known<Duration>,
    /// After how many failures in a row it is unwell.
    pub unhealthy: Known<u16>,
    /// After how many good answers in a row it is well again.
    pub healthy: Known<u16>,
}

/// What is asked of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Whether its port accepts a connection.
    Tcp {
        /// The port in its network namespace.
        port: u16,
    },
    /// Whether a GET succeeds.
    Http {
        /// The port in its network namespace.
        port: u16,
        /// The path.
        path: Text,
    },
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentValue {
    /// What the document writes.
    Literal(String),
    /// A secret, by its name; the value is never here.
    Secret(Name),
    /// The position of the instance's node in its pool.
    NodeIndex,
    /// How many nodes a pool has.
    PoolSize(PoolId),
    /// The address of the instance's node.
    NodeAddress,
    /// The local ends of a mesh of tunnels.
    LocalEnds(MeshId),
    /// A database's host name.
    HostOf(DatabaseId),
    /// A database's port.
    PortOf(DatabaseId),
}

/// A mesh of tunnels: a service's port carried between all nodes of its pool.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Mesh {
    /// Its name.
    pub name: Name,
    /// The service whose port is carried.
    pub carries: ServiceId,
    /// The service whose network namespace everything happens in.
    pub namespace: ServiceId,
    /// The pool that the service runs on.
    pub pool: PoolId,
    /// The port that the service listens on, on the pool's first node.
    pub port: u16,
    /// The port in the namespace that the way in listens on.
    pub entry: u16,
    /// The port of the node that leads to the way in.
    pub published: u16,
    /// The services that it consists of: one for each node of the pool, in the pool's order.
    pub services: Vec<ServiceId>,
    /// The key file in the container, when the command is spiped's own.
    pub key: Option<String>,
    /// Where the document says it.
    pub span: Span,
}

/// What a tunnel does with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TunnelMode {
    /// It takes plain bytes and sends them encrypted: a way out to another node.
    Encrypt,
    /// It takes encrypted bytes and hands them on plain: the way in.
    Decrypt,
}

/// One tunnel on one node, inside the network namespace that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TunnelEnd {
    /// What it does.
    pub mode: TunnelMode,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it leads.
    pub target: SocketAddr,
}

impl TunnelEnd {
    /// The arrow with which the wiki page prints it: `127.0.0.1:6380->172.22.1.211:6379/tcp`.
    #[must_use]
    pub fn arrow(&self) -> String {
        format!("{}->{}/tcp", self.listen, self.target)
    }
}

impl Mesh {
    /// The port that the carried service listens on, and every tunnel to it, for the node at a position counted from 1.
    ///
    /// It is one number in the whole cluster. Resolving made sure that it is a port for every node of the pool.
    #[must_use]
    pub fn local_port(&self, index: usize) -> u16 {
        u16::try_from(index.saturating_sub(1)).map_or(u16::MAX, |shift| self.port.saturating_add(shift))
    }

    /// The tunnel on one node of the pool to another, or to itself.
    #[must_use]
    pub fn end(&self, topology: &Topology, on: NodeId, to: NodeId) -> TunnelEnd {
        let at = |address: Ipv4Addr, port| SocketAddr::new(IpAddr::V4(address), port);
        let local = self.local_port(topology[to].index);
        if on == to {
            TunnelEnd {
                mode: TunnelMode::Decrypt,
                listen: at(Ipv4Addr::UNSPECIFIED, self.entry),
                target: at(Ipv4Addr::LOCALHOST, local),
            }
        } else {
            TunnelEnd {
                mode: TunnelMode::Encrypt,
                listen: at(Ipv4Addr::LOCALHOST, local),
                target: at(topology[to].address, self.published),
            }
        }
    }
}
