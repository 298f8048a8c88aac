//! Security groups as a provider gets them: what is stated, and what is needed and not stated.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};

use crate::document::Scheme;
use crate::flow::{FlowGraph, Party, Wire};
use crate::scalar::{Name, Peer, Text, Traffic};
use crate::topology::{
    DatabaseId, GroupId, LoadBalancerId, Origin, PoolId, SecurityRule, ServiceId, Topology,
};

const FROM_FLOWS: &str = "the document states no such rules; these admit the declared flows and nothing else";

/// All security groups of a topology, the stated ones first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SecurityPolicy {
    /// The groups. A [`GroupRef`] is a position here.
    pub groups: Vec<EffectiveGroup>,
    of_members: BTreeMap<Member, Vec<GroupRef>>,
}

/// The position of a group in a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupRef(pub(crate) usize);

impl GroupRef {
    /// Its position among the groups of the policy, counted from 0; the stated ones are first, as in the document.
    #[must_use]
    pub const fn position(self) -> usize {
        self.0
    }
}

/// What a group can have as a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    /// The nodes of a pool.
    Pool(PoolId),
    /// A load balancer.
    LoadBalancer(LoadBalancerId),
    /// A database.
    Database(DatabaseId),
}

/// A security group with all its rules, one peer each.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EffectiveGroup {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub title: Option<Text>,
    /// Whether the document states it.
    pub origin: Origin,
    /// Its members.
    pub members: Vec<Member>,
    /// What may reach the members.
    pub inbound: Vec<EffectiveRule>,
    /// What the members may reach.
    pub outbound: Vec<EffectiveRule>,
}

/// A rule with one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EffectiveRule {
    /// What is let through.
    pub traffic: Traffic,
    /// The other side.
    pub peer: RulePeer,
    /// What for.
    pub purpose: Option<Text>,
    /// Whether the cluster can do without it.
    pub optional: bool,
    /// Whether the document states it.
    pub origin: Origin,
    /// Where it stands among the rules that the document states; `None` when it does not state it.
    pub place: Option<RulePlace>,
}

/// The place of a stated rule's peer in its group: `inbound[rule].from[peer]` or `outbound[rule].to[peer]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulePlace {
    /// The position of the rule, counted from 0.
    pub rule: usize,
    /// The position of the peer in the rule, counted from 0. `internet` is one peer here and two effective rules.
    pub peer: usize,
}

/// The other side of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RulePeer {
    /// A range of addresses.
    Network(IpNet),
    /// The members of a group.
    Group(GroupRef),
}

impl std::ops::Index<GroupRef> for SecurityPolicy {
    type Output = EffectiveGroup;

    fn index(&self, group: GroupRef) -> &EffectiveGroup {
        &self.groups[group.0]
    }
}

impl SecurityPolicy {
    /// The policy of a topology.
    #[must_use]
    pub fn of(topology: &Topology, flows: &FlowGraph) -> Self {
        let mut policy = Self { groups: Vec::new(), of_members: BTreeMap::new() };
        policy.stated(topology);
        policy.assumed(topology);
        let wires = flows.wires(topology);
        policy.fill(topology, &wires);
        policy
    }

    /// The groups of a member; every member has one.
    #[must_use]
    pub fn groups_of(&self, member: Member) -> &[GroupRef] {
        self.of_members.get(&member).map_or(&[], Vec::as_slice)
    }

    /// Whether the document puts a member into a group.
    #[must_use]
    pub fn is_in_stated_group(&self, member: Member) -> bool {
        self.groups_of(member).iter().any(|group| self[*group].origin == Origin::Stated)
    }

    /// The handles of all groups.
    pub fn group_refs(&self) -> impl Iterator<Item = GroupRef> + use<> {
        (0..self.groups.len()).map(GroupRef)
    }

