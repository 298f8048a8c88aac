//! What the declared flows need against what the stated security groups admit.
//!
//! Everything about blocked, unused, wider than needed, covered and open to the world is answered here, as operations on
//! [`PacketSet`]s. Nothing here judges: how bad an answer is, is for who asks.

mod aggregate;
mod blocked;
mod covered;
mod excess;
mod exposed;
mod least;
mod near_miss;
mod need;
mod passage;
mod space;
mod words;

use crate::flow::{FlowGraph, FlowId, Party};
use crate::policy::{Endpoints, GroupRef, Member, PacketSet, RulePeer, RulePlace, SecurityPolicy, Services};
use crate::scalar::{Peer, Traffic};
use crate::topology::{NodeId, Origin, Topology};
pub use least::{Given, Least, Wider};
use need::Need;
pub use passage::{Gates, Passage, Passing, RuleRef, Verdict};
use space::Space;

/// Which way a rule lets packets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// To the members of its group.
    Inbound,
    /// From the members of its group.
    Outbound,
}

impl Direction {
    /// Its name, as the document has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// The position of a rule's peer in [`Admission::rules`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(usize);

/// What flows need compared with what stated rules admit.
#[derive(Debug)]
pub struct Admission {
    rules: Vec<StatedRule>,
    blocked: Vec<Blocked>,
    exposed: Vec<Exposure>,
}

/// A flow whose packets are shut out, in one direction.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Blocked {
    /// The flow.
    pub flow: FlowId,
    /// Whether the receiver's inbound or the sender's stated outbound rules shut it out.
    pub direction: Direction,
    /// Whether some of it is shut out for certain. When not, the rules admit a part of the addresses that a load balancer,
    /// a database or a public address may turn out to have.
    pub certain: bool,
    /// Who sends what is shut out.
    pub from: Vec<ShutOut>,
    /// Who does not get it.
    pub to: Vec<ShutOut>,
    /// On which ports.
    pub services: Services,
    /// The groups whose rules would have to admit it, in order.
    pub groups: Vec<GroupRef>,
    /// The packets themselves.
    pub packets: PacketSet,
    /// The rule that may have been meant for it.
    pub near_miss: Option<NearMiss>,
}

/// A rule that no flow uses and that would admit a flow which is shut out, were it not for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The rule.
    pub rule: RuleId,
    /// The one thing.
    pub differs: Differs,
}

/// In what a rule differs from what a flow needs. The likelier slip is the lesser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Differs {
    /// The protocol.
    Protocol,
    /// The ports: by a digit, or they are those behind the published ones.
    Ports,
    /// The peer.
    Peer,
    /// The group that it stands in.
    Group,
}

/// One end of a flow that is shut out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutOut {
    /// A pool, a load balancer, a database or the internet.
    pub party: Party,
    /// For a pool: those of its nodes that are meant.
    pub nodes: Vec<NodeId>,
    /// Whether these are all of the pool's nodes that have to do with the flow.
    pub all: bool,
}

/// A stated rule with one of its peers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StatedRule {
    /// The group that it stands in; one of those that the document states.
    pub group: GroupRef,
    /// Among which of the group's rules.
    pub direction: Direction,
    /// Where it stands there.
    pub place: RulePlace,
    /// What it lets through.
    pub traffic: Traffic,
    /// Its peer: one, or v4 and v6 of `internet`.
    pub peers: Vec<RulePeer>,
    /// What it admits.
    pub packets: PacketSet,
    /// Who uses it.
    pub usage: Usage,
    /// What it admits beyond the needs of the flows that use it; nothing when none does.
    pub excess: Excess,
    /// The rules that together admit all of it, as few as possible; none when something would be lost without it. All rules
    /// that are covered can be taken away together.
    pub covered_by: Vec<RuleId>,
    /// Whether its peer is a private range (RFC 1918, RFC 4193) that touches neither the network, nor an overlay, nor a
    /// routed network.
    pub peer_is_nowhere: bool,
}

impl StatedRule {
    /// Whether flows use it, and nothing that it admits is beyond their needs.
    #[must_use]
    pub fn is_tight(&self) -> bool {
        let Excess { services, peers, .. } = &self.excess;
        matches!(self.usage, Usage::Flows(_)) && services.is_empty() && peers.is_empty()
    }
}

/// Who uses a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// These flows, in their order; at least one.
    Flows(Vec<FlowId>),
    /// No flow, and if something used it the document could say so.
    Unused,
    /// No flow; but what would use it cannot be declared in a document, for this reason.
    Undeclared(&'static str),
    /// Its group has no members, or its peer has none.
    Nobody,
}

