//! Sets of packets.

use std::collections::BTreeMap;

use super::diagram::{Diagram, Diagrams};
use super::{Family, Field, Intervals, Layout, Values, cover};

/// Every combination of these values. A field that is not there may be anything.
pub type Known = BTreeMap<Field, Intervals>;

/// Sets of packets of one family, and what can be made of them. All of it is exact.
///
/// ```
/// use rancher_topology::packet::{Family, Field, Intervals, Known, Space};
///
/// let mut space = Space::new(Family::V4);
/// let tcp = |first, last| {
///     Known::from([
///         (Field::Protocol, Intervals::from_to(6, 6)),
///         (Field::DestinationPort, Intervals::from_to(first, last)),
///     ])
/// };
/// let low = space.set(&[tcp(1, 1023)]);
/// let web = space.set(&[tcp(80, 80), tcp(443, 443)]);
/// assert_eq!(space.union(low, web), low);
/// let others = space.complement(web);
/// let rest = space.intersection(low, others);
/// assert_eq!(space.cover(rest), (vec![Known::from([
///     (Field::Protocol, Intervals::from_to(6, 6)),
///     (Field::DestinationPort, Intervals::of(vec![(1, 79), (81, 442), (444, 1023)])),
/// ])], true));
/// assert!(space.difference(web, low).is_empty());
/// ```
pub struct Space {
    pub(crate) diagrams: Diagrams,
    pub(crate) layout: Layout,
}

/// A set of packets of a [`Space`]. Two of one space are equal when they have the same packets, and only then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Set(pub(crate) Diagram);

pub(crate) const NO: Diagram = Diagram::leaf(0);
pub(crate) const YES: Diagram = Diagram::leaf(1);

impl Set {
    /// No packet.
    pub const NOTHING: Self = Self(NO);
    /// Every packet.
    pub const EVERYTHING: Self = Self(YES);

    /// Whether no packet is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NOTHING
    }
}

impl Space {
    /// The packets of a family. All interfaces are one: who tells them apart numbers them, and says how many bits that takes.
    #[must_use]
    pub fn new(family: Family) -> Self {
        Self::with_interfaces(family, 0)
    }

    pub(crate) fn with_interfaces(family: Family, bits: u8) -> Self {
        Self { diagrams: Diagrams::default(), layout: Layout::new(family, bits) }
    }

    /// The packets that are one of some combinations of values.
    #[must_use]
    pub fn set(&mut self, boxes: &[Known]) -> Set {
        let mut all: Vec<Set> = Vec::new();
        for one in boxes {
            let fields = Field::ORDER.iter().rev().filter_map(|field| Some((*field, one.get(field)?)));
            let set = fields.fold(YES, |inside, (field, set)| {
                self.layout.within(&mut self.diagrams, field, set, inside, NO)
            });
            all.push(Set(set));
        }
        while all.len() > 1 {
            all = all
                .chunks(2)
                .map(|pair| pair[1..].iter().fold(pair[0], |one, other| self.union(one, *other)))
                .collect();
        }
        all.pop().unwrap_or(Set::NOTHING)
    }

    /// What is in one of the two, or in both.
    #[must_use]
    pub fn union(&mut self, one: Set, other: Set) -> Set {
        Set(self.diagrams.choose(one.0, YES, other.0))
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&mut self, one: Set, other: Set) -> Set {
        Set(self.diagrams.choose(one.0, other.0, NO))
    }

    /// What is in the first and not in the second.
    #[must_use]
    pub fn difference(&mut self, one: Set, other: Set) -> Set {
        Set(self.diagrams.choose(other.0, NO, one.0))
    }

    /// What is not in it.
    #[must_use]
    pub fn complement(&mut self, set: Set) -> Set {
        self.difference(Set::EVERYTHING, set)
    }

    /// Whether a packet is in a set. A field that is not told is 0.
    #[must_use]
    pub fn contains(&self, set: Set, packet: &BTreeMap<Field, u128>) -> bool {
        let mut values = Values::default();
        for (field, value) in packet {
            self.layout.assign(&mut values, *field, Some(*value));
        }
        self.diagrams.eval(set.0, |bit| values.get(bit) == Some(true)) == 1
    }

    /// Some packets of a set, with one value for each field that says whether they are in it; `None` if there are none.
    #[must_use]
    pub fn some(&self, set: Set) -> Option<Known> {
        let mut known = BTreeMap::new();
        let mut at = set.0;
        while at.as_leaf().is_none() {
            let bit = self.diagrams.bit(at);
            let (zero, one) = self.diagrams.branches(at, bit);
            // What is no leaf leads to a packet.
            known.insert(bit, zero == NO);
            at = if zero == NO { one } else { zero };
        }
        let value = |field: Field| {
            let bits = self.layout.bits_of(field);
            known.range(bits.clone()).next()?;
            let is_set = |bit| known.get(&bit).is_some_and(|is_set| *is_set);
            let number = bits.fold(0, |number, bit| number << 1 | u128::from(is_set(bit)));
            Some((field, Intervals::points([number])))
        };
        (at != NO).then(|| Field::ORDER.into_iter().filter_map(value).collect())
    }

    /// What a set is made of, for a person to read: combinations of values, as few as are found, that do not overlap; and
    /// whether these are all. Of more than some thousand combinations not all are told.
    #[must_use]
    pub fn cover(&self, set: Set) -> (Vec<Known>, bool) {
        cover::boxes(self, set)
    }
}
