//! A host's rule set against the policy of its node.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};

use crate::flow::{FlowGraph, FlowId, Party};
use crate::netfilter::{
    AddressSet, Comparison, Condition, Difference, HostFacts, HostInterface, Kind, Known, Packet, Refusals,
    Rule, RuleSet, Target, Trace, Tracer,
};
use crate::packet::{Family, Field, Intervals, State, number};
use crate::policy::{HostAdmission, HostPolicy, Reason, SecurityPolicy, host_policies};
use crate::topology::{NodeId, SubnetId, Topology};

/// More rules than this are not taken away one by one.
const MOST_TRIED: usize = 32;

/// More packets than this are not followed to find these.
const MOST_ASKED: usize = 5_000;

/// A rule set beside the policy of a node.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HostAudit {
    /// The policy of the node.
    pub policy: HostPolicy,
    /// Where packets are treated otherwise than the model says, certain before possible.
    pub differences: Vec<HostDifference>,
    /// Whether these are all differences that there are.
    pub whole: bool,
    /// Rules that admit something beyond the model, and without which nothing of the model is lost.
    pub unneeded: Vec<Unneeded>,
    /// Whether each rule was tried for [`unneeded`](Self::unneeded). Of long rule sets only some are.
    pub all_unneeded: bool,
    /// Interfaces towards the network that the model states and the host does not have.
    pub missing_interfaces: Vec<String>,
    /// Whether the host lacks the node's address, or has it on an interface that the model does not state.
    pub address_elsewhere: bool,
}

/// Packets that are treated otherwise than the model says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HostDifference {
    /// Which, and how.
    pub packets: Difference,
    /// What decides about the example.
    pub trace: Trace,
    /// What in the model admits it. Empty for what the model refuses.
    pub needed_by: Vec<NeededBy>,
}

/// What in the model needs packets to be admitted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NeededBy {
    /// A flow.
    Flow(FlowId),
    /// A rule that is stated for the node and that no flow uses here, by its position in [`HostPolicy::rules`].
    Rule(usize),
    /// The node itself: answers of DHCP.
    Dhcp,
    /// Networks that are routed to containers.
    Routed,
}

/// A rule without which nothing is lost that the model admits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unneeded {
    /// The table that it stands in.
    pub table: String,
    /// The chain.
    pub chain: String,
    /// The line.
    pub line: usize,
    /// The rule as it was written.
    pub text: String,
}

/// The interfaces that a node's host has if it is as the model says: the outside ones, the first with the node's address;
/// for v6, of which the model has no addresses, one of the link (RFC 4291, section 2.5.6).
#[must_use]
pub fn assumed_interfaces(topology: &Topology, node: NodeId) -> Vec<HostInterface> {
    let named = |name: &str, loopback| HostInterface {
        name: name.to_owned(),
        addresses: Vec::new(),
        peers: Vec::new(),
        broadcasts: Vec::new(),
        loopback,
    };
    let node = &topology[node];
    let mut all = vec![named("lo", true)];
    for (at, name) in topology[node.pool].interfaces.value.iter().enumerate() {
        let mut interface = named(name, false);
        let prefix = topology[node.subnet].cidr.prefix_len();
        if let (0, Ok(own)) = (at, Ipv4Net::new(node.address, prefix)) {
            interface.broadcasts.push(own.broadcast().into());
            interface.addresses.push(IpNet::V4(own));
            let link = std::net::Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 1);
            interface.addresses.extend(IpNet::new(link.into(), 64).ok());
        }
        all.push(interface);
    }
    all
}

/// The interfaces of a host with their addresses, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addresses {
    /// They are taken to be [`assumed_interfaces`], and nothing is known of the routes.
    OfModel,
    /// These, and no others.
    All(Vec<HostInterface>),
    /// These, and there may be others: what depends on that is possible only.
    Some(Vec<HostInterface>),
}

