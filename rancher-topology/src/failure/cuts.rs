//! Sets of failures that lose something, written so that alike ones are one: "any 2 of these 3".

use std::collections::{BTreeMap, BTreeSet};

use super::Failure;

/// Sets of failures, each of which loses something: every way to take so many from each choice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// What a set is taken from.
    pub choices: Vec<Choice>,
    /// Whether it is lost wherever the databases stand that may stand in several places.
    pub certain: bool,
}

/// Any so many of these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choice {
    /// How many of them.
    pub count: usize,
    /// What there is to take. Failures that stand together do the same, so one of them is taken.
    pub of: Vec<Vec<Failure>>,
}

impl Cut {
    /// Whether a set of nodes alone is among them.
    #[must_use]
    pub fn can_be_nodes(&self) -> bool {
        let is_node = |failure: &Failure| matches!(failure, Failure::Node(_));
        self.choices
            .iter()
            .all(|choice| choice.of.iter().filter(|alike| alike.iter().any(is_node)).count() >= choice.count)
    }
}

/// How many are taken of which class, for each class of which something is; and whether the loss is certain.
pub(super) type Taken = (Vec<(usize, usize)>, bool);

/// Writes sets of classes with as few cuts as it can. `members` are the classes' members.
///
/// Classes whose members can be exchanged for each other in all of the sets become one choice: when each exchange of two
/// leaves the sets as they are, then with one way to take k of them all others are there too.
pub(super) fn written(all: &BTreeSet<Taken>, members: &[Vec<Vec<Failure>>]) -> Vec<Cut> {
    let used: BTreeSet<usize> = all.iter().flat_map(|(set, _)| set.iter().map(|(class, _)| *class)).collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for class in used {
        let joins = |group: &&mut Vec<usize>| exchangeable(all, members, group[0], class);
        match groups.iter_mut().find(joins) {
            Some(group) => group.push(class),
            None => groups.push(vec![class]),
        }
    }
    let group_of: BTreeMap<usize, usize> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, classes)| classes.iter().map(move |class| (*class, group)))
        .collect();
    let grouped: BTreeSet<(Vec<(usize, usize)>, bool)> = all
        .iter()
        .map(|(set, certain)| {
            let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
            for (class, count) in set {
                *counts.entry(group_of[class]).or_default() += count;
            }
            (counts.into_iter().collect(), *certain)
        })
        .collect();
    let choice = |(group, count): &(usize, usize)| Choice {
        count: *count,
        of: groups[*group].iter().flat_map(|class| members[*class].iter().cloned()).collect(),
    };
    grouped
        .iter()
        .map(|(set, certain)| Cut { choices: set.iter().map(choice).collect(), certain: *certain })
        .collect()
}

/// Whether each set stays one of them when a member of one class gives its place to a member of the other.
fn exchangeable(all: &BTreeSet<Taken>, members: &[Vec<Vec<Failure>>], one: usize, other: usize) -> bool {
    all.iter().all(|(set, certain)| {
        let count = |class: usize| set.iter().find(|(own, _)| *own == class).map_or(0, |(_, count)| *count);
        let moved = |from: usize, to: usize| {
            if count(from) == 0 || count(to) == members[to].len() {
                return true;
            }
            let rest = set.iter().copied().filter(|(own, _)| *own != from && *own != to);
            let mut set: Vec<(usize, usize)> = rest.collect();
            set.extend([(from, count(from) - 1), (to, count(to) + 1)]);
            set.retain(|(_, count)| *count > 0);
            set.sort_unstable();
            all.contains(&(set, *certain))
        };
        moved(one, other) && moved(other, one)
    })
}
