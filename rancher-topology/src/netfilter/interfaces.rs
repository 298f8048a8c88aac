//! Classes of interfaces: two whose names the same patterns match are alike to a rule set.

use std::collections::BTreeSet;

use super::rule_set::InterfacePattern;
use crate::packet::Intervals;

/// The classes of interfaces. The last one is of all whose names no pattern matches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Interfaces {
    /// Names that a pattern or a person gave, then prefixes; the number of a class is the position here.
    classes: Vec<InterfacePattern>,
}

impl Interfaces {
    pub(super) fn new(patterns: impl IntoIterator<Item = InterfacePattern>) -> Self {
        Self { classes: patterns.into_iter().collect::<BTreeSet<_>>().into_iter().collect() }
    }

    /// How many bits the number of a class has.
    pub(super) fn bits(&self) -> u8 {
        u8::try_from(usize::BITS - self.classes.len().leading_zeros()).unwrap_or(u8::MAX).max(1)
    }

    /// The class of the loopback interface, if it is told apart from others.
    pub(super) fn loopback(&self) -> Option<u128> {
        let lo = InterfacePattern::Name("lo".to_owned());
        self.classes.iter().position(|class| *class == lo).map(|at| at as u128)
    }

    /// The class of a name.
    pub(super) fn class(&self, name: &str) -> u128 {
        let exact =
            self.classes.iter().position(|class| matches!(class, InterfacePattern::Name(n) if n == name));
        let class = exact.unwrap_or_else(|| {
            let prefixes = self.classes.iter().enumerate().filter_map(|(at, class)| match class {
                InterfacePattern::Prefix(prefix) if name.starts_with(prefix) => Some((prefix.len(), at)),
                _ => None,
            });
            prefixes.max().map_or(self.classes.len(), |(_, at)| at)
        });
        class as u128
    }

    /// The classes of the interfaces that a pattern matches.
    pub(super) fn matching(&self, pattern: &InterfacePattern) -> Intervals {
        let matches = |class: &InterfacePattern| match (pattern, class) {
            (InterfacePattern::Name(_), _) => pattern == class,
            (
                InterfacePattern::Prefix(prefix),
                InterfacePattern::Name(name) | InterfacePattern::Prefix(name),
            ) => name.starts_with(prefix),
        };
        let points = self.classes.iter().enumerate().filter(|(_, class)| matches(class));
        let mut points: Vec<(u128, u128)> = points.map(|(at, _)| (at as u128, at as u128)).collect();
        if *pattern == InterfacePattern::Prefix(String::new()) {
            points.push((self.classes.len() as u128, u128::MAX));
        }
        Intervals::of(points)
    }

    /// The name of an interface of some classes, if one of them has a name.
    pub(super) fn name_in(&self, classes: &Intervals) -> Option<String> {
        self.classes.iter().enumerate().find_map(|(at, class)| match class {
            InterfacePattern::Name(name) if classes.contains(at as u128) => Some(name.clone()),
            _ => None,
        })
    }

    /// The patterns of some classes, and whether others are among them.
    pub(super) fn patterns(&self, classes: &Intervals) -> (Vec<&InterfacePattern>, bool) {
        let known = self.classes.iter().enumerate();
        let named = known.filter(|(at, _)| classes.contains(*at as u128)).map(|(_, class)| class).collect();
        (named, classes.contains(self.classes.len() as u128))
    }
}
