//! What listens in which network namespace, and the places of the document that say so.
//!
//! A namespace is a service's: its own containers' and those of the services that share it. Everything that is in the
//! host's network is in one namespace, the node's.

use std::net::IpAddr;

use crate::diagnostic::{MOST_PLACES, Span};
use crate::document::Document;
use crate::lint::Context;
use crate::scalar::{PortRange, Ports, Protocol};
use crate::topology::{Mesh, MeshId, ServiceId, ServiceKind, ServiceNetwork, Topology};

/// A value of the document that makes something listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    /// An entry of a service's `listen`.
    Listen(ServiceId, usize),
    /// An entry of a service's `publish`.
    Publish(ServiceId, usize),
    /// A mesh's `port`: on every node the carried service and the ways out to the other nodes share the range between them.
    Carried(MeshId),
    /// A mesh's `entry`.
    Entry(MeshId),
}

impl Said {
    /// Where the document says it.
    pub(super) fn span(self, document: &Document) -> Span {
        let service = |id: ServiceId| document.services.get_index(id.position());
        let tunnel = |id: MeshId| document.tunnels.get_index(id.position());
        let span = match self {
            Self::Listen(id, at) => {
                service(id).and_then(|(_, said)| Some(said.listen.as_ref()?.get(at)?.span))
            }
            Self::Publish(id, at) => service(id).and_then(|(_, said)| Some(said.publish.get(at)?.span)),
            Self::Carried(id) => tunnel(id).map(|(_, said)| said.port.span),
            Self::Entry(id) => tunnel(id).map(|(_, said)| said.entry.span),
        };
        span.unwrap_or(document.name.span)
    }

    /// The name of the service or the mesh.
    pub(super) fn owner(self, topology: &Topology) -> &str {
        match self {
            Self::Listen(id, _) | Self::Publish(id, _) => &topology[id].name,
            Self::Carried(id) | Self::Entry(id) => &topology[id].name,
        }
    }
}

/// Something that listens, or a range of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Socket {
    /// What makes it.
    pub(super) said: Said,
    /// The address, or every one of its family where it is unspecified; `None` for every one of both. What a process
    /// listens on is not said, and `::` is both to it.
    pub(super) address: Option<IpAddr>,
    /// The ports.
    pub(super) ports: Ports,
}

/// What a service's process is said to listen on. What is taken for granted because it publishes is not among it.
pub(super) fn stated_listens(cx: &Context, id: ServiceId) -> impl Iterator<Item = Socket> {
    let said = cx.document.services.get_index(id.position()).and_then(|(_, said)| said.listen.as_deref());
    said.unwrap_or_default().iter().enumerate().map(move |(at, ports)| Socket {
        said: Said::Listen(id, at),
        address: None,
        ports: ports.value,
    })
}

/// The ports that the engine takes on the node for a service.
pub(super) fn published(topology: &Topology, id: ServiceId) -> impl Iterator<Item = Socket> {
    topology[id].publish.iter().enumerate().map(move |(at, publish)| Socket {
        said: Said::Publish(id, at),
        // Given none, the engine takes the port for IPv4 and for IPv6.
        address: publish.address,
        ports: Ports { protocol: publish.protocol, range: publish.host },
    })
}

/// What a mesh takes in its namespace, on every node alike.
///
/// The carried service listens on the port of its own node, and the ways out to the others on theirs, on loopback.
pub(super) fn mesh_sockets(topology: &Topology, id: MeshId) -> impl Iterator<Item = Socket> {
    let mesh = &topology[id];
    let tcp = |range| Ports { protocol: Protocol::Tcp, range };
    let socket = |said, ports| Socket { said, address: None, ports };
    let carried = local_range(topology, mesh).map(|range| socket(Said::Carried(id), tcp(range)));
    let entry = PortRange::single(mesh.entry).ok().map(|range| socket(Said::Entry(id), tcp(range)));
    carried.into_iter().chain(entry)
}

