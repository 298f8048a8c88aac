//! What a tightened document admits no longer, what it admits anew, and what it keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::{Because, Left, Lists, lists};
use crate::diagnostic::Span;
use crate::lint::Context;
use crate::lint::rules::{Written, is_missed};
use crate::policy::{
    Blocked, Direction, EndpointRange, Endpoints, GroupRef, Member, PacketBox, RuleId, ServiceRange,
    Services, Side, StatedRule, Unfixed,
};
use crate::scalar::{Peer, PortRange, Ports, Protocol, Traffic};
use crate::topology::{NodeId, Topology};

/// Source: RFC 4253, section 4.1.
const SSH: u16 = 22;

/// A document with the least rules that still admit its flows.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tightened {
    /// The text; the same when there is nothing to tighten.
    pub text: String,
    /// Whether it is another one than was given.
    pub changed: bool,
    /// Whether nothing is left to do to the text; otherwise tightening it again goes on.
    pub finished: bool,
    /// How many rules there were, as a provider counts them: each peer of a rule is one.
    pub before: usize,
    /// How many there are.
    pub after: usize,
    /// What is admitted no longer, rule by rule.
    pub closed: Vec<Closed>,
    /// The flows that were shut out and are not any more.
    pub admitted: Vec<Admitted>,
    /// The flows that are shut out still: the rule could not be put into the text.
    pub missing: Vec<Admitted>,
    /// Rules that admit more than the flows need, and stay.
    pub kept: Vec<Kept>,
    /// Rules that admit more than the flows need because exact ones would be too many.
    pub widened: Vec<Widened>,
    /// Groups that have more rules in a direction than the provider gives, whatever is done.
    pub crowded: Vec<(String, Direction)>,
}

impl Tightened {
    /// Whether the text that was given was as tight as it can be, and a person has nothing to do either.
    #[must_use]
    pub fn is_tight(&self) -> bool {
        !self.changed && !self.needs_a_person()
    }

    /// Whether something is left that cannot be done to the text: an alias is in the way, or rules are too many.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        let by_hand = self.kept.iter().any(|kept| kept.because == Because::Text);
        !self.finished || by_hand || !self.missing.is_empty() || !self.crowded.is_empty()
    }
}

/// A rule with one of its peers, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleWords {
    /// Its group.
    pub group: String,
    /// Among which of the group's rules.
    pub direction: Direction,
    /// What it lets through.
    pub traffic: Traffic,
    /// The peer.
    pub peer: Peer,
    /// Where the text that was given says it.
    pub span: Span,
}

/// What a rule admitted and nothing admits any more.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Closed {
    /// The rule as it was.
    pub rule: RuleWords,
    /// On which ports.
    pub services: Services,
    /// From whom, or to whom.
    pub peers: Endpoints,
    /// Who sends one of these packets: a node, a load balancer, a database or an address.
    pub from: String,
    /// Who got it.
    pub to: String,
    /// What for.
    pub service: ServiceRange,
}

impl Closed {
    /// What of it people may miss: SSH and ICMP. Who logs in, and who asks whether a machine lives, is not declared as a flow.
    #[must_use]
    pub fn for_people(&self) -> Services {
        let ssh =
            PortRange::single(SSH).map(|range| Traffic::Ports(Ports { protocol: Protocol::Tcp, range }));
        let people = ssh.into_iter().chain([Traffic::Icmp]).map(Services::from);
        self.services.intersection(&people.fold(Services::default(), |all, one| all.union(&one)))
    }
}

/// A flow that a document shuts out, in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admitted {
    /// Who opens it.
    pub client: String,
    /// Who accepts it.
    pub server: String,
    /// On which ports.
    pub services: Services,
    /// Whose rules shut it out: the receiver's or the sender's.
    pub direction: Direction,
}

/// A rule that stays.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Kept {
    /// The rule.
    pub rule: RuleWords,
    /// Why.
    pub because: Because,
}

/// Peers that were put together.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Widened {
    /// The group whose rules they are in.
    pub group: String,
    /// Among which of its rules.
    pub direction: Direction,
    /// For which ports.
    pub services: Services,
    /// The peers.
    pub peers: Vec<Peer>,
    /// As many peers as would have admitted nothing else.
    pub exact: usize,
    /// Who is admitted and needs not be.
    pub others: Endpoints,
}

