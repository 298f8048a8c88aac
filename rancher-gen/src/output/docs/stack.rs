//! The table of services as the wiki page has it: what the source of the topology states, else what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use rancher_topology::Topology;
use rancher_topology::document::Naming;
use rancher_topology::scalar::{Ports, Protocol};
use rancher_topology::topology::{
    Destination, Mesh, Service, ServiceId, ServiceKind, ServiceNetwork, SubnetId, Traffic,
};
use serde::Serialize;

use super::many::{self, HANDFUL};
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Stack {
    kinds: usize,
    containers: String,
    per_node: String,
    groups: Vec<Group>,
    differences: Vec<Difference>,
    tunnels: Vec<Meshes>,
    scheduled: Vec<String>,
    detours: Vec<Detour>,
}

/// The rows of one role.
#[derive(Serialize)]
struct Group {
    heading: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    addresses: String,
    traffic_to: String,
    ports: String,
    flow: Vec<String>,
}

/// A cell in which the source of the topology states something else than what is true.
#[derive(Serialize)]
struct Difference {
    row: String,
    column: Raw,
    stated: String,
    derived: String,
}

/// The meshes of a pool, whose rows show what its first node sees.
#[derive(Serialize)]
struct Meshes {
    first: Raw,
    nodes: String,
    count: String,
    second: Option<Raw>,
}

/// Traffic that takes another way than its cell looks like.
#[derive(Serialize)]
struct Detour {
    service: String,
    to: String,
    balancer: String,
    port: u16,
}

pub(super) fn stack(topology: &Topology) -> Stack {
    let mut differences = Vec::new();
    let groups: Vec<Group> =
        roles(topology).iter().map(|services| group(topology, services, &mut differences)).collect();
    Stack {
        kinds: groups.len(),
        containers: many::count(topology.instances.len()),
        per_node: per_node(topology),
        groups,
        differences,
        tunnels: meshes(topology),
        scheduled: topology
            .services
            .iter()
            .filter(|service| service.scale.is_some())
            .map(|service| service.name.to_string())
            .collect(),
        detours: topology.services.iter().flat_map(|service| detours(topology, service)).collect(),
    }
}

/// The services of each role in the order of the document, those of meshes behind the first service that they carry.
fn roles(topology: &Topology) -> Vec<Vec<ServiceId>> {
    let mut roles: Vec<Vec<ServiceId>> = Vec::new();
    let mut place = |id: ServiceId, behind: Option<ServiceId>| {
        let same = |role: &Vec<ServiceId>| topology[role[0]].role == topology[id].role;
        if let Some(role) = roles.iter_mut().find(|role| same(role)) {
            role.push(id);
            return;
        }
        let carried = behind.and_then(|other| roles.iter().position(|role| role.contains(&other)));
        roles.insert(carried.map_or(roles.len(), |position| position + 1), vec![id]);
    };
    for id in topology.service_ids().filter(|id| topology[*id].kind == ServiceKind::Declared) {
        place(id, None);
    }
    for mesh in &topology.meshes {
        // A large mesh is one row, its first service's.
        let shown = if is_large(mesh) { 1 } else { mesh.services.len() };
        mesh.services.iter().take(shown).for_each(|id| place(*id, Some(mesh.carries)));
    }
    roles
}

fn is_large(mesh: &Mesh) -> bool {
    mesh.services.len() > HANDFUL
}

fn group(topology: &Topology, services: &[ServiceId], differences: &mut Vec<Difference>) -> Group {
    let first = &topology[services[0]];
    let instances: usize = services
        .iter()
        .map(|id| match mesh_of(topology, *id) {
            Some(mesh) if is_large(mesh) => mesh.services.len() * topology[*id].placement.len(),
            _ => topology[*id].placement.len(),
        })
        .sum();
    let derived = format!("{} x {}", many::count(instances), first.role);
    let stated = services.iter().find_map(|id| topology[*id].stated.heading.as_ref());
    let heading = stated.map_or(derived.clone(), |text| text.value.to_string());
    // What stands behind the derived heading in the stated one explains it, and is no difference.
    if !heading.starts_with(&derived) {
        differences.push(Difference {
            row: first.role.to_string(),
            column: Raw::word("Service"),
            stated: heading.clone(),
            derived,
        });
    }
    Group { heading, rows: services.iter().map(|id| row(topology, *id, differences)).collect() }
}

