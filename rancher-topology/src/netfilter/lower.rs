//! From rules to diagrams: what may become of each packet in a chain.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::facts::{AddressSet, Dimension, Entry, HostFacts};
use super::interfaces::Interfaces;
use super::outcome::{Change, Changes, Outcome, Outcomes};
use super::rule_set::{
    AddressKind, Chain, Condition, FrameKind, InterfacePattern, Policy, Rule, RuleSet, Target, TranslatedTo,
    Translation,
};
use super::{Hook, Known};
use crate::packet::diagram::{Diagram, Diagrams};
use crate::packet::{Family, Field, Intervals, Layout, State, number};

/// What lowered rule sets share, so that they can be compared.
pub(super) struct Shared {
    pub(super) diagrams: Diagrams,
    pub(super) layout: Layout,
    pub(super) interfaces: Interfaces,
    outcomes: Outcomes,
}

/// A rule set on its way to diagrams.
pub(super) struct Lowering<'a> {
    pub(super) shared: &'a mut Shared,
    pub(super) rules: &'a RuleSet,
    pub(super) facts: &'a HostFacts,
    /// Fields of which only some values are asked for, and which no rule changes.
    given: &'a Known,
    hook: Hook,
    chains: HashMap<(&'a str, &'a str, View), Lowered>,
    /// The chains that are being lowered, outermost first.
    open: Vec<&'a str>,
    fields: Asked,
}

/// What a table can know of the translation of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct View {
    translated: bool,
    address: bool,
    port: bool,
}

/// What happens to a packet that some tables have let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing more.
    Leaves,
    /// It goes where its address leads.
    IsRouted,
}

/// What a rule set asks for, or changes, at all.
#[derive(Debug, Clone, Default)]
struct Asked {
    original: bool,
    translated: bool,
    changed: Vec<Field>,
    changed_sets: Vec<String>,
}

/// What a chain, or some rules of one, make of packets.
#[derive(Debug, Clone, Copy)]
struct Lowered {
    /// Its leaves are sets of [`Outcome`]s.
    diagram: Diagram,
    /// Whether some packets go on changed.
    changes: bool,
}

/// What the leaves of a diagram are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// Sets of outcomes, by number.
    Outcomes,
    /// Verdicts.
    Verdicts,
}

impl Join {
    fn leaves(self, outcomes: &mut Outcomes, one: u32, other: u32) -> u32 {
        match self {
            Self::Outcomes => outcomes.union(one, other),
            Self::Verdicts => one | other,
        }
    }
}

pub(super) const NO: Diagram = Diagram::leaf(0);
pub(super) const YES: Diagram = Diagram::leaf(1);
const MAYBE: Diagram = Diagram::leaf(2);

impl Shared {
    /// What rule sets of a family share, with the names of further interfaces that are to be told apart.
    pub(super) fn new<'a>(
        family: Family,
        rules: &[&'a RuleSet],
        names: impl Iterator<Item = &'a str>,
    ) -> Self {
        let patterns = rules.iter().flat_map(|rules| all_rules(rules)).flat_map(|rule| &rule.conditions);
        let mut all: Vec<InterfacePattern> = Vec::new();
        patterns.for_each(|condition| patterns_of(condition, &mut all));
        all.extend(names.map(|name| InterfacePattern::Name(name.to_owned())));
        let interfaces = Interfaces::new(all);
        let layout = Layout::new(family, interfaces.bits());
        Self { diagrams: Diagrams::default(), layout, interfaces, outcomes: Outcomes::new() }
    }

    fn one(&mut self, outcome: Outcome) -> Diagram {
        Diagram::leaf(self.outcomes.set(vec![outcome]))
    }

    /// Where a field is in a set, one thing; elsewhere another.
    pub(super) fn within(
        &mut self,
        field: Field,
        set: &Intervals,
        inside: Diagram,
        outside: Diagram,
    ) -> Diagram {
        self.layout.within(&mut self.diagrams, field, set, inside, outside)
    }

    /// What may become of a packet where either of two things may happen.
    pub(super) fn either(&mut self, one: Diagram, other: Diagram, join: Join) -> Diagram {
        let Self { diagrams, outcomes, .. } = self;
        diagrams.apply(one, other, &mut |one, other| {
            if one == other {
                return Some(one);
            }
            Some(Diagram::leaf(join.leaves(outcomes, one.as_leaf()?, other.as_leaf()?)))
        })
    }

