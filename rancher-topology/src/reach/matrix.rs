//! Who reaches whom on what: all ends of a topology at once, those that are alike together.
//!
//! It is about what is between machines: nodes, load balancers, databases, public addresses and the others of the networks
//! that the topology knows. What containers say to each other leaves a node with the node's address.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::Reach;
use super::answer::Whom;
use crate::flow::{Answerer, End};
use crate::packet::Intervals;
use crate::policy::{Direction, Endpoints, Member, Passing, Services, Verdict};
use crate::scalar::Ports;
use crate::topology::{MeshId, NodeId, ServiceId, Topology};

/// More pairs of ends than this are not asked one by one.
const MOST_PAIRS: usize = 2_000_000;

/// Who reaches whom on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    classes: Vec<Class>,
    /// By the position of who sends and of who receives; what is not here is nothing.
    cells: BTreeMap<(usize, usize), Passing>,
}

/// Ends that behave alike: as clients, as servers, and in what listens there. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Class {
    /// They: nodes, a load balancer, a database, or addresses.
    pub members: Vec<Whom>,
    /// What listens there, in order; `None` where the topology does not know it.
    pub listening: Option<Vec<Listening>>,
}

/// Ports on which somebody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Listening {
    /// The ports.
    pub ports: Ports,
    /// Who does.
    pub by: Owner,
}

/// Whose port it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A service, in the node's network or behind a published port.
    Service(ServiceId),
    /// The way into a mesh of tunnels.
    Tunnel(MeshId),
    /// The node, the load balancer or the database itself.
    Itself,
}

/// Packets that get from one class to another, as far as one and the same listens for them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opening {
    /// The position of the class that sends.
    pub from: usize,
    /// The position of the class that receives. Of a class with itself: each of it from the others.
    pub to: usize,
    /// What for.
    pub services: Services,
    /// Whether they get there: [`Verdict::Yes`] or [`Verdict::Possible`].
    pub verdict: Verdict,
    /// Who listens there: nobody where it is empty. `None` where that is not known, or no ports are asked for.
    pub listening: Option<Vec<Owner>>,
}

impl Owner {
    /// The name of the service or the mesh, or "itself".
    #[must_use]
    pub fn name(self, topology: &Topology) -> &str {
        match self {
            Self::Service(id) => &topology[id].name,
            Self::Tunnel(id) => &topology[id].name,
            Self::Itself => "itself",
        }
    }
}

impl Matrix {
    /// The classes: nodes, load balancers, databases, public addresses, others.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// What gets from one class to another. Of a class with itself: from each of it to the others.
    #[must_use]
    pub fn passing(&self, from: usize, to: usize) -> Passing {
        self.cells.get(&(from, to)).cloned().unwrap_or_default()
    }

    /// Everything that gets somewhere, in the order of who receives, who sends, and the ports.
    #[must_use]
    pub fn openings(&self) -> Vec<Opening> {
        let mut all = Vec::new();
        for (&(from, to), passing) in &self.cells {
            for (services, verdict) in
                [(&passing.certain, Verdict::Yes), (&passing.possible, Verdict::Possible)]
            {
                let parts = self.classes[to].parts(services).into_iter();
                all.extend(parts.map(|(services, listening)| Opening {
                    from,
                    to,
                    services,
                    verdict,
                    listening,
                }));
            }
        }
        all.sort_by(|a, b| (a.to, a.from, &a.services).cmp(&(b.to, b.from, &b.services)));
        all
    }
}

impl Class {
    /// Who listens for one of some services; where it is empty nobody does. `None` where that is not known.
    #[must_use]
    pub fn listens(&self, services: &Services) -> Option<Vec<Owner>> {
        let own = self.listening.as_ref()?.iter();
        let own = own.filter(|own| !services.intersection(&own.ports.into()).is_empty());
        let mut owners: Vec<Owner> = own.map(|own| own.by).collect();
        owners.sort_unstable();
        owners.dedup();
        Some(owners)
    }

    /// Services cut where somebody else listens for them, with who does: nobody where it is empty; `None` where that is not
    /// known, or no ports are asked for.
    #[must_use]
    pub fn parts(&self, services: &Services) -> Vec<(Services, Option<Vec<Owner>>)> {
        let Some(listening) = &self.listening else {
            return if services.is_empty() { Vec::new() } else { vec![(services.clone(), None)] };
        };
        let ports = services.intersection(&Services::every_port());
        let all: Vec<Services> = listening.iter().map(|own| own.ports.into()).collect();
        let listened = all.iter().fold(Services::default(), |all, own| all.union(own));
        let mut by: BTreeMap<Vec<Owner>, Services> = BTreeMap::new();
        for piece in Services::cut_at_bounds_of(all.iter().chain([&ports])) {
            if piece.is_subset(&ports) && piece.is_subset(&listened) {
                let known = by.entry(self.listens(&piece).unwrap_or_default()).or_default();
                *known = known.union(&piece);
            }
        }
        let mut parts: Vec<_> = by.into_iter().map(|(owners, services)| (services, Some(owners))).collect();
        parts.push((ports.difference(&listened), Some(Vec::new())));
        parts.push((services.difference(&ports), None));
        parts.retain(|(services, _)| !services.is_empty());
        parts
    }
}

