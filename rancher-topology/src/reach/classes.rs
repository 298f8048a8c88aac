//! Ends that are alike, and the questions that are asked once for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Reach;
use super::answer::{Alike, Cause, HopKind, Pairs, Via, Way, Whom};
use crate::flow::End;
use crate::policy::{GroupRef, Member, RuleRef, Verdict};
use crate::scalar::Ports;
use crate::topology::{NodeId, ServiceId, ServiceKind};
use ipnet::Ipv4Net;

/// What rules and ways can tell nodes apart by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Likeness {
    groups: Vec<GroupRef>,
    has_public_address: bool,
    routed: Vec<Ipv4Net>,
    /// Which of the networks that rules name it is in.
    networks: Vec<usize>,
    /// Which of the routed networks of any pool.
    in_routed: Vec<Ipv4Net>,
    balancers: Vec<bool>,
    services: Vec<ServiceId>,
    /// What the nodes of its pool themselves answer on.
    own: Vec<Ports>,
}

/// Ends that are alike; never empty.
struct Class {
    members: Vec<Whom>,
    /// Their nodes, each with one member.
    nodes: BTreeMap<NodeId, usize>,
}

/// What makes two answers the same.
type Shape = Vec<(Via, Verdict, Vec<(HopKind, Vec<RuleRef>, Vec<Cause>, usize)>)>;

/// The answers of one class of clients: which servers, in which pairs, on which ports, and their shape.
struct Row {
    servers: Vec<Whom>,
    pairs: Pairs,
    ports: Option<Ports>,
    shape: Shape,
    ways: Vec<Way>,
}