    /// What may become of a packet of which a field is not known.
    pub(super) fn forget(&mut self, diagram: Diagram, field: Field, join: Join) -> Diagram {
        let Self { diagrams, outcomes, layout, .. } = self;
        let bits = layout.bits_of(field);
        diagrams
            .forget(diagram, &|bit| bits.contains(&bit), &mut |one, other| join.leaves(outcomes, one, other))
    }

    /// What may become of packets with some values of a field; nothing of others, as they cannot be.
    pub(super) fn only(&mut self, diagram: Diagram, field: Field, set: &Intervals) -> Diagram {
        let inside = self.within(field, set, YES, NO);
        self.diagrams.choose(inside, diagram, Diagram::leaf(0))
    }

    /// `then` where a condition is met, `next` where it is not, either where it may be.
    fn guard(&mut self, condition: Diagram, then: Diagram, next: u32) -> Diagram {
        let Self { diagrams, outcomes, .. } = self;
        diagrams.apply(condition, then, &mut |condition, then| match condition {
            NO => Some(Diagram::leaf(next)),
            YES => Some(then),
            MAYBE => Some(Diagram::leaf(outcomes.union(then.as_leaf()?, next))),
            _ => None,
        })
    }
}

/// All rules of a rule set.
fn all_rules(rules: &RuleSet) -> impl Iterator<Item = &Rule> {
    rules.tables.values().flat_map(|table| table.chains.values()).flat_map(|chain| &chain.rules)
}

fn patterns_of(condition: &Condition, patterns: &mut Vec<InterfacePattern>) {
    match condition {
        Condition::Interface(_, pattern) => patterns.push(pattern.clone()),
        Condition::Not(inner) => patterns_of(inner, patterns),
        Condition::All(all) | Condition::Any(all) => all.iter().for_each(|one| patterns_of(one, patterns)),
        _ => {}
    }
}

fn fields_of(condition: &Condition, asked: &mut Asked) {
    match condition {
        Condition::Within(Field::SentTo | Field::SentToPort, _) => asked.original = true,
        Condition::Translated => asked.translated = true,
        Condition::Not(inner) => fields_of(inner, asked),
        Condition::All(all) | Condition::Any(all) => all.iter().for_each(|one| fields_of(one, asked)),
        _ => {}
    }
}

impl Asked {
    fn of(rules: &RuleSet) -> Self {
        let mut asked = Self::default();
        for rule in all_rules(rules) {
            rule.conditions.iter().for_each(|condition| fields_of(condition, &mut asked));
            match &rule.target {
                Target::Translate(to) => {
                    asked.changed.extend(to.address.is_some().then_some(Field::Destination));
                    asked.changed.extend(to.ports.is_some().then_some(Field::DestinationPort));
                }
                Target::Mark { field, .. } | Target::MarkUnknown(field) => asked.changed.push(*field),
                Target::Untrack => asked.changed.push(Field::State),
                Target::ChangeSet(name) => asked.changed_sets.push(name.clone()),
                _ => {}
            }
        }
        asked
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn new(
        shared: &'a mut Shared,
        rules: &'a RuleSet,
        facts: &'a HostFacts,
        given: &'a Known,
        hook: Hook,
    ) -> Self {
        let fields = Asked::of(rules);
        Self { shared, rules, facts, given, hook, chains: HashMap::new(), open: Vec::new(), fields }
    }

    /// What becomes of packets in all tables of the hook, as [`Verdict`](super::Verdict)s.
    pub(super) fn path(&mut self) -> Diagram {
        let then = if self.hook == Hook::Arriving { Then::IsRouted } else { Then::Leaves };
        self.tables(self.hook.tables(), then, View::default())
    }

    /// What becomes of packets in some tables, and then where `then` says that they go.
    pub(super) fn tables(
        &mut self,
        tables: &[(&'static str, &'static str)],
        then: Then,
        view: View,
    ) -> Diagram {
        let Some(((table, chain), rest)) = tables.split_first() else {
            return match then {
                Then::Leaves => super::verdict::ADMITTED,
                Then::IsRouted => self.routed(view),
            };
        };
        let Some(found) = self.chain_of(table, chain) else {
            return self.tables(rest, then, view);
        };
        let mut lowered = self.base(table, chain, found, view);
        if *table == "nat" {
            // Only what begins a connection asks this table (`man iptables`, nat).
            let asks = Intervals::of(vec![
                (State::New.number(), State::New.number()),
                (State::Related.number(), State::Related.number()),
            ]);
            let asks = self.shared.within(Field::State, &asks, YES, NO);
            let passes = self.shared.one(Outcome::Accept(0));
            lowered.diagram = self.shared.diagrams.choose(asks, lowered.diagram, passes);
        }
        let next = self.tables(rest, then, view);
        if !lowered.changes {
            let Shared { diagrams, outcomes, .. } = &mut *self.shared;
            return diagrams.apply(lowered.diagram, next, &mut |here, next| {
                verdict_of(outcomes.get(here.as_leaf()?), next)
            });
        }
        let mut after: BTreeMap<Changes, Diagram> = BTreeMap::new();
        for changes in self.changes_in(lowered.diagram) {
            let view = self.view_after(view, changes);
            let next = self.tables(rest, then, view);
            let diagram = self.before(changes, next, Join::Verdicts);
            after.insert(changes, diagram);
        }
        self.graft(
            lowered.diagram,
            |outcome| match outcome.made() {
                Some(changes) => after[&changes],
                None => super::verdict::REFUSED,
            },
            Join::Verdicts,
        )
    }

    fn chain_of(&self, table: &str, chain: &str) -> Option<&'a Chain> {
        self.rules.tables.get(table)?.chains.get(chain)
    }

