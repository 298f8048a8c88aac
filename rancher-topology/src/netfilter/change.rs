//! What changes for packets when a rule set takes the place of another.

use super::comparison::{Difference, Kind};
use super::facts::HostFacts;
use super::filter::Packet;
use super::lower::{Lowering, Shared};
use super::rule_set::RuleSet;
use super::sent::{self, Answers, Elsewhere, SentTo};
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
    /// Its leaves are numbers of answers.
    sent: Diagram,
    answers: Answers,
    sources_alike: bool,
    family: Family,
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
    /// Compares what two rule sets do with packets on a way, whatever their connections' states. The packets have no
    /// marks yet.
    ///
    /// What is not known of a packet is the same for both: it is in a set that was not given, or not; and a rule that
    /// counts for itself, as with `limit`, lets the same ones through, if both have it at the same place of the same chain
    /// and each packet is asked at most once. Where that takes too much memory, nothing is taken to be the same.
    #[must_use]
    pub fn of(before: (&RuleSet, &HostFacts), after: (&RuleSet, &HostFacts), hook: Hook) -> Self {
        let (plain, is_certain) = Self::with(before, after, hook, None);
        if is_certain {
            return plain;
        }
        let most = MOST_NODES.max(4 * plain.shared.space.diagrams.len());
        let (bound, _) = Self::with(before, after, hook, Some(most));
        if bound.shared.space.diagrams.is_full() { plain } else { bound }
    }

    /// The comparison, and whether all of it is certain.
    fn with(
        before: (&RuleSet, &HostFacts),
        after: (&RuleSet, &HostFacts),
        hook: Hook,
        unknowns: Option<usize>,
    ) -> (Self, bool) {
        let names = [before.1, after.1].into_iter().flat_map(HostFacts::names);
        let shared = Shared::new(before.0.family, &[before.0, after.0], names);
        let shared = match unknowns {
            Some(most) => shared.with_unknowns(most),
            None => shared,
        };
        let zero = || Intervals::from_to(0, 0);
        let known = Known::from([(Field::Mark, zero()), (Field::ConnectionMark, zero())]);
        let (shared, was) = Lowering::verdicts(shared, before, hook, &known);
        let (shared, is) = Lowering::verdicts(shared, after, hook, &known);
        let (shared, sent_before) = Lowering::translations(shared, before, hook, &known);
        let (mut shared, sent_after) = Lowering::translations(shared, after, hook, &known);
        let (sent, answers) = sent::elsewhere(&mut shared, [was, is], [sent_before, sent_after]);
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
        let leaves = diagrams.leaves(found);
        let sent_to: Vec<&Elsewhere> =
            diagrams.leaves(sent).into_iter().filter_map(|leaf| answers.get(leaf)).collect();
        let same = same(before.0, after.0) && before.1 == after.1;
        let unclear = !same
            && (leaves.iter().any(|leaf| leaf & UNCLEAR != 0)
                || sent_to.iter().any(|answer| answer.pairs.is_empty()));
        let is_certain = same
            || leaves.iter().all(|leaf| [0, SAME, ADMITS, REFUSES].contains(leaf))
                && sent_to.iter().all(|answer| answer.certain);
        let sources_alike = sent::sources_are_alike(before.0, after.0);
        let family = before.0.family;
        let all = Self { shared, found, equal: was == is, unclear, sent, answers, sources_alike, family };
        (all, is_certain)
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
            let example = self.example(&packets)?;
            Some(Difference { kind, packets, example })
        };
        (found.into_iter().filter_map(difference).collect(), all)
    }

    /// The first packets of connections that both admit and one sends elsewhere than the other (`DNAT`, `REDIRECT`,
    /// `NETMAP`), and whether these are all.
    pub fn sent_elsewhere(&mut self) -> (Vec<Sent>, bool) {
        let (mut found, mut whole) = (Vec::new(), true);
        for number in self.shared.space.diagrams.leaves(self.sent) {
            let Some(answer) = self.answers.get(number).filter(|answer| !answer.pairs.is_empty()) else {
                continue;
            };
            if found.len() >= MOST_SENT {
                return (found, false);
            }
            let set = self.shared.space.diagrams.map(self.sent, &mut |leaf| u32::from(leaf == number));
            let (packets, all) = self.shared.space.cover(Set(set));
            whole &= all;
            found.extend(packets.into_iter().filter_map(|mut packets| {
                packets.remove(&Field::State);
                let example = self.example(&packets)?;
                let places = answer.pairs.iter().cloned().collect();
                Some(Sent { places, has_more: answer.more, certain: answer.certain, packets, example })
            }));
        }
        (found, whole)
    }

    /// Whether both say the same of where packets are to come from (`SNAT`, `MASQUERADE`): their words, and no more.
    #[must_use]
    pub const fn has_same_sources(&self) -> bool {
        self.sources_alike
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

/// Whether two rule sets have the same rules.
fn same(one: &RuleSet, other: &RuleSet) -> bool {
    one.tables.keys().chain(other.tables.keys()).all(|table| one.has_same(table, other))
}
