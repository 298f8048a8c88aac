//! The page of a node: its containers, what listens where, its tunnels, and what its firewall admits.

use rancher_topology::Topology;
use rancher_topology::topology::{
    InstanceId, Mesh, MeshId, NodeId, OverlayId, ServiceId, ServiceKind, ServiceNetwork, StartedBy,
    StarterId, TunnelMode,
};
use serde::Serialize;

use super::many::{self, HANDFUL};
use super::reach::{InsidePort, Reach, Rule, Socket};
use crate::output::{Context, RenderError};
use crate::template::Raw;

/// What the pages of all nodes share.
pub(super) struct Shared {
    pub(super) reach: Reach,
    /// What the firewall admits, as it is printed, by the position of the pool.
    firewalls: Vec<Raw>,
}

#[derive(Serialize)]
struct Firewall<'a> {
    rules: &'a [Rule],
    interfaces: String,
    container_networks: String,
    routed: String,
    widened: bool,
}

#[derive(Serialize)]
pub(super) struct NodePage<'a> {
    name: Raw,
    pool: String,
    index: usize,
    of: String,
    address: Raw,
    subnet: String,
    cidr: Raw,
    zone: Option<String>,
    os: Raw,
    engine: Raw,
    groups: String,
    containers: Vec<Container>,
    starters: Vec<Starter>,
    sockets: Vec<Owned<'a>>,
    inside: Vec<Inside<'a>>,
    tunnels: Vec<Tunnel>,
    firewall: &'a Raw,
}

#[derive(Serialize)]
struct Container {
    name: String,
    role: String,
    image: String,
    started_by: String,
    network: String,
}

#[derive(Serialize)]
struct Starter {
    name: String,
    replaceable: bool,
    because: String,
}

#[derive(Serialize)]
struct Owned<'a> {
    owner: String,
    socket: &'a Socket,
}

#[derive(Serialize)]
struct Inside<'a> {
    address: Raw,
    ports: Raw,
    protocol: Raw,
    owner: String,
    namespace: String,
    reached_by: std::borrow::Cow<'a, [String]>,
}

#[derive(Serialize)]
struct Tunnel {
    name: String,
    does: Raw,
    to: String,
    flow: String,
}

impl Shared {
    pub(super) fn of(cx: &Context<'_>) -> Result<Self, RenderError> {
        let reach = Reach::of(cx);
        let mut firewalls = Vec::new();
        for id in cx.topology.pool_ids() {
            let host = &cx.hosts[id.position()];
            let rules = reach.pools[id.position()].rules.as_slice();
            let view = Firewall {
                rules,
                interfaces: many::listed(&host.interfaces),
                container_networks: many::some(&host.container_networks),
                routed: many::some(&host.routed),
                widened: rules.iter().any(Rule::is_widened),
            };
            firewalls.push(cx.templates.part("docs/firewall.md.j2", &view)?);
        }
        Ok(Self { reach, firewalls })
    }