    /// A built-in chain with its policy: every outcome accepts or drops.
    fn base(&mut self, table: &'a str, name: &'a str, chain: &'a Chain, view: View) -> Lowered {
        let lowered = self.chain(table, name, chain, view);
        let policy = chain.policy.unwrap_or(Policy::Accept);
        let end = |outcome| match (outcome, policy) {
            (Outcome::Next(changes) | Outcome::Return(changes), Policy::Accept) => Outcome::Accept(changes),
            (Outcome::Next(_) | Outcome::Return(_), Policy::Drop) => Outcome::Drop,
            (decided, _) => decided,
        };
        Lowered { diagram: self.each(lowered.diagram, end), ..lowered }
    }

    fn each(&mut self, diagram: Diagram, become_: impl Fn(Outcome) -> Outcome) -> Diagram {
        let Shared { diagrams, outcomes, .. } = &mut *self.shared;
        diagrams.map(diagram, &mut |leaf| outcomes.each(leaf, &become_))
    }

    /// All changes with which packets leave.
    fn changes_in(&mut self, diagram: Diagram) -> Vec<Changes> {
        let mut all = Vec::new();
        let Shared { diagrams, outcomes, .. } = &mut *self.shared;
        diagrams.map(diagram, &mut |leaf| {
            all.extend(outcomes.get(leaf).iter().filter_map(|outcome| outcome.made()));
            0
        });
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The diagram that has, where some outcomes are possible, what follows each of them.
    fn graft(
        &mut self,
        diagram: Diagram,
        mut follows: impl FnMut(Outcome) -> Diagram,
        join: Join,
    ) -> Diagram {
        let mut leaves = Vec::new();
        self.shared.diagrams.map(diagram, &mut |leaf| {
            leaves.push(leaf);
            0
        });
        leaves.sort_unstable();
        leaves.dedup();
        let mut grafts: HashMap<u32, Diagram> = HashMap::new();
        for leaf in leaves {
            let outcomes = self.shared.outcomes.get(leaf).to_vec();
            let all = outcomes.into_iter().map(&mut follows).collect::<Vec<_>>();
            let all = all.into_iter().reduce(|one, other| self.shared.either(one, other, join));
            grafts.insert(leaf, all.unwrap_or(Diagram::leaf(0)));
        }
        self.shared.diagrams.graft(diagram, &mut |leaf| grafts[&leaf])
    }

    /// A chain, as those see it who call it.
    fn chain(&mut self, table: &'a str, name: &'a str, chain: &'a Chain, view: View) -> Lowered {
        if let Some(&known) = self.chains.get(&(table, name, view)) {
            return known;
        }
        self.open.push(name);
        let rules: Vec<Lowered> =
            chain.rules.iter().filter_map(|rule| self.rule(table, rule, view)).collect();
        let next = Lowered { diagram: self.shared.one(Outcome::Next(0)), changes: false };
        let lowered = self.in_turn(&rules).unwrap_or(next);
        self.open.pop();
        self.chains.insert((table, name, view), lowered);
        lowered
    }

    /// Rules in their order, as one. Halves are put together, so that big diagrams are rarely touched.
    fn in_turn(&mut self, rules: &[Lowered]) -> Option<Lowered> {
        match rules {
            [] => None,
            [only] => Some(*only),
            _ => {
                let (first, second) = rules.split_at(rules.len() / 2);
                let (first, second) = (self.in_turn(first)?, self.in_turn(second)?);
                Some(self.then(first, second))
            }
        }
    }

    /// One after another: where the first leads on, the second is asked.
    fn then(&mut self, first: Lowered, second: Lowered) -> Lowered {
        let changes = first.changes || second.changes;
        if !first.changes {
            let Shared { diagrams, outcomes, .. } = &mut *self.shared;
            let diagram = diagrams.apply(first.diagram, second.diagram, &mut |first, second| {
                let here = first.as_leaf()?;
                let set = outcomes.get(here);
                if !set.iter().any(|outcome| matches!(outcome, Outcome::Next(_))) {
                    return Some(first);
                }
                if set.len() == 1 {
                    return Some(second);
                }
                let decided = set.iter().copied().filter(|outcome| !matches!(outcome, Outcome::Next(_)));
                let decided = decided.collect();
                let decided = outcomes.set(decided);
                Some(Diagram::leaf(outcomes.union(decided, second.as_leaf()?)))
            });
            return Lowered { diagram, changes };
        }
        let mut after: BTreeMap<Changes, Diagram> = BTreeMap::new();
        for made in self.changes_in(first.diagram) {
            let next = self.before(made, second.diagram, Join::Outcomes);
            let next = self.each_after(next, made);
            after.insert(made, next);
        }
        let mut decided: BTreeMap<Outcome, Diagram> = BTreeMap::new();
        let mut all = Vec::new();
        let Shared { diagrams, outcomes, .. } = &mut *self.shared;
        diagrams.map(first.diagram, &mut |leaf| {
            all.extend_from_slice(outcomes.get(leaf));
            0
        });
        for outcome in all {
            let leaf = self.shared.one(outcome);
            decided.insert(outcome, leaf);
        }
        let diagram = self.graft(
            first.diagram,
            |outcome| match outcome {
                Outcome::Next(made) => after[&made],
                decided_already => decided[&decided_already],
            },
            Join::Outcomes,
        );
        Lowered { diagram, changes }
    }

    /// The diagram in which the changes of each outcome come after others.
    fn each_after(&mut self, diagram: Diagram, first: Changes) -> Diagram {
        if first == 0 {
            return diagram;
        }
        let Shared { diagrams, outcomes, .. } = &mut *self.shared;
        diagrams.map(diagram, &mut |leaf| {
            let set = outcomes.get(leaf).to_vec();
            let set = set.into_iter().map(|outcome| match outcome.made() {
                Some(then) => outcome.with(outcomes.after(first, then)),
                None => outcome,
            });
            let set = set.collect();
            outcomes.set(set)
        })
    }

    /// What a diagram says of packets before some changes are made.
    fn before(&mut self, changes: Changes, mut diagram: Diagram, join: Join) -> Diagram {
        let all = self.shared.outcomes.change(changes).to_vec();
        for change in all.into_iter().rev() {
            diagram = match change {
                Change::Bits { field, mask, value } => self.with_bits(diagram, field, mask, value),
                Change::Anything(field) => self.shared.forget(diagram, field, join),
                Change::Sent(to) => self.sent(diagram, &to, join),
            };
        }
        diagram
    }

    pub(super) fn with_bits(&mut self, diagram: Diagram, field: Field, mask: u128, value: u128) -> Diagram {
        let Shared { diagrams, layout, .. } = &mut *self.shared;
        let bits = layout.bits_of(field);
        diagrams.assign(diagram, &|bit| {
            (bits.contains(&bit) && layout.bit_of(field, bit, mask)).then(|| layout.bit_of(field, bit, value))
        })
    }

    fn sent(&mut self, mut diagram: Diagram, to: &Translation, join: Join) -> Diagram {
        let all = u128::MAX;
        if let Some(address) = &to.address {
            let replaced = match address {
                TranslatedTo::Addresses(first, last) => {
                    Some(Intervals::from_to(number(*first), number(*last)))
                }
                TranslatedTo::Host => self.facts.addresses(self.rules.family),
                TranslatedTo::Network(net) => {
                    let mask = number(net.netmask());
                    diagram = self.with_bits(diagram, Field::Destination, mask, number(net.network()));
                    return self.shared.forget(diagram, Field::SentTo, join);
                }
            };
            diagram = match replaced.as_ref().map(|set| (set, set.single())) {
                Some((_, Some(only))) => self.with_bits(diagram, Field::Destination, all, only),
                Some((set, None)) => self.one_of(diagram, Field::Destination, set, join),
                None => self.shared.forget(diagram, Field::Destination, join),
            };
            diagram = self.rename(diagram, Field::SentTo, Field::Destination);
        }
        if let Some((first, last)) = to.ports {
            diagram = if first == last {
                self.with_bits(diagram, Field::DestinationPort, all, first.into())
            } else {
                let set = Intervals::from_to(first.into(), last.into());
                self.one_of(diagram, Field::DestinationPort, &set, join)
            };
            diagram = self.rename(diagram, Field::SentToPort, Field::DestinationPort);
        }
        diagram
    }

    fn one_of(&mut self, diagram: Diagram, field: Field, set: &Intervals, join: Join) -> Diagram {
        let here = self.shared.only(diagram, field, set);
        self.shared.forget(here, field, join)
    }

    fn rename(&mut self, diagram: Diagram, from: Field, to: Field) -> Diagram {
        if !self.fields.original {
            return diagram;
        }
        let Shared { diagrams, layout, .. } = &mut *self.shared;
        let bits = layout.bits_of(from);
        diagrams.rename(diagram, &|bit| if bits.contains(&bit) { layout.renamed(from, to, bit) } else { bit })
    }

    fn view_after(&self, view: View, changes: Changes) -> View {
        let mut view = view;
        for change in self.shared.outcomes.change(changes) {
            if let Change::Sent(to) = change {
                view.translated |= self.fields.translated;
                view.address |= self.fields.original && to.address.is_some();
                view.port |= self.fields.original && to.ports.is_some();
            }
        }
        view
    }

    /// A rule, or `None` if it decides nothing.
    fn rule(&mut self, table: &'a str, rule: &'a Rule, view: View) -> Option<Lowered> {
        let next = self.shared.outcomes.set(vec![Outcome::Next(0)]);
        let target = self.target(table, &rule.target, view)?;
        let mut fields: BTreeMap<usize, (Field, Intervals)> = BTreeMap::new();
        let mut rest = Vec::new();
        for condition in &rule.conditions {
            if let Some((field, set)) = self.single(condition, view) {
                let place = usize::from(self.shared.layout.bits_of(field).start);
                fields
                    .entry(place)
                    .and_modify(|(_, known)| *known = known.intersection(&set))
                    .or_insert((field, set));
            } else {
                rest.push(condition);
            }
        }
        for (field, set) in fields.values_mut() {
            if let Some(given) = self.given_for(*field) {
                if set.intersection(given).is_empty() {
                    return None;
                }
                if given.difference(set).is_empty() {
                    *set = self.shared.layout.all(*field);
                }
            }
        }
        let mut met = YES;
        for condition in rest {
            let condition = self.condition(condition, view);
            met = self.both(met, condition);
        }
        let mut diagram =
            if met == YES { target.diagram } else { self.shared.guard(met, target.diagram, next) };
        if diagram.as_leaf().is_some() {
            for (field, set) in fields.values().rev() {
                diagram = self.shared.within(*field, set, diagram, Diagram::leaf(next));
            }
        } else {
            let inside = fields
                .values()
                .rev()
                .fold(YES, |inside, (field, set)| self.shared.within(*field, set, inside, NO));
            diagram = self.shared.guard(inside, diagram, next);
        }
        Some(Lowered { diagram, changes: target.changes })
    }

    fn given_for(&self, field: Field) -> Option<&'a Intervals> {
        if self.fields.changed.contains(&field) { None } else { self.given.get(&field) }
    }

