//! Rules against traffic: what is shut out, and what is let in that nobody needs.
//!
//! Every answer is [`crate::policy::Admission`]'s; here it is judged and put into words.

mod assertion_fails;
mod assumed_flow_not_admitted;
mod crossed;
mod flow_not_admitted;
mod flow_partly_admitted;
mod group_without_members;
mod misplaced_rule;
mod peer_outside_network;
mod redundant_rule;
mod rule_wider_than_flows;
mod sensitive;
mod unused_rule;
mod world_open;

use std::collections::BTreeSet;

pub(crate) use unused_rule::lost_flow;

use super::{Context, Family, Lint};
use crate::Span;
use crate::document::{OneOrMany, Spanned};
use crate::policy::{Blocked, Direction, GroupRef, RuleId, RulePeer, StatedRule, Usage};
use crate::scalar::{Peer, Text};

/// Lints about security rules and the traffic that they are for.
pub const FAMILY: Family = Family {
    name: "Rules and traffic",
    lints: &[
        &assertion_fails::LINT,
        &flow_not_admitted::LINT,
        &flow_partly_admitted::LINT,
        &group_without_members::LINT,
        &assumed_flow_not_admitted::LINT,
        &misplaced_rule::LINT,
        &peer_outside_network::LINT,
        &redundant_rule::LINT,
        &rule_wider_than_flows::LINT,
        &unused_rule::LINT,
        &world_open::LINT,
    ],
};

/// The lints about rules that admit more than is needed.
pub(crate) const WIDE: [&Lint; 4] =
    [&redundant_rule::LINT, &rule_wider_than_flows::LINT, &unused_rule::LINT, &world_open::LINT];

/// Whether a flow that is shut out is told of as such: a document says it, and does not allow that.
pub(crate) fn is_missed(cx: &Context<'_>, blocked: &Blocked) -> bool {
    let flow = &cx.flows[blocked.flow];
    blocked.certain
        && !flow_not_admitted::is_assumed(flow)
        && cx.allowed(&flow_not_admitted::LINT, flow.span).is_none()
}

/// Peers of one rule that have the same fault: one cause, however many they are.
struct Faulty<'a> {
    /// At least one.
    rules: Vec<&'a StatedRule>,
    written: Written<'a>,
}

/// The rules with a fault, each once with those of its peers that have it.
fn faulty<'a>(cx: &'a Context<'_>, has_it: impl Fn(&StatedRule) -> bool) -> Vec<Faulty<'a>> {
    let mut all: Vec<Faulty<'a>> = Vec::new();
    for rule in cx.admission.rules().iter().filter(|rule| has_it(rule)) {
        let same = |known: &StatedRule| {
            (known.group, known.direction, known.place.rule) == (rule.group, rule.direction, rule.place.rule)
        };
        match all.last_mut().filter(|last| same(last.rules[0])) {
            Some(last) => last.rules.push(rule),
            None => all.extend(Written::of(cx, rule).map(|written| Faulty { rules: vec![rule], written })),
        }
    }
    all
}

/// Whether nothing is in a stated group that has rules: it was made for somebody.
pub(crate) fn is_forgotten(cx: &Context<'_>, group: GroupRef) -> bool {
    let rules = cx.document.security_groups.get_index(group.position()).is_some_and(|(_, said)| {
        !said.inbound.is_empty() || said.outbound.as_ref().is_some_and(|rules| !rules.is_empty())
    });
    rules && cx.policy[group].members.is_empty()
}

/// The group that a rule names as its peer, where nothing is in it that was to be.
pub(crate) fn forgotten_peer(cx: &Context<'_>, rule: &StatedRule) -> Option<GroupRef> {
    rule.peers.iter().find_map(|peer| match peer {
        RulePeer::Group(group) if is_forgotten(cx, *group) => Some(*group),
        _ => None,
    })
}

/// The rules that are needless beside others which stay as they are.
pub(crate) struct Needless {
    /// The rules that open to the internet what should not be.
    open: BTreeSet<RuleId>,
}

impl Needless {
    pub(crate) fn of(cx: &Context<'_>) -> Self {
        Self { open: world_open::open(cx).iter().flat_map(|open| open.rules).copied().collect() }
    }

