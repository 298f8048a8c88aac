//! What rules count and remember of packets (`limit`, `recent`), where rule sets are compared.

use std::collections::BTreeMap;

use super::doubt;
use super::facts::HostFacts;
use super::hook::Hook;
use super::lower::{Lowering, Shared};
use super::rule_set::{Chain, Condition, Policy, Rule, RuleSet, Target};
use super::unfolded::unfolded;
use super::verdict;
use crate::packet::diagram::Diagram;

/// Whether two rule sets count and remember the same: the same rules ask for it in the same order, and each is asked for the
/// same packets, on every way through the host. Then every answer is the same, by induction over the packets and the rules
/// that they are asked by: so far as that was shown, what is asked next has the same things to go by.
///
/// `shared` takes it to be so. What comes before any rule that differs need not be looked at.
pub(super) fn is_alike(
    before: (&RuleSet, &HostFacts),
    after: (&RuleSet, &HostFacts),
    shared: impl Fn() -> Shared,
) -> bool {
    if [before.0, after.0].into_iter().any(asks_when_leaving) {
        return false;
    }
    [Hook::Input, Hook::Forward, Hook::Output].into_iter().all(|hook| {
        let (Some(old), Some(new)) = (unfolded(before.0, hook), unfolded(after.0, hook)) else {
            return false;
        };
        let (Some(was), Some(is)) = (asking(&old, hook), asking(&new, hook)) else { return false };
        if !was.iter().map(Asking::words).eq(is.iter().map(Asking::words))
            || was.iter().any(Asking::is_by_destination) && !has_same_places(before, after, hook)
        {
            return false;
        }
        let mut open = None;
        let same_step = |one: &Asking<'_>, other: &Asking<'_>| one.step == other.step;
        was.chunk_by(same_step).zip(is.chunk_by(same_step)).all(|(was, is)| {
            let step = was.first().map_or(0, |one| one.step);
            if has_same_until(before, after, &hook.chains()[..=step]) {
                return true;
            }
            // Then the same values of fields would not be the same packets.
            !*open.get_or_insert_with(|| doubt::is_open(shared(), before, after, hook)) && {
                let packets = |shared, of: (&RuleSet, &HostFacts), asking| {
                    Lowering::all_verdicts(shared, (&only(of.0, hook, asking), of.1), hook)
                };
                let (shared, was) = packets(shared(), (&old, before.1), was);
                let (mut shared, is) = packets(shared, (&new, after.1), is);
                let diagrams = &mut shared.space.diagrams;
                let is_certain = |leaf| {
                    [verdict::IMPOSSIBLE, verdict::ADMITTED, verdict::REFUSED].contains(&Diagram::leaf(leaf))
                };
                was == is && diagrams.leaves(was).into_iter().all(is_certain) && !diagrams.is_full()
            }
        })
    })
}

/// Whether two rule sets are the same in some chains, so that they do the same there with the same packets.
pub(super) fn has_same_until(
    before: (&RuleSet, &HostFacts),
    after: (&RuleSet, &HostFacts),
    chains: &[(&str, &str)],
) -> bool {
    // What rules share may differ by what others do.
    let changes_sets = [before.0, after.0]
        .into_iter()
        .flat_map(super::lower::all_rules)
        .any(|rule| matches!(rule.target, Target::ChangeSet { .. }));
    let shares = |table: &str| {
        let chains = before.0.tables.get(table).into_iter().flat_map(|table| table.chains.values());
        let mut shares = false;
        let mut look = |part: &Condition| {
            shares |= matches!(part, Condition::Remembered { .. })
                || changes_sets && matches!(part, Condition::Set { .. });
        };
        let conditions = chains.flat_map(|chain| &chain.rules).flat_map(|rule| &rule.conditions);
        conditions.for_each(|condition| condition.each(&mut look));
        shares
    };
    before.1 == after.1 && chains.iter().all(|(table, _)| before.0.has_same(table, after.0) && !shares(table))
}

/// A rule that asks for what is counted or remembered.
struct Asking<'a> {
    /// Which step of the way leads to it.
    step: usize,
    table: &'static str,
    chain: &'a str,
    /// Its place in the chain.
    at: usize,
    rule: &'a Rule,
    /// The place of the condition among the rule's.
    place: usize,
}