    /// A condition on one field, as the set of its values.
    fn single(&self, condition: &Condition, view: View) -> Option<(Field, Intervals)> {
        match condition {
            Condition::Within(field, set) => {
                let field = match field {
                    Field::SentTo if !view.address => Field::Destination,
                    Field::SentToPort if !view.port => Field::DestinationPort,
                    field => *field,
                };
                Some((field, self.whole(field, set)))
            }
            Condition::Interface(field, pattern) => Some((*field, self.shared.interfaces.matching(pattern))),
            Condition::Not(inner) => {
                let (field, set) = self.single(inner, view)?;
                Some((field, self.shared.layout.all(field).difference(&set)))
            }
            _ => None,
        }
    }

    /// A set without numbers that a field cannot have. What is no state counts as the last one.
    fn whole(&self, field: Field, set: &Intervals) -> Intervals {
        let all = self.shared.layout.all(field);
        let last = State::Untracked.number();
        if field == Field::State && set.contains(last) {
            return set.union(&Intervals::from_to(last, self.shared.layout.last(field)));
        }
        set.intersection(&all)
    }

    /// Where a condition is met, may be, and is not.
    fn condition(&mut self, condition: &Condition, view: View) -> Diagram {
        if let Some((field, set)) = self.single(condition, view) {
            return match self.given_for(field) {
                Some(given) if set.intersection(given).is_empty() => NO,
                Some(given) if given.difference(&set).is_empty() => YES,
                _ => self.shared.within(field, &set, YES, NO),
            };
        }
        match condition {
            Condition::Masked { field, mask, value } => {
                let Shared { diagrams, layout, .. } = &mut *self.shared;
                layout.masked(diagrams, *field, (*mask, *value), YES, NO)
            }
            Condition::AddressKind(field, kinds) => self.address_kind(*field, kinds),
            Condition::Set { name, sides } => self.set(name, sides, view, &mut Vec::new()),
            Condition::Frame(kind) => self.frame(*kind),
            Condition::Translated if view.translated => YES,
            Condition::Translated => NO,
            Condition::Not(inner) => {
                let inner = self.condition(inner, view);
                self.not(inner)
            }
            Condition::All(all) => all.iter().fold(YES, |met, one| {
                let one = self.condition(one, view);
                self.both(met, one)
            }),
            Condition::Any(any) => {
                let any = any.iter().map(|one| self.condition(one, view)).collect::<Vec<_>>();
                self.any(any)
            }
            Condition::Within(..) | Condition::Interface(..) | Condition::Unknown(_) => MAYBE,
        }
    }

