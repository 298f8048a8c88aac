//! What a rule set admits against what is meant to be admitted, exactly.
//!
//! Both are functions of packets in one space: the first packets of connections that arrive on some interfaces. Where they
//! come to the same everywhere, they are one diagram.

use super::facts::HostFacts;
use super::filter::Packet;
use super::lower::{Join, Lowering, NO, Shared};
use super::rule_set::RuleSet;
use super::{Hook, Known};
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals, Set, State};

/// A rule set beside what is meant.
pub struct Comparison {
    shared: Shared,
    /// Zero where both say the same, else a [`Kind`].
    differs: Diagram,
    family: Family,
    inbound: Vec<String>,
    /// What the whole space has of some fields: of no use to a reader.
    senders: Intervals,
    of_every_opening: Known,
}

/// In what a rule set differs from what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It admits, for certain, what is to be refused.
    Admits,
    /// It refuses, for certain, what is to be admitted.
    Refuses,
    /// It may admit what is to be refused.
    MayAdmit,
    /// It may refuse what is to be admitted.
    MayRefuse,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Admits, Self::Refuses, Self::MayAdmit, Self::MayRefuse];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admits => "newly admitted",
            Self::Refuses => "newly refused",
            Self::MayAdmit => "possibly newly admitted",
            Self::MayRefuse => "possibly newly refused",
        }
    }

    /// Whether the difference is there for certain.
    #[must_use]
    pub const fn is_certain(self) -> bool {
        matches!(self, Self::Admits | Self::Refuses)
    }

    pub(super) const fn leaf(self) -> u32 {
        self as u32 + 1
    }
}

/// Packets of which a rule set does something else than what is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it does.
    pub kind: Kind,
    /// The packets: every combination of these values. A field that is not there may be anything.
    pub packets: Known,
    /// One of them.
    pub example: Packet,
}

impl Comparison {
    /// Compares, for packets of `space` that come in on one of some interfaces, what a rule set admits with `meant`.
    ///
    /// `space` and `meant` are unions of combinations of values. The packets are [`State::New`] and have no marks yet.
    #[must_use]
    pub fn of(
        rules: &RuleSet,
        facts: &HostFacts,
        inbound: &[&str],
        space: &[Known],
        meant: &[Known],
    ) -> Self {
        let shared = shared(rules, facts, inbound);
        let (mut shared, verdicts) = arriving(shared, (rules, facts), inbound, space);
        let in_space = shared.space.set(space).0;
        let meant_in_space = shared.space.set(meant).0;
        let verdicts = shared.space.diagrams.choose(in_space, verdicts, Diagram::leaf(0));
        let differs = shared.space.diagrams.apply(verdicts, meant_in_space, &mut |verdict, meant| {
            if verdict == super::verdict::IMPOSSIBLE {
                return Some(Diagram::leaf(0));
            }
            let kind = match (verdict, meant.as_leaf()? == 1) {
                (super::verdict::ADMITTED, true) | (super::verdict::REFUSED, false) => return Some(NO),
                (super::verdict::ADMITTED, false) => Kind::Admits,
                (super::verdict::REFUSED, true) => Kind::Refuses,
                (other, meant) => {
                    other.as_leaf()?;
                    if meant { Kind::MayRefuse } else { Kind::MayAdmit }
                }
            };
            Some(Diagram::leaf(kind.leaf()))
        });
        let of_all = |field| {
            let sets = space.iter().filter_map(|one: &Known| one.get(&field));
            sets.fold(Intervals::default(), |all, set| all.union(set))
        };
        let of_every_opening = [Field::TcpFlags, Field::IcmpType].map(|field| (field, of_all(field))).into();
        Self {
            senders: of_all(Field::Source),
            of_every_opening,
            family: rules.family,
            inbound: inbound.iter().map(|name| (*name).to_owned()).collect(),
            shared,
            differs,
        }
    }

