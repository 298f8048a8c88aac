//! From the topology to the graph: each connection that something opens becomes an edge with its route.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::DiGraph;

use super::answer::{Answerer, declared_of_nodes, services_at};
use super::{Flow, FlowGraph, Party, Reason, Route};
use crate::diagnostic::Span;
use crate::document::{Scheme, Scope};
use crate::scalar::{PortRange, Ports, Protocol, Publish};
use crate::topology::{
    Destination, LoadBalancer, LoadBalancerId, NodeId, OverlayId, PoolId, ServiceId, ServiceNetwork,
    Topology, Traffic,
};

impl FlowGraph {
    /// The graph of a topology.
    #[must_use]
    pub fn of(topology: &Topology) -> Self {
        let mut graph = Self { graph: DiGraph::new(), vertices: BTreeMap::new() };
        for id in topology.load_balancer_ids() {
            graph.entrances(topology, id);
        }
        for id in topology.service_ids() {
            for traffic in &topology[id].traffic_to {
                graph.connection(topology, Party::Service(id), traffic);
            }
        }
        for id in topology.pool_ids() {
            for traffic in topology[id].traffic_to.iter() {
                graph.connection(topology, Party::Pool(id), traffic);
            }
        }
        graph
    }

    fn add(&mut self, flow: Flow) {
        let [client, server] = [flow.client, flow.server]
            .map(|party| *self.vertices.entry(party).or_insert_with(|| self.graph.add_node(party)));
        self.graph.add_edge(client, server, flow);
    }

    /// A load balancer's listeners and its health check.
    fn entrances(&mut self, topology: &Topology, id: LoadBalancerId) {
        let balancer = &topology[id];
        for listener in &balancer.listeners {
            if *balancer.scheme == Scheme::InternetFacing {
                self.add(Flow {
                    client: Party::Internet,
                    server: Party::LoadBalancer(id),
                    ports: tcp(listener.listen.port),
                    route: Route::Direct,
                    scope: Scope::EveryNode,
                    reason: Reason::Listener,
                    span: listener.span,
                });
            }
            self.towards_targets(
                topology,
                id,
                balancer,
                listener.forward.port,
                (Reason::Listener, listener.span),
            );
        }
        self.towards_targets(
            topology,
            id,
            balancer,
            balancer.health_check.port,
            (Reason::HealthCheck, balancer.span),
        );
    }

    /// From a load balancer to a port of its targets: the service that has it there, or the bare nodes.
    fn towards_targets(
        &mut self,
        topology: &Topology,
        id: LoadBalancerId,
        balancer: &LoadBalancer,
        port: u16,
        (reason, span): (Reason, Span),
    ) {
        let servers = servers_at(topology, balancer, port);
        let edge = |server, ports, route| Flow {
            client: Party::LoadBalancer(id),
            server,
            ports,
            route,
            scope: Scope::EveryNode,
            reason,
            span,
        };
        for (service, container_port, route) in &servers {
            self.add(edge(Party::Service(*service), tcp(*container_port), route.clone()));
        }
        if servers.is_empty() {
            let has_it = |ports: Ports| ports.protocol == Protocol::Tcp && ports.range.contains(port);
            let own: BTreeSet<PoolId> = declared_of_nodes(topology)
                .filter(|(_, ports)| has_it(*ports))
                .map(|(pool, _)| pool)
                .collect();
            for pool in pools_of(topology, balancer) {
                let route = if own.contains(&pool) { Route::Direct } else { Route::Nowhere };
                self.add(edge(Party::Pool(pool), tcp(port), route));
            }
        }
    }

    fn connection(&mut self, topology: &Topology, client: Party, traffic: &Traffic) {
        let flow = |server, ports, route| Flow {
            client,
            server,
            ports,
            route,
            scope: traffic.scope,
            reason: Reason::Stated,
            span: traffic.span,
        };
        match &traffic.to {
            Destination::Internet => {
                self.add(flow(Party::Internet, traffic.ports.unwrap_or(tcp(443)), Route::Direct));
            }
            Destination::Pool(pool) => {
                self.add(flow(Party::Pool(*pool), traffic.ports.unwrap_or(tcp(22)), Route::Direct));
            }
            Destination::Database(id) => {
                let ports = traffic.ports.unwrap_or(tcp(topology[*id].port));
                let route =
                    if ports.range.contains(topology[*id].port) { Route::Direct } else { Route::Nowhere };
                self.add(flow(Party::Database(*id), ports, route));
            }
            Destination::LoadBalancer(id) => {
                for listener in &topology[*id].listeners {
                    if traffic.ports.is_none_or(|ports| ports.range.contains(listener.listen.port)) {
                        self.add(flow(Party::LoadBalancer(*id), tcp(listener.listen.port), Route::Direct));
                    }
                }
            }
            Destination::Services(services) => {
                let mut found = false;
                for server in services {
                    for ports in listened(topology, *server, traffic.ports) {
                        let route = route(topology, client, *server, ports, traffic);
                        let own_node =
                            matches!(route, Route::Published(_)) && on_loopback(topology, *server, ports);
                        let scope = if own_node { Scope::OwnNode } else { traffic.scope };
                        self.add(Flow { scope, ..flow(Party::Service(*server), ports, route) });
                        found = true;
                    }
                }
                if let (false, Some(first)) = (found, services.first()) {
                    // Nobody listens there; the flow stays, so that what needs it is known.
                    self.add(flow(Party::Service(*first), traffic.ports.unwrap_or(tcp(1)), Route::Nowhere));
                }
            }
        }
    }
}