    fn stated(&mut self, topology: &Topology) {
        for id in topology.group_ids() {
            let group = &topology[id];
            let lower = |rules: &[SecurityRule]| {
                let rules = rules.iter().enumerate();
                rules.flat_map(|(position, rule)| one_peer_each(topology, id, position, rule)).collect()
            };
            self.groups.push(EffectiveGroup {
                name: group.name.clone(),
                title: group.title.clone(),
                origin: Origin::Stated,
                members: Vec::new(),
                inbound: lower(&group.inbound),
                outbound: group.outbound.as_deref().map(lower).unwrap_or_default(),
            });
        }
        let pools = topology.pool_ids().map(|id| (Member::Pool(id), &topology[id].groups));
        let balancers =
            topology.load_balancer_ids().map(|id| (Member::LoadBalancer(id), &topology[id].groups));
        let databases = topology.database_ids().map(|id| (Member::Database(id), &topology[id].groups));
        for (member, groups) in pools.chain(balancers).chain(databases) {
            for group in groups {
                self.join(member, GroupRef(group.0));
            }
        }
    }

    fn join(&mut self, member: Member, group: GroupRef) {
        self.groups[group.0].members.push(member);
        self.of_members.entry(member).or_default().push(group);
    }

    /// A group for each member that the document puts into none. Pools that run the same services share one, so that
    /// nodes which are written down one by one are no more groups than a pool of them.
    fn assumed(&mut self, topology: &Topology) {
        let pools = topology.pool_ids().map(|id| (Member::Pool(id), &topology[id].name));
        let balancers = topology.load_balancer_ids().map(|id| (Member::LoadBalancer(id), &topology[id].name));
        let databases = topology.database_ids().map(|id| (Member::Database(id), &topology[id].name));
        let mut shared: BTreeMap<BTreeSet<ServiceId>, GroupRef> = BTreeMap::new();
        for (member, name) in pools.chain(balancers).chain(databases) {
            if !self.groups_of(member).is_empty() {
                continue;
            }
            let runs = match member {
                Member::Pool(id) => Some(services_on(topology, id)),
                Member::LoadBalancer(_) | Member::Database(_) => None,
            };
            if let Some(group) = runs.as_ref().and_then(|runs| shared.get(runs)) {
                self.join(member, *group);
                continue;
            }
            let taken = |name: &Name| self.groups.iter().any(|group| group.name == *name);
            let free = (2..).map(|number| name.numbered('-', number));
            let own = std::iter::once(name.clone())
                .chain(free)
                .find(|name| !taken(name))
                .unwrap_or_else(|| name.clone());
            let group = GroupRef(self.groups.len());
            self.groups.push(EffectiveGroup {
                name: own,
                title: None,
                origin: Origin::Assumed("the document puts it into no group"),
                members: Vec::new(),
                inbound: Vec::new(),
                outbound: Vec::new(),
            });
            self.join(member, group);
            shared.extend(runs.map(|runs| (runs, group)));
        }
    }

    /// Rules that the document leaves to the flows.
    fn fill(&mut self, topology: &Topology, wires: &[Wire]) {
        let ports = |wire: &Wire| Traffic::Ports(wire.ports);
        let (mut outbound, mut inbound) =
            (vec![Vec::new(); self.groups.len()], vec![Vec::new(); self.groups.len()]);
        for wire in wires {
            let senders: BTreeSet<GroupRef> =
                wire.from.iter().filter_map(|from| self.left_to_flows(topology, *from)).collect();
            for (peer, purpose) in self.peers(topology, &wire.to, false) {
                for group in &senders {
                    outbound[group.0].push((ports(wire), peer, purpose.clone()));
                }
            }
            let mut receivers: BTreeMap<GroupRef, bool> = BTreeMap::new();
            for to in wire.to.iter() {
                if let Some(group) = self.group_of(*to) {
                    *receivers.entry(group).or_default() |= public(topology, *to);
                }
            }
            for (group, public) in receivers {
                for (peer, purpose) in self.peers(topology, &wire.from, public) {
                    inbound[group.0].push((ports(wire), peer, purpose));
                }
            }
        }
        for (position, (outbound, inbound)) in outbound.into_iter().zip(inbound).enumerate() {
            if leaves_outbound_to_flows(topology, GroupRef(position)) {
                self.groups[position].outbound = merged(outbound);
            }
            if self.groups[position].origin != Origin::Stated {
                self.groups[position].inbound = merged(inbound);
            }
        }
    }

    /// The group that stands for a party: its first one.
    #[must_use]
    pub fn group_of(&self, party: Party) -> Option<GroupRef> {
        self.groups_of(Member::of(party)?).first().copied()
    }

    /// The group of a party whose outbound rules follow from its flows: the first one that states none.
    fn left_to_flows(&self, topology: &Topology, party: Party) -> Option<GroupRef> {
        let mut groups = self.groups_of(Member::of(party)?).iter().copied();
        groups.find(|group| leaves_outbound_to_flows(topology, *group))
    }

