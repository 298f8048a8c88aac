//! Two rule sets beside each other, each built-in chain by itself.
//!
//! A chain is a function of the packet that comes to it: its verdict, and all that it changes and does besides, in order. If
//! every chain of a way is the same function in both rule sets, whatever packets may come, then both do the same with every
//! packet on that way: what the kernel does between the chains (connection tracking, translations of later packets, routes,
//! marks that come back on the loopback interface, copies, answers) is the same as well, and need not be known.

use std::collections::BTreeSet;

use super::facts::HostFacts;
use super::hook::{ChainOf, Hook};
use super::lower::{Lowering, Parts, Shared, all_rules};
use super::rule_set::{Chain, Condition, Counted, Rule, RuleSet, Target};
use super::unfolded::unfolded;
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals, State};

/// The built-in chains that are not shown to be the same by themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Apart {
    pub(super) chains: BTreeSet<ChainOf>,
    /// Those that may do something else with parts of packets, where nothing puts them together.
    pub(super) fragments: BTreeSet<ChainOf>,
}

/// A rule set and what is known of its host.
pub(super) type Rules<'a> = (&'a RuleSet, &'a HostFacts);

/// The ways that all chains are on.
pub(super) const WAYS: [Hook; 3] = [Hook::Input, Hook::Forward, Hook::Output];

impl Apart {
    /// Looks at all chains. `shared` takes what rules count and remember to be the same, or not.
    pub(super) fn of(before: Rules<'_>, after: Rules<'_>, shared: impl Fn() -> Shared) -> Self {
        let mut apart = Self::default();
        let chains = || WAYS.iter().flat_map(|hook| hook.all_chains());
        let tracked = [before.0, after.0].map(tracks);
        if !chains().all(|chain| has_same_words(before, after, chain)) {
            apart.look(before, after, tracked == [true; 2], shared);
        }
        // Where one has parts put together and the other has not, all that asks for ports is another thing to them.
        if tracked[0] != tracked[1] && [before.0, after.0].into_iter().any(asks_for_ports) {
            apart.fragments.extend(chains());
        }
        // What the host sends is whole, and so is what comes to it over v4 (`ip_local_deliver`; `ip6_input` asks first).
        let is_whole = |chain| chain == "OUTPUT" || chain == "INPUT" && before.0.family == Family::V4;
        apart.fragments.retain(|(table, chain)| *table != "nat" && !is_whole(*chain));
        apart
    }

    fn look(&mut self, before: Rules<'_>, after: Rules<'_>, are_whole: bool, shared: impl Fn() -> Shared) {
        let mut seen: BTreeSet<ChainOf> = BTreeSet::new();
        for hook in WAYS {
            let chains = hook.all_chains();
            let mut open: Vec<usize> = (0..chains.len()).filter(|at| seen.insert(chains[*at])).collect();
            open.retain(|at| !is_same_text(before, after, chains[*at], &chains[..*at]));
            if open.is_empty() {
                continue;
            }
            let [old, new] = [before.0, after.0].map(|rules| unfolded(rules, hook));
            let was = (old.as_ref().unwrap_or(before.0), before.1);
            let is = (new.as_ref().unwrap_or(after.0), after.1);
            for chain in open.into_iter().map(|at| chains[at]) {
                if !is_same(shared(), was, is, chain, Parts::Whole) {
                    self.chains.insert(chain);
                }
                let asks = || [was.0, is.0].into_iter().any(|rules| asks_for_parts(rules, chain));
                if !are_whole && asks() && !is_same(shared(), was, is, chain, Parts::Fragments) {
                    self.fragments.insert(chain);
                }
            }
        }
    }
}

/// Whether a chain certainly does the same in both.
pub(super) fn is_same(
    shared: Shared,
    before: Rules<'_>,
    after: Rules<'_>,
    of: ChainOf,
    parts: Parts,
) -> bool {
    let (shared, was) = Lowering::alone(shared, before, of, parts);
    let (mut shared, is) = Lowering::alone(shared, after, of, parts);
    let [was, is] =
        [was, is].map(|diagram| if of.0 == "nat" { of_first(&mut shared, diagram) } else { diagram });
    let leaves = shared.space.diagrams.leaves(was);
    was == is
        && leaves.into_iter().all(|leaf| shared.outcomes.get(leaf).len() <= 1)
        && !shared.space.diagrams.is_full()
}

/// What is done with packets that may ask the table `nat` (`nf_nat_inet_fn`).
fn of_first(shared: &mut Shared, diagram: Diagram) -> Diagram {
    let states = Intervals::points([State::New, State::Related].map(State::number));
    shared.only(diagram, Field::State, &states)
}

/// A built-in chain and those that it leads to, by name.
fn asked(rules: &RuleSet, (table, base): ChainOf) -> Vec<(&str, &Chain)> {
    let Some(table) = rules.tables.get(table) else { return Vec::new() };
    let (mut seen, mut open) = (BTreeSet::new(), vec![base]);
    let mut found = Vec::new();
    while let Some(name) = open.pop() {
        let Some((name, chain)) = table.chains.get_key_value(name) else { continue };
        if seen.insert(name) {
            found.push((name.as_str(), chain));
            open.extend(chain.rules.iter().filter_map(|rule| rule.target.chain()));
        }
    }
    found.sort_unstable_by_key(|(name, _)| *name);
    found
}

