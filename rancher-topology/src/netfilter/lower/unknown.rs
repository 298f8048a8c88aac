//! What may be met or not, where rule sets are compared: the same is the same in both.

use hashbrown::HashMap;

use super::{Join, Lowering, MAYBE, NO, YES};
use crate::netfilter::outcome::{Change, copied_from};
use crate::netfilter::rule_set::{Condition, Rule, RuleSet};
use crate::packet::Field;
use crate::packet::diagram::{Bit, Diagram};

/// What is not known of a packet, and is so or not in all rule sets alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Unknown {
    /// It depends on nothing, or on fields only, whichever rule asks: for what a packet does not tell, at one stage of its
    /// way.
    OfPacket(Condition, Option<Stage>),
    /// It depends on what a rule was asked before, as with `limit` or `recent`: it is so or not for a rule of a chain that is
    /// asked at most once; of several that ask for the same, for the so-many'th.
    OfRule { table: String, chain: String, conditions: Vec<Condition>, number: usize, asked: Condition },
    /// It is so or not after a change.
    After(Bit, Change),
}

/// A part of a packet's way on which what is not among its fields stays as it is: connection tracking finds its connection,
/// and to forward it takes one from its time to live (`ip_forward`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    BeforeTracking,
    BeforeForwarding,
    AfterForwarding,
}

impl Stage {
    /// That of a built-in chain.
    pub(super) fn of(base: (&str, &str)) -> Self {
        match base {
            ("raw", _) => Self::BeforeTracking,
            (_, "FORWARD" | "POSTROUTING") => Self::AfterForwarding,
            _ => Self::BeforeForwarding,
        }
    }
}

/// All that is not known of packets, each as a bit of diagrams, after those of the fields.
#[derive(Debug)]
pub(in crate::netfilter) struct Unknowns {
    first: Bit,
    /// In the order of their bits.
    all: Vec<Unknown>,
    bits: HashMap<Unknown, Bit>,
    /// How often one was put in another's place.
    replaced: usize,
    /// Whether what rules count and remember is the same in all rule sets.
    remembered: bool,
}

/// As often one may be put in another's place: each time costs as much as the diagrams are big.
const MOST_REPLACED: usize = 4_000;

impl Unknowns {
    pub(super) fn after(fields: Bit, remembered: bool) -> Self {
        Self { first: fields, all: Vec::new(), bits: HashMap::new(), replaced: 0, remembered }
    }

    /// Whether a bit stands for something unknown.
    pub(in crate::netfilter) const fn has(&self, bit: Bit) -> bool {
        bit >= self.first
    }

    /// `None` if there are too many.
    fn bit(&mut self, unknown: Unknown) -> Option<Bit> {
        if let Some(&bit) = self.bits.get(&unknown) {
            return Some(bit);
        }
        let bit = self.first.checked_add(Bit::try_from(self.all.len()).ok()?)?;
        if bit == Bit::MAX {
            return None;
        }
        self.all.push(unknown.clone());
        self.bits.insert(unknown, bit);
        Some(bit)
    }

    /// Whether what a bit stands for may be another thing after a change.
    fn depends(&self, bit: Bit, change: &Change) -> bool {
        match &self.all[usize::from(bit - self.first)] {
            Unknown::OfPacket(condition, _) => {
                fields_of(condition).iter().any(|field| changes(change, *field))
            }
            Unknown::OfRule { .. } => true,
            Unknown::After(bit, Change::Copied { to, .. }) => {
                self.depends(*bit, change) || changes(change, copied_from(*to))
            }
            Unknown::After(bit, _) => self.depends(*bit, change),
        }
    }
}

/// The fields on which something depends that is not known of a packet.
fn fields_of(condition: &Condition) -> Vec<Field> {
    match condition {
        Condition::Set { sides, .. } => {
            let ports = sides.iter().map(|side| match side {
                Field::Source => Field::SourcePort,
                Field::Destination => Field::DestinationPort,
                side => *side,
            });
            // A set of several dimensions may have marks.
            sides.iter().copied().chain(ports).chain((sides.len() > 1).then_some(Field::Mark)).collect()
        }
        Condition::AddressKind(field, _) => vec![*field],
        Condition::Unseen { fields, .. } => fields.clone(),
        _ => Vec::new(),
    }
}