impl<'a> Asking<'a> {
    /// Whether it is counted or remembered of where packets go, as far as its words tell.
    fn is_by_destination(&self) -> bool {
        let mut is_so = false;
        self.rule.conditions[self.place].each(&mut |part| {
            if let Condition::Remembered { text, .. } | Condition::Counted(text) = part {
                is_so |= ["--rdest", "dst", "--connlimit"].iter().any(|word| text.contains(word));
            }
        });
        is_so
    }

    fn words(&self) -> (usize, &'a str, &'a [Condition], usize) {
        (self.step, self.chain, &self.rule.conditions, self.place)
    }
}

/// Whether packets are sent to the same places on a way, and have the same connections, because the same rules say so or none.
fn has_same_places(before: (&RuleSet, &HostFacts), after: (&RuleSet, &HostFacts), hook: Hook) -> bool {
    let chains = hook.until_nat();
    let says = |set: &RuleSet| {
        let tables = chains.iter().filter_map(|(table, _)| set.tables.get(*table));
        let mut rules = tables.flat_map(|table| table.chains.values()).flat_map(|chain| &chain.rules);
        rules.any(|rule| matches!(rule.target, Target::Translate(_) | Target::Track(_) | Target::Untrack))
    };
    !(says(before.0) || says(after.0)) || has_same_until(before, after, &chains)
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
                let asking = |(place, _)| Asking { step, table, chain: name, at, rule, place };
                self.all.extend(rule.remembered().map(asking));
            }
            if let Some(to) = rule.target.chain() {
                self.visit(rules, (step, table), to)?;
            }
        }
        self.visited.insert((table, name), self.all.len() > before);
        Some(())
    }
}

/// A rule set that admits exactly the packets that come to some conditions of one step of a way. To each of these belongs
/// something else that is so or not, so that all of them are told apart at once: where the first one's is so, those are
/// admitted that come to the first, and so on.
fn only(rules: &RuleSet, hook: Hook, asking: &[Asking<'_>]) -> RuleSet {
    let mut only = rules.clone();
    let Some(first) = asking.first() else { return only };
    let chains = hook.chains();
    for (table, name) in &chains[first.step..] {
        only.tables.get_mut(*table).and_then(|table| table.chains.remove(*name));
    }
    let mut told: BTreeMap<(&str, usize), Vec<Rule>> = BTreeMap::new();
    for (number, one) in asking.iter().enumerate() {
        let mut conditions = one.rule.conditions[..one.place].to_vec();
        conditions.push(Condition::unseen(&format!("what is asked {number}")));
        let rule = Rule { conditions, target: Target::Accept, ..one.rule.clone() };
        told.entry((one.chain, one.at)).or_default().push(rule);
    }
    // Earlier chains of the way may ask the same chains, which are to do there what they do. No name has a blank.
    let (_, base) = chains[first.step];
    let copy = |name: &str| if name == base { name.to_owned() } else { format!("{name} here") };
    if let (Some(table), Some(of_table)) = (rules.tables.get(first.table), only.tables.get_mut(first.table)) {
        for (name, chain) in &table.chains {
            let mut rules = Vec::new();
            for (at, rule) in chain.rules.iter().enumerate() {
                rules.extend(told.remove(&(name.as_str(), at)).unwrap_or_default());
                rules.push(Rule { target: passing(&rule.target, &copy), ..rule.clone() });
            }
            of_table
                .chains
                .insert(copy(name), Chain { policy: (name == base).then_some(Policy::Drop), rules });
        }
    }
    only
}

/// What a rule does before others, where nothing that it decides is admitted.
fn passing(target: &Target, copy: &impl Fn(&str) -> String) -> Target {
    match target {
        Target::Jump(to) => Target::Jump(copy(to)),
        Target::Goto(to) => Target::Goto(copy(to)),
        Target::Accept | Target::Translate(_) | Target::Masquerade(_) | Target::Queue(_) => Target::Drop,
        other => other.clone(),
    }
}
