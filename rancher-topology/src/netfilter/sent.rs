//! Where two rule sets send packets, beside each other.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::lower::{NO, Shared, YES};
use super::outcome::{Change, Outcome};
use super::rule_set::{RuleSet, Target, Translation};
use super::verdict;
use crate::packet::diagram::Diagram;
use crate::packet::{Field, Intervals, State};

/// Where a packet is sent: `None` is where it goes anyway.
pub type SentTo = Option<Translation>;

/// What is said of packets that one rule set sends elsewhere than another: all that may be so, and whether something else
/// may be, that they are sent to the same place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Elsewhere {
    pub(super) pairs: BTreeSet<(SentTo, SentTo)>,
    pub(super) certain: bool,
}

/// The answers that are leaves. 0 is that nothing is sent elsewhere.
#[derive(Debug, Default)]
pub(super) struct Answers {
    all: Vec<Elsewhere>,
    numbers: HashMap<Elsewhere, u32>,
}

impl Answers {
    pub(super) fn get(&self, leaf: u32) -> Option<&Elsewhere> {
        self.all.get((leaf as usize).checked_sub(1)?)
    }

    fn number(&mut self, answer: Elsewhere) -> u32 {
        if answer.pairs.is_empty() {
            return 0;
        }
        if let Some(&number) = self.numbers.get(&answer) {
            return number;
        }
        self.all.push(answer.clone());
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX >> 1);
        self.numbers.insert(answer, number);
        number
    }

    /// What may be said where one of two things is so.
    fn either(&mut self, one: u32, other: u32) -> u32 {
        let [one, other] = [one, other].map(|leaf| self.get(leaf).cloned());
        let (Some(one), Some(other)) = (&one, &other) else {
            // The one says that it goes to the same place.
            return one.or(other).map_or(0, |known| self.number(Elsewhere { certain: false, ..known }));
        };
        let pairs = one.pairs.union(&other.pairs).cloned().collect();
        self.number(Elsewhere { pairs, certain: one.certain && other.certain })
    }
}

/// Which first packets of connections that both rule sets may admit one sends elsewhere than the other. Of each there is what it says in the end,
/// and what becomes of packets in its translations.
pub(super) fn elsewhere(
    shared: &mut Shared,
    [was, is]: [Diagram; 2],
    [before, after]: [Diagram; 2],
) -> (Diagram, Answers) {
    let mut answers = Answers::default();
    if before == after {
        return (Diagram::leaf(0), answers);
    }
    let Shared { space, outcomes, .. } = shared;
    let places = |leaf: u32| -> BTreeSet<SentTo> {
        let made = outcomes.get(leaf).iter().filter_map(|outcome: &Outcome| outcome.made());
        let sent = made.map(|changes| {
            outcomes.change(changes).iter().find_map(|change| match change {
                Change::Sent(to) => Some(to.clone()),
                _ => None,
            })
        });
        sent.collect()
    };
    let sent = space.diagrams.apply(before, after, &mut |before, after| {
        if before == after {
            return Some(Diagram::leaf(0));
        }
        let (before, after) = (places(before.as_leaf()?), places(after.as_leaf()?));
        if before == after {
            return Some(Diagram::leaf(0));
        }
        let certain = before.is_disjoint(&after);
        let all = before.iter().flat_map(|old| after.iter().map(move |new| (old, new)));
        let pairs = all.filter(|(old, new)| old != new).map(|(old, new)| (old.clone(), new.clone()));
        Some(Diagram::leaf(answers.number(Elsewhere { pairs: pairs.collect(), certain })))
    });
    let admitted = |leaf: u32| Diagram::leaf(leaf) == verdict::ADMITTED || leaf > 2;
    let both = space.diagrams.apply(was, is, &mut |was, is| {
        Some(Diagram::leaf(u32::from(admitted(was.as_leaf()?) && admitted(is.as_leaf()?))))
    });
    let sent = space.diagrams.choose(both, sent, Diagram::leaf(0));
    // Only the first packet of a connection asks; those that are related to another one are sent as it is, or as this.
    let new = Intervals::points([State::New.number()]);
    let new = space.layout.within(&mut space.diagrams, Field::State, &new, YES, NO);
    let sent = space.diagrams.choose(new, sent, Diagram::leaf(0));
    let sent = match &shared.unknowns {
        Some(unknowns) => space
            .diagrams
            .forget(sent, &|bit| unknowns.has(bit), &mut |one, other| answers.either(one, other)),
        None => sent,
    };
    (sent, answers)
}

/// Whether two rule sets say the same of where packets are to come from: that is no part of what is asked of them here, so
/// it is their words that are compared.
pub(super) fn sources_are_alike(one: &RuleSet, other: &RuleSet) -> bool {
    sources(one) == sources(other)
}

/// What the chains of `nat` say that change the sender.
fn sources(rules: &RuleSet) -> Vec<String> {
    let Some(table) = rules.tables.get("nat") else { return Vec::new() };
    let mut words = Vec::new();
    let mut open = vec!["POSTROUTING", "INPUT"];
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        let Some(chain) = table.chains.get(name).filter(|_| seen.insert(name)) else { continue };
        for rule in chain.rules.iter().filter(|rule| !rule.only_tells()) {
            let target = rule.text.find(" -j ").map(|at| &rule.text[at..]);
            words.push(format!("{name} {:?} {:?} {target:?}", rule.conditions, rule.target));
            if let Target::Jump(to) | Target::Goto(to) = &rule.target {
                open.push(to);
            }
        }
    }
    words
}
