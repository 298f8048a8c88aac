//! What changes for packets when a rule set takes the place of another.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::apart::{self, Apart, Rules};
use super::comparison::{Difference, Kind};
use super::facts::HostFacts;
use super::filter::Packet;
use super::hook::ChainOf;
use super::lower::{Lowering, Shared, all_rules};
use super::remembered;
use super::rule_set::{Rule, RuleSet};
use super::sent::{self, Answers, Elsewhere, SentTo};
use super::unfolded::unfolded;
use super::{Hook, InterfacePattern, Known, conntrack};
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals, Set, State};

/// Two rule sets of one family, side by side.
pub struct Change {
    shared: Shared,
    /// Its leaves are sets of what may be: [`SAME`] and so on. Of packets that there cannot be, it says what is shortest.
    found: Diagram,
    /// Its leaves are numbers of answers, and of packets that there cannot be as well.
    sent: Diagram,
    answers: Answers,
    /// The packets that there can be.
    possible: Diagram,
    /// What is found of these.
    kinds: Vec<u32>,
    sent_to: Vec<u32>,
    equal: bool,
    unclear: bool,
    /// The chains that are not shown to be the same by themselves, where that counts.
    apart: Vec<ChainOf>,
    may_differ_in: Vec<Unfollowed>,
    family: Family,
    hook: Hook,
}

/// Packets that are not followed through the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfollowed {
    /// Parts of packets, where nothing puts them together before rules are asked.
    Fragments,
    /// What bridges pass on, where that comes to the chains of routed packets by the rules of one of both only.
    Bridged,
}

/// Two rule sets, with what is so of them on all ways.
struct Beside<'a> {
    before: Rules<'a>,
    after: Rules<'a>,
    /// The chains that are not shown to be the same, and whether what rules count and remember is; once that was asked.
    apart: OnceCell<(Apart, bool)>,
}

impl<'a> Beside<'a> {
    const fn new(before: Rules<'a>, after: Rules<'a>) -> Self {
        Self { before, after, apart: OnceCell::new() }
    }

    fn shared(&self) -> Shared {
        let Self { before, after, .. } = self;
        let names = [before.1, after.1].into_iter().flat_map(HostFacts::names);
        Shared::new(before.0.family, &[before.0, after.0], names)
    }

    fn apart(&self) -> &(Apart, bool) {
        self.apart.get_or_init(|| {
            let Self { before, after, .. } = *self;
            // What is all known has an end.
            let is_unsure = |(rules, facts): Rules<'_>| all_rules(rules).any(|rule| rule.is_unsure(facts));
            let most = if is_unsure(before) || is_unsure(after) { 2 * MOST_NODES } else { usize::MAX };
            let with = |remembered| move || self.shared().with_unknowns(most, remembered);
            // If it is all so of the answers until then, it is so of the next one.
            let apart = Apart::of(before, after, with(true));
            if ![before.0, after.0].into_iter().flat_map(all_rules).any(Rule::asks_what_is_remembered) {
                return (apart, true);
            }
            if remembered::is_alike(before, after, &apart, with(true)) {
                return (apart, true);
            }
            (Apart::of(before, after, with(false)), false)
        })
    }

    fn on(&self, hook: Hook) -> Change {
        let Self { before, after, .. } = *self;
        let (apart, remembered) = self.apart();
        let chains = hook.all_chains();
        let on_way =
            |all: &BTreeSet<ChainOf>| chains.iter().copied().filter(|one| all.contains(one)).collect();
        let (differing, parts): (Vec<ChainOf>, Vec<ChainOf>) =
            (on_way(&apart.chains), on_way(&apart.fragments));
        // What the host sends is taken to be whole.
        let parts = (hook != Hook::Output && !parts.is_empty()).then_some(Unfollowed::Fragments);
        let may_differ_in = parts.into_iter().chain(apart.bridged.then_some(Unfollowed::Bridged)).collect();
        if differing.is_empty() {
            return Change { may_differ_in, ..Change::none(self.shared(), before.0.family, hook) };
        }
        let is_plain = [before.0, after.0].into_iter().all(|rules| apart::is_plain(rules, &differing));
        let finish = |mut change: Change| {
            change.may_differ_in = may_differ_in;
            if !is_plain {
                change.apart.clone_from(&differing);
            }
            change
        };
        let (plain, is_certain) = Change::with(self.shared(), before, after, hook);
        if is_certain {
            return finish(plain);
        }
        let most = MOST_NODES.max(4 * plain.shared.space.diagrams.len());
        let [old, new] = [before.0, after.0].map(|rules| unfolded(rules, hook));
        let before = (old.as_ref().unwrap_or(before.0), before.1);
        let after = (new.as_ref().unwrap_or(after.0), after.1);
        let shared = self.shared().with_unknowns(most, *remembered);
        let (mut bound, _) = Change::with(shared, before, after, hook);
        if bound.shared.space.diagrams.is_full() {
            return finish(plain);
        }
        bound.shared.space.diagrams.stop_after(usize::MAX);
        finish(bound)
    }
}