pub(super) fn of(
    [(before, text), (after, now)]: [(&Context<'_>, &str); 2],
    left: &Left,
    finished: bool,
) -> Tightened {
    let changed = text != now;
    let closed = if changed { closed(before, after) } else { Vec::new() };
    let lists = lists(before);
    let words = |id| before_words(before, &lists, after, id);
    let could_go = |id: RuleId| {
        let rule = &after.admission[id];
        !rule.is_tight() || !rule.covered_by.is_empty()
    };
    let kept = left.kept.iter().filter(|(id, _)| could_go(**id));
    let kept = kept.filter_map(|(id, because)| Some(Kept { rule: words(*id)?, because: because.clone() }));
    let missed = |cx: &Context<'_>| -> Vec<Admitted> {
        cx.admission.blocked().iter().filter(|one| is_missed(cx, one)).map(|one| flow(cx, one)).collect()
    };
    let missing = missed(after);
    let still = |one: &Admitted| {
        let same = |other: &Admitted| {
            (&one.client, &one.server, one.direction) == (&other.client, &other.server, other.direction)
                && one.services == other.services
        };
        missing.iter().any(same)
    };
    let admitted = missed(before).into_iter().filter(|one| !still(one)).collect();
    let name = |group| after.policy[group].name.to_string();
    let widened = left.least.iter().flat_map(|list| {
        list.wider.iter().map(move |wider| Widened {
            group: name(list.group),
            direction: list.direction,
            services: wider.services.clone(),
            peers: wider.peers.clone(),
            exact: wider.exact,
            others: wider.others.clone(),
        })
    });
    let crowded = left.least.iter().filter(|list| list.crowded);
    Tightened {
        text: now.to_owned(),
        changed,
        finished,
        before: before.admission.rules().len(),
        after: after.admission.rules().len(),
        closed,
        admitted,
        kept: kept.collect(),
        widened: widened.collect(),
        crowded: crowded.map(|list| (name(list.group), list.direction)).collect(),
        missing,
    }
}

fn flow(cx: &Context<'_>, blocked: &Blocked) -> Admitted {
    let flow = &cx.flows[blocked.flow];
    Admitted {
        client: flow.client.name(cx.topology).to_owned(),
        server: flow.server.name(cx.topology).to_owned(),
        services: blocked.services.clone(),
        direction: blocked.direction,
    }
}

fn words(cx: &Context<'_>, rule: &StatedRule) -> Option<RuleWords> {
    let written = Written::of(cx, rule)?;
    Some(RuleWords {
        group: cx.policy[rule.group].name.to_string(),
        direction: rule.direction,
        traffic: rule.traffic,
        peer: written.peers.get(rule.place.peer)?.value.clone(),
        span: written.place(rule),
    })
}

/// A rule that stayed, with the place where it stood before.
fn before_words(before: &Context<'_>, lists: &Lists, after: &Context<'_>, id: RuleId) -> Option<RuleWords> {
    let rule = &after.admission[id];
    let now = words(after, rule)?;
    let own = lists.get(&(rule.group, rule.direction)).into_iter().flatten();
    let all = own.filter_map(|id| {
        let was = &before.admission[*id];
        Some((was.place, words(before, was)?))
    });
    let all = all.filter(|(_, was)| (was.traffic, &was.peer) == (now.traffic, &now.peer));
    all.min_by_key(|(place, _)| *place != rule.place).map(|(_, was)| was).or(Some(now))
}

fn closed(before: &Context<'_>, after: &Context<'_>) -> Vec<Closed> {
    let (ends, lists) = (Ends::of(before.topology), lists(after));
    // Rules of groups that have no member in common admit no packet in common.
    let mut around: BTreeMap<GroupRef, BTreeSet<GroupRef>> = BTreeMap::new();
    let lost = before.admission.rules().iter().filter_map(|rule| {
        let of =
            |group| lists.get(&(group, rule.direction)).into_iter().flatten().map(|id| &after.admission[*id]);
        if of(rule.group).any(|other| (other.traffic, &other.peers) == (rule.traffic, &rule.peers)) {
            return None;
        }
        let around = around.entry(rule.group).or_insert_with(|| {
            let members = before.policy[rule.group].members.iter();
            members.flat_map(|member| before.policy.groups_of(*member)).copied().collect()
        });
        let others = around.iter().flat_map(|group| of(*group));
        let left = others.fold(rule.packets.clone(), |left, other| {
            if left.is_empty() { left } else { left.difference(&other.packets) }
        });
        let side = match rule.direction {
            Direction::Inbound => Side::Source,
            Direction::Outbound => Side::Destination,
        };
        // What goes from an address to itself never asks a group.
        let lost: Vec<_> = left.cover().iter().filter_map(|part| Some((part, ends.pair(part)?))).collect();
        let (first, (from, to)) = lost.first()?;
        let parts = || lost.iter().map(|(part, _)| part);
        Some(Closed {
            rule: words(before, rule)?,
            services: parts().fold(Services::default(), |all, part| all.union(&part.services)),
            peers: Endpoints::union_of(parts().map(|part| part.side(side).clone())),
            from: from.clone(),
            to: to.clone(),
            service: first.services.ranges().first()?.first(),
        })
    });
    lost.collect()
}

/// As many names of ends are tried for an example: two of them are not the same one.
const TRIED: usize = 2;

/// What ends of packets are called.
struct Ends<'t> {
    topology: &'t Topology,
    by_address: BTreeMap<Ipv4Addr, NodeId>,
    nodes: Endpoints,
}

