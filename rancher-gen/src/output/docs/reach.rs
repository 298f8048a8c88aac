//! What can be connected to on a node, which rules admit that, and which flows need it: one answer for all nodes of a pool.

use std::collections::BTreeMap;

use rancher_topology::Topology;
use rancher_topology::document::Scope;
use rancher_topology::flow::{Flow, FlowGraph, Party, Reason, Route};
use rancher_topology::policy::{HostPolicy, HostRule, PeerSet};
use rancher_topology::scalar::{PortRange, Ports, Protocol, Traffic};
use rancher_topology::topology::{MeshId, ServiceId, ServiceKind, ServiceNetwork};
use serde::Serialize;

use super::many;
use crate::output::Context;
use crate::template::Raw;

/// What can be reached, by pool and by service.
pub(super) struct Reach {
    /// By the position of the pool.
    pub(super) pools: Vec<PoolReach>,
    /// What each service listens on inside a container's network namespace.
    pub(super) inside: BTreeMap<ServiceId, Inside>,
}

/// What can be reached on the nodes of a pool.
pub(super) struct PoolReach {
    /// The sockets of the nodes' own network namespace, by the service that has them.
    pub(super) sockets: BTreeMap<ServiceId, Vec<Socket>>,
    /// What the host firewall admits.
    pub(super) rules: Vec<Rule>,
}

/// A socket of a node's own network namespace: a published port, or one of a service in the host's network.
#[derive(Serialize)]
pub(super) struct Socket {
    address: String,
    ports: Raw,
    protocol: Raw,
    leads_to: Option<String>,
    admitted: Vec<String>,
    used_by: Vec<String>,
    #[serde(skip)]
    at: Ports,
}

/// A rule of the host firewall, with what is behind it.
#[derive(Serialize)]
pub(super) struct Rule {
    packets: String,
    from: String,
    purpose: Option<String>,
    there: Vec<String>,
    widened: Option<String>,
}

/// What a service listens on inside a container's network namespace.
#[derive(Default)]
pub(super) struct Inside {
    /// Ports of its own.
    pub(super) own: Vec<InsidePort>,
    /// Ports that meshes carry, which follow from the node's index.
    pub(super) carried: Vec<(MeshId, Vec<String>)>,
}

/// A port inside a container's network namespace.
#[derive(Serialize)]
pub(super) struct InsidePort {
    pub(super) ports: Raw,
    pub(super) protocol: Raw,
    pub(super) reached_by: Vec<String>,
}

/// Connections of a flow, where they arrive on the server's node.
struct Arrival {
    ports: Ports,
    from: String,
}

impl Rule {
    /// Whether it admits more addresses than the group that it stands for.
    pub(super) fn is_widened(&self) -> bool {
        self.widened.is_some()
    }
}

impl PoolReach {
    /// Whether something of the topology listens on one of these ports of the nodes.
    pub(super) fn listens(&self, ports: Ports) -> bool {
        self.sockets.values().flatten().any(|socket| overlap(socket.at, ports))
    }
}

impl Reach {
    pub(super) fn of(cx: &Context<'_>) -> Self {
        let topology = cx.topology;
        let arrivals = arrivals(topology, cx.flows);
        let bare = arrivals_at_bare_nodes(topology, cx.flows);
        let on_pools = services_of_pools(topology);
        let pools = topology
            .pool_ids()
            .map(|id| {
                pool_reach(
                    topology,
                    &cx.hosts[id.position()],
                    &on_pools[id.position()],
                    &arrivals,
                    &bare[id.position()],
                )
            })
            .collect();
        let declared = topology.service_ids().filter(|id| topology[*id].kind == ServiceKind::Declared);
        let inside = declared.filter_map(|id| Some((id, inside(topology, cx.flows, id)?))).collect();
        Self { pools, inside }
    }
}

fn pool_reach(
    topology: &Topology,
    host: &HostPolicy,
    services: &[ServiceId],
    arrivals: &BTreeMap<ServiceId, Vec<Arrival>>,
    bare: &[Arrival],
) -> PoolReach {
    let sockets: BTreeMap<ServiceId, Vec<Socket>> = services
        .iter()
        .map(|id| (*id, sockets(topology, host, *id, arrivals.get(id).map_or(&[], Vec::as_slice))))
        .filter(|(_, sockets)| !sockets.is_empty())
        .collect();
    let rules = host.rules.iter().map(|rule| firewall_rule(topology, rule, &sockets, bare)).collect();
    PoolReach { sockets, rules }
}