/// First packets of connections that both rule sets admit, and that one sends elsewhere than the other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Where the one and where the other sends them; several where it is not known which.
    pub places: Vec<(SentTo, SentTo)>,
    /// Whether it may be others than these.
    pub has_more: bool,
    /// Whether it is certain that these are two places.
    pub certain: bool,
    /// The packets.
    pub packets: Known,
    /// One of them.
    pub example: Packet,
}

impl Change {
    /// Compares what two rule sets do with packets on a way, whatever their connections' states. What comes in has no mark
    /// yet; what a process of the host sends may have any.
    ///
    /// What is not known of a packet is the same for both: it is in a set that was not given, or not. What rules count or
    /// remember, as with `limit` and `recent`, is the same if in both the same rules ask for it of the same packets, in the
    /// same chains. Where that takes too much memory, nothing is taken to be the same.
    #[must_use]
    pub fn of(before: (&RuleSet, &HostFacts), after: (&RuleSet, &HostFacts), hook: Hook) -> Self {
        Beside::new(before, after).on(hook)
    }

    /// The same on several ways, each by itself: what is so of all ways is looked at once.
    #[must_use]
    pub fn on_ways(
        before: (&RuleSet, &HostFacts),
        after: (&RuleSet, &HostFacts),
        hooks: impl IntoIterator<Item = Hook>,
    ) -> Vec<Self> {
        let beside = Beside::new(before, after);
        hooks.into_iter().map(|hook| beside.on(hook)).collect()
    }

    /// That nothing changes.
    fn none(shared: Shared, family: Family, hook: Hook) -> Self {
        Self {
            family,
            shared,
            found: Diagram::leaf(0),
            sent: Diagram::leaf(0),
            answers: Answers::default(),
            possible: Diagram::leaf(1),
            kinds: Vec::new(),
            sent_to: Vec::new(),
            equal: true,
            unclear: false,
            apart: Vec::new(),
            may_differ_in: Vec::new(),
            hook,
        }
    }

    /// The comparison, and whether all of it is certain.
    fn with(shared: Shared, before: Rules<'_>, after: Rules<'_>, hook: Hook) -> (Self, bool) {
        let family = before.0.family;
        let known = &hook.unmarked();
        let (shared, was) = Lowering::verdicts(shared, before, hook, known);
        let (shared, is) = Lowering::verdicts(shared, after, hook, known);
        let (mut shared, sent, answers) = Self::sent(shared, before, after, hook, [was, is]);
        let diagrams = &mut shared.space.diagrams;
        let found = diagrams
            .apply(was, is, &mut |was, is| Some(Diagram::leaf(found_of(was.as_leaf()?, is.as_leaf()?))));
        let found = match &shared.unknowns {
            Some(unknowns) => diagrams.forget(found, &|bit| unknowns.has(bit), &mut |one, other| one | other),
            None => found,
        };
        let [Set(possible), Set(first)] =
            [conntrack::possible(family), conntrack::first(family)].map(|all| shared.space.set(&all));
        let diagrams = &mut shared.space.diagrams;
        let mut of = |which, diagram| diagrams.choose(which, diagram, Diagram::leaf(0));
        let [found_there, was, is] = [found, was, is].map(|diagram| of(possible, diagram));
        let sent_there = of(first, sent);
        let kinds = diagrams.leaves(found_there);
        let sent_to = diagrams.leaves(sent_there);
        let answered: Vec<&Elsewhere> = sent_to.iter().filter_map(|leaf| answers.get(*leaf)).collect();
        let unclear = kinds.iter().any(|leaf| leaf & UNCLEAR != 0)
            || answered.iter().any(|answer| answer.pairs.is_empty());
        let is_certain = kinds.iter().all(|leaf| [0, SAME, ADMITS, REFUSES].contains(leaf))
            && answered.iter().all(|answer| answer.certain);
        let equal = was == is;
        let none = Self::none(shared, family, hook);
        (Self { found, sent, answers, possible, kinds, sent_to, equal, unclear, ..none }, is_certain)
    }