    fn not(&mut self, condition: Diagram) -> Diagram {
        self.shared.diagrams.map(condition, &mut |leaf| match leaf {
            0 => 1,
            1 => 0,
            maybe => maybe,
        })
    }

    fn both(&mut self, one: Diagram, other: Diagram) -> Diagram {
        self.shared.diagrams.apply(one, other, &mut |one, other| match (one, other) {
            (NO, _) | (_, NO) => Some(NO),
            (YES, both) | (both, YES) => Some(both),
            (MAYBE, MAYBE) => Some(MAYBE),
            _ => None,
        })
    }

    fn any(&mut self, mut any: Vec<Diagram>) -> Diagram {
        while any.len() > 1 {
            let pairs = any.chunks(2).map(|pair| match *pair {
                [one, other] => {
                    self.shared.diagrams.apply(one, other, &mut |one, other| match (one, other) {
                        (YES, _) | (_, YES) => Some(YES),
                        (NO, either) | (either, NO) => Some(either),
                        (MAYBE, MAYBE) => Some(MAYBE),
                        _ => None,
                    })
                }
                _ => pair[0],
            });
            any = pairs.collect();
        }
        any.pop().unwrap_or(NO)
    }

    fn address_kind(&mut self, field: Field, kinds: &[AddressKind]) -> Diagram {
        let layout = &self.shared.layout;
        let family = layout.family();
        let all = layout.all(field);
        let multicast = match family {
            Family::V4 => Intervals::from_to(0xE000_0000, 0xEFFF_FFFF),
            Family::V6 => Intervals::from_to(0xFF << 120, u128::MAX),
        };
        let everyone = match family {
            Family::V4 => Intervals::from_to(0xFFFF_FFFF, 0xFFFF_FFFF),
            Family::V6 => Intervals::default(),
        };
        let known = self.facts.addresses(family).zip(self.facts.broadcasts(family));
        // Loopback addresses are local on every host.
        let loopback = match family {
            Family::V4 => Intervals::from_to(0x7F00_0000, 0x7FFF_FFFF),
            Family::V6 => Intervals::from_to(1, 1),
        };
        let unspecified = Intervals::from_to(0, 0);
        let (local, broadcast, unclear) = match known {
            Some((local, broadcast)) => {
                (local.union(&loopback), broadcast.union(&everyone), Intervals::default())
            }
            None => {
                let sure = multicast.union(&everyone).union(&loopback).union(&unspecified);
                (loopback, everyone, all.difference(&sure))
            }
        };
        let special = local.union(&broadcast).union(&multicast).union(&unspecified).union(&unclear);
        let unicast = all.difference(&special);
        let (mut met, mut maybe) = (Intervals::default(), Intervals::default());
        for kind in kinds {
            match kind {
                AddressKind::Local => met = met.union(&local),
                AddressKind::Broadcast => met = met.union(&broadcast),
                AddressKind::Multicast => met = met.union(&multicast),
                // A route may make any address of somebody else unreachable, prohibited or anycast.
                AddressKind::Unicast => met = met.union(&unicast),
                AddressKind::Other => maybe = maybe.union(&unicast),
            }
            if *kind != AddressKind::Multicast {
                maybe = maybe.union(&unclear).union(&unspecified);
            }
        }
        let maybe = maybe.difference(&met);
        let other = self.shared.within(field, &maybe, MAYBE, NO);
        let met = self.shared.within(field, &met, YES, NO);
        self.any(vec![met, other])
    }

