//! Who reaches whom: addresses grouped into classes that a rule set treats alike.

use std::collections::BTreeMap;

use super::filter::Filter;
use super::lower::Join;
use super::verdict::Verdict;
use crate::packet::diagram::{Bit, Diagram, Diagrams};
use crate::packet::{Field, Intervals};

/// Classes of addresses, and what becomes of packets from each to each.
///
/// Two addresses are in one class exactly when the rule set treats them alike, as a source and as a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    classes: Vec<Intervals>,
    verdicts: Vec<Verdict>,
}

impl Matrix {
    /// The addresses of each class, ordered by their lowest.
    #[must_use]
    pub fn classes(&self) -> &[Intervals] {
        &self.classes
    }

    /// What becomes of packets from a class to a class, by their positions.
    #[must_use]
    pub fn verdict(&self, from: usize, to: usize) -> Verdict {
        self.verdicts[from * self.classes.len() + to]
    }

    /// The class of an address.
    #[must_use]
    pub fn class(&self, address: u128) -> Option<usize> {
        self.classes.iter().position(|class| class.contains(address))
    }
}

impl Filter {
    /// Who reaches whom with the packets that the filter was made for. What differs between packets from one address
    /// to another is [`Verdict::Possible`].
    pub fn matrix(&mut self) -> Matrix {
        let mut reached = self.arriving();
        for field in Field::ORDER.into_iter().rev() {
            if !matches!(field, Field::Source | Field::Destination) {
                reached = self.shared.forget(reached, field, Join::Verdicts);
            }
        }
        let (diagrams, layout) = (&mut self.shared.diagrams, &self.shared.layout);
        let (source, destination) = (layout.bits_of(Field::Source), layout.bits_of(Field::Destination));

        let mut rows: Vec<Diagram> = Vec::new();
        let mut row_of: BTreeMap<Diagram, u32> = BTreeMap::new();
        let sources = parts(diagrams, reached, &source, usize::MAX).unwrap_or_default();
        let sources: Vec<(u128, u32)> = sources
            .into_iter()
            .map(|(first, row)| {
                let number = *row_of.entry(row).or_insert_with(|| {
                    rows.push(row);
                    u32::try_from(rows.len() - 1).unwrap_or(u32::MAX)
                });
                (first, number)
            })
            .collect();

        let columns = together(diagrams, rows.clone());
        let destinations: Vec<(u128, u32)> = parts(diagrams, columns, &destination, usize::MAX)
            .unwrap_or_default()
            .into_iter()
            .map(|(first, column)| (first, column.as_leaf().unwrap_or(u32::MAX)))
            .collect();

        let mut classes: BTreeMap<(u32, u32), Vec<(u128, u128)>> = BTreeMap::new();
        let (mut from, mut to) = (0, 0);
        let mut first = 0;
        let last = layout.last(Field::Source);
        loop {
            let end = |parts: &[(u128, u32)], at: usize| parts.get(at + 1).map_or(last, |(next, _)| next - 1);
            let (from_end, to_end) = (end(&sources, from), end(&destinations, to));
            let here = from_end.min(to_end);
            classes.entry((sources[from].1, destinations[to].1)).or_default().push((first, here));
            if here == last {
                break;
            }
            from += usize::from(from_end == here);
            to += usize::from(to_end == here);
            first = here + 1;
        }
        let mut classes: Vec<(u32, Intervals)> =
            classes.into_iter().map(|((row, _), parts)| (row, Intervals::of(parts))).collect();
        classes.sort_by_cached_key(|(_, class)| class.iter().next());

        let mut verdicts = Vec::with_capacity(classes.len() * classes.len());
        for (row, _) in &classes {
            for (_, class) in &classes {
                let one = class.iter().next().map_or(0, |(first, _)| first);
                let leaf =
                    diagrams.eval(rows[*row as usize], |bit| layout.bit_of(Field::Destination, bit, one));
                verdicts.push(Verdict::of(leaf));
            }
        }
        Matrix { classes: classes.into_iter().map(|(_, class)| class).collect(), verdicts }
    }
}

/// Where a diagram changes as a field grows whose bits it asks for first: each part's first value and what is left.
/// `None` if there are more parts than `most`.
pub(super) fn parts(
    diagrams: &Diagrams,
    diagram: Diagram,
    bits: &std::ops::Range<Bit>,
    most: usize,
) -> Option<Vec<(u128, Diagram)>> {
    let mut found = Vec::new();
    part(diagrams, diagram, bits.clone(), 0, most, &mut found)?;
    Some(found)
}

fn part(
    diagrams: &Diagrams,
    diagram: Diagram,
    bits: std::ops::Range<Bit>,
    first: u128,
    most: usize,
    found: &mut Vec<(u128, Diagram)>,
) -> Option<()> {
    if diagrams.bit(diagram) >= bits.end {
        if found.last().is_none_or(|(_, before)| *before != diagram) {
            found.push((first, diagram));
        }
        return (found.len() <= most).then_some(());
    }
    // A bit that is not asked for is passed all the same: what follows is there twice.
    let bit = bits.start;
    let (zero, one) = diagrams.branches(diagram, bit);
    part(diagrams, zero, bit + 1..bits.end, first, most, found)?;
    part(diagrams, one, bit + 1..bits.end, first | 1 << (bits.end - 1 - bit), most, found)
}

/// One diagram that differs exactly where one of many does.
fn together(diagrams: &mut Diagrams, mut many: Vec<Diagram>) -> Diagram {
    while many.len() > 1 {
        let mut pairs = Vec::with_capacity(many.len().div_ceil(2));
        for pair in many.chunks(2) {
            pairs.push(match *pair {
                [one, other] => {
                    let mut numbers: BTreeMap<(u32, u32), u32> = BTreeMap::new();
                    diagrams.apply(one, other, &mut |one, other| {
                        let pair = (one.as_leaf()?, other.as_leaf()?);
                        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                        Some(Diagram::leaf(*numbers.entry(pair).or_insert(next)))
                    })
                }
                _ => pair[0],
            });
        }
        many = pairs;
    }
    many.pop().unwrap_or(Diagram::leaf(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_that_is_not_asked_for_is_passed_all_the_same() {
        let mut diagrams = Diagrams::default();
        let low = diagrams.node(2, Diagram::leaf(0), Diagram::leaf(1));
        let of = |number| Diagram::leaf(number);
        let found = parts(&diagrams, low, &(0..3), usize::MAX).unwrap();
        assert_eq!(found, (0..8).map(|at| (at, of(u32::from(at % 2 == 1)))).collect::<Vec<_>>());
        assert_eq!(parts(&diagrams, low, &(0..3), 7), None);
    }
}