impl Reach<'_> {
    /// Who reaches whom on what, of all ends together. `None` when there are more than two million pairs of ends that are
    /// not alike.
    #[must_use]
    pub fn matrix(&self) -> Option<Matrix> {
        let topology = self.topology;
        let members = self.gates.members();
        let machines = self.alike_nodes(&members).into_iter().chain(
            topology
                .load_balancer_ids()
                .map(End::LoadBalancer)
                .chain(topology.database_ids().map(End::Database))
                .map(|end| vec![Whom::End(end)]),
        );
        let mut classes: Vec<Class> =
            machines.map(|members| Class { listening: self.listening(&members[0]), members }).collect();
        let machines = classes.len();
        let addresses = self.alike_addresses(&members);
        classes.extend(addresses.into_iter().map(|one| Class { members: vec![one], listening: None }));
        if classes.len().saturating_mul(machines) > MOST_PAIRS {
            return None;
        }
        let mut cells = BTreeMap::new();
        for (from, client) in classes.iter().enumerate() {
            for (to, server) in classes.iter().enumerate() {
                // Nobody asks gates on the way between two of which the topology knows nothing.
                if from >= machines && to >= machines {
                    continue;
                }
                let client = &client.members[0];
                let server = if from == to { server.members.get(1) } else { server.members.first() };
                let passing = server.map(|server| self.passing(client, server)).unwrap_or_default();
                if passing != Passing::default() {
                    cells.insert((from, to), passing);
                }
            }
        }
        Some(merged(Matrix { classes, cells }))
    }

    /// What the rules of members say of an address, as a client and as a server: they take addresses alike of which they
    /// say the same.
    fn seen_by(&self, members: &[Member], address: &Endpoints) -> Vec<[Passing; 2]> {
        let of = |member: &Member| {
            [Direction::Outbound, Direction::Inbound]
                .map(|direction| self.gates.passing(direction, *member, address))
        };
        members.iter().map(of).collect()
    }

    /// The nodes, those together that nothing tells apart.
    fn alike_nodes(&self, members: &[Member]) -> Vec<Vec<Whom>> {
        let topology = self.topology;
        let mut alike: BTreeMap<_, Vec<Whom>> = BTreeMap::new();
        for node in topology.node_ids() {
            let likeness = self.likeness(node, &[], None);
            let seen = self.seen_by(members, &Endpoints::hosts([topology[node].address]));
            alike.entry((likeness, seen)).or_default().push(Whom::End(End::Node(node)));
        }
        let mut alike: Vec<Vec<Whom>> = alike.into_values().collect();
        alike.sort();
        alike
    }

    fn listening(&self, machine: &Whom) -> Option<Vec<Listening>> {
        let own = |ports| Listening { ports, by: Owner::Itself };
        let mut all: Vec<Listening> = match machine {
            Whom::End(End::Node(node)) => self.listening_on(*node),
            Whom::End(End::LoadBalancer(_) | End::Database(_)) => {
                self.sockets(machine, machine).into_iter().map(own).collect()
            }
            _ => return None,
        };
        all.sort_unstable();
        all.dedup();
        Some(all)
    }

    fn listening_on(&self, node: NodeId) -> Vec<Listening> {
        let answers = super::every_port().flat_map(|ports| self.answers(node, ports));
        let owner = |by| match by {
            Answerer::Host(service) | Answerer::Published { service, .. } => Owner::Service(service),
            Answerer::Tunnel(mesh) => Owner::Tunnel(mesh),
            Answerer::Node => Owner::Itself,
        };
        answers.map(|answer| Listening { ports: answer.ports, by: owner(answer.by) }).collect()
    }

    /// The v4 addresses that no node has, those together of which the rules say the same.
    fn alike_addresses(&self, members: &[Member]) -> Vec<Whom> {
        let topology = self.topology;
        let subnets = topology.subnet_ids().map(|id| IpNet::V4(topology[id].cidr));
        let routed = topology.pools.iter().flat_map(|pool| pool.routed.iter().copied().map(IpNet::V4));
        let cuts: Vec<IpNet> = self.gates.networks().into_iter().chain(subnets).chain(routed).collect();
        let nodes = Endpoints::hosts(topology.nodes.iter().map(|node| node.address));
        let [public, elsewhere] = [self.gates.internet(), self.gates.elsewhere()];
        let mut alike: BTreeMap<(u8, Vec<[Passing; 2]>), Vec<Endpoints>> = BTreeMap::new();
        for addresses in cut(&cuts) {
            let others = addresses.difference(&nodes);
            for (kind, all) in [&public, self.gates.known(), &elsewhere].into_iter().enumerate() {
                let part = others.intersection(all);
                let one = part.as_networks().first().map(IpNet::addr);
                let Some(one) = one else { continue };
                let seen = self.seen_by(members, &Endpoints::networks([IpNet::from(one)]));
                alike.entry((u8::try_from(kind).unwrap_or(0), seen)).or_default().push(part);
            }
        }
        let whom = |((kind, _), parts): ((u8, _), Vec<Endpoints>)| {
            let all = Endpoints::union_of(parts);
            if kind == 0 { Whom::Internet(all) } else { Whom::Addresses(all) }
        };
        let mut all: Vec<Whom> = alike.into_iter().map(whom).collect();
        all.sort();
        all
    }
}

