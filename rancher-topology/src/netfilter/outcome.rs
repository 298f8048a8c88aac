//! What may become of a packet at a point of its way: the leaves of the diagrams of chains.

use hashbrown::HashMap;

use super::rule_set::Translation;
use crate::packet::Field;

/// One thing that may become of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Outcome {
    /// The next rule is asked, with what was changed until now.
    Next(Changes),
    /// The chain returns, with what was changed until now.
    Return(Changes),
    /// The table is done with it, and the next one sees what was changed.
    Accept(Changes),
    /// It is gone.
    Drop,
}

/// What rules have changed of a packet, by its number in [`Outcomes`]. 0 is nothing.
pub(super) type Changes = u32;

/// A change that a rule makes of a packet, as far as later rules can see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Change {
    /// Bits of a field are known now.
    Bits { field: Field, mask: u128, value: u128 },
    /// Bits of a mark are those of the other one now.
    Copied { to: Field, mask: u128 },
    /// A field is anything now.
    Anything(Field),
    /// It is tracked, whatever comes: it has a template of its connection (`xt_ct_target`).
    Tracked,
    /// It goes somewhere else.
    Sent(Translation),
    /// Something is done with it that no rule asks for later, in these words: told where a chain is looked at by itself.
    Noted(String),
}

/// The mark that one is copied from.
pub(super) const fn copied_from(to: Field) -> Field {
    if matches!(to, Field::Mark) { Field::ConnectionMark } else { Field::Mark }
}

/// Sets of outcomes by number, so that they can be leaves. 0 is the empty set: of a packet that cannot be.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    sets: Vec<Vec<Outcome>>,
    numbers: HashMap<Vec<Outcome>, u32>,
    unions: HashMap<(u32, u32), u32>,
    changes: Vec<Vec<Change>>,
    change_numbers: HashMap<Vec<Change>, Changes>,
}

impl Outcomes {
    pub(super) fn new() -> Self {
        let mut outcomes = Self::default();
        outcomes.set(Vec::new());
        outcomes.changes(Vec::new());
        outcomes
    }

    /// The number of a set.
    pub(super) fn set(&mut self, mut set: Vec<Outcome>) -> u32 {
        set.sort_unstable();
        set.dedup();
        if let Some(&number) = self.numbers.get(&set) {
            return number;
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX >> 1);
        self.sets.push(set.clone());
        self.numbers.insert(set, number);
        number
    }

    /// The set with a number.
    pub(super) fn get(&self, number: u32) -> &[Outcome] {
        &self.sets[number as usize]
    }

    /// The number of the union of two sets.
    pub(super) fn union(&mut self, one: u32, other: u32) -> u32 {
        if one == other {
            return one;
        }
        let key = (one.min(other), one.max(other));
        if let Some(&number) = self.unions.get(&key) {
            return number;
        }
        let number = self.set([self.get(one), self.get(other)].concat());
        self.unions.insert(key, number);
        number
    }

    /// The number of the set of what each outcome becomes.
    pub(super) fn each(&mut self, number: u32, become_: impl Fn(Outcome) -> Outcome) -> u32 {
        let set = self.get(number).iter().map(|&outcome| become_(outcome)).collect();
        self.set(set)
    }

    /// The number of some changes, in the order in which they are made.
    pub(super) fn changes(&mut self, changes: Vec<Change>) -> Changes {
        if let Some(&number) = self.change_numbers.get(&changes) {
            return number;
        }
        let number = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        self.changes.push(changes.clone());
        self.change_numbers.insert(changes, number);
        number
    }

    /// The changes with a number.
    pub(super) fn change(&self, number: Changes) -> &[Change] {
        &self.changes[number as usize]
    }

    /// The number of the changes of one, then those of another.
    pub(super) fn after(&mut self, first: Changes, then: Changes) -> Changes {
        match (first, then) {
            (0, only) | (only, 0) => only,
            _ => {
                let mut all = self.change(first).to_vec();
                self.change(then).iter().for_each(|change| add(&mut all, change));
                self.changes(all)
            }
        }
    }
}

/// Makes a change after others, as one with an earlier one of its field where that is the same.
fn add(all: &mut Vec<Change>, change: &Change) {
    let of_state =
        |change: &Change| matches!(change, Change::Tracked | Change::Bits { field: Field::State, .. });
    let goes_by_it = all.iter().any(|earlier| matches!(earlier, Change::Copied { .. } | Change::Noted(_)));
    match change {
        // What was said first of its connection counts.
        change if of_state(change) && all.iter().any(of_state) => {}
        // What is copied, or done besides, depends on what came before.
        Change::Anything(_) | Change::Bits { .. } | Change::Copied { .. } if goes_by_it => {
            if all.last() != Some(change) {
                all.push(change.clone());
            }
        }
        Change::Anything(field) => {
            all.retain(|earlier| !matches!(earlier, Change::Bits { field: own, .. } if own == field));
            if !all.contains(change) {
                all.push(change.clone());
            }
        }
        Change::Bits { field, mask, value } => {
            let earlier = all.iter_mut().find_map(|earlier| match earlier {
                Change::Bits { field: own, mask, value } if own == field => Some((mask, value)),
                _ => None,
            });
            if let Some((known, known_value)) = earlier {
                *known_value = *known_value & !mask | value & mask;
                *known |= mask;
            } else {
                all.push(change.clone());
            }
        }
        Change::Noted(text) if is_done_once(text) && all.last() == Some(change) => {}
        Change::Tracked | Change::Sent(_) | Change::Noted(_) | Change::Copied { .. } => {
            all.push(change.clone());
        }
    }
}

/// Whether it is the same when it is done twice: what sets something, and not what counts up or flips bits.
fn is_done_once(text: &str) -> bool {
    ["CHECKSUM", "TCPMSS", "DSCP", "CLASSIFY", "TCPOPTSTRIP", "SET"].iter().any(|word| text.starts_with(word))
        || ["TTL", "HL"].iter().any(|word| text.starts_with(word)) && text.contains("-set")
}

impl Outcome {
    /// What was changed of the packet, if it is still there.
    pub(super) const fn made(self) -> Option<Changes> {
        match self {
            Self::Next(changes) | Self::Return(changes) | Self::Accept(changes) => Some(changes),
            Self::Drop => None,
        }
    }

    /// It with other changes.
    pub(super) const fn with(self, changes: Changes) -> Self {
        match self {
            Self::Next(_) => Self::Next(changes),
            Self::Return(_) => Self::Return(changes),
            Self::Accept(_) => Self::Accept(changes),
            Self::Drop => Self::Drop,
        }
    }
}
