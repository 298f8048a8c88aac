//! What a rule set asks for, or changes, at all: what it does not is not followed.

use super::all_rules;
use crate::netfilter::facts::{AddressSet, HostFacts};
use crate::netfilter::rule_set::{Condition, RuleSet, Target};
use crate::packet::Field;

/// What a rule set asks for, or changes, at all.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) original: bool,
    pub(super) translated: bool,
    pub(super) frames: bool,
    pub(super) changed: Vec<Field>,
    pub(super) changed_sets: Vec<String>,
}

impl Asked {
    pub(super) fn of(rules: &RuleSet, facts: &HostFacts) -> Self {
        let mut asked = Self::default();
        for rule in all_rules(rules) {
            let mut look = |part: &Condition| match part {
                Condition::Within(Field::SentTo | Field::SentToPort, _) => asked.original = true,
                Condition::Translated => asked.translated = true,
                Condition::Frame(_) => asked.frames = true,
                _ => {}
            };
            rule.conditions.iter().for_each(|condition| condition.each(&mut look));
            asked.changed.extend(rule.target.changes());
            if let Target::ChangeSet { name, .. } = &rule.target {
                asked.changed_sets.push(name.clone());
            }
        }
        // What goes into a list of sets, goes into one of them (`list_set_kadd`).
        let mut at = 0;
        while let Some(name) = asked.changed_sets.get(at) {
            at += 1;
            if let Some(AddressSet::List(members)) = facts.sets.get(name) {
                let new = members.iter().filter(|member| !asked.changed_sets.contains(member));
                let new: Vec<String> = new.cloned().collect();
                asked.changed_sets.extend(new);
            }
        }
        asked
    }
}
