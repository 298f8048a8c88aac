//! The picture: subnets, nodes and what flows between them, in as few boxes and arrows as say it.
//!
//! A pool is one frame with its subnets in it, and arrows begin and end at frames: their number follows from the pools,
//! never from the nodes.

use std::collections::{BTreeMap, BTreeSet};

use rancher_topology::Topology;
use rancher_topology::flow::{Party, Wire};
use rancher_topology::scalar::{Ports, Protocol};
use rancher_topology::topology::{NodeId, PoolId, SubnetId};
use serde::Serialize;

use super::many::{self, HANDFUL};
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Diagram {
    network: String,
    pools: Vec<PoolFrame>,
    balancers: Vec<Shape>,
    databases: Vec<Shape>,
    empty: Vec<Shape>,
    internet: bool,
    arrows: Vec<Arrow>,
}

#[derive(Serialize)]
struct PoolFrame {
    number: usize,
    label: String,
    subnets: Vec<SubnetFrame>,
    among: Option<String>,
}

#[derive(Serialize)]
struct SubnetFrame {
    number: usize,
    label: String,
    nodes: Vec<Shape>,
}

#[derive(Serialize)]
struct Shape {
    number: usize,
    label: String,
}

#[derive(Serialize)]
struct Arrow {
    from: End,
    to: End,
    label: String,
}

#[derive(Serialize)]
struct End {
    kind: Raw,
    number: usize,
}

pub(super) fn diagram(topology: &Topology, wires: &[Wire]) -> Diagram {
    let mut between: BTreeMap<(Party, Party), Vec<Ports>> = BTreeMap::new();
    for wire in wires {
        between.entry((wire.from, wire.to)).or_default().push(wire.ports);
    }
    let among = |id| between.get(&(Party::Pool(id), Party::Pool(id))).map(|ports| among(ports));
    let inhabited: BTreeSet<SubnetId> = topology.nodes.iter().map(|node| node.subnet).collect();
    let empty = topology.subnet_ids().filter(|id| !inhabited.contains(id));
    Diagram {
        network: format!("{} {}", topology.network.name, topology.network.cidr),
        pools: topology.pool_ids().map(|id| pool(topology, id, among(id))).collect(),
        balancers: topology
            .load_balancer_ids()
            .map(|id| Shape { number: id.position(), label: topology[id].name.to_string() })
            .collect(),
        databases: topology
            .database_ids()
            .map(|id| Shape {
                number: id.position(),
                label: format!("{}\n{}", topology[id].name, topology[id].engine),
            })
            .collect(),
        empty: empty.map(|id| Shape { number: id.position(), label: subnet(topology, id) }).collect(),
        internet: wires.iter().any(|wire| wire.from == Party::Internet || wire.to == Party::Internet),
        arrows: between
            .iter()
            .filter(|((from, to), _)| from != to)
            .filter_map(|((from, to), all)| {
                Some(Arrow { from: end(*from)?, to: end(*to)?, label: ports(all) })
            })
            .collect(),
    }
}

fn pool(topology: &Topology, id: PoolId, among: Option<String>) -> PoolFrame {
    let pool = &topology[id];
    let mut of_subnets: BTreeMap<SubnetId, Vec<NodeId>> = BTreeMap::new();
    for node in &pool.nodes {
        of_subnets.entry(topology[*node].subnet).or_default().push(*node);
    }
    let label = match &pool.title {
        Some(title) => format!("{title} ({})", pool.name),
        None => pool.name.to_string(),
    };
    PoolFrame {
        number: id.position(),
        label,
        subnets: of_subnets
            .iter()
            .map(|(id, nodes)| SubnetFrame {
                number: id.position(),
                label: subnet(topology, *id),
                nodes: boxes(topology, nodes, pool.nodes.len() > HANDFUL),
            })
            .collect(),
        among,
    }
}

/// A box for each of a handful of nodes, else one box for all of them.
fn boxes(topology: &Topology, nodes: &[NodeId], as_one: bool) -> Vec<Shape> {
    let name = |node: &NodeId| &topology[*node].name;
    match nodes {
        [first, .., last] if as_one => vec![Shape {
            number: first.position(),
            label: format!(
                "{} nodes\n{} … {}\n{} … {}",
                many::count(nodes.len()),
                name(first),
                name(last),
                topology[*first].address,
                topology[*last].address
            ),
        }],
        _ => nodes
            .iter()
            .map(|node| Shape {
                number: node.position(),
                label: format!("{}\n{}", name(node), topology[*node].address),
            })
            .collect(),
    }
}

fn subnet(topology: &Topology, id: SubnetId) -> String {
    let subnet = &topology[id];
    let zone = subnet.zone.as_ref().map_or_else(String::new, |zone| format!("{zone}: "));
    format!("{zone}{} {}", subnet.name, subnet.cidr)
}

fn among(all: &[Ports]) -> String {
    format!("between these nodes\n{}", ports(all))
}

/// Ports by protocol, a line for each.
fn ports(all: &[Ports]) -> String {
    let line = |protocol| {
        let own: Vec<_> =
            all.iter().filter(|ports| ports.protocol == protocol).map(|ports| ports.range).collect();
        (!own.is_empty()).then(|| format!("{}/{protocol}", many::some(own)))
    };
    [Protocol::Tcp, Protocol::Udp].into_iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

fn end(party: Party) -> Option<End> {
    let (kind, number) = match party {
        Party::Internet => ("internet", 0),
        Party::LoadBalancer(id) => ("balancer", id.position()),
        Party::Pool(id) => ("pool", id.position()),
        Party::Database(id) => ("database", id.position()),
        Party::Service(_) => return None,
    };
    Some(End { kind: Raw::word(kind), number })
}