impl Reach<'_> {
    pub(super) fn alike(&self, clients: Vec<Whom>, servers: Vec<Whom>, asked: Option<Ports>) -> Vec<Alike> {
        let networks = self.gates.networks();
        let nodes: BTreeSet<NodeId> =
            clients.iter().chain(&servers).filter_map(|end| self.node(end)).collect();
        let relevant = self.relevant(clients.iter().chain(&servers));
        let likeness: BTreeMap<NodeId, Likeness> =
            nodes.into_iter().map(|node| (node, self.likeness(node, &networks, relevant.as_ref()))).collect();
        let to = self.classes(servers.clone(), &likeness);
        let ways = |client: &Whom, server: &Whom| self.ways_on_each(client, server, asked);
        let clients = clients.into_iter().flat_map(|client| {
            split(client, to.iter().map(Class::first), |client, server| ways(client, server))
        });
        let from = self.classes(clients.collect(), &likeness);
        let servers = servers.into_iter().flat_map(|server| {
            split(server, from.iter().map(Class::first), |server, client| ways(client, server))
        });
        let to = self.classes(servers.collect(), &likeness);
        let mut all: Vec<Alike> = Vec::new();
        for class in from {
            let mut rows: Vec<Row> = Vec::new();
            for server in &to {
                self.between(&class, server, asked, &mut rows);
            }
            let is_alone = class.members.len() == 1 && servers_have(&to, class.first());
            let all_others = servers_in(&to).saturating_sub(1);
            for mut row in rows {
                // Nobody is asked about himself; whose answer is the same for all others is one with these.
                if is_alone && row.servers.len() == all_others {
                    row.servers.push(class.first().clone());
                    row.servers.sort_unstable();
                }
                let same = |known: &&mut Alike| {
                    (known.pairs, known.ports) == (row.pairs, row.ports)
                        && known.servers == row.servers
                        && shape(&known.ways) == row.shape
                };
                if let Some(known) = all.iter_mut().find(same) {
                    known.clients.extend(class.members.iter().cloned());
                    continue;
                }
                all.push(Alike {
                    clients: class.members.clone(),
                    servers: row.servers,
                    pairs: row.pairs,
                    ports: row.ports,
                    verdict: row.ways.iter().map(|way| way.verdict).min().unwrap_or(Verdict::No),
                    ways: row.ways,
                });
            }
        }
        for alike in &mut all {
            alike.clients = as_one(std::mem::take(&mut alike.clients));
            alike.servers = as_one(std::mem::take(&mut alike.servers));
        }
        all
    }

    /// The ways to each piece of a server's ports; to none in particular where there is none to ask for.
    fn ways_on_each(
        &self,
        client: &Whom,
        server: &Whom,
        asked: Option<Ports>,
    ) -> Vec<(Option<Ports>, Vec<Way>)> {
        let sockets = self.sockets(client, server);
        let pieces = self.pieces(server, &sockets, asked);
        if pieces.is_empty() {
            return vec![(None, vec![self.nothing_to_ask_for(client, server)])];
        }
        pieces.into_iter().map(|ports| (Some(ports), self.ways(client, server, ports))).collect()
    }

    /// The services whose places decide on ways; `None` where every service of a node does.
    fn relevant<'w>(&self, ends: impl Iterator<Item = &'w Whom>) -> Option<BTreeSet<ServiceId>> {
        let topology = self.topology;
        let mut services = BTreeSet::new();
        for end in ends {
            match end {
                Whom::End(End::Node(_)) => return None,
                Whom::End(End::Instance(id)) => {
                    let service = topology[*id].service;
                    services.extend([service, topology.namespace_service(service)]);
                }
                _ => {}
            }
        }
        Some(services)
    }

    pub(super) fn likeness(
        &self,
        node: NodeId,
        networks: &[ipnet::IpNet],
        relevant: Option<&BTreeSet<ServiceId>>,
    ) -> Likeness {
        let topology = self.topology;
        let pool = topology.pool_of(node);
        let address = std::net::IpAddr::V4(topology[node].address);
        let services = topology.instances_on(node).iter().map(|instance| topology[*instance].service);
        let mut services: Vec<ServiceId> =
            services.filter(|id| topology[*id].kind == ServiceKind::Declared).collect();
        services.retain(|id| relevant.is_none_or(|relevant| relevant.contains(id)));
        services.sort_unstable();
        services.dedup();
        let routed = topology.pools.iter().flat_map(|pool| &pool.routed);
        let mut in_routed: Vec<Ipv4Net> =
            routed.filter(|net| net.contains(&topology[node].address)).copied().collect();
        in_routed.sort_unstable();
        in_routed.dedup();
        Likeness {
            groups: self.policy.groups_of(Member::Pool(topology[node].pool)).to_vec(),
            has_public_address: *pool.public_address,
            routed: pool.routed.clone(),
            networks: (0..networks.len()).filter(|at| networks[*at].contains(&address)).collect(),
            in_routed,
            balancers: self.targets.iter().map(|targets| targets.contains(&node)).collect(),
            services,
            own: self.own_answers(topology[node].pool).iter().map(|answer| answer.ports).collect(),
        }
    }

    fn classes(&self, ends: Vec<Whom>, likeness: &BTreeMap<NodeId, Likeness>) -> Vec<Class> {
        let mut positions: BTreeMap<(Option<ServiceId>, &Likeness), usize> = BTreeMap::new();
        let mut classes: Vec<Class> = Vec::new();
        for end in ends {
            let node = self.node(&end);
            let service = match &end {
                Whom::End(End::Instance(id)) => Some(self.topology[*id].service),
                _ => None,
            };
            let class = match node.and_then(|node| likeness.get(&node)) {
                Some(own) => *positions.entry((service, own)).or_insert(classes.len()),
                None => classes.len(),
            };
            if class == classes.len() {
                classes.push(Class { members: Vec::new(), nodes: BTreeMap::new() });
            }
            let class = &mut classes[class];
            if let Some(node) = node {
                class.nodes.entry(node).or_insert(class.members.len());
            }
            class.members.push(end);
        }
        classes
    }

    /// Asks one of a class about one of another: of pairs on one node once, and of other pairs once.
    fn between(&self, clients: &Class, servers: &Class, asked: Option<Ports>, rows: &mut Vec<Row>) {
        let same = same_node(clients, servers).map(|found| (Pairs::SameNode, found));
        let other = other_node(clients, servers).map(|found| (Pairs::OtherNode, found));
        let is_one = same.is_none() || other.is_none();
        let mut own: Vec<Row> = Vec::new();
        for (pairs, (client, server)) in same.into_iter().chain(other) {
            for (ports, ways) in self.ways_on_each(client, server, asked) {
                let shape = shape(&ways);
                match own.iter_mut().find(|known| known.ports == ports && known.shape == shape) {
                    Some(known) => known.pairs = if known.pairs == pairs { pairs } else { Pairs::All },
                    None => own.push(Row {
                        servers: servers.members.clone(),
                        pairs: if is_one { Pairs::All } else { pairs },
                        ports,
                        shape,
                        ways,
                    }),
                }
            }
        }
        for row in own {
            let same = |known: &&mut Row| {
                (known.pairs, known.ports) == (row.pairs, row.ports) && known.shape == row.shape
            };
            match rows.iter_mut().find(same) {
                Some(known) => known.servers.extend(row.servers),
                None => rows.push(row),
            }
        }
    }
}