    fn frame(&mut self, kind: FrameKind) -> Diagram {
        match (self.hook, kind) {
            // Only frames to the host are forwarded (`ip_forward` of the kernel).
            (Hook::Forward, FrameKind::Unicast) => YES,
            (Hook::Forward, _) => NO,
            _ => MAYBE,
        }
    }

    fn set(&mut self, name: &str, sides: &[Field], view: View, asked: &mut Vec<String>) -> Diagram {
        if self.fields.changed_sets.iter().any(|changed| changed == name)
            || asked.iter().any(|one| one == name)
        {
            return MAYBE;
        }
        match self.facts.sets.get(name) {
            None | Some(AddressSet::Unknown(_)) => MAYBE,
            Some(AddressSet::List(names)) => {
                asked.push(name.to_owned());
                let any = names.iter().map(|name| self.set(name, sides, view, asked)).collect();
                asked.pop();
                self.any(any)
            }
            Some(AddressSet::Entries(entries)) => self.entries(entries, sides, view),
        }
    }

    fn entries(&mut self, entries: &'a [Entry], sides: &[Field], view: View) -> Diagram {
        // With fewer sides than a set has dimensions, the kernel finds nothing in it (`ip_set_test`).
        if entries.iter().any(|entry| entry.dimensions.len() > sides.len()) {
            return NO;
        }
        if let [side, ..] = sides {
            let addresses = |entry: &'a Entry| match entry.dimensions.as_slice() {
                [Dimension::Addresses(addresses)] => Some((addresses, entry.not)),
                _ => None,
            };
            if let Some(all) = entries.iter().map(addresses).collect::<Option<Vec<_>>>() {
                return self.shared.within(*side, &most_exact(all), YES, NO);
            }
        }
        if entries.iter().any(|entry| entry.not) {
            return MAYBE;
        }
        let any = entries.iter().map(|entry| {
            let all =
                entry.dimensions.iter().zip(sides).map(|(dimension, side)| dimension_of(dimension, *side));
            self.condition(&Condition::All(all.collect()), view)
        });
        let any = any.collect();
        self.any(any)
    }

    /// What a target does with every packet; `None` if that is nothing.
    fn target(&mut self, table: &'a str, target: &'a Target, view: View) -> Option<Lowered> {
        let outcome = match target {
            Target::Nothing | Target::ChangeSet(_) => return None,
            Target::Accept | Target::Masquerade => Outcome::Accept(0),
            Target::Drop => Outcome::Drop,
            Target::Return => Outcome::Return(0),
            Target::Jump(name) | Target::Goto(name) => {
                let back = matches!(target, Target::Jump(_));
                return Some(self.call(table, name, back, view));
            }
            Target::Translate(to) => Outcome::Accept(self.made(Change::Sent(to.clone()))),
            Target::Mark { field, mask, value } if value & !mask == 0 => {
                Outcome::Next(self.made(Change::Bits { field: *field, mask: *mask, value: *value }))
            }
            Target::Mark { field, .. } | Target::MarkUnknown(field) => {
                Outcome::Next(self.made(Change::Anything(*field)))
            }
            Target::Untrack => {
                let value = State::Untracked.number();
                Outcome::Next(self.made(Change::Bits { field: Field::State, mask: u128::MAX, value }))
            }
            Target::Queue => return Some(self.any_of(&[Outcome::Accept(0), Outcome::Drop])),
            Target::Unknown(_) => {
                return Some(self.any_of(&[Outcome::Accept(0), Outcome::Drop, Outcome::Next(0)]));
            }
        };
        let changes = outcome.made().is_some_and(|changes| changes != 0);
        Some(Lowered { diagram: self.shared.one(outcome), changes })
    }

    fn made(&mut self, change: Change) -> Changes {
        self.shared.outcomes.changes(vec![change])
    }

    fn any_of(&mut self, outcomes: &[Outcome]) -> Lowered {
        let set = self.shared.outcomes.set(outcomes.to_vec());
        Lowered { diagram: Diagram::leaf(set), changes: false }
    }

    fn call(&mut self, table: &'a str, name: &'a str, back: bool, view: View) -> Lowered {
        let Some(chain) = self.chain_of(table, name) else {
            return self.any_of(&[Outcome::Accept(0), Outcome::Drop, Outcome::Next(0)]);
        };
        if self.open.contains(&name) {
            // The kernel refuses a rule set with a loop; who reads one tells so before.
            return self.any_of(&[Outcome::Accept(0), Outcome::Drop]);
        }
        let called = self.chain(table, name, chain, view);
        let diagram = self.each(called.diagram, |outcome| match outcome {
            Outcome::Next(changes) | Outcome::Return(changes) if back => Outcome::Next(changes),
            Outcome::Next(changes) => Outcome::Return(changes),
            decided => decided,
        });
        Lowered { diagram, ..called }
    }
}