/// All v4 addresses, those together that are in the same of some networks.
fn cut(networks: &[IpNet]) -> Vec<Endpoints> {
    let mut bounds: BTreeMap<u128, (Vec<usize>, Vec<usize>)> = BTreeMap::from([(0, Default::default())]);
    let ends: Vec<(u128, u128)> = networks
        .iter()
        .filter_map(|net| match net {
            IpNet::V4(net) => Some((u32::from(net.network()).into(), u32::from(net.broadcast()).into())),
            IpNet::V6(_) => None,
        })
        .collect();
    for (at, (first, last)) in ends.iter().enumerate() {
        bounds.entry(*first).or_default().0.push(at);
        bounds.entry(last + 1).or_default().1.push(at);
    }
    let mut inside: BTreeSet<usize> = BTreeSet::new();
    let mut alike: BTreeMap<BTreeSet<usize>, Vec<(u128, u128)>> = BTreeMap::new();
    let starts: Vec<u128> = bounds.keys().copied().chain([1 << 32]).collect();
    for (at, (begin, end)) in bounds.values().enumerate() {
        inside.retain(|net| !end.contains(net));
        inside.extend(begin);
        if starts[at] < 1 << 32 {
            alike.entry(inside.clone()).or_default().push((starts[at], starts[at + 1] - 1));
        }
    }
    alike.into_values().map(|ranges| Endpoints::v4(&Intervals::of(ranges))).collect()
}

/// The same with those classes as one that nobody can tell apart.
fn merged(matrix: Matrix) -> Matrix {
    let Matrix { classes, cells } = matrix;
    let machines = classes.iter().filter(|class| class.listening.is_some()).count();
    let empty = Passing::default();
    let cell = |from: usize, to: usize| cells.get(&(from, to)).unwrap_or(&empty);
    let kind = |class: &Class| match &class.members[0] {
        Whom::End(End::Node(_)) => 0,
        Whom::Internet(_) => 1,
        Whom::Addresses(_) => 2,
        Whom::End(_) => 3,
    };
    let alike = |one: usize, other: usize| {
        let (first, second) = (&classes[one], &classes[other]);
        let between = cell(one, other);
        let inside = |at: usize| classes[at].members.len() == 1 || cell(at, at) == between;
        // Between addresses nothing is said.
        let others = 0..if kind(first) == 0 { classes.len() } else { machines };
        let mut others = others.filter(|at| *at != one && *at != other);
        kind(first) == kind(second)
            && kind(first) != 3
            && first.listening == second.listening
            && between == cell(other, one)
            && (kind(first) != 0 || inside(one) && inside(other))
            && others.all(|at| cell(one, at) == cell(other, at) && cell(at, one) == cell(at, other))
    };
    let mut merged: Vec<Vec<usize>> = Vec::new();
    for class in 0..classes.len() {
        match merged.iter_mut().find(|known| alike(known[0], class)) {
            Some(known) => known.push(class),
            None => merged.push(vec![class]),
        }
    }
    let mut position = vec![0; classes.len()];
    for (at, class) in merged.iter().enumerate() {
        for old in class {
            position[*old] = at;
        }
    }
    let mut joined: BTreeMap<(usize, usize), Passing> = BTreeMap::new();
    for ((from, to), passing) in &cells {
        joined.entry((position[*from], position[*to])).or_insert_with(|| passing.clone());
    }
    let one = |class: &Vec<usize>| {
        let members = class.iter().flat_map(|old| classes[*old].members.iter().cloned());
        Class {
            members: super::classes::as_one(members.collect()),
            listening: classes[class[0]].listening.clone(),
        }
    };
    Matrix { classes: merged.iter().map(one).collect(), cells: joined }
}