fn sockets(topology: &Topology, host: &HostPolicy, id: ServiceId, arrivals: &[Arrival]) -> Vec<Socket> {
    let service = &topology[id];
    let socket = |address: String, at: Ports, leads_to: Option<String>, closed: bool| Socket {
        address,
        ports: Raw::number(at.range),
        protocol: Raw::number(at.protocol),
        leads_to,
        admitted: if closed { Vec::new() } else { admitted(host, at) },
        used_by: used_by(arrivals, at),
        at,
    };
    let published = service.publish.iter().map(|publish| {
        let at = Ports { protocol: publish.protocol, range: publish.host };
        let inside =
            listener_behind(topology, id, Ports { protocol: publish.protocol, range: publish.container });
        socket(
            publish.address.map_or("0.0.0.0".to_owned(), |address| address.to_string()),
            at,
            Some(format!("{} of {inside}", publish.container)),
            publish.is_on_loopback(),
        )
    });
    let own = if service.network == ServiceNetwork::Host { service.listen.as_slice() } else { &[] };
    published.chain(own.iter().map(|at| socket("0.0.0.0".to_owned(), *at, None, false))).collect()
}

/// Who listens on a port of a service's network namespace: of those that share it, or the way in of a mesh.
fn listener_behind(topology: &Topology, owner: ServiceId, at: Ports) -> String {
    let way_in = |mesh: &&rancher_topology::topology::Mesh| {
        mesh.namespace == owner && at.protocol == Protocol::Tcp && at.range.contains(mesh.entry)
    };
    if let Some(mesh) = topology.meshes.iter().find(way_in) {
        return mesh.name.to_string();
    }
    let declared = topology.service_ids().filter(|id| topology[*id].kind == ServiceKind::Declared);
    let listens = |id: &ServiceId| {
        topology.namespace_service(*id) == owner && topology[*id].listen.iter().any(|own| overlap(*own, at))
    };
    topology[declared.into_iter().find(listens).unwrap_or(owner)].name.to_string()
}

/// The rules that admit something to a socket.
fn admitted(host: &HostPolicy, at: Ports) -> Vec<String> {
    let admits = |rule: &&HostRule| match rule.traffic {
        Traffic::Ports(ports) => overlap(ports, at),
        Traffic::Any => true,
        Traffic::Icmp => false,
    };
    many::few(host.rules.iter().filter(admits).map(|rule| {
        let purpose = rule.purpose.as_ref().map_or_else(String::new, |purpose| format!(" ({purpose})"));
        format!("{} from {}{purpose}", rule.traffic, rule.peers.name)
    }))
}

fn used_by(arrivals: &[Arrival], at: Ports) -> Vec<String> {
    let mut words: Vec<&str> = Vec::new();
    for arrival in arrivals.iter().filter(|arrival| overlap(arrival.ports, at)) {
        if !words.contains(&arrival.from.as_str()) {
            words.push(&arrival.from);
        }
    }
    many::few(words)
}

fn firewall_rule(
    topology: &Topology,
    rule: &HostRule,
    sockets: &BTreeMap<ServiceId, Vec<Socket>>,
    bare: &[Arrival],
) -> Rule {
    let meets = |at: Ports| match rule.traffic {
        Traffic::Ports(ports) => overlap(ports, at),
        Traffic::Any => true,
        Traffic::Icmp => false,
    };
    let mut there: Vec<String> = sockets
        .iter()
        .filter(|(_, sockets)| sockets.iter().any(|socket| meets(socket.at)))
        .map(|(id, _)| topology[*id].name.to_string())
        .collect();
    for arrival in bare.iter().filter(|arrival| meets(arrival.ports)) {
        if !there.contains(&arrival.from) {
            there.push(arrival.from.clone());
        }
    }
    Rule {
        packets: rule.traffic.to_string(),
        from: peers(&rule.peers),
        purpose: rule.purpose.as_ref().map(ToString::to_string),
        there: many::few(there),
        widened: rule.peers.widened.clone(),
    }
}

/// The peers of a rule: a network as it is, a group with its addresses.
fn peers(set: &PeerSet) -> String {
    match set.networks.as_slice() {
        [only] if only.to_string() == set.name => set.name.clone(),
        [] => format!("{} (nobody)", set.name),
        networks if networks.len() <= many::HANDFUL => format!("{} ({})", set.name, many::listed(networks)),
        networks => format!("{} ({} ranges of addresses)", set.name, many::count(networks.len())),
    }
}

/// The declared services of each pool, in the order of the document.
fn services_of_pools(topology: &Topology) -> Vec<Vec<ServiceId>> {
    let mut all = vec![Vec::new(); topology.pools.len()];
    for id in topology.service_ids().filter(|id| topology[*id].kind == ServiceKind::Declared) {
        let mut last = None;
        for node in &topology[id].placement {
            let pool = topology[*node].pool;
            if last != Some(pool) && !all[pool.position()].contains(&id) {
                all[pool.position()].push(id);
            }
            last = Some(pool);
        }
    }
    all
}

