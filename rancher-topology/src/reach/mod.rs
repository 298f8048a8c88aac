//! Who can reach whom, over which way, by which rules; and what would have to be written where they cannot.
//!
//! Ways are those of the flow graph and of every published port, load balancer and bridge, declared as traffic or not. What
//! rules say of a packet is asked of [`crate::policy::Gates`]: nothing here calculates with sets of packets. Ends that are
//! alike to the rules and to the ways are one class, and a class is asked once, so that ten thousand nodes are few questions.

mod answer;
mod assertion;
mod classes;
mod crossing;
mod matrix;
mod path;
mod ways;
mod words;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

pub use answer::{Admitted, Alike, Answer, Cause, Change, Hop, HopKind, Pairs, Refusal, Via, Way, Whom};
pub use assertion::Counterexample;
pub(crate) use classes::as_one;
pub use matrix::{Class, Listening, Matrix, Opening, Owner};

use crate::flow::{self, Answerer, End, FlowGraph, declared_of_nodes, services_at};
use crate::policy::{
    Direction, EffectiveRule, Endpoints, Gates, Member, RulePeer, SecurityPolicy, ServiceRange, Services,
    Unfixed,
};
use crate::scalar::{PortRange, Ports, Protocol};
use crate::topology::{NodeId, Place, PoolId, ServiceId, Topology};

/// On which side of a question an end stands: a server is asked for on some ports, or on any.
#[derive(Clone, Copy)]
enum Role {
    Client,
    Server(Option<Ports>),
}

/// A topology made ready to be asked who can reach whom.
#[derive(Debug)]
pub struct Reach<'t> {
    topology: &'t Topology,
    flows: &'t FlowGraph,
    policy: &'t SecurityPolicy,
    gates: Gates<'t>,
    /// The targets of each load balancer.
    targets: Vec<BTreeSet<NodeId>>,
    /// What answers on ports of nodes; found when it is first asked for.
    answers: OnceCell<Answers>,
    /// The ports that rules are about.
    about: Vec<Ports>,
}

impl<'t> Reach<'t> {
    /// Makes a topology ready.
    #[must_use]
    pub fn of(topology: &'t Topology, flows: &'t FlowGraph, policy: &'t SecurityPolicy) -> Self {
        let targets = topology.load_balancers.iter().map(|own| own.targets.iter().copied().collect());
        let gates = Gates::of(topology, policy);
        Self {
            topology,
            flows,
            policy,
            about: gates.ports(),
            gates,
            targets: targets.collect(),
            answers: OnceCell::new(),
        }
    }

    /// Whether some ends can open connections to others: on some ports, or on any that these listen on.
    #[must_use]
    pub fn ask(&self, from: &[Place], to: &[Place], ports: Option<Ports>) -> Answer {
        let topology = self.topology;
        let clients = self.ends(from, Role::Client);
        let mut servers = self.ends(to, Role::Server(ports));
        // A role means those of its services that listen there.
        let listens = |end: &Whom| match end {
            Whom::End(End::Instance(id)) => self.listens(topology[*id].service, ports),
            _ => true,
        };
        if servers.iter().any(listens) {
            servers.retain(listens);
        }
        Answer { alike: self.alike(clients, servers, ports), asked: ports }
    }

    /// The rules that are about IPv6. The topology has no addresses of it, so that no other answer is about these.
    #[must_use]
    pub fn over_v6(&self) -> Vec<Admitted> {
        let is_v6 = |rule: &EffectiveRule| matches!(rule.peer, RulePeer::Network(ipnet::IpNet::V6(_)));
        let rules = self.policy.rules().filter(|(_, rule)| is_v6(rule));
        rules.filter_map(|(rule, _)| words::admitted(self, rule)).collect()
    }

    fn listens(&self, service: ServiceId, ports: Option<Ports>) -> bool {
        let sockets = self.sockets_of(service);
        sockets.iter().any(|own| {
            ports.is_none_or(|ports| own.protocol == ports.protocol && own.range.overlaps(ports.range))
        })
    }

    /// The ports of a service, as its clients say them.
    fn sockets_of(&self, service: ServiceId) -> Vec<Ports> {
        let topology = self.topology;
        let carried = topology.meshes.iter().filter(|mesh| mesh.carries == service);
        let carried = carried.filter_map(|mesh| tcp(mesh.port));
        topology[service].listen.iter().copied().chain(carried).collect()
    }