fn servers_in(classes: &[Class]) -> usize {
    classes.iter().map(|class| class.members.len()).sum()
}

fn servers_have(classes: &[Class], end: &Whom) -> bool {
    classes.iter().any(|class| class.members.contains(end))
}

impl Class {
    fn first(&self) -> &Whom {
        &self.members[0]
    }
}

/// Two different ends on one node; of a class with itself, an end is never asked about itself.
fn same_node<'c>(clients: &'c Class, servers: &'c Class) -> Option<(&'c Whom, &'c Whom)> {
    clients.nodes.iter().find_map(|(node, position)| {
        let server = &servers.members[*servers.nodes.get(node)?];
        let client = &clients.members[*position];
        (client != server).then_some((client, server))
    })
}

/// Two ends that are not on one node.
fn other_node<'c>(clients: &'c Class, servers: &'c Class) -> Option<(&'c Whom, &'c Whom)> {
    let Some((first, position)) = clients.nodes.first_key_value() else {
        return (clients.first() != servers.first()).then(|| (clients.first(), servers.first()));
    };
    let client = &clients.members[*position];
    if servers.nodes.is_empty() {
        return Some((client, servers.first()));
    }
    if let Some((_, position)) = servers.nodes.iter().find(|(node, _)| *node != first) {
        return Some((client, &servers.members[*position]));
    }
    let second = clients.nodes.iter().find(|(node, _)| !servers.nodes.contains_key(node));
    second.map(|(_, position)| (&clients.members[*position], servers.first()))
}

/// Cuts many addresses into those that every gate on every way to or from others takes alike.
fn split<'w>(
    one: Whom,
    others: impl Iterator<Item = &'w Whom>,
    ways: impl Fn(&Whom, &Whom) -> Vec<(Option<Ports>, Vec<Way>)>,
) -> Vec<Whom> {
    let (Whom::Internet(all) | Whom::Addresses(all)) = &one else { return vec![one] };
    let mut parts = vec![all.clone()];
    for other in others {
        for way in ways(&one, other).iter().flat_map(|(_, ways)| ways) {
            for cut in &way.cuts {
                let halves = parts.iter().flat_map(|part| [part.intersection(cut), part.difference(cut)]);
                parts = halves.filter(|part| !part.is_empty()).collect();
            }
        }
    }
    let whom = |part| match &one {
        Whom::Internet(_) => Whom::Internet(part),
        _ => Whom::Addresses(part),
    };
    parts.into_iter().map(whom).collect()
}

/// Addresses that were cut apart and are in one answer again, as one.
pub(crate) fn as_one(ends: Vec<Whom>) -> Vec<Whom> {
    let mut all: Vec<Whom> = Vec::new();
    for end in ends {
        let known = all.iter_mut().find_map(|known| match (known, &end) {
            (Whom::Internet(known), Whom::Internet(more))
            | (Whom::Addresses(known), Whom::Addresses(more)) => Some((known, more)),
            _ => None,
        });
        match known {
            Some((known, more)) => *known = known.union(more),
            None => all.push(end),
        }
    }
    all
}

fn shape(ways: &[Way]) -> Shape {
    let hops = |way: &Way| {
        let hops = way.hops.iter().map(|hop| {
            let rules = hop.admitted.iter().map(|admitted| admitted.rule).collect();
            (hop.kind, rules, hop.refused.iter().map(|refusal| refusal.cause).collect(), hop.doubts.len())
        });
        hops.collect()
    };
    ways.iter().map(|way| (way.via, way.verdict, hops(way))).collect()
}
