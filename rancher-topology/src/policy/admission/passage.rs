//! What the groups of one member say of packets from or to one peer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ipnet::IpNet;

use super::Direction;
use super::space::Space;
use crate::policy::{
    EffectiveRule, Endpoints, GroupRef, Member, RulePeer, SecurityPolicy, Services, Unfixed,
};
use crate::scalar::{Ports, Traffic};
use crate::topology::Topology;

/// Between a provider and its customers. Source: RFC 6598, section 7.
const SHARED_SPACE: ipnet::Ipv4Net = ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(100, 64, 0, 0), 10);

/// The security groups of a topology as gates that packets pass.
///
/// Every rule counts here, those that follow from the flows too.
#[derive(Debug)]
pub struct Gates<'t> {
    space: Space<'t>,
    /// What the rules of members say, by their groups: members of the same groups are asked the same.
    gates: RefCell<BTreeMap<(Direction, &'t [GroupRef]), Gate>>,
}

/// The rules of some groups in one direction, those with one peer as one.
type Gate = Rc<[Let]>;

/// What rules let through of some peers.
#[derive(Debug)]
struct Let {
    peers: Endpoints,
    /// With every address that they may turn out to have.
    wherever: Endpoints,
    services: Services,
}

/// What the groups of a member say of packets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passage {
    /// Whether they pass.
    pub verdict: Verdict,
    /// The rules that admit them: one that does it alone, otherwise all that admit some.
    pub by: Vec<RuleRef>,
}

/// What may pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub struct Passing {
    /// For certain.
    pub certain: Services,
    /// What depends on what is not known before it is built; nothing that is certain.
    pub possible: Services,
}

impl Passing {
    /// All that may pass.
    #[must_use]
    pub fn all(&self) -> Services {
        self.certain.union(&self.possible)
    }

    /// What passes this and another one.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let certain = self.certain.intersection(&other.certain);
        Self { possible: self.all().intersection(&other.all()).difference(&certain), certain }
    }

    /// The same, and nothing of it for certain.
    #[must_use]
    pub fn doubted(&self) -> Self {
        Self { certain: Services::default(), possible: self.all() }
    }
}

/// A peer that rules are asked about.
struct Met<'s> {
    space: &'s Space<'s>,
    peer: Endpoints,
    /// With every address that it may turn out to have.
    wherever: Endpoints,
    fixed: Endpoints,
}

impl<'s> Met<'s> {
    fn of(space: &'s Space<'s>, peer: &Endpoints) -> Self {
        Self { space, peer: peer.clone(), wherever: space.wherever(peer), fixed: peer.fixed() }
    }

    /// Whether a rule's peers may be some of it: whoever has no fixed address may turn out to have one of these.
    fn by(&self, peers: &Endpoints, wherever: &Endpoints) -> bool {
        peers.meets(&self.wherever) || wherever.meets(&self.fixed)
    }

    /// Whether all of it is among a rule's peers.
    fn wholly_by(&self, peers: &Endpoints) -> bool {
        self.space.is_wholly_among(&self.peer, peers)
    }
}

/// Whether something is so. What is better comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is.
    Yes,
    /// It may be: it depends on what is not known before it is built.
    Possible,
    /// It is not.
    No,
}

/// A rule of a policy, stated or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleRef {
    /// The group that it stands in.
    pub group: GroupRef,
    /// Among which of its rules.
    pub direction: Direction,
    /// Its position among these, counted from 0.
    pub position: usize,
}

impl SecurityPolicy {
    /// A rule; `None` when there is none at that position.
    #[must_use]
    pub fn rule(&self, rule: RuleRef) -> Option<&EffectiveRule> {
        rule.direction.rules(&self[rule.group]).get(rule.position)
    }

    /// Every rule, group by group, inbound before outbound.
    pub fn rules(&self) -> impl Iterator<Item = (RuleRef, &EffectiveRule)> {
        self.group_refs().flat_map(move |group| {
            [Direction::Inbound, Direction::Outbound].into_iter().flat_map(move |direction| {
                let rules = direction.rules(&self[group]).iter().enumerate();
                rules.map(move |(position, rule)| (RuleRef { group, direction, position }, rule))
            })
        })
    }