fn row(topology: &Topology, id: ServiceId, differences: &mut Vec<Difference>) -> Row {
    let derived = derived(topology, id);
    let stated = &topology[id].stated;
    let name = stated.name.as_ref().map_or(derived.name.clone(), |text| text.value.to_string());
    let traffic_to =
        stated.traffic_to.as_ref().map_or(derived.traffic_to.clone(), |text| text.value.to_string());
    let ports = stated.ports.as_ref().map_or(derived.ports.clone(), |text| text.value.to_string());
    let flow = stated
        .traffic_flow
        .as_ref()
        .map_or(derived.flow.clone(), |lines| lines.iter().map(|line| line.value.to_string()).collect());
    let mut compare = |column, stated: &str, own: &str| {
        if stated != own {
            differences.push(Difference {
                row: derived.name.clone(),
                column: Raw::word(column),
                stated: stated.to_owned(),
                derived: own.to_owned(),
            });
        }
    };
    // A name without the number of its containers says less, and nothing else.
    if !derived.name.starts_with(&format!("{name} (x")) {
        compare("Containers", &name, &derived.name);
    }
    compare("Traffic to", &traffic_to, &derived.traffic_to);
    if port_set(&ports).is_none_or(|set| Some(set) != port_set(&derived.ports)) {
        compare("Ports", &ports, &derived.ports);
    }
    compare("Traffic flow", &many::listed(&flow), &many::listed(&derived.flow));
    Row { name, addresses: derived.addresses, traffic_to, ports, flow }
}

/// A row with nothing in it but what follows from the topology.
fn derived(topology: &Topology, id: ServiceId) -> Row {
    let service = &topology[id];
    let addresses = many::addresses_of(topology, &service.placement);
    let marked = |name: String| match service.placement.len() {
        1 => name,
        count => format!("{name} (x{count})"),
    };
    if let Some(mesh) = mesh_of(topology, id) {
        let last = mesh.services.len();
        let name = if is_large(mesh) {
            format!("{}-{}", mesh.name, many::braces(last))
        } else {
            service.name.to_string()
        };
        return Row {
            name: marked(name),
            addresses,
            traffic_to: topology[mesh.carries].role.to_string(),
            ports: mesh.port.to_string(),
            flow: seen_from_the_first_node(topology, mesh, id),
        };
    }
    let mut words: Vec<String> = Vec::new();
    for traffic in &service.traffic_to {
        if !words.iter().any(|word| *word == traffic.word.as_str()) {
            words.push(traffic.word.to_string());
        }
    }
    let mut flow: Vec<String> =
        service.publish.iter().map(rancher_topology::scalar::Publish::as_docker_prints).collect();
    flow.extend(established(topology, service));
    Row {
        name: match service.naming {
            Naming::Plain => marked(service.name.to_string()),
            Naming::Numbered => format!("{}_{}", service.name, many::braces(service.placement.len())),
        },
        addresses,
        traffic_to: many::listed(words),
        ports: many::listed(ports(service).into_iter().map(port)),
        flow,
    }
}

/// The ends of the tunnels of a row, as the pool's first node has them: that is how the wiki page shows them.
fn seen_from_the_first_node(topology: &Topology, mesh: &Mesh, id: ServiceId) -> Vec<String> {
    let nodes = &topology[mesh.pool].nodes;
    let arrow = |position: usize| mesh.end(topology, nodes[0], nodes[position]).arrow();
    let ServiceKind::Tunnel { peer, .. } = topology[id].kind else { return Vec::new() };
    if is_large(mesh) {
        return vec![arrow(0), arrow(1), "…".to_owned(), arrow(nodes.len() - 1)];
    }
    vec![mesh.end(topology, nodes[0], peer).arrow()]
}

fn mesh_of(topology: &Topology, id: ServiceId) -> Option<&Mesh> {
    match topology[id].kind {
        ServiceKind::Tunnel { mesh, .. } => Some(&topology[mesh]),
        ServiceKind::Declared => None,
    }
}