    /// The single ends that places stand for, each once. Addresses of nodes are these nodes.
    fn ends(&self, places: &[Place], role: Role) -> Vec<Whom> {
        let topology = self.topology;
        let mut ends = Vec::new();
        for place in places {
            match place {
                Place::Internet => ends.push(Whom::Internet(self.gates.internet())),
                Place::Network(net) => {
                    let nodes = topology
                        .node_ids()
                        .filter(|id| net.contains(&std::net::IpAddr::from(topology[*id].address)));
                    let nodes: Vec<NodeId> = nodes.collect();
                    let own = Endpoints::hosts(nodes.iter().map(|node| topology[*node].address));
                    ends.extend(nodes.into_iter().map(|node| Whom::End(End::Node(node))));
                    let rest = Endpoints::networks([*net]).difference(&own);
                    let public = rest.intersection(self.gates.public());
                    let others = rest.difference(&public);
                    ends.extend((!public.is_empty()).then_some(Whom::Internet(public)));
                    match role {
                        // Of a range that has nodes in it, those are meant that are there, or may be.
                        Role::Server(ports) if !own.is_empty() => {
                            ends.extend(self.without_address_in(&others, ports));
                        }
                        _ => ends.extend((!others.is_empty()).then_some(Whom::Addresses(others))),
                    }
                }
                Place::Node(id) => ends.push(Whom::End(End::Node(*id))),
                Place::Pool(id) => {
                    ends.extend(topology[*id].nodes.iter().map(|node| Whom::End(End::Node(*node))));
                }
                Place::Service(id) => {
                    ends.extend(topology.instances_of(*id).map(|id| Whom::End(End::Instance(id))));
                }
                Place::Instance(id) => ends.push(Whom::End(End::Instance(*id))),
                Place::LoadBalancer(id) => ends.push(Whom::End(End::LoadBalancer(*id))),
                Place::Database(id) => ends.push(Whom::End(End::Database(*id))),
            }
        }
        let mut seen = BTreeSet::new();
        ends.retain(|end| seen.insert(end.clone()));
        ends
    }

    /// Load balancers and databases that may turn out to have some addresses: these addresses, where ports are asked for that
    /// one of them listens on.
    fn without_address_in(&self, addresses: &Endpoints, ports: Option<Ports>) -> Vec<Whom> {
        let there = |end: &End| {
            let member = self.member(&Whom::End(*end));
            member.is_some_and(|member| self.may_have_one(member, addresses))
        };
        let topology = self.topology;
        let all = topology.load_balancer_ids().map(End::LoadBalancer);
        let all = all.chain(topology.database_ids().map(End::Database)).filter(there).map(Whom::End);
        let Some(ports) = ports else { return all.collect() };
        let all = Whom::Addresses(addresses.clone());
        if self.may_be_there(&all, ports).is_empty() { Vec::new() } else { vec![all] }
    }

    /// Whether something without a fixed address may turn out to have one of some.
    fn may_have_one(&self, member: Member, of: &Endpoints) -> bool {
        !self.gates.may_have(Unfixed::Inside(member)).intersection(of).is_empty()
    }

    /// What answers on ports of one node, in the order of the document.
    fn answers(&self, node: NodeId, ports: Ports) -> Vec<flow::Answer> {
        let topology = self.topology;
        let all = self.all_answers();
        let services: BTreeSet<ServiceId> =
            topology.instances_on(node).iter().map(|instance| topology[*instance].service).collect();
        let mut found: Vec<flow::Answer> = services
            .iter()
            .filter_map(|service| all.of_services.get(service))
            .flatten()
            .chain(all.of_pools.get(&topology[node].pool).into_iter().flatten())
            .filter_map(|answer| part(answer, ports))
            .collect();
        found.sort_by_key(|answer| answer.ports);
        found
    }

    /// What the nodes of a pool themselves answer on.
    fn own_answers(&self, pool: PoolId) -> &[flow::Answer] {
        self.all_answers().of_pools.get(&pool).map_or(&[], Vec::as_slice)
    }

    fn all_answers(&self) -> &Answers {
        self.answers.get_or_init(|| Answers::of(self.topology))
    }

    /// The ports that an end listens on, as far as a client can ask for them.
    fn sockets(&self, client: &Whom, server: &Whom) -> Vec<Ports> {
        let topology = self.topology;
        match server {
            Whom::End(End::Instance(id)) => self.sockets_of(topology[*id].service),
            Whom::End(End::Node(node)) => {
                every_port().flat_map(|ports| self.answers(*node, ports)).map(|answer| answer.ports).collect()
            }
            Whom::End(End::LoadBalancer(id)) => {
                topology[*id].listeners.iter().filter_map(|listener| tcp(listener.listen.port)).collect()
            }
            Whom::End(End::Database(id)) => tcp(topology[*id].port).into_iter().collect(),
            Whom::Internet(addresses) => {
                let Some(member) = self.member(client) else { return Vec::new() };
                ports_of(&self.gates.services(Direction::Outbound, member, addresses))
            }
            Whom::Addresses(_) | Whom::End(End::Internet) => Vec::new(),
        }
    }