    /// Whether the rule set does what is meant with every packet, for certain.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differs == NO
    }

    /// The packets of which it does something else in one way, and whether these are all.
    pub fn differences(&mut self, kind: Kind) -> (Vec<Difference>, bool) {
        let set = self.shared.space.diagrams.map(self.differs, &mut |leaf| u32::from(leaf == kind.leaf()));
        let (found, all) = self.shared.space.cover(Set(set));
        let differences = found.into_iter().filter_map(|mut packets| {
            let example = Packet::among(self.family, &packets, self.inbound_of(&packets))?;
            packets.remove(&Field::Inbound);
            packets.retain(|field, set| self.of_every_opening.get(field) != Some(set));
            if let Some(senders) = packets.get_mut(&Field::Source) {
                *senders = self.with_nobody(senders);
                if *senders == self.shared.space.layout.all(Field::Source) {
                    packets.remove(&Field::Source);
                }
            }
            Some(Difference { kind, packets, example })
        });
        (differences.collect(), all)
    }

    /// Senders, and between and around them those that nobody is: then there are fewer ranges to read.
    fn with_nobody(&self, senders: &Intervals) -> Intervals {
        let all = self.shared.space.layout.all(Field::Source);
        let nobody = all.difference(&self.senders);
        let others = self.senders.difference(senders);
        if others.is_empty() {
            return all;
        }
        let ranges: Vec<(u128, u128)> = senders.iter().collect();
        let gaps = ranges.windows(2).map(|pair| (pair[0].1 + 1, pair[1].0 - 1));
        let filled: Vec<(u128, u128)> = gaps
            .filter(|(first, last)| Intervals::from_to(*first, *last).difference(&nobody).is_empty())
            .chain(ranges.iter().copied())
            .collect();
        Intervals::of(filled)
    }

    /// The name of the interface that some packets come in on.
    fn inbound_of(&self, packets: &Known) -> Option<String> {
        let class = packets.get(&Field::Inbound).and_then(|set| set.iter().next());
        let class = class.map_or(0, |(first, _)| first);
        let named = self.inbound.iter().find(|name| self.shared.interfaces.class(name) == class);
        named.or(self.inbound.first()).cloned()
    }
}

/// Which packets that are meant to be admitted a rule set refuses, so that rules can be taken away from it on trial.
pub struct Refusals<'a> {
    facts: &'a HostFacts,
    inbound: &'a [&'a str],
    meant: &'a [Known],
    /// There but while a rule set is lowered.
    shared: Option<Shared>,
    refused: Diagram,
}

impl<'a> Refusals<'a> {
    /// Of packets that come in on one of some interfaces, as in [`Comparison::of`].
    #[must_use]
    pub fn of(rules: &RuleSet, facts: &'a HostFacts, inbound: &'a [&'a str], meant: &'a [Known]) -> Self {
        let shared = Some(shared(rules, facts, inbound));
        let mut refusals = Self { facts, inbound, meant, shared, refused: NO };
        refusals.refused = refusals.verdicts(rules);
        refusals
    }

    /// Whether fewer rules of the rule set refuse, for certain and possibly, what all of them do.
    pub fn are_those_of(&mut self, fewer: &RuleSet) -> bool {
        self.verdicts(fewer) == self.refused
    }

    fn verdicts(&mut self, rules: &RuleSet) -> Diagram {
        let Some(shared) = self.shared.take() else { return NO };
        let (mut shared, verdicts) = arriving(shared, (rules, self.facts), self.inbound, self.meant);
        let in_space = shared.space.set(self.meant).0;
        let verdicts = shared.space.diagrams.choose(in_space, verdicts, super::verdict::IMPOSSIBLE);
        self.shared = Some(shared);
        verdicts
    }
}

fn shared(rules: &RuleSet, facts: &HostFacts, inbound: &[&str]) -> Shared {
    Shared::new(rules.family, &[rules], facts.names().chain(inbound.iter().copied()))
}

/// The verdicts about packets of a union that begin connections; about others, nothing that means anything.
fn arriving(
    shared: Shared,
    (rules, facts): (&RuleSet, &HostFacts),
    inbound: &[&str],
    space: &[Known],
) -> (Shared, Diagram) {
    let zero = || Intervals::from_to(0, 0);
    let new = State::New.number();
    let classes = inbound.iter().map(|name| shared.interfaces.class(name)).map(|class| (class, class));
    let mut known = Known::from([
        (Field::State, Intervals::from_to(new, new)),
        (Field::Inbound, Intervals::of(classes.collect())),
        (Field::Mark, zero()),
        (Field::ConnectionMark, zero()),
    ]);
    for field in Field::ORDER {
        if let Some(values) = values_of(field, space) {
            known.entry(field).or_insert(values);
        }
    }
    let (mut shared, verdicts) = Lowering::verdicts(shared, (rules, facts), Hook::Arriving, &known);
    let forgotten = [Field::State, Field::Mark, Field::ConnectionMark, Field::Outbound];
    let verdicts = shared.forget_all(verdicts, &forgotten, Join::Verdicts);
    (shared, verdicts)
}

/// The values that a field may have in some combinations, or around them; `None` where it may have any.
fn values_of(field: Field, space: &[Known]) -> Option<Intervals> {
    /// What more intervals than this would leave out costs more.
    const MOST: usize = 64;
    let all = space.iter().map(|one| Some(one.get(&field)?.iter())).collect::<Option<Vec<_>>>()?;
    let set = Intervals::of(all.into_iter().flatten().collect());
    let ends = set.iter().next().zip(set.iter().next_back());
    match ends {
        Some(((first, _), (_, last))) if set.iter().len() > MOST => Some(Intervals::from_to(first, last)),
        _ => Some(set),
    }
}
