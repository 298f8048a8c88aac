//! What changes for packets when a rule set takes the place of another.

use std::collections::BTreeSet;

use super::comparison::{Difference, Kind};
use super::cover::boxes;
use super::facts::HostFacts;
use super::filter::Packet;
use super::lower::{Lowering, Shared, all_rules};
use super::rule_set::{Condition, RuleSet, Target};
use super::{Hook, InterfacePattern, Known};
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals};

/// Two rule sets of one family, side by side.
pub struct Change {
    shared: Shared,
    before: Diagram,
    after: Diagram,
    unclear: bool,
    family: Family,
}

impl Change {
    /// Compares what two rule sets do with packets on a way, whatever their connections' states. The packets have no
    /// marks yet.
    #[must_use]
    pub fn of(before: (&RuleSet, &HostFacts), after: (&RuleSet, &HostFacts), hook: Hook) -> Self {
        let interfaces = [before.1, after.1].map(|facts| facts.interfaces.iter().flatten());
        let names = interfaces.into_iter().flatten().map(|interface| interface.name.as_str());
        let mut shared = Shared::new(before.0.family, &[before.0, after.0], names);
        let zero = || Intervals::from_to(0, 0);
        let known = Known::from([(Field::Mark, zero()), (Field::ConnectionMark, zero())]);
        let mut lowered = |(rules, facts)| {
            let mut verdicts = Lowering::new(&mut shared, rules, facts, &known).way(hook);
            for (field, set) in &known {
                verdicts = shared.only(verdicts, *field, set);
            }
            verdicts
        };
        let (was, is) = (lowered(before), lowered(after));
        let unclear = unknowns(before.0) != unknowns(after.0);
        Self { shared, before: was, after: is, unclear, family: before.0.family }
    }

    /// Whether both do the same with every packet, as far as that is known.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.before == self.after
    }

    /// Whether they ask for different things that no packet tells or that are not understood: then they may differ
    /// where neither is certain.
    #[must_use]
    pub const fn asks_for_other_unknowns(&self) -> bool {
        self.unclear
    }

    /// The packets that one treats otherwise than the other, in one way, and whether these are all.
    pub fn differences(&mut self, kind: Kind) -> (Vec<Difference>, bool) {
        let set = self.shared.diagrams.apply(self.before, self.after, &mut |was, is| {
            if was == is {
                return Some(Diagram::leaf(0));
            }
            let found = match (was.as_leaf()?, is.as_leaf()?) {
                (REFUSED, ADMITTED) => Kind::Admits,
                (ADMITTED, REFUSED) => Kind::Refuses,
                (REFUSED, _) | (_, ADMITTED) => Kind::MayAdmit,
                _ => Kind::MayRefuse,
            };
            Some(Diagram::leaf(u32::from(found == kind)))
        });
        let (found, all) = boxes(&self.shared, set);
        let difference = |packets: Known| {
            let named = |side| packets.get(&side).and_then(|set| self.shared.interfaces.name_in(set));
            let mut example = Packet::among(self.family, &packets, named(Field::Inbound))?;
            example.outbound = named(Field::Outbound);
            Some(Difference { kind, packets, example })
        };
        (found.into_iter().filter_map(difference).collect(), all)
    }

    /// The interfaces that some values of [`Field::Inbound`] or [`Field::Outbound`] stand for; `None` where those are
    /// among them that neither rule set names.
    #[must_use]
    pub fn interfaces(&self, classes: &Intervals) -> Option<Vec<&InterfacePattern>> {
        self.shared.interfaces.patterns(classes)
    }
}

const ADMITTED: u32 = 1;
const REFUSED: u32 = 2;

/// Everything that a rule set asks for and that is not known here.
fn unknowns(rules: &RuleSet) -> BTreeSet<&str> {
    fn of<'a>(condition: &'a Condition, all: &mut BTreeSet<&'a str>) {
        match condition {
            Condition::Unknown(text) | Condition::Set { name: text, .. } => {
                all.insert(text);
            }
            Condition::Not(inner) => of(inner, all),
            Condition::All(some) | Condition::Any(some) => some.iter().for_each(|one| of(one, all)),
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    for rule in all_rules(rules) {
        rule.conditions.iter().for_each(|condition| of(condition, &mut all));
        if let Target::Unknown(text) = &rule.target {
            all.insert(text);
        }
    }
    all
}