/// The ports of a node that are a service's, before them those that its image names.
fn ports(service: &Service) -> Vec<Ports> {
    let published =
        service.publish.iter().map(|publish| Ports { protocol: publish.protocol, range: publish.host });
    let own = if service.network == ServiceNetwork::Host { service.listen.as_slice() } else { &[] };
    service.expose.iter().copied().chain(published).chain(own.iter().copied()).collect()
}

/// Ports of TCP go without their protocol: the table's footnote says so.
fn port(ports: Ports) -> String {
    match ports.protocol {
        Protocol::Tcp => ports.range.to_string(),
        Protocol::Udp => ports.to_string(),
    }
}

/// The ports that a cell speaks of, however it writes them; `None` when it is no list of ports.
fn port_set(cell: &str) -> Option<BTreeSet<(Protocol, u16)>> {
    let mut set = BTreeSet::new();
    for word in cell.split(", ").filter(|word| !word.is_empty()) {
        let ports: Ports = word.parse().ok()?;
        set.extend(ports.range.iter().map(|port| (ports.protocol, port)));
    }
    Some(set)
}

/// Connections that a node's own network holds to a database, as the wiki page prints them: `172.22.1.x:x->172.22.1.26:3306`.
///
/// A container's leave with an address of its own first, so only those of services in the host's network are such.
fn established(topology: &Topology, service: &Service) -> Vec<String> {
    if service.network != ServiceNetwork::Host {
        return Vec::new();
    }
    let mut subnets: Vec<SubnetId> = service.placement.iter().map(|node| topology[*node].subnet).collect();
    subnets.sort_unstable();
    subnets.dedup();
    let databases = service.traffic_to.iter().filter_map(|traffic| match traffic.to {
        Destination::Database(id) => Some(&topology[id]),
        _ => None,
    });
    databases
        .flat_map(|database| {
            let host = database
                .observed_address
                .map_or_else(|| database.host_name(&topology.network), |address| address.to_string());
            let from = subnets.iter().map(|subnet| many::any_of(topology[*subnet].cidr));
            from.map(move |from| format!("{from}:x->{host}:{}", database.port)).collect::<Vec<_>>()
        })
        .collect()
}

fn per_node(topology: &Topology) -> String {
    let counts: Vec<usize> = topology.node_ids().map(|node| topology.instances_on(node).len()).collect();
    if counts.len() <= HANDFUL {
        let each = topology.node_ids().zip(&counts);
        return many::listed(each.map(|(node, count)| format!("{count} on {}", topology[node].name)));
    }
    let (least, most) = (counts.iter().min().unwrap_or(&0), counts.iter().max().unwrap_or(&0));
    if least == most { format!("{most} on each node") } else { format!("{least} to {most} on each node") }
}

/// The pools that have meshes, and how many tunnels there are between their nodes.
fn meshes(topology: &Topology) -> Vec<Meshes> {
    let mut pools: BTreeMap<usize, (&Mesh, usize)> = BTreeMap::new();
    for mesh in &topology.meshes {
        pools.entry(mesh.pool.position()).or_insert((mesh, 0)).1 += mesh.services.len().pow(2);
    }
    let several = pools.into_values().filter(|(mesh, _)| topology[mesh.pool].nodes.len() > 1);
    several
        .map(|(mesh, count)| {
            let nodes = &topology[mesh.pool].nodes;
            Meshes {
                first: Raw::name(&topology[nodes[0]].name),
                nodes: many::count(nodes.len()),
                count: many::count(count),
                second: nodes.get(1).map(|node| Raw::name(&topology[*node].name)),
            }
        })
        .collect()
}

fn detours(topology: &Topology, service: &Service) -> Vec<Detour> {
    let through = |traffic: &Traffic| {
        traffic.through.map(|(balancer, port)| Detour {
            service: service.name.to_string(),
            to: traffic.word.to_string(),
            balancer: topology[balancer].name.to_string(),
            port,
        })
    };
    service.traffic_to.iter().filter_map(through).collect()
}
