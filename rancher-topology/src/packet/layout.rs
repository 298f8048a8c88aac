//! Which bit of a diagram is which bit of a field, and diagrams of single fields.

use super::diagram::{Bit, Diagram, Diagrams};
use super::{Family, Field, Intervals};

/// Where the bits of each field are. The first bit of a number is its most significant one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// First bit and length of each field, by `Field as usize`.
    places: [(Bit, u8); Field::ORDER.len()],
}

impl Layout {
    /// The layout for packets of a family, with so many bits for the class of an interface.
    pub(crate) fn new(family: Family, interface_bits: u8) -> Self {
        let mut places = [(0, 0); Field::ORDER.len()];
        let mut bits = 0;
        for field in Field::ORDER {
            let length = match field {
                Field::Source | Field::Destination | Field::SentTo => family.bits(),
                Field::Protocol | Field::IcmpType | Field::IcmpCode => 8,
                Field::SourcePort | Field::DestinationPort | Field::SentToPort => 16,
                Field::TcpFlags => 6,
                Field::State => 3,
                Field::Inbound | Field::Outbound => interface_bits,
                Field::Mark | Field::ConnectionMark => 32,
            };
            places[field as usize] = (bits, length);
            bits += Bit::from(length);
        }
        debug_assert!(usize::from(bits) <= WORDS * 64);
        Self { places }
    }

    /// The most that a field can be.
    pub(crate) fn last(&self, field: Field) -> u128 {
        let (_, length) = self.places[field as usize];
        1_u128.checked_shl(length.into()).map_or(u128::MAX, |past| past - 1)
    }

    /// Every value of a field.
    pub(crate) fn all(&self, field: Field) -> Intervals {
        Intervals::from_to(0, self.last(field))
    }

    /// The bits of a field.
    pub(crate) fn bits_of(&self, field: Field) -> std::ops::Range<Bit> {
        let (first, length) = self.places[field as usize];
        first..first + Bit::from(length)
    }

    /// How many bits all fields have.
    pub(crate) fn bits(&self) -> Bit {
        self.places.iter().map(|(_, length)| Bit::from(*length)).sum()
    }

    /// Whether a bit of a field is set in a number.
    pub(crate) fn bit_of(&self, field: Field, bit: Bit, number: u128) -> bool {
        let (first, length) = self.places[field as usize];
        number >> (Bit::from(length) - 1 - (bit - first)) & 1 == 1
    }

    /// Makes the value of a field known, or unknown.
    pub(crate) fn assign(&self, values: &mut Values, field: Field, value: Option<u128>) {
        for bit in self.bits_of(field) {
            let (word, mask) = (usize::from(bit) / 64, 1 << (bit % 64));
            values.known[word] &= !mask;
            values.set[word] &= !mask;
            if let Some(value) = value {
                values.known[word] |= mask;
                if self.bit_of(field, bit, value) {
                    values.set[word] |= mask;
                }
            }
        }
    }

    /// The bit of one field that stands where a bit of another stands. The fields are as long as each other.
    pub(crate) fn renamed(&self, from: Field, to: Field, bit: Bit) -> Bit {
        bit - self.places[from as usize].0 + self.places[to as usize].0
    }

    /// The diagram that is one thing where a field is in a set and another where it is not. Both ask for fields only
    /// that come later.
    pub(crate) fn within(
        &self,
        diagrams: &mut Diagrams,
        field: Field,
        set: &Intervals,
        inside: Diagram,
        outside: Diagram,
    ) -> Diagram {
        let intervals: Vec<(u128, u128)> = set.iter().collect();
        let (bit, length) = self.places[field as usize];
        part(diagrams, &intervals, (bit, length), 0, (inside, outside))
    }

    /// The diagram that is one thing where some bits of a field are as in a number and another where they are not.
    pub(crate) fn masked(
        &self,
        diagrams: &mut Diagrams,
        field: Field,
        (mask, value): (u128, u128),
        same: Diagram,
        other: Diagram,
    ) -> Diagram {
        self.bits_of(field).rev().fold(same, |below, bit| {
            if !self.bit_of(field, bit, mask) {
                below
            } else if self.bit_of(field, bit, value) {
                diagrams.node(bit, other, below)
            } else {
                diagrams.node(bit, below, other)
            }
        })
    }
}

/// The part of a set that begins at a number and has so many bits.
fn part(
    diagrams: &mut Diagrams,
    intervals: &[(u128, u128)],
    (bit, length): (Bit, u8),
    first: u128,
    (inside, outside): (Diagram, Diagram),
) -> Diagram {
    let last = first | 1_u128.checked_shl(length.into()).map_or(u128::MAX, |past| past - 1);
    let from = intervals.partition_point(|interval| interval.1 < first);
    let to = intervals.partition_point(|interval| interval.0 <= last);
    let intervals = &intervals[from..to.max(from)];
    match intervals {
        [] => outside,
        [(start, end)] if *start <= first && last <= *end => inside,
        _ => {
            let half = length - 1;
            let zero = part(diagrams, intervals, (bit + 1, half), first, (inside, outside));
            let one = part(diagrams, intervals, (bit + 1, half), first | 1 << half, (inside, outside));
            diagrams.node(bit, zero, one)
        }
    }
}

/// As many words as hold every bit of a layout.
const WORDS: usize = 10;

/// The values of some fields, bit by bit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    known: [u64; WORDS],
    set: [u64; WORDS],
}

impl Values {
    /// A bit, where it is known.
    pub(crate) const fn get(&self, bit: Bit) -> Option<bool> {
        let (word, shift) = (bit as usize / 64, bit % 64);
        if self.known[word] >> shift & 1 == 0 { None } else { Some(self.set[word] >> shift & 1 == 1) }
    }
}