    /// Where packets are sent that both may admit: nowhere else, if all that says where is the same.
    fn sent(
        shared: Shared,
        before: Rules<'_>,
        after: Rules<'_>,
        hook: Hook,
        verdicts: [Diagram; 2],
    ) -> (Shared, Diagram, Answers) {
        let chains = hook.until_nat();
        if chains.into_iter().all(|chain| apart::is_same_text(before, after, chain)) {
            return (shared, Diagram::leaf(0), Answers::default());
        }
        let known = &hook.unmarked();
        let (shared, was) = Lowering::translations(shared, before, hook, known);
        let (mut shared, is) = Lowering::translations(shared, after, hook, known);
        let (sent, answers) = sent::elsewhere(&mut shared, verdicts, [was, is]);
        (shared, sent, answers)
    }

    /// Whether both admit the same packets, as far as that is known.
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.equal
    }

    /// Whether they may differ where neither is certain: they are other rules, and there are such packets.
    #[must_use]
    pub const fn may_differ_unseen(&self) -> bool {
        self.unclear
    }

    /// The built-in chains of the way, by table and name, in which the two may do something else with packets of which nothing
    /// else is told here: each of them is not shown to do the same with whatever packet comes to it, and marks, translations or
    /// the like are among what it, or another one, goes by.
    #[must_use]
    pub fn apart(&self) -> &[(&'static str, &'static str)] {
        &self.apart
    }

    /// The packets that are not followed, and may be treated otherwise.
    #[must_use]
    pub fn may_differ_in(&self) -> &[Unfollowed] {
        &self.may_differ_in
    }

    /// Whether there are packets that one treats otherwise than the other, in one way.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.kinds.iter().any(|leaf| is_of(*leaf, kind))
    }

    /// These packets, and whether all of them are told. What may be admitted and may be refused, as it depends on two
    /// things, is among both.
    pub fn differences(&mut self, kind: Kind) -> (Vec<Difference>, bool) {
        if !self.has(kind) {
            return (Vec::new(), true);
        }
        let (found, all) = self.packets(self.found, conntrack::possible, |leaf| is_of(leaf, kind));
        let difference = |(packets, there): (Known, Known)| {
            let example = self.example(&there)?;
            Some(Difference { kind, packets, example })
        };
        (found.into_iter().filter_map(difference).collect(), all)
    }

    /// Whether there are first packets of connections that both admit and one sends elsewhere than the other, for certain or
    /// perhaps.
    #[must_use]
    pub fn sends_elsewhere(&self, certain: bool) -> bool {
        let mut answers = self.sent_to.iter().filter_map(|leaf| self.answers.get(*leaf));
        answers.any(|answer| !answer.pairs.is_empty() && answer.certain == certain)
    }

    /// The first packets of connections that both admit and one sends elsewhere than the other (`DNAT`, `REDIRECT`,
    /// `NETMAP`), and whether these are all.
    pub fn sent_elsewhere(&mut self) -> (Vec<Sent>, bool) {
        let (mut found, mut whole) = (Vec::new(), true);
        for number in self.sent_to.clone() {
            let answer = self.answers.get(number).filter(|answer| !answer.pairs.is_empty()).cloned();
            let Some(answer) = answer else { continue };
            if found.len() >= MOST_SENT {
                return (found, false);
            }
            let (packets, all) = self.packets(self.sent, conntrack::first, |leaf| leaf == number);
            whole &= all;
            found.extend(packets.into_iter().filter_map(|(mut packets, there)| {
                packets.remove(&Field::State);
                let example = self.example(&there)?;
                let places = answer.pairs.iter().cloned().collect();
                Some(Sent { places, has_more: answer.more, certain: answer.certain, packets, example })
            }));
        }
        (found, whole)
    }

    /// The packets with some leaves, as few combinations as are found, and whether these are all. Beside packets that there
    /// can be, they have those that there cannot be where that makes them fewer. With each come some that there can be.
    fn packets(
        &mut self,
        of: Diagram,
        there_are: fn(Family) -> Vec<Known>,
        is_one: impl Fn(u32) -> bool,
    ) -> (Vec<(Known, Known)>, bool) {
        let space = &mut self.shared.space;
        let set = Set(space.diagrams.map(of, &mut |leaf| u32::from(is_one(leaf))));
        let (found, all) = space.cover(set);
        let there_are = there_are(self.family);
        let mut packets: Vec<(Known, Known)> = Vec::new();
        for mut one in found {
            let mut there: Vec<Known> = there_are.iter().filter_map(|other| both(&one, other)).collect();
            // None is forwarded that came in on it (`ip_rcv_finish_core`).
            if let (Hook::Forward, Some(loopback)) = (self.hook, self.shared.interfaces.loopback()) {
                let loopback = Intervals::points([loopback]);
                for inbound in there.iter_mut().filter_map(|one| one.get_mut(&Field::Inbound)) {
                    *inbound = inbound.difference(&loopback);
                }
            }
            if let Some(own) = one.get_mut(&Field::State) {
                let states = there.iter().filter_map(|one| one.get(&Field::State));
                *own = states.fold(Intervals::default(), |all, one| all.union(one));
            }
            packets.extend(there.into_iter().next().map(|example| (one, example)));
        }
        if packets.is_empty() {
            let there = space.intersection(set, Set(self.possible));
            let one = |value| Intervals::points([value]);
            let ordinary = Known::from([
                (Field::State, one(State::New.number())),
                (Field::Protocol, one(6)),
                (Field::TcpFlags, one(0b10)),
            ]);
            let ordinary = space.set(&[ordinary]);
            let ordinary = space.intersection(there, ordinary);
            let some = space.some(ordinary).or_else(|| space.some(there));
            packets.extend(some.map(|one| (one.clone(), one)));
        }
        // All packets have it.
        let unmarked = self.hook.unmarked();
        for (one, _) in &mut packets {
            one.retain(|field, set| unmarked.get(field) != Some(set));
        }
        (packets, all)
    }

    fn example(&self, packets: &Known) -> Option<Packet> {
        let named = |side| packets.get(&side).and_then(|set| self.shared.interfaces.name_in(set));
        let mut example = Packet::among(self.family, packets, named(Field::Inbound))?;
        example.outbound = named(Field::Outbound);
        Some(example)
    }

    /// The interfaces that some values of [`Field::Inbound`] or [`Field::Outbound`] stand for, as the rule sets name them, and
    /// whether those are among them that neither names. A prefix is of all that begin so and have no name here.
    #[must_use]
    pub fn interfaces(&self, classes: &Intervals) -> (Vec<&InterfacePattern>, bool) {
        self.shared.interfaces.patterns(classes)
    }

    /// The interfaces that the rule sets name and such values do not stand for.
    #[must_use]
    pub fn interfaces_besides(&self, classes: &Intervals) -> Vec<&InterfacePattern> {
        let all = self.shared.space.layout.all(Field::Inbound);
        self.shared.interfaces.patterns(&all.difference(classes)).0
    }
}