fn changes(change: &Change, field: Field) -> bool {
    match change {
        Change::Bits { field: changed, .. }
        | Change::Copied { to: changed, .. }
        | Change::Anything(changed) => *changed == field,
        Change::Sent(to) => match field {
            Field::Destination => to.address.is_some(),
            Field::DestinationPort => to.ports.is_some(),
            _ => false,
        },
        Change::Tracked | Change::Noted(_) => false,
    }
}

impl Lowering<'_> {
    /// Where something is so that is not known: for its bit, if what it depends on is the same wherever it is asked.
    pub(super) fn unknown(&mut self, condition: &Condition) -> Diagram {
        let Some(unknowns) = &self.shared.unknowns else { return MAYBE };
        let unknown = match (condition, self.asking) {
            (Condition::Counted { .. } | Condition::Remembered { .. }, None) => return MAYBE,
            (Condition::Counted { .. } | Condition::Remembered { .. }, _)
                if !unknowns.remembered && !condition.is_by_chance() =>
            {
                return MAYBE;
            }
            (Condition::Counted { .. } | Condition::Remembered { .. }, Some(rule)) => {
                let Some(Once { table, chain, number }) = self.once.get(&place(rule)) else { return MAYBE };
                Unknown::OfRule {
                    table: (*table).to_owned(),
                    chain: (*chain).to_owned(),
                    conditions: rule.conditions.clone(),
                    number: *number,
                    asked: condition.clone(),
                }
            }
            (Condition::Unseen { .. }, _) => Unknown::OfPacket(condition.clone(), Some(Stage::of(self.base))),
            (condition, _) => Unknown::OfPacket(condition.clone(), None),
        };
        let Some(unknowns) = &mut self.shared.unknowns else { return MAYBE };
        match unknowns.bit(unknown) {
            Some(bit) => self.shared.space.diagrams.node(bit, NO, YES),
            None => MAYBE,
        }
    }

    /// What a diagram says before a change, as far as it depends on what is not known.
    pub(super) fn unknowns_before(&mut self, mut diagram: Diagram, change: &Change, join: Join) -> Diagram {
        let Some(unknowns) = &self.shared.unknowns else { return diagram };
        let mut asked = self.shared.space.diagrams.bits(diagram);
        asked.retain(|bit| unknowns.has(*bit) && unknowns.depends(*bit, change));
        // What is so after the same change already stands for what is so after two.
        for bit in asked.into_iter().rev() {
            let Some(unknowns) = &mut self.shared.unknowns else { break };
            unknowns.replaced += 1;
            if unknowns.replaced > MOST_REPLACED {
                self.shared.space.diagrams.stop_after(0);
                break;
            }
            let after = match change {
                Change::Anything(_) => None,
                change => unknowns.bit(Unknown::After(bit, change.clone())),
            };
            let Some(after) = after else {
                diagram = self.shared.forget_bits(diagram, &|one| one == bit, join);
                continue;
            };
            let diagrams = &mut self.shared.space.diagrams;
            let [no, yes] =
                [false, true].map(|so| diagrams.assign(diagram, &|one| (one == bit).then_some(so)));
            let which = diagrams.node(after, NO, YES);
            diagram = diagrams.choose(which, yes, no);
        }
        diagram
    }
}

/// Where a rule is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Once<'a> {
    table: &'a str,
    chain: &'a str,
    /// Of the rules of the chain with the same conditions.
    number: usize,
}

/// What tells rules of one rule set apart.
pub(super) type Place = *const Rule;

pub(super) fn place(rule: &Rule) -> Place {
    std::ptr::from_ref(rule)
}

/// Every rule with its place. Of those that count or remember each is asked once at most, where they have bits.
pub(super) fn places(rules: &RuleSet) -> HashMap<Place, Once<'_>> {
    let mut once = HashMap::new();
    for (table, chains) in &rules.tables {
        for (chain, all) in &chains.chains {
            let mut numbers: HashMap<&[Condition], usize> = HashMap::new();
            for rule in all.rules.iter().filter(|rule| !rule.only_tells()) {
                let number = numbers.entry(&rule.conditions).or_default();
                once.insert(place(rule), Once { table, chain, number: *number });
                *number += 1;
            }
        }
    }
    once
}
