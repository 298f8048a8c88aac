//! Sets of numbers as sorted intervals that neither overlap nor touch.

/// A set of numbers. Two of them are the same set exactly when they are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Intervals(Vec<(u128, u128)>);

impl Intervals {
    /// No number.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// All numbers from the first to the last.
    #[must_use]
    pub fn from_to(first: u128, last: u128) -> Self {
        Self(vec![(first, last)])
    }

    /// Single numbers.
    #[must_use]
    pub fn points(numbers: impl IntoIterator<Item = u128>) -> Self {
        Self::of(numbers.into_iter().map(|number| (number, number)).collect())
    }

    /// The numbers of intervals, each from its first to its last; one that ends before it begins has none.
    #[must_use]
    pub fn of(mut intervals: Vec<(u128, u128)>) -> Self {
        intervals.retain(|(first, last)| first <= last);
        intervals.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(intervals.len());
        for (first, last) in intervals {
            match joined.last_mut() {
                Some(before) if before.1 == u128::MAX || first <= before.1 + 1 => {
                    before.1 = before.1.max(last);
                }
                _ => joined.push((first, last)),
            }
        }
        joined.shrink_to_fit();
        Self(joined)
    }

    /// The intervals, lowest first: they neither overlap nor touch.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u128, u128)> + ExactSizeIterator + '_ {
        self.0.iter().copied()
    }

    /// The number, if there is just one.
    #[must_use]
    pub fn single(&self) -> Option<u128> {
        match self.0.as_slice() {
            [(first, last)] if first == last => Some(*first),
            _ => None,
        }
    }

    /// Whether no number is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a number is in it.
    #[must_use]
    pub fn contains(&self, point: u128) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= point);
        behind > 0 && point <= self.0[behind - 1].1
    }

    /// How many numbers there are; one less than there are when that is all of them.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.0.iter().fold(0, |sum: u128, (first, last)| sum.saturating_add((last - first).saturating_add(1)))
    }

    /// What is in one of the two, or in both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (_, true) => self.clone(),
            (true, _) => other.clone(),
            _ => Self::of(self.0.iter().chain(&other.0).copied().collect()),
        }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut shared = Vec::new();
        let (mut here, mut there) = (0, 0);
        while let (Some(a), Some(b)) = (self.0.get(here), other.0.get(there)) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                shared.push((first, last));
            }
            if a.1 <= b.1 { here += 1 } else { there += 1 }
        }
        Self(shared)
    }

    /// Whether a number is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (few, many) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        few.0.iter().any(|(first, last)| {
            let behind = many.0.partition_point(|(start, _)| start <= last);
            behind > 0 && many.0[behind - 1].1 >= *first
        })
    }

    /// Whether all numbers are in the other, too.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|(first, last)| {
            let behind = other.0.partition_point(|(start, _)| start <= first);
            behind > 0 && other.0[behind - 1].1 >= *last
        })
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut there = 0;
        for &(first, last) in &self.0 {
            let mut from = Some(first);
            while let (Some(start), Some(&(hole, end))) = (from, other.0.get(there)) {
                if hole > last {
                    break;
                }
                if start < hole {
                    left.push((start, hole - 1));
                }
                if end > last {
                    from = None;
                } else {
                    from =
                        end.checked_add(1).map(|behind| behind.max(start)).filter(|behind| *behind <= last);
                    there += 1;
                }
            }
            left.extend(from.map(|start| (start, last)));
        }
        Self(left)
    }
}

#[cfg(test)]
mod tests {
    use super::Intervals;

    #[test]
    fn sets_meet_and_contain_as_their_intersection_and_difference_say() {
        let sets: Vec<Intervals> = (0_u32..64)
            .map(|bits| Intervals::points((0_u8..6).filter(|at| bits >> at & 1 == 1).map(u128::from)))
            .collect();
        for one in &sets {
            for other in &sets {
                assert_eq!(one.meets(other), !one.intersection(other).is_empty(), "{one:?} {other:?}");
                assert_eq!(one.is_subset(other), one.difference(other).is_empty(), "{one:?} {other:?}");
            }
        }
    }
}