    /// Whether the document leaves a group's outbound rules to what its members' flows need.
    #[must_use]
    pub fn follows_flows(&self, topology: &Topology, group: GroupRef) -> bool {
        crate::policy::groups::leaves_outbound_to_flows(topology, group)
    }
}

impl<'t> Gates<'t> {
    /// The gates of a policy.
    #[must_use]
    pub fn of(topology: &'t Topology, policy: &'t SecurityPolicy) -> Self {
        Self { space: Space::of(topology, policy), gates: RefCell::default() }
    }

    /// The public v4 addresses that are not the network's. Nodes have v4 addresses only.
    #[must_use]
    pub fn internet(&self) -> Endpoints {
        let v4 = Endpoints::networks([IpNet::V4(ipnet::Ipv4Net::default())]);
        self.space.internet.intersection(&v4)
    }

    /// Public addresses, v4 and v6, that are not the network's.
    #[must_use]
    pub fn public(&self) -> &Endpoints {
        &self.space.internet
    }

    /// Addresses of the network, of overlays and of routed networks.
    #[must_use]
    pub fn known(&self) -> &Endpoints {
        self.space.reached()
    }

    /// V4 addresses of hosts that are neither public nor known: private networks (RFC 1918) and shared space (RFC 6598).
    #[must_use]
    pub fn elsewhere(&self) -> Endpoints {
        let shared = Endpoints::networks([IpNet::V4(SHARED_SPACE)]);
        let v4 = Endpoints::networks([IpNet::V4(ipnet::Ipv4Net::default())]);
        self.space.private().union(&shared).intersection(&v4).difference(self.space.reached())
    }

    /// The addresses that something without a fixed one may turn out to have.
    #[must_use]
    pub fn may_have(&self, one: Unfixed) -> Endpoints {
        self.space.addresses_of(one)
    }

    /// What a member's groups say of packets from a peer, or to one.
    #[must_use]
    pub fn judge(&self, direction: Direction, member: Member, peer: &Endpoints, ports: Ports) -> Passage {
        let wanted = Services::from(ports);
        let (mut all, mut by) = (Endpoints::default(), Vec::new());
        let met = Met::of(&self.space, peer);
        for (rule, peers) in self.rules_for(direction, member, &wanted) {
            if !met.by(&peers, &self.space.wherever(&peers)) {
                continue;
            }
            if met.wholly_by(&peers) {
                return Passage { verdict: Verdict::Yes, by: vec![rule] };
            }
            by.push(rule);
            all = all.union(&peers);
        }
        let verdict = match () {
            () if by.is_empty() => Verdict::No,
            () if met.wholly_by(&all) => Verdict::Yes,
            () => Verdict::Possible,
        };
        Passage { verdict, by }
    }

    /// What a member's groups let through of the packets from a peer, or to one.
    #[must_use]
    pub fn passing(&self, direction: Direction, member: Member, peer: &Endpoints) -> Passing {
        let met = Met::of(&self.space, peer);
        let mut certain = Services::default();
        let gate = self.gate(direction, member);
        let mut partly: Vec<&Let> = Vec::new();
        for own in gate.iter() {
            if met.wholly_by(&own.peers) {
                certain = certain.union(&own.services);
            } else if met.by(&own.peers, &own.wherever) {
                partly.push(own);
            }
        }
        let possible = partly.iter().fold(Services::default(), |all, own| all.union(&own.services));
        // Rules that each are about a part of the peer may together be about all of it.
        let pieces = Services::cut_at_bounds_of(partly.iter().map(|own| &own.services));
        let together = pieces.into_iter().filter(|piece| {
            let own = partly.iter().filter(|own| piece.is_subset(&own.services));
            met.wholly_by(&Endpoints::union_of(own.map(|own| own.peers.clone())))
        });
        let certain = together.fold(certain, |all, piece| all.union(&piece));
        Passing { possible: possible.difference(&certain), certain }
    }