/// What is found where one rule set has a verdict and the other another.
const fn found_of(was: u32, is: u32) -> u32 {
    match (was, is) {
        (0, _) | (_, 0) => 0,
        (ADMITTED, ADMITTED) | (REFUSED, REFUSED) => SAME,
        (REFUSED, ADMITTED) => ADMITS,
        (ADMITTED, REFUSED) => REFUSES,
        (REFUSED, _) | (_, ADMITTED) => MAY_ADMIT,
        (ADMITTED, _) | (_, REFUSED) => MAY_REFUSE,
        _ => UNCLEAR,
    }
}

/// The packets that two combinations have in common, if there are any.
fn both(one: &Known, other: &Known) -> Option<Known> {
    let mut both = one.clone();
    for (field, set) in other {
        let own = both.entry(*field).or_insert_with(|| set.clone());
        *own = own.intersection(set);
        if own.is_empty() {
            return None;
        }
    }
    Some(both)
}

/// Whether a leaf has a kind of difference.
const fn is_of(leaf: u32, kind: Kind) -> bool {
    match kind {
        Kind::Admits => leaf == ADMITS,
        Kind::Refuses => leaf == REFUSES,
        Kind::MayAdmit => leaf != ADMITS && leaf & (ADMITS | MAY_ADMIT) != 0,
        Kind::MayRefuse => leaf != REFUSES && leaf & (REFUSES | MAY_REFUSE) != 0,
    }
}

/// As many nodes there may be at least before what is not known is no longer taken to be the same.
const MOST_NODES: usize = 1 << 21;

/// As many packets that are sent elsewhere are told.
const MOST_SENT: usize = 200;

const ADMITTED: u32 = 1;
const REFUSED: u32 = 2;

/// Both are certain, and alike.
const SAME: u32 = 1;
const ADMITS: u32 = 2;
const REFUSES: u32 = 4;
/// One is not certain.
const MAY_ADMIT: u32 = 8;
const MAY_REFUSE: u32 = 16;
/// Neither is.
const UNCLEAR: u32 = 32;
