//! What lowered rule sets share, so that they can be compared.

use super::{MAYBE, NO, Unknowns, YES, all_rules};
use crate::netfilter::Known;
use crate::netfilter::interfaces::Interfaces;
use crate::netfilter::outcome::{Outcome, Outcomes};
use crate::netfilter::rule_set::{Condition, InterfacePattern, RuleSet};
use crate::packet::diagram::{Bit, Diagram};
use crate::packet::{Family, Field, Intervals, Space};

/// What lowered rule sets share, so that they can be compared.
pub(in crate::netfilter) struct Shared {
    pub(in crate::netfilter) space: Space,
    pub(in crate::netfilter) interfaces: Interfaces,
    pub(in crate::netfilter) outcomes: Outcomes,
    /// What is not known of packets, where it is the same for all rule sets.
    pub(in crate::netfilter) unknowns: Option<Unknowns>,
}

/// What the leaves of a diagram are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::netfilter) enum Join {
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

impl Shared {
    /// What rule sets of a family share, with the names of further interfaces that are to be told apart.
    pub(in crate::netfilter) fn new<'a>(
        family: Family,
        rules: &[&'a RuleSet],
        names: impl Iterator<Item = &'a str>,
    ) -> Self {
        let patterns = rules.iter().flat_map(|rules| all_rules(rules)).flat_map(|rule| &rule.conditions);
        let mut all: Vec<InterfacePattern> = Vec::new();
        let mut look = |part: &Condition| {
            if let Condition::Interface(_, pattern) = part {
                all.push(pattern.clone());
            }
        };
        patterns.for_each(|condition| condition.each(&mut look));
        all.extend(names.map(|name| InterfacePattern::Name(name.to_owned())));
        let before = |rules: &RuleSet, table| {
            let chain = rules.tables.get(table).and_then(|table| table.chains.get("PREROUTING"));
            chain.is_some_and(|chain| !chain.rules.is_empty())
        };
        if rules.iter().any(|rules| before(rules, "raw") || before(rules, "nat")) {
            // What comes in there has been seen before.
            all.push(InterfacePattern::Name("lo".to_owned()));
        }
        let interfaces = Interfaces::new(all);
        let space = Space::with_interfaces(family, interfaces.bits());
        Self { space, interfaces, outcomes: Outcomes::new(), unknowns: None }
    }

    /// The same with what is not known of a packet taken to be the same in every rule set, what is remembered among it or
    /// not, and as many nodes as may be.
    pub(in crate::netfilter) fn with_unknowns(mut self, most: usize, remembered: bool) -> Self {
        self.space.diagrams.stop_after(most);
        self.unknowns = Some(Unknowns::after(self.space.layout.bits(), remembered));
        self
    }

    pub(super) fn one(&mut self, outcome: Outcome) -> Diagram {
        Diagram::leaf(self.outcomes.set(vec![outcome]))
    }

    /// Where a field is in a set, one thing; elsewhere another.
    pub(in crate::netfilter) fn within(
        &mut self,
        field: Field,
        set: &Intervals,
        inside: Diagram,
        outside: Diagram,
    ) -> Diagram {
        self.space.layout.within(&mut self.space.diagrams, field, set, inside, outside)
    }

    /// What may become of a packet where either of two things may happen.
    pub(in crate::netfilter) fn either(&mut self, one: Diagram, other: Diagram, join: Join) -> Diagram {
        let Self { space: Space { diagrams, .. }, outcomes, .. } = self;
        diagrams.apply(one, other, &mut |one, other| {
            if one == other {
                return Some(one);
            }
            Some(Diagram::leaf(join.leaves(outcomes, one.as_leaf()?, other.as_leaf()?)))
        })
    }

    /// What may become of a packet of which a field is not known.
    pub(in crate::netfilter) fn forget(&mut self, diagram: Diagram, field: Field, join: Join) -> Diagram {
        self.forget_all(diagram, &[field], join)
    }

    /// What may become of a packet of which some fields are not known.
    pub(in crate::netfilter) fn forget_all(
        &mut self,
        diagram: Diagram,
        fields: &[Field],
        join: Join,
    ) -> Diagram {
        let bits: Vec<_> = fields.iter().map(|field| self.space.layout.bits_of(*field)).collect();
        self.forget_bits(diagram, &|bit| bits.iter().any(|bits| bits.contains(&bit)), join)
    }

    /// What may become of a packet of which some bits are not known.
    pub(super) fn forget_bits(
        &mut self,
        diagram: Diagram,
        forgotten: &impl Fn(Bit) -> bool,
        join: Join,
    ) -> Diagram {
        let Self { space: Space { diagrams, .. }, outcomes, .. } = self;
        diagrams.forget(diagram, forgotten, &mut |one, other| join.leaves(outcomes, one, other))
    }

    /// The packets that have one of some values in each of some fields.
    pub(in crate::netfilter) fn one_of(&mut self, values: &Known) -> Diagram {
        let fields = Field::ORDER.iter().rev().filter_map(|field| Some((*field, values.get(field)?)));
        fields.fold(YES, |inside, (field, set)| self.within(field, set, inside, NO))
    }

    /// What may become of packets with some values of a field; nothing of others, as they cannot be.
    pub(in crate::netfilter) fn only(&mut self, diagram: Diagram, field: Field, set: &Intervals) -> Diagram {
        let inside = self.within(field, set, YES, NO);
        self.space.diagrams.choose(inside, diagram, Diagram::leaf(0))
    }

    /// `then` where a condition is met, `next` where it is not, either where it may be.
    pub(super) fn guard(&mut self, condition: Diagram, then: Diagram, next: u32) -> Diagram {
        let Self { space: Space { diagrams, .. }, outcomes, .. } = self;
        diagrams.apply(condition, then, &mut |condition, then| match condition {
            NO => Some(Diagram::leaf(next)),
            YES => Some(then),
            MAYBE => Some(Diagram::leaf(outcomes.union(then.as_leaf()?, next))),
            _ => None,
        })
    }
}