    /// The rules of a member's groups, those with one peer as one.
    fn gate(&self, direction: Direction, member: Member) -> Gate {
        let policy = self.space.policy;
        let groups = policy.groups_of(member);
        if let Some(known) = self.gates.borrow().get(&(direction, groups)) {
            return Rc::clone(known);
        }
        let mut peers: BTreeMap<RulePeer, Services> = BTreeMap::new();
        for rule in groups.iter().flat_map(|group| direction.rules(&policy[*group])) {
            let services = peers.entry(rule.peer).or_default();
            *services = services.union(&rule.traffic.into());
        }
        let gate: Gate = peers
            .into_iter()
            .map(|(peer, services)| {
                let peers = self.space.peer(peer);
                Let { wherever: self.space.wherever(&peers), peers, services }
            })
            .collect();
        self.gates.borrow_mut().insert((direction, groups), Rc::clone(&gate));
        gate
    }

    /// The members of which one stands for each: the others are in the same groups.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        let topology = self.space.topology;
        let pools = topology.pool_ids().map(Member::Pool);
        let balancers = topology.load_balancer_ids().map(Member::LoadBalancer);
        let all = pools.chain(balancers).chain(topology.database_ids().map(Member::Database));
        let mut of_groups: BTreeMap<&[GroupRef], Member> = BTreeMap::new();
        for member in all {
            of_groups.entry(self.space.policy.groups_of(member)).or_insert(member);
        }
        of_groups.into_values().collect()
    }

    /// The addresses that a member's groups admit on ports, and those that somebody who is admitted may turn out to have.
    #[must_use]
    pub fn admitted(&self, direction: Direction, member: Member, ports: Ports) -> [Endpoints; 2] {
        let wanted = Services::from(ports);
        let peers = Endpoints::union_of(self.rules_for(direction, member, &wanted).map(|(_, peers)| peers));
        [peers.fixed(), self.space.wherever(&peers).fixed()]
    }

    /// The TCP and UDP ports on which a member's groups admit some of a peer's packets.
    #[must_use]
    pub fn services(&self, direction: Direction, member: Member, peer: &Endpoints) -> Services {
        let wherever = self.space.wherever(peer);
        let policy = self.space.policy;
        let rules = policy.groups_of(member).iter().flat_map(|group| direction.rules(&policy[*group]));
        rules
            .filter(|rule| !self.space.peer(rule.peer).intersection(&wherever).is_empty())
            .fold(Services::default(), |all, rule| all.union(&rule.traffic.into()))
    }

    /// The ranges of ports that some rule is about.
    #[must_use]
    pub fn ports(&self) -> Vec<Ports> {
        let mut all: Vec<Ports> = self
            .every_rule()
            .filter_map(|rule| match rule.traffic {
                Traffic::Ports(ports) => Some(ports),
                Traffic::Icmp | Traffic::Any => None,
            })
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The networks that some rule names, each once. Addresses that are in the same ones are alike to the rules.
    #[must_use]
    pub fn networks(&self) -> Vec<IpNet> {
        let mut all: Vec<IpNet> = self
            .every_rule()
            .filter_map(|rule| match rule.peer {
                RulePeer::Network(net) => Some(net),
                RulePeer::Group(_) => None,
            })
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn every_rule(&self) -> impl Iterator<Item = &EffectiveRule> {
        self.space.policy.groups.iter().flat_map(|group| group.inbound.iter().chain(&group.outbound))
    }

    /// A member's rules that are about all of some services, with whom they mean.
    fn rules_for(
        &self,
        direction: Direction,
        member: Member,
        wanted: &Services,
    ) -> impl Iterator<Item = (RuleRef, Endpoints)> {
        let policy = self.space.policy;
        let wanted = wanted.clone();
        policy.groups_of(member).iter().flat_map(move |group| {
            let wanted = wanted.clone();
            let rules = direction.rules(&policy[*group]).iter().enumerate();
            rules.filter(move |(_, rule)| wanted.is_subset(&rule.traffic.into())).map(
                move |(position, rule)| {
                    (RuleRef { group: *group, direction, position }, self.space.peer(rule.peer))
                },
            )
        })
    }
}