    /// How rules name parties, each with what the first of them says of the purpose.
    ///
    /// What has public addresses is reached from everywhere: its own nodes come there by their public addresses.
    fn peers(
        &self,
        topology: &Topology,
        parties: &[Party],
        public: bool,
    ) -> BTreeMap<RulePeer, Option<Text>> {
        let mut peers = BTreeMap::new();
        for party in parties {
            let peer = if public { everywhere() } else { self.peer(topology, *party) };
            peers.entry(peer).or_insert_with(|| purpose(topology, *party));
        }
        peers
    }

    /// How a rule names a party. A load balancer with public addresses is reached by these, not by its group.
    fn peer(&self, topology: &Topology, party: Party) -> RulePeer {
        match self.group_of(party) {
            Some(group) if !public(topology, party) => RulePeer::Group(group),
            _ => everywhere(),
        }
    }
}

/// What runs on the nodes of a pool.
fn services_on(topology: &Topology, pool: PoolId) -> BTreeSet<ServiceId> {
    let instances = topology[pool].nodes.iter().flat_map(|node| topology.instances_on(*node));
    instances.map(|instance| topology[*instance].service).collect()
}

impl Member {
    /// The member that a flow's end is; a service and the internet are none.
    pub(super) const fn of(party: Party) -> Option<Self> {
        match party {
            Party::Pool(id) => Some(Self::Pool(id)),
            Party::LoadBalancer(id) => Some(Self::LoadBalancer(id)),
            Party::Database(id) => Some(Self::Database(id)),
            Party::Internet | Party::Service(_) => None,
        }
    }
}

/// Whether the document states no outbound rules for a group.
pub(super) fn leaves_outbound_to_flows(topology: &Topology, group: GroupRef) -> bool {
    topology.groups.get(group.0).is_none_or(|group| group.outbound.is_none())
}

/// Whether a party is reached by public addresses.
pub(super) fn public(topology: &Topology, party: Party) -> bool {
    matches!(party, Party::LoadBalancer(id) if *topology[id].scheme == Scheme::InternetFacing)
}

fn everywhere() -> RulePeer {
    RulePeer::Network(IpNet::V4(Ipv4Net::default()))
}

fn purpose(topology: &Topology, other: Party) -> Option<Text> {
    other.name(topology).parse().ok()
}

/// One rule for each kind of packet and peer, in a stable order.
fn merged(mut rules: Vec<(Traffic, RulePeer, Option<Text>)>) -> Vec<EffectiveRule> {
    rules.sort_by_key(|a| (a.0, a.1));
    rules.dedup_by(|a, b| (a.0, a.1) == (b.0, b.1));
    rules
        .into_iter()
        .map(|(traffic, peer, purpose)| EffectiveRule {
            traffic,
            peer,
            purpose,
            optional: false,
            origin: Origin::Assumed(FROM_FLOWS),
            place: None,
        })
        .collect()
}

/// A stated rule as one rule for each of its peers.
fn one_peer_each(
    topology: &Topology,
    group: GroupId,
    position: usize,
    rule: &SecurityRule,
) -> Vec<EffectiveRule> {
    let v4 = IpNet::V4(Ipv4Net::default());
    let v6 = IpNet::V6(ipnet::Ipv6Net::default());
    let mut peers = Vec::new();
    for (place, peer) in rule.peers.iter().enumerate() {
        let mut add = |peer| peers.push((place, peer));
        match peer {
            Peer::Network(net) => add(RulePeer::Network(*net)),
            Peer::Internet => [v4, v6].map(RulePeer::Network).into_iter().for_each(add),
            Peer::Itself => add(RulePeer::Group(GroupRef(group.0))),
            Peer::Group(name) => {
                let named = topology.groups.iter().position(|group| group.name == *name);
                named.map(GroupRef).map(RulePeer::Group).into_iter().for_each(add);
            }
        }
    }
    let rule = |(place, peer)| EffectiveRule {
        traffic: rule.traffic,
        peer,
        purpose: rule.purpose.clone(),
        optional: rule.optional,
        origin: Origin::Stated,
        place: Some(RulePlace { rule: position, peer: place }),
    };
    peers.into_iter().map(rule).collect()
}