impl<'t> Ends<'t> {
    fn of(topology: &'t Topology) -> Self {
        let by_address: BTreeMap<Ipv4Addr, NodeId> =
            topology.node_ids().map(|id| (topology[id].address, id)).collect();
        let nodes = Endpoints::hosts(by_address.keys().copied());
        Self { topology, by_address, nodes }
    }

    /// Who sends one of some packets, and who gets it; `None` where each goes back to where it comes from.
    fn pair(&self, packets: &PacketBox) -> Option<(String, String)> {
        let (from, to) = (self.names(&packets.source), self.names(&packets.destination));
        from.into_iter().find_map(|from| {
            let to = to.iter().find(|to| **to != from)?.clone();
            Some((from, to))
        })
    }

    /// Some of some endpoints: who has a name before who has an address only.
    fn names(&self, endpoints: &Endpoints) -> Vec<String> {
        let topology = self.topology;
        let within = endpoints.ranges().into_iter().flat_map(|range| match range {
            EndpointRange::Addresses(IpAddr::V4(first), IpAddr::V4(last)) => {
                self.by_address.range(first..=last)
            }
            _ => self.by_address.range(Ipv4Addr::UNSPECIFIED..Ipv4Addr::UNSPECIFIED),
        });
        let mut names: Vec<String> =
            within.map(|(_, node)| topology[*node].name.to_string()).take(TRIED).collect();
        let unfixed = endpoints.unfixed_members().into_iter().take(TRIED);
        names.extend(unfixed.map(|one| {
            let (Unfixed::Inside(member) | Unfixed::Public(member)) = one;
            match member {
                Member::Pool(id) => topology[id].name.to_string(),
                Member::LoadBalancer(id) => topology[id].name.to_string(),
                Member::Database(id) => topology[id].name.to_string(),
            }
        }));
        let others = endpoints.difference(&self.nodes);
        // An address that documents use for somebody else's (RFC 5737) where it is one of them.
        let somebody = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
        names.extend(others.contains(somebody).then(|| somebody.to_string()));
        let addresses = others.ranges().into_iter().filter_map(|range| match range {
            // The first addresses of a network are nobody's.
            EndpointRange::Addresses(IpAddr::V4(first), IpAddr::V4(last)) => {
                Some(Ipv4Addr::from(u32::from(first).saturating_add(4).min(u32::from(last))).to_string())
            }
            EndpointRange::Addresses(first, _) => Some(first.to_string()),
            EndpointRange::Unfixed(_) | EndpointRange::OtherUnfixed => None,
        });
        names.extend(addresses.take(TRIED));
        names
    }
}