/// What the tables that follow make of a packet whose outcomes in one are known, if that is decided.
fn verdict_of(outcomes: &[Outcome], next: Diagram) -> Option<Diagram> {
    let dropped = outcomes.contains(&Outcome::Drop);
    let accepted = outcomes.iter().any(|outcome| outcome.made().is_some());
    match (accepted, dropped) {
        (false, false) => Some(super::verdict::IMPOSSIBLE),
        (false, true) => Some(super::verdict::REFUSED),
        (true, false) => Some(next),
        (true, true) => {
            let refused = super::verdict::REFUSED.as_leaf()?;
            Some(Diagram::leaf(next.as_leaf()? | refused))
        }
    }
}

/// The addresses of a set in which a smaller network has the last word.
fn most_exact<'e>(entries: Vec<(&'e Intervals, bool)>) -> Intervals {
    if entries.iter().all(|(_, not)| !not) {
        return Intervals::of(entries.iter().flat_map(|(addresses, _)| addresses.iter()).collect());
    }
    let mut entries = entries;
    entries.sort_by_key(|(addresses, _)| std::cmp::Reverse(addresses.count()));
    entries.into_iter().fold(Intervals::default(), |set, (addresses, not)| {
        if not { set.difference(addresses) } else { set.union(addresses) }
    })
}

