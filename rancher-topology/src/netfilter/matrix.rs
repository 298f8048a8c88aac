//! Who reaches whom: addresses grouped into classes that a rule set treats alike.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::filter::Filter;
use super::lower::Join;
use super::verdict::Verdict;
use crate::packet::diagram::{Diagram, Diagrams};
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
    ///
    /// `None` if there are more than a million ranges of addresses, or more than ten thousand classes of them: masks with
    /// holes make such.
    pub fn matrix(&mut self) -> Option<Matrix> {
        const MOST_RANGES: usize = 1 << 20;
        const MOST_CLASSES: usize = 10_000;
        let mut reached = self.arriving();
        for field in Field::ORDER.into_iter().rev() {
            if !matches!(field, Field::Source | Field::Destination) {
                reached = self.shared.forget(reached, field, Join::Verdicts);
            }
        }
        let (diagrams, layout) = (&mut self.shared.space.diagrams, &self.shared.space.layout);
        let (source, destination) = (layout.bits_of(Field::Source), layout.bits_of(Field::Destination));

        let mut rows: Vec<Diagram> = Vec::new();
        let mut row_of: BTreeMap<Diagram, u32> = BTreeMap::new();
        let sources = diagrams.parts(reached, &source, MOST_RANGES)?;
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

        let (columns, joined) = together(diagrams, &rows);
        let destinations: Vec<(u128, u32)> = diagrams
            .parts(columns, &destination, MOST_RANGES)?
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
        let mut classes: Vec<((u32, u32), Intervals)> =
            classes.into_iter().map(|(alike, parts)| (alike, Intervals::of(parts))).collect();
        if classes.len() > MOST_CLASSES {
            return None;
        }
        classes.sort_by_cached_key(|(_, class)| class.iter().next());

        let mut columns: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for ((_, column), _) in &classes {
            columns.entry(*column).or_insert_with(|| {
                let mut verdicts = Vec::with_capacity(rows.len());
                joined.single(*column, &mut verdicts);
                verdicts
            });
        }
        let columns: Vec<&Vec<u32>> = classes.iter().map(|((_, column), _)| &columns[column]).collect();
        let mut verdicts = Vec::with_capacity(classes.len() * classes.len());
        for ((row, _), _) in &classes {
            verdicts.extend(columns.iter().map(|column| Verdict::of(column[*row as usize])));
        }
        Some(Matrix { classes: classes.into_iter().map(|(_, class)| class).collect(), verdicts })
    }
}

/// How the numbers of many diagrams became one number.
enum Joined {
    /// A diagram's own.
    One,
    /// Each number stands for one of the first part and one of the second.
    Two(Box<Joined>, Box<Joined>, Vec<(u32, u32)>),
}

/// One diagram that differs exactly where one of many does. Halves are put together, so that big diagrams are few.
fn together(diagrams: &mut Diagrams, many: &[Diagram]) -> (Diagram, Joined) {
    if let [] | [_] = many {
        return (many.first().copied().unwrap_or(Diagram::leaf(0)), Joined::One);
    }
    let (first, second) = many.split_at(many.len() / 2);
    let (one, first) = together(diagrams, first);
    let (other, second) = together(diagrams, second);
    let mut pairs = Vec::new();
    let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
    let both = diagrams.apply(one, other, &mut |one, other| {
        let pair = (one.as_leaf()?, other.as_leaf()?);
        let number = *numbers.entry(pair).or_insert_with(|| {
            pairs.push(pair);
            u32::try_from(pairs.len() - 1).unwrap_or(u32::MAX)
        });
        Some(Diagram::leaf(number))
    });
    (both, Joined::Two(Box::new(first), Box::new(second), pairs))
}

impl Joined {
    /// The numbers of the single diagrams, in their order, where all together have a number.
    fn single(&self, number: u32, found: &mut Vec<u32>) {
        match self {
            Self::One => found.push(number),
            Self::Two(first, second, pairs) => {
                let (one, other) = pairs[number as usize];
                first.single(one, found);
                second.single(other, found);
            }
        }
    }
}