/// The ports that a mesh takes in its namespace for the nodes of its pool.
pub(super) fn local_range(topology: &Topology, mesh: &Mesh) -> Option<PortRange> {
    PortRange::new(mesh.port, mesh.local_port(topology[mesh.pool].nodes.len())).ok()
}

/// What listens in the namespaces of a topology.
#[derive(Debug)]
pub(super) struct Namespaces {
    of_services: Vec<Namespace>,
    of_nodes: Namespace,
}

/// A network namespace, on all nodes alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespace {
    /// The services that the document states in it.
    pub(super) members: Vec<ServiceId>,
    /// What is listened on.
    pub(super) heard: Vec<Ports>,
    /// Whether the document says of every service in it what it listens on.
    pub(super) known: bool,
}

impl Namespaces {
    pub(super) fn of(cx: &Context) -> Self {
        let topology = cx.topology;
        let empty = Namespace { known: true, ..Namespace::default() };
        let mut carried = vec![false; topology.services.len()];
        for mesh in &topology.meshes {
            carried[mesh.carries.position()] = true;
        }
        let mut all = Self { of_services: vec![empty.clone(); topology.services.len()], of_nodes: empty };
        for id in topology.service_ids().filter(|id| topology[*id].kind == ServiceKind::Declared) {
            let said = cx.document.services.get_index(id.position());
            let stated = said.is_some_and(|(_, said)| said.listen.is_some());
            let namespace = all.slot(topology, id);
            namespace.members.push(id);
            namespace.heard.extend(topology[id].listen.iter());
            namespace.known &= stated || carried[id.position()];
            all.of_nodes.heard.extend(published(topology, id).map(|socket| socket.ports));
        }
        for id in topology.mesh_ids() {
            let namespace = all.slot(topology, topology[id].namespace);
            namespace.heard.extend(mesh_sockets(topology, id).map(|socket| socket.ports));
        }
        all
    }

    /// The namespace that a service's containers are in.
    pub(super) fn of_service(&self, topology: &Topology, id: ServiceId) -> &Namespace {
        let owner = topology.namespace_service(id);
        if topology[owner].network == ServiceNetwork::Host {
            &self.of_nodes
        } else {
            &self.of_services[owner.position()]
        }
    }

    fn slot(&mut self, topology: &Topology, id: ServiceId) -> &mut Namespace {
        let owner = topology.namespace_service(id);
        if topology[owner].network == ServiceNetwork::Host {
            &mut self.of_nodes
        } else {
            &mut self.of_services[owner.position()]
        }
    }
}

impl Namespace {
    /// Whether something listens on a port.
    pub(super) fn hears(&self, protocol: Protocol, port: u16) -> bool {
        self.heard.iter().any(|ports| ports.protocol == protocol && ports.range.contains(port))
    }
}

/// Ports in words, each once and in order: `8080/tcp and 9090/tcp`, or `nothing`.
pub(super) fn listing(ports: &[Ports]) -> String {
    let mut ports = ports.to_vec();
    ports.sort_unstable();
    ports.dedup();
    let words: Vec<String> = ports.iter().map(ToString::to_string).collect();
    in_words(&words).unwrap_or_else(|| "nothing".to_owned())
}

/// Words as a person lists them, with a limit: `a, b and c`, `a, b, c and 9 more`. `None` when there are none.
pub(super) fn in_words(words: &[String]) -> Option<String> {
    let (last, first) = words.split_last()?;
    Some(match first {
        [] => last.clone(),
        _ if words.len() <= MOST_PLACES => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", words[..MOST_PLACES - 1].join(", "), words.len() - MOST_PLACES + 1),
    })
}

/// Names in backticks as a person lists them.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let words: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    in_words(&words).unwrap_or_default()
}

/// Nodes in words: `node-2`, or `node-2` and 1 more node.
pub(super) fn nodes(first: &str, count: usize) -> String {
    match count {
        0 | 1 => format!("`{first}`"),
        2 => format!("`{first}` and 1 more node"),
        _ => format!("`{first}` and {} more nodes", count - 1),
    }
}
