//! What changes for packets when a rule set takes the place of another.

use super::comparison::{Difference, Kind};
use super::facts::HostFacts;
use super::filter::Packet;
use super::lower::{Lowering, Shared};
use super::rule_set::RuleSet;
use super::{Hook, InterfacePattern, Known};
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals, Set};

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
        let names = [before.1, after.1].into_iter().flat_map(HostFacts::names);
        let shared = Shared::new(before.0.family, &[before.0, after.0], names);
        let zero = || Intervals::from_to(0, 0);
        let known = Known::from([(Field::Mark, zero()), (Field::ConnectionMark, zero())]);
        let (shared, was) = Lowering::verdicts(shared, before, hook, &known);
        let (mut shared, is) = Lowering::verdicts(shared, after, hook, &known);
        let mut uncertain = false;
        shared.space.diagrams.apply(was, is, &mut |was, is| {
            let (was, is) = (was.as_leaf()?, is.as_leaf()?);
            uncertain |= was == is && was == ADMITTED | REFUSED;
            Some(Diagram::leaf(0))
        });
        let unclear = uncertain && !(same(before.0, after.0) && before.1 == after.1);
        Self { shared, before: was, after: is, unclear, family: before.0.family }
    }

    /// Whether both do the same with every packet, as far as that is known.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.before == self.after
    }

    /// Whether they may differ where neither is certain: they are other rules, and there are such packets.
    #[must_use]
    pub const fn may_differ_unseen(&self) -> bool {
        self.unclear
    }

    /// The packets that one treats otherwise than the other, in one way, and whether these are all.
    pub fn differences(&mut self, kind: Kind) -> (Vec<Difference>, bool) {
        let set = self.shared.space.diagrams.apply(self.before, self.after, &mut |was, is| {
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
        let (found, all) = self.shared.space.cover(Set(set));
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

/// Whether two rule sets have the same rules.
fn same(one: &RuleSet, other: &RuleSet) -> bool {
    one.tables.keys().chain(other.tables.keys()).all(|table| one.has_same(table, other))
}
