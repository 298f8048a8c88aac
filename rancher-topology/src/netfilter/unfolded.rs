//! A rule set in which rules that count and remember are in one place of a packet's way only.

use hashbrown::HashMap;

use super::hook::Hook;
use super::rule_set::{RuleSet, Target};

/// A rule set in which a chain that has such a rule, or leads to one, stands once for each rule that calls it on a way: the
/// second time in a copy. So each of these rules is asked once at most. `None` if that would be many times as many rules.
pub(super) fn unfolded(rules: &RuleSet, hook: Hook) -> Option<RuleSet> {
    let most = 1_000 + 4 * super::lower::all_rules(rules).count();
    let mut unfolding =
        Unfolding { rules, left: most, leads: HashMap::new(), times: HashMap::new(), made: rules.clone() };
    for (table, name) in hook.chains() {
        unfolding.visit(table, name)?;
    }
    Some(unfolding.made)
}

struct Unfolding<'a> {
    rules: &'a RuleSet,
    /// As many rules may be copied.
    left: usize,
    /// Whether chains lead to such rules.
    leads: HashMap<(&'static str, &'a str), bool>,
    /// How often they were called.
    times: HashMap<(&'static str, &'a str), usize>,
    made: RuleSet,
}

impl<'a> Unfolding<'a> {
    /// The name of the chain that stands for one that is called.
    fn visit(&mut self, table: &'static str, name: &str) -> Option<String> {
        let own = name.to_owned();
        let Some((name, chain)) =
            self.rules.tables.get(table).and_then(|table| table.chains.get_key_value(name))
        else {
            return Some(own);
        };
        if !self.leads(table, name) {
            return Some(own);
        }
        self.left = self.left.checked_sub(chain.rules.len().max(1))?;
        let times = self.times.entry((table, name)).or_default();
        *times += 1;
        // No name has a blank.
        let own = if *times == 1 { own } else { format!("{name} {times}") };
        let mut chain = chain.clone();
        for rule in &mut chain.rules {
            if let Target::Jump(to) | Target::Goto(to) = &mut rule.target {
                *to = self.visit(table, to)?;
            }
        }
        self.made.tables.get_mut(table)?.chains.insert(own.clone(), chain);
        Some(own)
    }

    fn leads(&mut self, table: &'static str, name: &'a str) -> bool {
        if let Some(&known) = self.leads.get(&(table, name)) {
            return known;
        }
        self.leads.insert((table, name), false);
        let chains = self.rules.tables.get(table).map(|table| &table.chains);
        let Some(chain) = chains.and_then(|chains| chains.get(name)) else { return false };
        let leads = chain.rules.iter().any(|rule| {
            rule.target.chain().is_some_and(|to| self.leads(table, to)) || rule.asks_what_is_remembered()
        });
        self.leads.insert((table, name), leads);
        leads
    }
}