    /// The ports to ask about, cut so that rules, published ports and listeners take each of them as a whole.
    fn pieces(&self, server: &Whom, sockets: &[Ports], asked: Option<Ports>) -> Vec<Ports> {
        let listened = sockets.iter().fold(Services::default(), |all, own| all.union(&(*own).into()));
        let wanted = asked.map_or_else(|| listened.clone(), Services::from);
        let inside = wanted.intersection(&listened);
        let mut bounds: BTreeSet<(Protocol, u16)> = BTreeSet::new();
        let ends = |ports: Ports| {
            let after = ports.range.last().checked_add(1).map(|next| (ports.protocol, next));
            after.into_iter().chain([(ports.protocol, ports.range.first())])
        };
        let about = &self.about;
        bounds.extend(about.iter().chain(sockets).flat_map(|ports| ends(*ports)));
        for listener in self.topology.load_balancers.iter().flat_map(|own| &own.listeners) {
            let range = PortRange::single(listener.forward.port);
            bounds.extend(range.into_iter().flat_map(|range| ends(Ports { protocol: Protocol::Tcp, range })));
        }
        if let Whom::End(End::Instance(id)) = server {
            let owner = self.topology.namespace_service(self.topology[*id].service);
            for publish in &self.topology[owner].publish {
                bounds.extend(ends(Ports { protocol: publish.protocol, range: publish.container }));
                let forwards = self.topology.load_balancers.iter().flat_map(|own| &own.listeners);
                let forwards = forwards.filter_map(|own| PortRange::single(own.forward.port).ok());
                let ranges = about.iter().filter(|own| own.protocol == publish.protocol).map(|own| own.range);
                for port in
                    ranges.chain(forwards).flat_map(|own| [Some(own.first()), own.last().checked_add(1)])
                {
                    let inside = port.and_then(|port| publish.container_port_of(port));
                    bounds.extend(inside.map(|port| (publish.protocol, port)));
                }
            }
        }
        let mut pieces = Vec::new();
        for ports in ports_of(&inside) {
            let mut first = ports.range.first();
            let within = bounds.range((ports.protocol, first)..=(ports.protocol, ports.range.last()));
            for (_, start) in within.filter(|(_, start)| *start > ports.range.first()) {
                pieces.extend(PortRange::new(first, start - 1).ok().map(|range| Ports { range, ..ports }));
                first = *start;
            }
            pieces
                .extend(PortRange::new(first, ports.range.last()).ok().map(|range| Ports { range, ..ports }));
        }
        pieces.extend(ports_of(&wanted.difference(&listened)));
        pieces
    }
}

/// The part of an answer that is on some of its ports.
fn part(answer: &flow::Answer, ports: Ports) -> Option<flow::Answer> {
    let (first, last) = (
        answer.ports.range.first().max(ports.range.first()),
        answer.ports.range.last().min(ports.range.last()),
    );
    if answer.ports.protocol != ports.protocol || first > last {
        return None;
    }
    let mut part = answer.clone();
    part.ports.range = PortRange::new(first, last).ok()?;
    if let Answerer::Published { container, .. } = &mut part.by {
        let start = container.first();
        let inside = |port: u16| start + (port - answer.ports.range.first());
        *container = PortRange::new(inside(first), inside(last)).ok()?;
    }
    Some(part)
}

/// What answers on ports of nodes.
#[derive(Debug, Default)]
struct Answers {
    /// By the service, or the one whose network namespace a mesh's way in is in.
    of_services: BTreeMap<ServiceId, Vec<flow::Answer>>,
    /// What the nodes of a pool themselves have.
    of_pools: BTreeMap<PoolId, Vec<flow::Answer>>,
}

impl Answers {
    fn of(topology: &Topology) -> Self {
        let mut all = Self::default();
        for ports in every_port() {
            for answer in services_at(topology, |_| true, ports) {
                let service = match answer.by {
                    Answerer::Host(service) | Answerer::Published { service, .. } => service,
                    Answerer::Tunnel(mesh) => topology[mesh].namespace,
                    Answerer::Node => continue,
                };
                all.of_services.entry(service).or_default().push(answer);
            }
        }
        let tcp = Protocol::Tcp;
        let sshd = PortRange::single(22).into_iter().map(|range| Ports { protocol: tcp, range });
        let sshd: Vec<Ports> = sshd.collect();
        let own = topology.pool_ids().flat_map(|pool| sshd.iter().map(move |ports| (pool, *ports)));
        for (pool, ports) in own.chain(declared_of_nodes(topology)) {
            let known = all.of_pools.entry(pool).or_default();
            let answer = flow::Answer { ports, by: Answerer::Node };
            if !known.contains(&answer) {
                known.push(answer);
            }
        }
        all
    }
}

fn tcp(port: u16) -> Option<Ports> {
    PortRange::single(port).ok().map(|range| Ports { protocol: Protocol::Tcp, range })
}

fn every_port() -> impl Iterator<Item = Ports> {
    let protocols = [Protocol::Tcp, Protocol::Udp].into_iter();
    protocols.filter_map(|protocol| Some(Ports { protocol, range: PortRange::new(1, u16::MAX).ok()? }))
}

fn ports_of(services: &Services) -> Vec<Ports> {
    let ranges = services.ranges().into_iter();
    ranges
        .filter_map(|range| match range {
            ServiceRange::Ports(ports) => Some(ports),
            ServiceRange::Icmp | ServiceRange::OtherProtocols => None,
        })
        .collect()
}
