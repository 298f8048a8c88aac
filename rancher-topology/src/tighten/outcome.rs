//! What a tightened document admits no longer, what it admits anew, and what it keeps.

use super::{Because, Left, Lists, lists, packets};
use crate::diagnostic::Span;
use crate::lint::Context;
use crate::lint::rules::{Written, is_missed};
use crate::policy::{Blocked, Direction, Endpoints, RuleId, ServiceRange, Services, StatedRule};
use crate::scalar::{Peer, PortRange, Ports, Protocol, Traffic};

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
    pub closed: Vec<RulePackets>,
    /// What is admitted anew beyond the flows that were shut out, rule by rule of the new text: a rule is for all members of
    /// its group and of its peer.
    pub opened: Vec<RulePackets>,
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
    /// Where its text says it: the one that was given, or for what is opened the new one.
    pub span: Span,
}

/// What a rule of one text admits and no rule of the other one does: of the same direction, as the other side's rules have a
/// say of their own.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RulePackets {
    /// The rule as the one text has it.
    pub rule: RuleWords,
    /// On which ports.
    pub services: Services,
    /// From whom, or to whom.
    pub peers: Endpoints,
    /// Who sends one of these packets: a node, a load balancer, a database or an address.
    pub from: String,
    /// Who gets it.
    pub to: String,
    /// What for.
    pub service: ServiceRange,
}

impl RulePackets {
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
    let [closed, opened] = if changed {
        [packets::only_in(before, after, &[]), packets::only_in(after, before, before.admission.blocked())]
    } else {
        [Vec::new(), Vec::new()]
    };
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
        opened,
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

pub(super) fn words(cx: &Context<'_>, rule: &StatedRule) -> Option<RuleWords> {
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
