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
    /// Its leaves are sets of what may be: [`SAME`] and so on.
    found: Diagram,
    equal: bool,
    unclear: bool,
    family: Family,
}

impl Change {
    /// Compares what two rule sets do with packets on a way, whatever their connections' states. The packets have no
    /// marks yet.
    ///
    /// What is not known of a packet is the same for both: it is in a set that was not given, or not; and a rule that
    /// asks for what changes from packet to packet, as `limit` does, lets the same ones through, if both have it at the
    /// same place of the same chain and each packet is asked at most once.
    #[must_use]
    pub fn of(before: (&RuleSet, &HostFacts), after: (&RuleSet, &HostFacts), hook: Hook) -> Self {
        let names = [before.1, after.1].into_iter().flat_map(HostFacts::names);
        let shared = Shared::new(before.0.family, &[before.0, after.0], names).with_unknowns();
        let zero = || Intervals::from_to(0, 0);
        let known = Known::from([(Field::Mark, zero()), (Field::ConnectionMark, zero())]);
        let (shared, was) = Lowering::verdicts(shared, before, hook, &known);
        let (mut shared, is) = Lowering::verdicts(shared, after, hook, &known);
        let diagrams = &mut shared.space.diagrams;
        let found = diagrams.apply(was, is, &mut |was, is| {
            Some(Diagram::leaf(match (was.as_leaf()?, is.as_leaf()?) {
                (0, _) | (_, 0) => 0,
                (ADMITTED, ADMITTED) | (REFUSED, REFUSED) => SAME,
                (REFUSED, ADMITTED) => ADMITS,
                (ADMITTED, REFUSED) => REFUSES,
                (REFUSED, _) | (_, ADMITTED) => MAY_ADMIT,
                (ADMITTED, _) | (_, REFUSED) => MAY_REFUSE,
                _ => UNCLEAR,
            }))
        });
        let found = match &shared.unknowns {
            Some(unknowns) => diagrams.forget(found, &|bit| unknowns.has(bit), &mut |one, other| one | other),
            None => found,
        };
        let uncertain = diagrams.leaves(found).into_iter().any(|leaf| leaf & UNCLEAR != 0);
        let unclear = uncertain && !(same(before.0, after.0) && before.1 == after.1);
        Self { shared, found, equal: was == is, unclear, family: before.0.family }
    }

    /// Whether both do the same with every packet, as far as that is known.
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.equal
    }

    /// Whether they may differ where neither is certain: they are other rules, and there are such packets.
    #[must_use]
    pub const fn may_differ_unseen(&self) -> bool {
        self.unclear
    }

    /// The packets that one treats otherwise than the other, in one way, and whether these are all. What may be admitted
    /// and may be refused, as it depends on two things, is among both.
    pub fn differences(&mut self, kind: Kind) -> (Vec<Difference>, bool) {
        let is_of_kind = |leaf: u32| match kind {
            Kind::Admits => leaf == ADMITS,
            Kind::Refuses => leaf == REFUSES,
            Kind::MayAdmit => leaf != ADMITS && leaf & (ADMITS | MAY_ADMIT) != 0,
            Kind::MayRefuse => leaf != REFUSES && leaf & (REFUSES | MAY_REFUSE) != 0,
        };
        let set = self.shared.space.diagrams.map(self.found, &mut |leaf| u32::from(is_of_kind(leaf)));
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

/// Both are certain, and alike.
const SAME: u32 = 1;
const ADMITS: u32 = 2;
const REFUSES: u32 = 4;
/// One is not certain.
const MAY_ADMIT: u32 = 8;
const MAY_REFUSE: u32 = 16;
/// Neither is.
const UNCLEAR: u32 = 32;

/// Whether two rule sets have the same rules.
fn same(one: &RuleSet, other: &RuleSet) -> bool {
    one.tables.keys().chain(other.tables.keys()).all(|table| one.has_same(table, other))
}
