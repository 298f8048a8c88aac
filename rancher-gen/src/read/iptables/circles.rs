//! Chains that ask each other.

use std::collections::BTreeMap;

use rancher_topology::netfilter::{Rule, RuleSet, Target};
use rancher_topology::{Diagnostic, Span};

use super::UNREADABLE;

/// More chains than this that ask each other in a row are not followed.
const MOST_NESTED: usize = 256;

/// The chains that ask each other in a circle, or deeper than the kernel follows: what is wrong with each table.
pub(super) fn circles(rules: &RuleSet) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for (table, chains) in &rules.tables {
        let asks = |name: &str| {
            let rules = chains.chains.get(name).map_or(&[] as &[Rule], |chain| &chain.rules);
            rules.iter().filter_map(|rule| match &rule.target {
                Target::Jump(to) | Target::Goto(to) => Some(to.as_str()),
                _ => None,
            })
        };
        // Kahn's way: chains that nobody asks are taken away until none is left, or only circles.
        let mut asked: BTreeMap<&str, usize> = chains.chains.keys().map(|name| (name.as_str(), 0)).collect();
        for name in chains.chains.keys() {
            asks(name).for_each(|to| *asked.entry(to).or_default() += 1);
        }
        let mut free: Vec<&str> =
            asked.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
        let mut left = asked.len();
        let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
        while let Some(name) = free.pop() {
            left -= 1;
            let depth = depths.get(name).copied().unwrap_or_default() + 1;
            if depth == MOST_NESTED + 1 {
                let message =
                    format!("chains of table `{table}` ask each other {MOST_NESTED} deep and deeper");
                let error = Diagnostic::error(UNREADABLE, message, Span::default()).here("in this rule set");
                errors.push(error.help("the kernel follows 16 (nftables), and no person more"));
            }
            for to in asks(name) {
                let known = depths.entry(to).or_default();
                *known = depth.max(*known);
                if let Some(count) = asked.get_mut(to) {
                    *count -= 1;
                    if *count == 0 {
                        free.push(to);
                    }
                }
            }
        }
        if left > 0 {
            let circle: Vec<String> =
                asked.iter().filter(|(_, count)| **count > 0).map(|(name, _)| format!("`{name}`")).collect();
            let message =
                format!("chains of table `{table}` ask each other in a circle: {}", circle.join(", "));
            let error = Diagnostic::error(UNREADABLE, message, Span { start: 0, end: 0 })
                .here("in this rule set")
                .help("the kernel refuses such a rule set (`Too many levels of symbolic links`)");
            errors.push(error);
        }
    }
    errors
}