fn dimension_of(dimension: &Dimension, side: Field) -> Condition {
    let port = if side == Field::Source { Field::SourcePort } else { Field::DestinationPort };
    match dimension {
        Dimension::Addresses(addresses) => Condition::Within(side, addresses.clone()),
        Dimension::AnyPorts(ports) => Condition::Within(port, ports.clone()),
        Dimension::Ports { protocol, ports } => {
            let mut all = vec![Condition::Within(
                Field::Protocol,
                Intervals::from_to((*protocol).into(), (*protocol).into()),
            )];
            match protocol {
                1 | 58 => all.push(Condition::Any(ports.iter().flat_map(icmp_messages).collect())),
                6 | 17 | 132 | 136 => all.push(Condition::Within(port, ports.clone())),
                // Protocols without ports have port 0 here (`ip_set_get_ip_port`, `net/netfilter/ipset/ip_set_getport.c`).
                _ if ports.contains(0) => {}
                _ => all.push(Condition::Any(Vec::new())),
            }
            Condition::All(all)
        }
        Dimension::Interface(name) => {
            let side = if side == Field::Source { Field::Inbound } else { Field::Outbound };
            Condition::Interface(side, InterfacePattern::Name(name.clone()))
        }
        Dimension::Mark(marks) => Condition::Within(Field::Mark, marks.clone()),
    }
}

/// ICMP messages from one type and code to another.
fn icmp_messages((first, last): (u128, u128)) -> Vec<Condition> {
    let messages = |kinds: (u128, u128), codes: (u128, u128)| {
        Condition::All(vec![
            Condition::Within(Field::IcmpType, Intervals::of(vec![kinds])),
            Condition::Within(Field::IcmpCode, Intervals::of(vec![codes])),
        ])
    };
    let ((kind, code), (last_kind, last_code)) = ((first >> 8, first & 0xFF), (last >> 8, last & 0xFF));
    if kind == last_kind {
        return vec![messages((kind, kind), (code, last_code))];
    }
    let mut all =
        vec![messages((kind, kind), (code, 0xFF)), messages((last_kind, last_kind), (0, last_code))];
    if kind + 1 < last_kind {
        all.push(messages((kind + 1, last_kind - 1), (0, 0xFF)));
    }
    all
}
