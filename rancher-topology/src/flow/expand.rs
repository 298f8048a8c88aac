//! An edge of the graph unfolded: from one instance to another, hop by hop.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::{Flow, FlowGraph, Party, Route, build};
use crate::document::Scope;
use crate::topology::{DatabaseId, InstanceId, LoadBalancerId, NodeId, Topology};

/// One end of a single connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// What is outside the network.
    Internet,
    /// A load balancer.
    LoadBalancer(LoadBalancerId),
    /// A process of a node.
    Node(NodeId),
    /// A container.
    Instance(InstanceId),
    /// A database.
    Database(DatabaseId),
}

impl End {
    /// The node that it is on, if it is on one.
    #[must_use]
    pub fn node(self, topology: &Topology) -> Option<NodeId> {
        match self {
            Self::Node(node) => Some(node),
            Self::Instance(instance) => Some(topology[instance].node),
            Self::Internet | Self::LoadBalancer(_) | Self::Database(_) => None,
        }
    }

    /// Its name, with the node where there is one: `rancher-ha-zk@mgmt-host-2`.
    #[must_use]
    pub fn name(self, topology: &Topology) -> String {
        match self {
            Self::Internet => "internet".to_owned(),
            Self::LoadBalancer(id) => topology[id].name.to_string(),
            Self::Node(id) => topology[id].name.to_string(),
            Self::Instance(id) => {
                format!("{}@{}", topology.container_name(id), topology[topology[id].node].name)
            }
            Self::Database(id) => topology[id].name.to_string(),
        }
    }
}

/// A single connection with the sockets that it passes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// Who opens it.
    pub client: End,
    /// Who accepts it.
    pub server: End,
    /// The sockets on the way, the server's last. Empty when nothing leads there.
    pub hops: Vec<Hop>,
}

/// A socket that a connection passes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// What the socket is.
    pub kind: HopKind,
    /// The host of the socket's address: an address, or a name where no address is known before.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The address that the socket sees as the other side, where it is known: containers leave with their node's.
    pub source: Option<IpAddr>,
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}", self.kind, self.host, self.port)
    }
}

/// What a socket on the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HopKind {
    /// A load balancer's listener.
    Listener,
    /// A tunnel's end that encrypts.
    TunnelOut,
    /// A port that the node publishes.
    Published,
    /// A tunnel's end that decrypts.
    TunnelIn,
    /// The server itself.
    Server,
}

impl fmt::Display for HopKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Listener => "listener",
            Self::TunnelOut => "tunnel out",
            Self::Published => "published port",
            Self::TunnelIn => "tunnel in",
            Self::Server => "server",
        })
    }
}

impl FlowGraph {
    /// The single connections of a flow, made one at a time: between large pools there are very many.
    pub fn connections<'t>(topology: &'t Topology, flow: &'t Flow) -> impl Iterator<Item = Connection> + 't {
        let servers = ends(topology, flow.server);
        ends(topology, flow.client).into_iter().flat_map(move |client| {
            let here = client.node(topology);
            let servers = servers.clone();
            servers.into_iter().filter_map(move |server| {
                let there = server.node(topology);
                let own = here.is_some() && here == there;
                let wanted = match flow.scope {
                    Scope::EveryNode => true,
                    Scope::OwnNode => own,
                    Scope::OtherNodes => !own,
                };
                // A namespace is one node's; and nobody connects to itself.
                let possible = (own || flow.route != Route::Loopback) && client != server;
                (wanted && possible).then(|| Connection {
                    client,
                    server,
                    hops: hops(topology, flow, client, server),
                })
            })
        })
    }
}

fn ends(topology: &Topology, party: Party) -> Vec<End> {
    match party {
        Party::Internet => vec![End::Internet],
        Party::LoadBalancer(id) => vec![End::LoadBalancer(id)],
        Party::Pool(id) => topology[id].nodes.iter().copied().map(End::Node).collect(),
        Party::Service(id) => topology.instances_of(id).map(End::Instance).collect(),
        Party::Database(id) => vec![End::Database(id)],
    }
}

fn on_loopback(topology: &Topology, flow: &Flow) -> bool {
    matches!(flow.server, Party::Service(server) if build::on_loopback(topology, server, flow.ports))
}

fn hops(topology: &Topology, flow: &Flow, client: End, server: End) -> Vec<Hop> {
    let port = flow.ports.range.first();
    let address = |node: Option<NodeId>| node.map(|node| IpAddr::V4(topology[node].address));
    let (here, there) = (client.node(topology), server.node(topology));
    let on_server = |node: Option<NodeId>| {
        node.map_or_else(|| server.name(topology), |node| topology[node].address.to_string())
    };
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let hop = |kind, host: String, port, source| Hop { kind, host, port, source };
    match &flow.route {
        Route::Nowhere => Vec::new(),
        Route::Loopback => vec![hop(HopKind::Server, local.to_string(), port, Some(local))],
        Route::Overlay(overlay) => {
            vec![hop(HopKind::Server, topology[*overlay].name.to_string(), port, None)]
        }
        Route::Direct => {
            let host = match server {
                End::Database(id) => topology[id].host_name(&topology.network),
                _ => on_server(there),
            };
            vec![hop(HopKind::Server, host, port, address(here))]
        }
        Route::Published(range) if flow.scope == Scope::OwnNode && on_loopback(topology, flow) => vec![
            hop(HopKind::Published, local.to_string(), range.first(), Some(local)),
            hop(HopKind::Server, server.name(topology), port, None),
        ],
        Route::Published(range) => vec![
            hop(HopKind::Published, on_server(there), range.first(), address(here)),
            hop(HopKind::Server, server.name(topology), port, address(here)),
        ],
        Route::Balanced { balancer, listen, forward } => vec![
            hop(HopKind::Listener, topology[*balancer].name.to_string(), *listen, address(here)),
            hop(HopKind::Published, on_server(there), *forward, None),
            hop(HopKind::Server, server.name(topology), port, None),
        ],
        Route::Tunnels(mesh) => {
            let mesh = &topology[*mesh];
            let Some(there) = there else { return Vec::new() };
            let shifted = mesh.local_port(topology[there].index);
            let served = hop(HopKind::Server, local.to_string(), shifted, Some(local));
            if here == Some(there) {
                return vec![served];
            }
            vec![
                hop(HopKind::TunnelOut, local.to_string(), shifted, Some(local)),
                hop(HopKind::Published, topology[there].address.to_string(), mesh.published, address(here)),
                hop(HopKind::TunnelIn, topology[there].address.to_string(), mesh.entry, address(here)),
                served,
            ]
        }
    }
}
