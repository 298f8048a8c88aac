//! What rules count and remember of packets (`limit`, `recent`), where rule sets are compared.

use std::collections::BTreeMap;

use super::apart::{Apart, Rules, WAYS, is_same, is_same_text, memories};
use super::hook::{ChainOf, Hook};
use super::lower::{Parts, Shared};
use super::rule_set::{Condition, Policy, Rule, RuleSet, Target};
use super::unfolded::unfolded;

/// Whether two rule sets count and remember the same: the same rules ask for it in the same order, and each is asked for the
/// same packets, on every way through the host. Then every answer is the same, by induction over the packets and the rules
/// that they are asked by: so far as that was shown, what is asked next has the same things to go by.
///
/// A rule is asked for the same packets if its chain asks it of the same ones, whatever comes to the chain, and the chains
/// before it are the same: `apart` says which are not. `shared` takes it all to be so.
pub(super) fn is_alike(
    before: Rules<'_>,
    after: Rules<'_>,
    apart: &Apart,
    shared: impl Fn() -> Shared,
) -> bool {
    if [before.0, after.0].into_iter().any(asks_when_leaving) || memories(before.0) != memories(after.0) {
        return false;
    }
    // Answers and copies go out, and may come back on loopback: they are the same if all chains are that make them.
    let makes_packets = before.0.makes_packets() || after.0.makes_packets();
    WAYS.into_iter().all(|hook| {
        let (Some(old), Some(new)) = (unfolded(before.0, hook), unfolded(after.0, hook)) else {
            return false;
        };
        let (Some(was), Some(is)) = (asking(&old, hook), asking(&new, hook)) else { return false };
        if !was.iter().map(Asking::words).eq(is.iter().map(Asking::words)) {
            return false;
        }
        let chains = hook.chains();
        if makes_packets && !was.is_empty() && apart.chains.iter().any(|one| !chains.contains(one)) {
            return false;
        }
        let same_step = |one: &Asking<'_>, other: &Asking<'_>| one.step == other.step;
        was.chunk_by(same_step).zip(is.chunk_by(same_step)).all(|(was, is)| {
            let step = was.first().map_or(0, |one| one.step);
            let earlier = &chains[..step];
            if earlier.iter().any(|chain| apart.chains.contains(chain)) {
                return false;
            }
            is_same_text(before, after, chains[step]) || {
                let (old, new) = (only(&old, chains[step], was), only(&new, chains[step], is));
                is_same(shared(), (&old, before.1), (&new, after.1), chains[step], Parts::Whole)
            }
        })
    })
}

/// A rule that asks for what is counted or remembered.
struct Asking<'a> {
    /// Which step of the way leads to it.
    step: usize,
    chain: &'a str,
    /// Its place in the chain.
    at: usize,
    rule: &'a Rule,
    /// The place of the condition among the rule's.
    place: usize,
}

impl<'a> Asking<'a> {
    fn words(&self) -> (usize, &'a str, &'a [Condition], usize) {
        (self.step, self.chain, &self.rule.conditions, self.place)
    }
}

/// Whether rules ask for it that packets come to on no way that is followed here, after the last filter.
fn asks_when_leaving(rules: &RuleSet) -> bool {
    let mut found = Found::default();
    let steps = ["INPUT", "POSTROUTING"].map(|name| found.visit(rules, (0, "nat"), name));
    steps.contains(&None) || !found.all.is_empty()
}

/// The rules of a way that ask for it, in the order in which a packet is asked by them; `None` if that is not one order.
fn asking(rules: &RuleSet, hook: Hook) -> Option<Vec<Asking<'_>>> {
    let mut found = Found::default();
    for (step, (table, name)) in hook.chains().into_iter().enumerate() {
        found.visit(rules, (step, table), name)?;
    }
    Some(found.all)
}

/// Whether all that a condition counts is chance.
fn is_by_chance(condition: &Condition) -> bool {
    let remembers = |part: &Condition| {
        matches!(part, Condition::Counted { .. } | Condition::Remembered { .. }) && !part.is_by_chance()
    };
    !condition.has(&remembers)
}

#[derive(Default)]
struct Found<'a> {
    all: Vec<Asking<'a>>,
    /// The chains that were looked into, and whether they lead to such rules.
    visited: BTreeMap<(&'static str, &'a str), bool>,
}

impl<'a> Found<'a> {
    fn visit(&mut self, rules: &'a RuleSet, (step, table): (usize, &'static str), name: &str) -> Option<()> {
        let of_table = rules.tables.get(table);
        let Some((name, chain)) = of_table.and_then(|of_table| of_table.chains.get_key_value(name)) else {
            return Some(());
        };
        if let Some(asks) = self.visited.insert((table, name), false) {
            return (!asks).then_some(());
        }
        let before = self.all.len();
        for (at, rule) in chain.rules.iter().enumerate() {
            if rule.asks_what_is_remembered() {
                let asking = |(place, _)| Asking { step, chain: name, at, rule, place };
                // Chance remembers nothing.
                let remembered = rule.remembered().filter(|(_, condition)| !is_by_chance(condition));
                self.all.extend(remembered.map(asking));
            }
            if let Some(to) = rule.target.chain() {
                self.visit(rules, (step, table), to)?;
            }
        }
        self.visited.insert((table, name), self.all.len() > before);
        Some(())
    }
}

/// A rule set in which a built-in chain accepts exactly the packets that come to some conditions. To each of these belongs
/// something else that is so or not, so that all of them are told apart at once: where the first one's is so, those are
/// accepted that come to the first, and so on.
fn only(rules: &RuleSet, (table, base): ChainOf, asking: &[Asking<'_>]) -> RuleSet {
    let mut only = rules.clone();
    let mut told: BTreeMap<(&str, usize), Vec<Rule>> = BTreeMap::new();
    for (number, one) in asking.iter().enumerate() {
        let mut conditions = one.rule.conditions[..one.place].to_vec();
        conditions.push(Condition::unseen(&format!("what is asked {number}")));
        let rule = Rule { conditions, target: Target::Accept, ..one.rule.clone() };
        told.entry((one.chain, one.at)).or_default().push(rule);
    }
    let chains = only.tables.get_mut(table).into_iter().flat_map(|table| &mut table.chains);
    for (name, chain) in chains {
        let mut rules = Vec::new();
        for (at, rule) in chain.rules.drain(..).enumerate() {
            rules.extend(told.remove(&(name.as_str(), at)).unwrap_or_default());
            rules.push(Rule { target: passing(&rule.target), ..rule });
        }
        chain.rules = rules;
        chain.policy = (name == base).then_some(Policy::Drop);
    }
    only
}

/// What a rule does before others, where nothing that it decides is accepted.
fn passing(target: &Target) -> Target {
    match target {
        Target::Accept | Target::Translate(_) | Target::Masquerade(_) | Target::Queue(_) => Target::Drop,
        other => other.clone(),
    }
}