    pub(super) fn page(&self, topology: &Topology, id: NodeId) -> NodePage<'_> {
        let node = &topology[id];
        let pool = &topology[node.pool];
        let subnet = &topology[node.subnet];
        let (declared, tunnels) = split(topology, id);
        NodePage {
            name: Raw::name(&node.name),
            pool: pool.name.to_string(),
            index: node.index,
            of: many::count(pool.nodes.len()),
            address: Raw::number(node.address),
            subnet: subnet.name.to_string(),
            cidr: Raw::number(subnet.cidr),
            zone: subnet.zone.as_ref().map(ToString::to_string),
            os: Raw::word(pool.os.title()),
            engine: Raw::number(pool.engine.version.clone()),
            groups: many::listed(pool.groups.iter().map(|group| &topology[*group].name)),
            containers: containers(topology, &declared, &tunnels),
            starters: starters(topology, &declared),
            sockets: self.sockets(topology, id, &declared),
            inside: self.inside(topology, id, &declared, &tunnels),
            tunnels: tunnels.iter().flat_map(|(mesh, own)| tunnel_rows(topology, id, *mesh, own)).collect(),
            firewall: &self.firewalls[node.pool.position()],
        }
    }

    fn sockets(&self, topology: &Topology, node: NodeId, declared: &[InstanceId]) -> Vec<Owned<'_>> {
        let own = &self.reach.pools[topology[node].pool.position()].sockets;
        declared
            .iter()
            .flat_map(|instance| {
                let owner = topology.container_name(*instance).to_string();
                let sockets = own.get(&topology[*instance].service).map_or(&[][..], Vec::as_slice);
                sockets.iter().map(move |socket| Owned { owner: owner.clone(), socket })
            })
            .collect()
    }

    fn inside(
        &self,
        topology: &Topology,
        node: NodeId,
        declared: &[InstanceId],
        tunnels: &[(MeshId, Vec<InstanceId>)],
    ) -> Vec<Inside<'_>> {
        let mut all = Vec::new();
        for instance in declared {
            let service = topology[*instance].service;
            let Some(inside) = self.reach.inside.get(&service) else { continue };
            let row = |ports: Raw, protocol: Raw, reached_by| Inside {
                address: Raw::word("0.0.0.0"),
                ports,
                protocol,
                owner: topology.container_name(*instance).to_string(),
                namespace: topology[topology.namespace_service(service)].name.to_string(),
                reached_by: std::borrow::Cow::Borrowed(reached_by),
            };
            let own = inside.own.iter().map(|InsidePort { ports, protocol, reached_by }| {
                row(ports.clone(), protocol.clone(), reached_by.as_slice())
            });
            all.extend(own);
            all.extend(inside.carried.iter().map(|(mesh, reached_by)| {
                let port = topology[*mesh].local_port(topology[node].index);
                row(Raw::number(port), Raw::word("tcp"), reached_by.as_slice())
            }));
        }
        for (mesh, own) in tunnels {
            all.extend(tunnel_listeners(topology, node, *mesh, own));
        }
        all
    }
}

/// The instances of a node: those of declared services, and the tunnels of each mesh.
fn split(topology: &Topology, node: NodeId) -> (Vec<InstanceId>, Vec<(MeshId, Vec<InstanceId>)>) {
    let (mut declared, mut tunnels) = (Vec::new(), Vec::<(MeshId, Vec<InstanceId>)>::new());
    for instance in topology.instances_on(node) {
        match topology[topology[*instance].service].kind {
            ServiceKind::Declared => declared.push(*instance),
            ServiceKind::Tunnel { mesh, .. } => match tunnels.last_mut() {
                Some((last, own)) if *last == mesh => own.push(*instance),
                _ => tunnels.push((mesh, vec![*instance])),
            },
        }
    }
    (declared, tunnels)
}

fn containers(
    topology: &Topology,
    declared: &[InstanceId],
    tunnels: &[(MeshId, Vec<InstanceId>)],
) -> Vec<Container> {
    let row = |name: String, service: ServiceId| Container {
        name,
        role: topology[service].role.to_string(),
        image: topology[service].image.clone(),
        started_by: match topology[service].started_by {
            StartedBy::Person => "a person".to_owned(),
            StartedBy::Starter(starter) => topology[starter].name.to_string(),
        },
        network: network(topology, service),
    };
    let mut rows: Vec<Container> = declared
        .iter()
        .map(|instance| row(topology.container_name(*instance).to_string(), topology[*instance].service))
        .collect();
    for (mesh, own) in tunnels {
        let service = topology[own[0]].service;
        if own.len() > HANDFUL {
            rows.push(row(all_of(&topology[*mesh], own.len()), service));
        } else {
            let name = |instance: &InstanceId| topology.container_name(*instance).to_string();
            rows.extend(own.iter().map(|instance| row(name(instance), topology[*instance].service)));
        }
    }
    rows
}

/// The names of all tunnels of a mesh on a node.
fn all_of(mesh: &Mesh, count: usize) -> String {
    format!("{}-{}", mesh.name, many::braces(count))
}

fn network(topology: &Topology, service: ServiceId) -> String {
    let names =
        |overlays: &[OverlayId]| overlays.iter().map(|id| topology[*id].name.to_string()).collect::<Vec<_>>();
    match &topology[service].network {
        ServiceNetwork::Host => "the node's own".to_owned(),
        ServiceNetwork::Of(owner) => format!("that of {}", topology[*owner].name),
        ServiceNetwork::Overlays(overlays) => many::listed(names(overlays)),
        ServiceNetwork::Bridge { overlays } => {
            many::listed(std::iter::once("bridge".to_owned()).chain(names(overlays)))
        }
    }
}