fn tcp(port: u16) -> Ports {
    let one = PortRange::single(1);
    #[expect(clippy::expect_used, reason = "1 is a port")]
    let range = PortRange::single(port).or(one).expect("1 is a port");
    Ports { protocol: Protocol::Tcp, range }
}

/// The ports of a service that a connection means: those that it names, or all that are listened on.
fn listened(topology: &Topology, server: ServiceId, asked: Option<Ports>) -> Vec<Ports> {
    let carried = topology.meshes.iter().filter(|mesh| mesh.carries == server).map(|mesh| tcp(mesh.port));
    let all: Vec<Ports> = topology[server].listen.iter().copied().chain(carried).collect();
    match asked {
        None => all,
        Some(asked) => {
            let meant = |own: &Ports| own.protocol == asked.protocol && own.range.overlaps(asked.range);
            if all.iter().any(meant) { vec![asked] } else { Vec::new() }
        }
    }
}

fn route(topology: &Topology, client: Party, server: ServiceId, ports: Ports, traffic: &Traffic) -> Route {
    if let Some((balancer, listen)) = traffic.through {
        let listener = topology[balancer].listeners.iter().find(|listener| listener.listen.port == listen);
        return listener.map_or(Route::Nowhere, |listener| Route::Balanced {
            balancer,
            listen,
            forward: listener.forward.port,
        });
    }
    let owner = topology.namespace_service(server);
    if let Party::Service(client) = client {
        if topology.namespace_service(client) == owner {
            let mesh = topology
                .meshes
                .iter()
                .position(|mesh| mesh.carries == server && ports.range.contains(mesh.port));
            if let Some(mesh) = mesh {
                return Route::Tunnels(crate::topology::MeshId(mesh));
            }
            // A namespace is one node's, so another node's instance is reached as by anybody else.
            if client != server && traffic.scope != Scope::OtherNodes {
                return Route::Loopback;
            }
        }
        let shared = overlays(topology, client).iter().find(|overlay| {
            overlays(topology, server).contains(overlay) && !topology[**overlay].carried_by.contains(&server)
        });
        if let Some(overlay) = shared {
            return Route::Overlay(*overlay);
        }
    }
    if topology[owner].network == ServiceNetwork::Host {
        return Route::Direct;
    }
    published(topology, server, ports)
        .filter(|publish| {
            !publish.is_on_loopback()
                || (traffic.scope != Scope::OtherNodes && is_beside(topology, client, server))
        })
        .and_then(|publish| {
            let last = publish.host_port_of(ports.range.last())?;
            PortRange::new(publish.host_port_of(ports.range.first())?, last).ok()
        })
        .map_or(Route::Nowhere, Route::Published)
}

/// Whether a client is in the own network of a node that a service is on: there it has the node's loopback.
fn is_beside(topology: &Topology, client: Party, server: ServiceId) -> bool {
    let nodes: BTreeSet<NodeId> = topology[server].placement.iter().copied().collect();
    match client {
        Party::Pool(pool) => topology[pool].nodes.iter().any(|node| nodes.contains(node)),
        Party::Service(client) => {
            topology[topology.namespace_service(client)].network == ServiceNetwork::Host
                && topology[client].placement.iter().any(|node| nodes.contains(node))
        }
        Party::Internet | Party::LoadBalancer(_) | Party::Database(_) => false,
    }
}

/// The published port that leads to a service's ports: one that other nodes reach, where there is one.
fn published(topology: &Topology, server: ServiceId, ports: Ports) -> Option<&Publish> {
    let leads_there = |publish: &&Publish| {
        publish.protocol == ports.protocol && publish.host_port_of(ports.range.first()).is_some()
    };
    let all = &topology[topology.namespace_service(server)].publish;
    all.iter().filter(leads_there).min_by_key(|publish| publish.is_on_loopback())
}

/// Whether a service's ports are published for its own node only.
pub(super) fn on_loopback(topology: &Topology, server: ServiceId, ports: Ports) -> bool {
    published(topology, server, ports).is_some_and(Publish::is_on_loopback)
}

/// The overlays that a service's network namespace is in.
fn overlays(topology: &Topology, service: ServiceId) -> &[OverlayId] {
    match &topology[topology.namespace_service(service)].network {
        ServiceNetwork::Bridge { overlays } | ServiceNetwork::Overlays(overlays) => overlays,
        ServiceNetwork::Host | ServiceNetwork::Of(_) => &[],
    }
}

fn pools_of(topology: &Topology, balancer: &LoadBalancer) -> Vec<PoolId> {
    let mut pools: Vec<PoolId> = balancer.targets.iter().map(|node| topology[*node].pool).collect();
    pools.sort_unstable();
    pools.dedup();
    pools
}

/// The services that have a TCP port of a load balancer's targets, with their own port and the way to it.
fn servers_at(topology: &Topology, balancer: &LoadBalancer, port: u16) -> Vec<(ServiceId, u16, Route)> {
    let targets: BTreeSet<NodeId> = balancer.targets.iter().copied().collect();
    let answers = services_at(topology, |node| targets.contains(&node), tcp(port));
    answers
        .into_iter()
        .filter_map(|answer| match answer.by {
            Answerer::Host(service) => Some((service, port, Route::Direct)),
            Answerer::Published { service, container, .. } => {
                Some((service, container.first(), Route::Published(answer.ports.range)))
            }
            Answerer::Tunnel(mesh) => {
                let mesh = &topology[mesh];
                Some((mesh.namespace, mesh.entry, Route::Published(answer.ports.range)))
            }
            Answerer::Node => None,
        })
        .collect()
}