/// Compares a rule set with what the model says of a node.
#[must_use]
pub fn host(
    topology: &Topology,
    flows: &FlowGraph,
    node: NodeId,
    rules: &RuleSet,
    addresses: Addresses,
    sets: BTreeMap<String, AddressSet>,
) -> HostAudit {
    let facts = match addresses.clone() {
        Addresses::OfModel => {
            let interfaces = Some(assumed_interfaces(topology, node));
            HostFacts { interfaces, routes: None, sets }
        }
        Addresses::All(interfaces) => HostFacts::of_interfaces(interfaces, sets),
        Addresses::Some(_) => HostFacts { interfaces: None, routes: None, sets },
    };
    let has_more = matches!(addresses, Addresses::Some(_));
    let interfaces = match addresses {
        Addresses::OfModel => assumed_interfaces(topology, node),
        Addresses::All(interfaces) | Addresses::Some(interfaces) => interfaces,
    };
    let mut policies = host_policies(topology, &SecurityPolicy::of(topology, flows));
    let policy = policies.swap_remove(topology[node].pool.position());
    let stated: Vec<&str> = policy.interfaces.iter().map(|name| &**name).collect();
    let has = |name: &&&str| interfaces.iter().any(|one| one.name == ***name);
    let missing_interfaces: Vec<String> =
        stated.iter().filter(|name| !has(name)).map(|name| (*name).to_owned()).collect();
    let address = std::net::IpAddr::V4(topology[node].address);
    let with_address = |one: &&HostInterface| one.addresses.iter().any(|net| net.addr() == address);
    let carrier = interfaces.iter().find(with_address).map(|one| one.name.clone());
    let address_elsewhere = carrier.as_ref().map_or(!has_more, |name| !stated.contains(&name.as_str()));
    let mut inbound: BTreeSet<&str> = stated.iter().filter(|name| has(name)).copied().collect();
    inbound.extend(carrier.as_deref());
    let inbound: Vec<&str> = inbound.into_iter().collect();

    let family = rules.family;
    let admission = policy.admission(&interfaces, family);
    let tracer = Tracer::new(rules, &facts);
    let all_rules =
        rules.tables.values().flat_map(|table| table.chains.values()).flat_map(|chain| &chain.rules);
    let changed: BTreeSet<Field> = all_rules.flat_map(|rule| rule.target.changes()).collect();
    let mut audit = Audit { rules, facts: &facts, inbound: &inbound, admission: &admission, changed, tracer };
    let (mut differences, whole) = audit.differences();
    let needs = needs(topology, flows, node, family);
    for difference in &mut differences {
        if matches!(difference.packets.kind, Kind::Refuses | Kind::MayRefuse) {
            difference.needed_by = needed_by(&policy, &admission, &needs, &difference.packets.packets);
        }
    }
    let (unneeded, all_unneeded) = audit.unneeded(&differences);
    drop(audit);
    let whole = whole && !has_more;
    HostAudit { policy, differences, whole, unneeded, all_unneeded, missing_interfaces, address_elsewhere }
}

struct Audit<'a> {
    rules: &'a RuleSet,
    facts: &'a HostFacts,
    inbound: &'a [&'a str],
    admission: &'a HostAdmission,
    /// The fields of packets that a rule may change.
    changed: BTreeSet<Field>,
    tracer: Tracer<'a>,
}

impl Audit<'_> {
    fn differences(&mut self) -> (Vec<HostDifference>, bool) {
        let (space, meant) = (&self.admission.space, self.admission.admitted());
        let mut compared = Comparison::of(self.rules, self.facts, self.inbound, space, &meant);
        let mut found = Vec::new();
        let mut whole = true;
        for kind in Kind::ALL {
            let (of_kind, all) = compared.differences(kind);
            whole &= all;
            found.extend(of_kind.into_iter().map(|packets| HostDifference {
                trace: self.tracer.follow(&packets.example),
                packets,
                needed_by: Vec::new(),
            }));
        }
        (found, whole)
    }

    /// Rules that decide about packets beyond the model, and that nothing of the model is lost without; whether each was
    /// tried.
    fn unneeded(&mut self, differences: &[HostDifference]) -> (Vec<Unneeded>, bool) {
        let beyond: Vec<Known> = differences
            .iter()
            .filter(|one| matches!(one.packets.kind, Kind::Admits | Kind::MayAdmit))
            .map(|one| one.packets.packets.clone())
            .collect();
        if beyond.is_empty() {
            return (Vec::new(), true);
        }
        let meant = self.admission.admitted();
        let mut refusals = Refusals::of(self.rules, self.facts, self.inbound, &meant);
        let mut found = Vec::new();
        let mut asked = 0;
        let mut tried = 0;
        for (table, chains) in &self.rules.tables {
            for (name, chain) in &chains.chains {
                for (at, rule) in chain.rules.iter().enumerate() {
                    if !admits(rule) || !self.decides(rule, &beyond, &mut asked) {
                        if asked > MOST_ASKED {
                            return (found, false);
                        }
                        continue;
                    }
                    if tried >= MOST_TRIED {
                        return (found, false);
                    }
                    tried += 1;
                    let unneeded = || Unneeded {
                        table: table.clone(),
                        chain: name.clone(),
                        line: rule.line,
                        text: rule.text.clone(),
                    };
                    if meant.iter().all(|one| misses(rule, one, &self.changed)) {
                        found.push(unneeded());
                        continue;
                    }
                    let mut without = self.rules.clone();
                    let chain = without.tables.get_mut(table).and_then(|table| table.chains.get_mut(name));
                    if let Some(chain) = chain {
                        chain.rules.remove(at);
                    }
                    if refusals.are_those_of(&without) {
                        found.push(unneeded());
                    }
                }
            }
        }
        (found, true)
    }

    /// Whether a rule is found to decide about one of some packets.
    fn decides(&mut self, rule: &Rule, packets: &[Known], asked: &mut usize) -> bool {
        packets.iter().filter_map(|one| met(rule, one, &self.changed)).any(|own| {
            *asked += 1;
            if *asked > MOST_ASKED {
                return false;
            }
            let inbound = self.inbound.first().map(|name| (*name).to_owned());
            let Some(packet) = Packet::among(self.rules.family, &own, inbound) else { return false };
            let way = self.tracer.follow(&packet);
            way.decisions
                .iter()
                .any(|decision| decision.rule.as_ref().is_some_and(|(line, _)| *line == rule.line))
        })
    }
}