/// The starters of a node's containers.
fn starters(topology: &Topology, declared: &[InstanceId]) -> Vec<Starter> {
    let of = |instance: &InstanceId| match topology[topology[*instance].service].started_by {
        StartedBy::Person => None,
        StartedBy::Starter(starter) => Some(starter),
    };
    let mut ids: Vec<StarterId> = declared.iter().filter_map(of).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter()
        .map(|id| Starter {
            name: topology[id].name.to_string(),
            replaceable: topology[id].replaceable,
            because: topology[id].because.to_string(),
        })
        .collect()
}

/// The tunnels of a mesh on a node: each of a handful, else its way in and the rule for the others.
fn tunnel_rows(topology: &Topology, node: NodeId, id: MeshId, own: &[InstanceId]) -> Vec<Tunnel> {
    let mesh = &topology[id];
    let (way_in, way_out) = (Raw::word("the way in, decrypts"), Raw::word("a way out, encrypts"));
    if own.len() > HANDFUL {
        let arrow = mesh.end(topology, node, node).arrow();
        return vec![
            Tunnel {
                name: mesh.name.numbered('-', topology[node].index).to_string(),
                does: way_in,
                to: topology[node].name.to_string(),
                flow: arrow,
            },
            Tunnel {
                name: all_of(mesh, own.len()),
                does: way_out,
                to: format!("node j, each of the other {}", many::count(own.len() - 1)),
                flow: format!(
                    "127.0.0.1:({} + j − 1)->(address of node j):{}/tcp",
                    mesh.port, mesh.published
                ),
            },
        ];
    }
    let row = |instance: &InstanceId| {
        let ServiceKind::Tunnel { peer, .. } = topology[topology[*instance].service].kind else {
            return None;
        };
        let end = mesh.end(topology, node, peer);
        Some(Tunnel {
            name: topology.container_name(*instance).to_string(),
            does: if end.mode == TunnelMode::Decrypt { way_in.clone() } else { way_out.clone() },
            to: topology[peer].name.to_string(),
            flow: end.arrow(),
        })
    };
    own.iter().filter_map(row).collect()
}

/// What the tunnels of a mesh listen on, in the network namespace that they are in.
fn tunnel_listeners<'a>(
    topology: &Topology,
    node: NodeId,
    id: MeshId,
    own: &[InstanceId],
) -> Vec<Inside<'a>> {
    let mesh = &topology[id];
    let namespace = topology[mesh.namespace].name.to_string();
    let carried = &topology[mesh.carries].name;
    let listener = |address, ports: Raw, owner: String, reached_by: String| Inside {
        address,
        ports,
        protocol: Raw::word("tcp"),
        owner,
        namespace: namespace.clone(),
        reached_by: vec![reached_by].into(),
    };
    let way_in = listener(
        Raw::word("0.0.0.0"),
        Raw::number(mesh.entry),
        mesh.name.numbered('-', topology[node].index).to_string(),
        format!("port {} of the node: other nodes' tunnels", mesh.published),
    );
    let outward = |ports: Raw, owner: String, to: &str| {
        listener(Raw::word("127.0.0.1"), ports, owner, format!("what is beside it, for {carried} on {to}"))
    };
    let mut rows = vec![way_in];
    if own.len() > HANDFUL {
        let (first, last) = (mesh.local_port(1), mesh.local_port(own.len()));
        if let Ok(range) = rancher_topology::scalar::PortRange::new(first, last) {
            rows.push(outward(Raw::number(range), all_of(mesh, own.len()), "each other node"));
        }
        return rows;
    }
    for instance in own {
        let ServiceKind::Tunnel { peer, .. } = topology[topology[*instance].service].kind else { continue };
        if peer != node {
            let port = mesh.local_port(topology[peer].index);
            let owner = topology.container_name(*instance).to_string();
            rows.push(outward(Raw::number(port), owner, &topology[peer].name));
        }
    }
    rows
}
