//! The picture: subnets, nodes and what flows between them, in as few boxes and arrows as say it.
//!
//! A pool is one frame with its subnets in it, and arrows begin and end at frames: their number follows from the pools,
//! never from the nodes.

use std::collections::BTreeMap;

use rancher_topology::Topology;
use rancher_topology::document::Provider;
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
    /// Whether something comes from the internet.
    internet: bool,
    /// Whether something goes to the internet. It is a box of its own: a circle of arrows would turn the picture upside down.
    outside: bool,
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
    both_ways: bool,
    /// Whether it needs room for its label before the network's frame.
    long: bool,
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
        for (from, to) in wire.from.iter().flat_map(|from| wire.to.iter().map(move |to| (*from, *to))) {
            between.entry((from, to)).or_default().push(wire.ports);
        }
    }
    let among = |id| between.get(&(Party::Pool(id), Party::Pool(id))).map(|all| among(all));
    Diagram {
        network: format!("{}\n{}", topology.network.name, topology.network.cidr),
        pools: topology.pool_ids().map(|id| pool(topology, id, among(id))).collect(),
        balancers: topology
            .load_balancer_ids()
            .map(|id| Shape {
                number: id.position(),
                label: format!("{}{}", topology[id].name, stands_in(topology, &topology[id].subnets)),
            })
            .collect(),
        databases: topology
            .database_ids()
            .map(|id| Shape {
                number: id.position(),
                label: format!(
                    "{}\n{}{}",
                    topology[id].name,
                    topology[id].engine,
                    stands_in(topology, &topology[id].subnets)
                ),
            })
            .collect(),
        internet: wires.iter().any(|wire| wire.from.contains(&Party::Internet)),
        outside: wires.iter().any(|wire| wire.to.contains(&Party::Internet)),
        arrows: arrows(topology, &between),
    }
}

/// The subnets that something may stand in, where they are a provider's and it has no address of its own.
fn stands_in(topology: &Topology, subnets: &[SubnetId]) -> String {
    if *topology.network.provider == Provider::Plain {
        return String::new();
    }
    format!("\nin {}", many::some(subnets.iter().map(|id| &topology[*id].name)))
}

/// One arrow between two parties: where both open connections, it has two heads.
fn arrows(topology: &Topology, between: &BTreeMap<(Party, Party), Vec<Ports>>) -> Vec<Arrow> {
    let mut all = Vec::new();
    for ((from, to), forth) in between {
        let back = between.get(&(*to, *from)).filter(|_| *from != Party::Internet && *to != Party::Internet);
        // The other way round is a part of the first one's arrow.
        if from == to || (back.is_some() && to < from) {
            continue;
        }
        let (Some(start), Some(end)) = (end(*from, "internet"), end(*to, "outside")) else { continue };
        let label = match back {
            None => ports(forth),
            Some(back) => {
                let to_each =
                    |party: Party, all: &[Ports]| format!("to {}: {}", party.name(topology), ports(all));
                format!("{}\n{}", to_each(*to, forth), to_each(*from, back))
            }
        };
        let long = *from == Party::Internet;
        all.push(Arrow { from: start, to: end, both_ways: back.is_some(), long, label });
    }
    all
}

fn pool(topology: &Topology, id: PoolId, among: Option<String>) -> PoolFrame {
    let pool = &topology[id];
    let mut of_subnets: BTreeMap<SubnetId, Vec<NodeId>> = BTreeMap::new();
    for node in &pool.nodes {
        of_subnets.entry(topology[*node].subnet).or_default().push(*node);
    }
    PoolFrame {
        number: id.position(),
        // A frame's title is one narrow line to Mermaid: the pool's own title would be cut.
        label: pool.name.to_string(),
        // Mermaid puts frames side by side from the last to the first.
        subnets: of_subnets
            .iter()
            .rev()
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
    let zone = subnet.zone.as_ref().map_or_else(String::new, |zone| format!("{zone}\n"));
    format!("{zone}{}\n{}", subnet.name, subnet.cidr)
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

fn end(party: Party, internet: &'static str) -> Option<End> {
    let (kind, number) = match party {
        Party::Internet => (internet, 0),
        Party::LoadBalancer(id) => ("balancer", id.position()),
        Party::Pool(id) => ("pool", id.position()),
        Party::Database(id) => ("database", id.position()),
        Party::Service(_) => return None,
    };
    Some(End { kind: Raw::word(kind), number })
}