/// Whether a chain is the same in both texts, and so does the same if `earlier` ones of the way do.
pub(super) fn is_same_text(before: Rules<'_>, after: Rules<'_>, of: ChainOf, earlier: &[ChainOf]) -> bool {
    has_same_words(before, after, of)
        && may_vary(before.0, of).is_none_or(|by_itself| {
            by_itself && earlier.iter().all(|earlier| is_same_text(before, after, *earlier, &[]))
        })
}

/// Whether a chain and those that it leads to have the same rules. What only counts or logs is no part of it.
fn has_same_words(before: Rules<'_>, after: Rules<'_>, of: ChainOf) -> bool {
    let words = |rules| {
        let chains = asked(rules, of).into_iter().map(|(name, chain)| {
            let rules = chain.rules.iter().filter(|rule| !rule.only_tells());
            (name, chain.policy, rules.map(|rule| (&rule.conditions, &rule.target)).collect::<Vec<_>>())
        });
        chains.collect::<Vec<_>>()
    };
    before.1 == after.1 && words(before.0) == words(after.0)
}

/// Whether packets may be treated otherwise than they are by the same chain, because of what came before: only if others
/// come to it, or by what other chains do as well. `None` if not at all.
fn may_vary(rules: &RuleSet, of: ChainOf) -> Option<bool> {
    let changes_sets = all_rules(rules).any(|rule| matches!(rule.target, Target::ChangeSet { .. }));
    let counts = |part: &Condition| matches!(part, Condition::Counted { .. }) && !part.is_by_chance();
    // What is not understood may be of what another chain does.
    let shares = |part: &Condition| {
        matches!(part, Condition::Remembered { .. } | Condition::Unknown(_))
            || changes_sets && matches!(part, Condition::Set { .. })
    };
    let chains = asked(rules, of);
    let mut rules = chains.iter().flat_map(|(_, chain)| &chain.rules);
    if rules.clone().any(|rule| rule.asks(shares)) {
        return Some(false);
    }
    rules.any(|rule| rule.asks(counts)).then_some(true)
}

/// Whether one may go by the fields of a packet as it came, from chain to chain: no mark, no translation, no state before it
/// is tracked and nothing that is done besides is in a rule set.
pub(super) fn is_plain(rules: &RuleSet, differing: &[ChainOf]) -> bool {
    let is_other = |part: &Condition| {
        matches!(
            part,
            Condition::Within(Field::Mark | Field::ConnectionMark | Field::SentTo | Field::SentToPort, _)
                | Condition::Masked { field: Field::Mark | Field::ConnectionMark, .. }
                | Condition::OfConnection { .. }
                | Condition::Translated
                | Condition::SenderTranslated
                | Condition::Frame(_)
                | Condition::Fragment
                | Condition::Unseen { .. }
                | Condition::Counted { .. }
                | Condition::Remembered { .. }
                | Condition::Unknown(_)
        ) || matches!(part, Condition::Set { sides, .. } if sides.len() > 1)
    };
    let only_decides = |rule: &Rule| {
        matches!(
            rule.target,
            Target::Nothing
                | Target::Accept
                | Target::Drop
                | Target::Reject(_)
                | Target::Return
                | Target::Jump(_)
                | Target::Goto(_)
        )
    };
    let are_plain = all_rules(rules).all(|rule| only_decides(rule) && !rule.asks(is_other));
    let early = rules.tables.get("raw").into_iter().flat_map(|table| table.chains.values());
    let of_state = |part: &Condition| matches!(part, Condition::Within(Field::State, _));
    let asks_early = early.flat_map(|chain| &chain.rules).any(|rule| rule.asks(of_state));
    // What comes to connection tracking is what it goes by later, and what leaves nat is what leaves.
    let is_about = |of: &str| differing.iter().any(|(table, _)| *table == of);
    let may_count = asks_early || is_about("nat") || is_about("raw") && tracks(rules);
    are_plain && !may_count
}

/// Whether rules of a chain tell parts of packets from whole ones.
fn asks_for_parts(rules: &RuleSet, of: ChainOf) -> bool {
    let is_fragment = |part: &Condition| *part == Condition::Fragment;
    let chains = asked(rules, of).into_iter();
    chains.flat_map(|(_, chain)| &chain.rules).any(|rule| rule.asks_for_transport() || rule.asks(is_fragment))
}

/// Whether a rule asks for what only the first part of a packet has.
fn asks_for_ports(rules: &RuleSet) -> bool {
    all_rules(rules).any(Rule::asks_for_transport)
}

/// Whether a rule set has connections tracked, whatever else does (`nf_ct_netns_get`), so that parts of packets are put
/// together. `--notrack` alone does not (`xt_ct_tg_check`).
fn tracks(rules: &RuleSet) -> bool {
    let asks = |part: &Condition| match part {
        Condition::Within(field, _) | Condition::Masked { field, .. } => {
            matches!(field, Field::State | Field::ConnectionMark)
        }
        Condition::OfConnection { .. } | Condition::Translated | Condition::SenderTranslated => true,
        // What depends on a connection is asked of it (`connbytes`, `helper`).
        Condition::Unseen { fields, .. } => fields.contains(&Field::State),
        Condition::Counted { of, .. } => *of == Counted::Connections,
        _ => false,
    };
    let says = |target: &Target| {
        matches!(
            target,
            Target::Translate(_) | Target::Masquerade(_) | Target::Track(_) | Target::CopyMark { .. }
        )
    };
    all_rules(rules).any(|rule| rule.asks(asks) || says(&rule.target))
}