/// What arrives at the ports of a node, by the service that has them there.
fn arrivals(topology: &Topology, flows: &FlowGraph) -> BTreeMap<ServiceId, Vec<Arrival>> {
    let mut all: BTreeMap<ServiceId, Vec<Arrival>> = BTreeMap::new();
    for flow in flows.flows() {
        let Party::Service(server) = flow.server else { continue };
        let (owner, range) = match &flow.route {
            Route::Published(range) => (topology.namespace_service(server), Some(*range)),
            Route::Direct => (topology.namespace_service(server), Some(flow.ports.range)),
            Route::Tunnels(mesh) => {
                (topology[*mesh].namespace, PortRange::single(topology[*mesh].published).ok())
            }
            Route::Loopback | Route::Overlay(_) | Route::Balanced { .. } | Route::Nowhere => continue,
        };
        let Some(range) = range else { continue };
        let ports = Ports { protocol: flow.ports.protocol, range };
        all.entry(owner).or_default().push(Arrival { ports, from: sentence(topology, flow) });
    }
    all
}

/// What arrives at the nodes of each pool and is no service's, by the position of the pool.
fn arrivals_at_bare_nodes(topology: &Topology, flows: &FlowGraph) -> Vec<Vec<Arrival>> {
    let mut all: Vec<Vec<Arrival>> = topology.pools.iter().map(|_| Vec::new()).collect();
    for flow in flows.flows() {
        let Party::Pool(pool) = flow.server else { continue };
        let from = match flow.route {
            Route::Nowhere => format!("nothing, and {} sends there", flow.client.name(topology)),
            _ => format!("the node itself, for {}", flow.client.name(topology)),
        };
        all[pool.position()].push(Arrival { ports: flow.ports, from });
    }
    all
}

/// Who opens a flow to whom, in words.
fn sentence(topology: &Topology, flow: &Flow) -> String {
    let (client, server) = (flow.client.name(topology), flow.server.name(topology));
    match (flow.reason, &flow.route) {
        (Reason::Listener, _) => format!("{client}, to {server}"),
        (Reason::HealthCheck, _) => format!("{client}, health check"),
        (Reason::Stated, Route::Tunnels(mesh)) => {
            format!("{client}, to {server} through {}", topology[*mesh].name)
        }
        (Reason::Stated, _) => match flow.scope {
            Scope::EveryNode => format!("{client}, to {server}"),
            Scope::OwnNode => format!("{client} of the same node, to {server}"),
            Scope::OtherNodes => format!("{client} of other nodes, to {server}"),
        },
    }
}

/// What a service listens on inside a container's network namespace; `None` when it is in the host's.
fn inside(topology: &Topology, flows: &FlowGraph, id: ServiceId) -> Option<Inside> {
    let service = &topology[id];
    let owner = topology.namespace_service(id);
    if topology[owner].network == ServiceNetwork::Host {
        return None;
    }
    let own = service.listen.iter().map(|at| InsidePort {
        ports: Raw::number(at.range),
        protocol: Raw::number(at.protocol),
        reached_by: reached_by(topology, flows, id, owner, *at),
    });
    let meshes = topology.mesh_ids().filter(|mesh| topology[*mesh].carries == id);
    let carried = meshes.filter_map(|mesh| {
        let at = Ports { protocol: Protocol::Tcp, range: PortRange::single(topology[mesh].port).ok()? };
        Some((mesh, reached_by(topology, flows, id, owner, at)))
    });
    Some(Inside { own: own.collect(), carried: carried.collect() })
}

/// Who comes to a port inside a network namespace: by a published port, from beside it, over an overlay.
fn reached_by(
    topology: &Topology,
    flows: &FlowGraph,
    id: ServiceId,
    owner: ServiceId,
    at: Ports,
) -> Vec<String> {
    let leads_here = topology[owner]
        .publish
        .iter()
        .filter(|publish| overlap(Ports { protocol: publish.protocol, range: publish.container }, at));
    let mut words: Vec<String> =
        leads_here.map(|publish| format!("port {} of the node", publish.host)).collect();
    for flow in flows.to(Party::Service(id)).filter(|flow| overlap(flow.ports, at)) {
        let client = flow.client.name(topology);
        let word = match &flow.route {
            Route::Loopback => format!("{client}, beside it"),
            Route::Tunnels(mesh) => format!("{client}, beside it or through {}", topology[*mesh].name),
            Route::Overlay(overlay) => format!("{client}, over {}", topology[*overlay].name),
            Route::Balanced { balancer, listen, .. } => {
                format!("{client}, through {}:{listen}", topology[*balancer].name)
            }
            Route::Published(_) | Route::Direct | Route::Nowhere => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    many::few(words)
}

fn overlap(one: Ports, other: Ports) -> bool {
    one.protocol == other.protocol && one.range.overlaps(other.range)
}