/// Whether a rule asks for a value of a field that some packets do not have, and that no rule gives them.
fn misses(rule: &Rule, packets: &Known, changed: &BTreeSet<Field>) -> bool {
    rule.conditions.iter().any(|condition| match condition {
        Condition::Within(field, set) if !changed.contains(field) => {
            packets.get(field).is_some_and(|known| !known.meets(set))
        }
        _ => false,
    })
}

/// Those of some packets that a rule may be met by, as far as it asks for values of fields; `None` if there are none. A
/// field that a rule before it may have changed says nothing.
fn met(rule: &Rule, packets: &Known, changed: &BTreeSet<Field>) -> Option<Known> {
    if misses(rule, packets, changed) {
        return None;
    }
    let new = State::New.number();
    let mut own = packets.clone();
    for condition in &rule.conditions {
        match condition {
            Condition::Within(Field::State, states) if !states.contains(new) => return None,
            Condition::Within(Field::State, _) => {}
            Condition::Within(field, set) => {
                let both = own.get(field).map_or_else(|| set.clone(), |known| known.intersection(set));
                if !both.is_empty() {
                    own.insert(*field, both);
                } else if !changed.contains(field) {
                    return None;
                }
            }
            _ => {}
        }
    }
    Some(own)
}

fn admits(rule: &Rule) -> bool {
    matches!(rule.target, Target::Accept | Target::Return)
}

/// What the flows of the model send to a node.
fn needs(topology: &Topology, flows: &FlowGraph, node: NodeId, family: Family) -> Vec<(FlowId, Known)> {
    let pool = Party::Pool(topology[node].pool);
    let mut needs = Vec::new();
    for id in flows.flow_ids() {
        let flow = &flows[id];
        let Some(wire) = flow.wire(topology) else { continue };
        if !wire.to.contains(&pool) {
            continue;
        }
        if let Party::Service(service) = flow.server
            && !topology[service].placement.contains(&node)
        {
            continue;
        }
        let senders =
            Intervals::of(wire.from.iter().flat_map(|from| of_party(topology, *from, family)).collect());
        if senders.is_empty() {
            continue;
        }
        let protocol = wire.ports.protocol.number().into();
        let ports = (wire.ports.range.first().into(), wire.ports.range.last().into());
        let packets = Known::from([
            (Field::Source, senders),
            (Field::Protocol, Intervals::from_to(protocol, protocol)),
            (Field::DestinationPort, Intervals::of(vec![ports])),
        ]);
        needs.push((id, packets));
    }
    needs
}

/// The addresses that a party may send from.
fn of_party(topology: &Topology, party: Party, family: Family) -> Vec<(u128, u128)> {
    let subnets = |subnets: &[SubnetId]| {
        let all = subnets.iter().map(|subnet| topology[*subnet].cidr);
        all.map(|net| (number(net.network().into()), number(net.broadcast().into()))).collect()
    };
    match (family, party) {
        (Family::V4, Party::Internet) => vec![(0, u128::from(u32::MAX))],
        (Family::V6, Party::Internet) => vec![(0, u128::MAX)],
        (Family::V4, Party::Pool(pool)) => {
            let nodes = topology[pool].nodes.iter().map(|node| number(topology[*node].address.into()));
            nodes.map(|at| (at, at)).collect()
        }
        (Family::V4, Party::LoadBalancer(id)) => subnets(&topology[id].subnets),
        (Family::V4, Party::Database(id)) => subnets(&topology[id].subnets),
        _ => Vec::new(),
    }
}

fn needed_by(
    policy: &HostPolicy,
    admission: &HostAdmission,
    needs: &[(FlowId, Known)],
    packets: &Known,
) -> Vec<NeededBy> {
    let flows = needs.iter().filter(|(_, need)| overlap(need, packets));
    let mut all: Vec<NeededBy> = flows.map(|(flow, _)| NeededBy::Flow(*flow)).collect();
    for permission in &admission.permissions {
        if !permission.packets.iter().any(|permitted| overlap(permitted, packets)) {
            continue;
        }
        all.extend(match permission.reason {
            Reason::Dhcp => Some(NeededBy::Dhcp),
            Reason::Routed => Some(NeededBy::Routed),
            Reason::Rule(at) => {
                let used =
                    || needs.iter().any(|(_, need)| permission.packets.iter().any(|one| overlap(need, one)));
                (at < policy.rules.len() && !used()).then_some(NeededBy::Rule(at))
            }
        });
    }
    all.sort();
    all.dedup();
    all
}

/// Whether two combinations of values have a packet in common.
fn overlap(one: &Known, other: &Known) -> bool {
    one.iter().all(|(field, set)| other.get(field).is_none_or(|own| !own.intersection(set).is_empty()))
}