/// What a rule admits beyond what its flows need.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Excess {
    /// Wider in ports: what none of its flows is for.
    pub services: Services,
    /// Wider in peers: with whom none of its flows has to do.
    pub peers: Endpoints,
    /// Whether public addresses are among these peers.
    pub internet: bool,
    /// The members that are among these peers.
    pub members: Vec<Member>,
    /// Whether addresses of the network that nothing stated has are among these peers.
    pub free_addresses: bool,
    /// The narrowest peers that would do and can be written: `self`, groups, networks. Empty when there is nothing
    /// narrower than what is stated.
    pub narrowest: Vec<Peer>,
}

/// Ports of members that large parts of the internet may reach, as far as security groups go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exposure {
    /// The members, which are in the same groups.
    pub members: Vec<Member>,
    /// The ports.
    pub services: Services,
    /// From how much of the public v4 addresses.
    pub v4: Extent,
    /// From how much of the public v6 addresses.
    pub v6: Extent,
    /// The rules that do it, in order; as few as possible.
    pub rules: Vec<RuleId>,
}

/// How much of the public addresses of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// None, or as much as one organisation may have: less than a /8 of v4, less than a /16 of v6.
    Little,
    /// More than that.
    Large,
    /// All of them.
    Everywhere,
}

impl Admission {
    /// Compares the flows of a topology with its groups.
    #[must_use]
    pub fn of(topology: &Topology, flows: &FlowGraph, policy: &SecurityPolicy) -> Self {
        let space = Space::of(topology, policy);
        let needs: Vec<Need> = flows.flow_ids().filter_map(|id| Need::of(&space, flows, id)).collect();
        let mut rules = stated(&space);
        for rule in &mut rules {
            excess::judge(&space, rule, &needs);
        }
        covered::cover(&space, &mut rules);
        let mut blocked = blocked::find(&space, &needs);
        near_miss::find(&space, flows, &rules, &mut blocked);
        let exposed = exposed::find(&space, &rules, |_| true);
        Self { rules, blocked, exposed }
    }

    /// Every stated rule with each of its peers, group by group, inbound before outbound, in the order of the document.
    #[must_use]
    pub fn rules(&self) -> &[StatedRule] {
        &self.rules
    }

    /// The handles of these, in their order.
    pub fn rule_ids(&self) -> impl Iterator<Item = RuleId> + use<> {
        (0..self.rules.len()).map(RuleId)
    }

    /// The flows that are shut out, in their order; each at most once for a direction.
    ///
    /// A group without stated outbound rules gets what its flows need, so it shuts nothing out; nor does a group that the
    /// document does not state. What the internet sends is shut out only when no public address is admitted: to admit a
    /// part of it is a decision.
    #[must_use]
    pub fn blocked(&self) -> &[Blocked] {
        &self.blocked
    }

    /// What large parts of the internet may reach, in a stable order.
    #[must_use]
    pub fn exposed(&self) -> &[Exposure] {
        &self.exposed
    }

    /// What large parts of the internet might reach if some rules only were there, in a stable order.
    #[must_use]
    pub fn exposed_by(
        &self,
        topology: &Topology,
        policy: &SecurityPolicy,
        counts: impl Fn(RuleId) -> bool,
    ) -> Vec<Exposure> {
        exposed::find(&Space::of(topology, policy), &self.rules, counts)
    }
}

impl std::ops::Index<RuleId> for Admission {
    type Output = StatedRule;

    fn index(&self, rule: RuleId) -> &StatedRule {
        &self.rules[rule.0]
    }
}

fn stated(space: &Space<'_>) -> Vec<StatedRule> {
    let mut stated: Vec<StatedRule> = Vec::new();
    let groups = space.policy.group_refs().filter(|group| space.policy[*group].origin == Origin::Stated);
    for group in groups {
        let own = space.own(group);
        for direction in [Direction::Inbound, Direction::Outbound] {
            for rule in direction.rules(&space.policy[group]) {
                let Some(place) = rule.place else { continue };
                let peer = space.peer(rule.peer);
                let packets = direction.packets(peer, own.clone(), rule.traffic.into());
                if let Some(before) = stated.last_mut()
                    && (before.group, before.direction, before.place) == (group, direction, place)
                {
                    before.peers.push(rule.peer);
                    before.packets = before.packets.union(&packets);
                    continue;
                }
                stated.push(StatedRule {
                    group,
                    direction,
                    place,
                    traffic: rule.traffic,
                    peers: vec![rule.peer],
                    packets,
                    usage: Usage::Nobody,
                    excess: Excess::default(),
                    covered_by: Vec::new(),
                    peer_is_nowhere: space.is_nowhere(rule.peer),
                });
            }
        }
    }
    stated
}