    /// Whether other rules admit all that a rule admits, and are not themselves the ones to be narrowed or taken away:
    /// what these cover is needed once that is done. A rule that is there twice is needless once, whatever else it is.
    pub(crate) fn is(&self, cx: &Context<'_>, rule: &StatedRule) -> bool {
        let stays = |id: &RuleId| {
            let other = &cx.admission[*id];
            let used = !matches!(other.usage, Usage::Unused | Usage::Nobody) && !other.peer_is_nowhere;
            let narrow = !is_wide_in_peers(other) && !is_wide_in_ports(other) && !self.open.contains(id);
            used && narrow || other.packets.is_subset(&rule.packets)
        };
        !rule.covered_by.is_empty() && rule.covered_by.iter().all(stays)
    }
}

/// Whether a rule that flows use admits others than their ends.
fn is_wide_in_peers(rule: &StatedRule) -> bool {
    matches!(rule.usage, Usage::Flows(_)) && (rule.excess.internet || !rule.excess.members.is_empty())
}

/// Whether a rule that flows use admits other ports than theirs.
fn is_wide_in_ports(rule: &StatedRule) -> bool {
    matches!(rule.usage, Usage::Flows(_)) && !rule.excess.services.is_empty()
}

impl Faulty<'_> {
    /// The whole rule when all of its peers are meant; otherwise the first one that is.
    fn place(&self) -> Span {
        let first = self.written.peers.get(self.rules[0].place.peer);
        match first {
            Some(peer) if self.rules.len() < self.written.peers.len() => peer.span,
            _ => self.written.span,
        }
    }

    /// What has to be taken out of the text, so that these peers are gone.
    fn spans(&self) -> Vec<Span> {
        if self.rules.len() == self.written.peers.len() {
            return vec![self.written.span];
        }
        self.rules.iter().filter_map(|rule| self.written.peer(rule)).map(|peer| peer.span).collect()
    }

    /// Words for it: `2181/tcp from 0.0.0.0/0`.
    fn words(&self) -> String {
        let peers = self.rules.iter().filter_map(|rule| self.written.peer(rule));
        let peers: Vec<String> = peers.map(|peer| peer.value.to_string()).collect();
        in_words(self.rules[0], &list(&peers))
    }
}

/// A stated rule as the document has it.
pub(crate) struct Written<'a> {
    /// The whole rule.
    pub(crate) span: Span,
    pub(crate) peers: &'a OneOrMany<Spanned<Peer>>,
    pub(crate) port: Span,
    pub(crate) kind: Option<&'a Spanned<Text>>,
    pub(crate) purpose: Option<&'a Spanned<Text>>,
    pub(crate) optional: bool,
}

impl<'a> Written<'a> {
    pub(crate) fn of(cx: &Context<'a>, rule: &StatedRule) -> Option<Self> {
        let (_, group) = cx.document.security_groups.get_index(rule.group.position())?;
        match rule.direction {
            Direction::Inbound => group.inbound.get(rule.place.rule).map(|written| Self {
                span: written.span,
                peers: &written.from,
                port: written.port.span,
                kind: written.kind.as_ref(),
                purpose: written.purpose.as_ref(),
                optional: written.optional,
            }),
            Direction::Outbound => group.outbound.as_ref()?.get(rule.place.rule).map(|written| Self {
                span: written.span,
                peers: &written.to,
                port: written.port.span,
                kind: None,
                purpose: written.purpose.as_ref(),
                optional: false,
            }),
        }
    }

    /// The place of the peer; of the whole rule where it has no other.
    pub(crate) fn place(&self, rule: &StatedRule) -> Span {
        match self.peers.get(rule.place.peer) {
            Some(peer) if self.peers.len() > 1 => peer.span,
            _ => self.span,
        }
    }

    fn peer(&self, rule: &StatedRule) -> Option<&'a Spanned<Peer>> {
        self.peers.get(rule.place.peer)
    }
}

/// Words for a rule: `2181/tcp from 0.0.0.0/0`.
pub(crate) fn words(rule: &StatedRule, written: &Written<'_>) -> String {
    in_words(rule, &written.peer(rule).map(|peer| peer.value.to_string()).unwrap_or_default())
}

fn in_words(rule: &StatedRule, peers: &str) -> String {
    format!("{} {} {peers}", rule.traffic, rule.direction.peer_key())
}

/// A list in words, not longer than a person reads.
fn list(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        names if names.len() <= 4 => names.join(", "),
        names => format!("{} and {} more", names[..3].join(", "), names.len() - 3),
    }
}
