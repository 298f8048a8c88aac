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
use super::rule_set::{Chain, Condition, Loaded, Rule, RuleSet, Target};
use super::unfolded::unfolded;
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals, State};

/// The built-in chains that are not shown to be the same by themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Apart {
    pub(super) chains: BTreeSet<ChainOf>,
    /// Those that may do something else with parts of packets, where nothing puts them together.
    pub(super) fragments: BTreeSet<ChainOf>,
    /// Whether what bridges pass on may come to the chains of one of both only.
    pub(super) bridged: bool,
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
        let are_whole = [before.0, after.0].into_iter().all(|rules| loads(rules, &Loaded::Defragmentation));
        let are_same = chains().all(|chain| has_same_words(before, after, chain));
        if !are_same || memories(before.0) != memories(after.0) {
            apart.look(before, after, are_whole, shared);
        }
        // A part whose others do not come goes on where nothing puts them together, and waits where they are (`nf_ct_frag6_gather`,
        // `ip_defrag`).
        if may_defragment_otherwise(before.0, after.0) {
            apart.fragments.extend(chains());
        }
        let [old, new] = [before.0, after.0].map(|rules| loads(rules, &Loaded::BridgeFilter));
        apart.bridged = old != new;
        // Where connections are told apart by zones, this table lets two be answered that are the same otherwise, whatever its
        // rules (`nf_nat_alloc_null_binding`).
        let says_zones = |rules| all_rules(rules).any(|rule| matches!(rule.target, Target::Track(_)));
        let [old, new] = [before.0, after.0].map(|rules| rules.tables.contains_key("nat"));
        if old != new && (says_zones(before.0) || says_zones(after.0)) {
            apart.chains.extend(chains().filter(|(table, _)| *table == "nat"));
        }
        // What the host sends is taken to be whole, and so is what comes to it over v4 (`ip_local_deliver`; `ip6_input` asks first).
        let is_whole = |chain| chain == "OUTPUT" || chain == "INPUT" && before.0.family == Family::V4;
        apart.fragments.retain(|(table, chain)| *table != "nat" && !is_whole(*chain));
        apart
    }

    fn look(&mut self, before: Rules<'_>, after: Rules<'_>, are_whole: bool, shared: impl Fn() -> Shared) {
        let mut seen: BTreeSet<ChainOf> = BTreeSet::new();
        for hook in WAYS {
            let chains = hook.all_chains();
            let mut open: Vec<ChainOf> = chains.into_iter().filter(|chain| seen.insert(*chain)).collect();
            open.retain(|chain| !is_same_text(before, after, *chain));
            if open.is_empty() {
                continue;
            }
            let [old, new] = [before.0, after.0].map(|rules| unfolded(rules, hook));
            let was = (old.as_ref().unwrap_or(before.0), before.1);
            let is = (new.as_ref().unwrap_or(after.0), after.1);
            for chain in open {
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

/// Whether a chain is the same in both texts, and so does the same, as those are that packets come from.
pub(super) fn is_same_text(before: Rules<'_>, after: Rules<'_>, of: ChainOf) -> bool {
    let is_same = |of: ChainOf| has_same_words(before, after, of);
    is_same(of)
        && match may_vary([before.0, after.0], of) {
            Varies::Not => true,
            Varies::ByPackets => earlier(of).into_iter().all(|chain| {
                is_same(chain) && !matches!(may_vary([before.0, after.0], chain), Varies::ByOthers)
            }),
            Varies::ByOthers => false,
        }
}

/// The chains that packets may be asked for before one, on any way.
fn earlier(of: ChainOf) -> Vec<ChainOf> {
    let all = WAYS.into_iter().filter_map(|hook| {
        let mut chains = hook.all_chains();
        let at = chains.iter().position(|chain| *chain == of)?;
        chains.truncate(at);
        Some(chains)
    });
    all.flatten().collect()
}

/// Whether a chain and those that it leads to have the same rules. What only counts or logs is no part of it.
fn has_same_words(before: Rules<'_>, after: Rules<'_>, of: ChainOf) -> bool {
    let [old, new] = [before.0, after.0].map(|rules| rules.asked(of));
    let family = before.0.family;
    before.1 == after.1
        && old.len() == new.len()
        && old.into_iter().zip(new).all(|((name, old), (other, new))| {
            name == other && old.policy == new.policy && heard(old, family).eq(heard(new, family))
        })
}

/// What the rules of a chain say that do anything.
fn heard(chain: &Chain, family: Family) -> impl Iterator<Item = (&[Condition], &Target)> {
    let rules = chain.rules.iter().filter(move |rule| !rule.only_tells() || may_drop_parts(family, rule));
    rules.map(|rule| (rule.conditions.as_slice(), &rule.target))
}

/// Whether packets may be treated otherwise by a chain than by the same one, because of what came before.
enum Varies {
    Not,
    /// If other packets come to it.
    ByPackets,
    /// By what other chains do as well.
    ByOthers,
}

/// Of a chain that is the same in both.
fn may_vary(both: [&RuleSet; 2], of: ChainOf) -> Varies {
    let changes_sets =
        both.into_iter().flat_map(all_rules).any(|rule| matches!(rule.target, Target::ChangeSet { .. }));
    let counts = |part: &Condition| matches!(part, Condition::Counted { .. }) && !part.is_by_chance();
    // What is not understood may be of what another chain does.
    let shares = |part: &Condition| {
        matches!(part, Condition::Remembered { .. } | Condition::Unknown(_))
            || changes_sets && matches!(part, Condition::Set { .. })
    };
    let chains = both[0].asked(of);
    if chains.iter().flat_map(|(_, chain)| &chain.rules).any(|rule| rule.asks(shares)) {
        return Varies::ByOthers;
    }
    let counting = chains.iter().filter(|(_, chain)| chain.rules.iter().any(|rule| rule.asks(counts)));
    let counting: BTreeSet<&str> = counting.map(|(name, _)| *name).collect();
    if counting.is_empty() {
        return Varies::Not;
    }
    // A rule counts for all chains that lead to it.
    let all: BTreeSet<ChainOf> = WAYS.iter().flat_map(|hook| hook.all_chains()).collect();
    let mut others = all.into_iter().filter(|chain| chain.0 == of.0 && *chain != of);
    let asks = |rules: &RuleSet, chain| rules.asked(chain).iter().any(|(name, _)| counting.contains(name));
    if others.any(|chain| both.into_iter().any(|rules| asks(rules, chain))) {
        return Varies::ByOthers;
    }
    Varies::ByPackets
}

/// Whether one may go by the fields of a packet as it came, from chain to chain: no mark, no translation, no state before it
/// is tracked and nothing that is done besides is in a rule set.
pub(super) fn is_plain(rules: &RuleSet, differing: &[ChainOf]) -> bool {
    let is_other = |part: &Condition| {
        matches!(
            part,
            Condition::Within(Field::Mark | Field::ConnectionMark | Field::SentTo | Field::SentToPort, _)
                | Condition::Masked { field: Field::Mark | Field::ConnectionMark, .. }
                | Condition::OfConnection(_)
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
                | Target::Return
                | Target::Jump(_)
                | Target::Goto(_)
        )
    };
    let is_tracked = loads(rules, &Loaded::Defragmentation);
    let only_refuses =
        |rule: &Rule| matches!(rule.target, Target::Reject { closes, .. } if !(closes && is_tracked));
    let are_plain =
        all_rules(rules).all(|rule| (only_decides(rule) || only_refuses(rule)) && !rule.asks(is_other));
    let early = rules.tables.get("raw").into_iter().flat_map(|table| table.chains.values());
    let of_state = |part: &Condition| matches!(part, Condition::Within(Field::State, _));
    let asks_early = early.flat_map(|chain| &chain.rules).any(|rule| rule.asks(of_state));
    // What comes to connection tracking is what it goes by later, and what leaves nat is what leaves.
    let is_about = |of: &str| differing.iter().any(|(table, _)| *table == of);
    let may_count = asks_early || is_about("nat") || is_about("raw") && is_tracked;
    are_plain && !may_count
}

/// Whether rules of a chain tell parts of packets from whole ones.
fn asks_for_parts(rules: &RuleSet, of: ChainOf) -> bool {
    let is_fragment = |part: &Condition| *part == Condition::Fragment;
    let asks = |rule: &Rule| {
        rule.asks_for_transport() || rule.asks(is_fragment) || may_drop_parts(rules.family, rule)
    };
    let chains = rules.asked(of).into_iter();
    chains.flat_map(|(_, chain)| &chain.rules).any(asks)
}

/// Whether asking a rule may drop a part of a packet, whatever the rule is for: over v6 where that begins with another header
/// (`ip6_packet_match`).
pub(super) fn may_drop_parts(family: Family, rule: &Rule) -> bool {
    let of_protocol = |part: &Condition| matches!(part, Condition::Within(Field::Protocol, _));
    family == Family::V6 && rule.asks(of_protocol)
}

/// Whether the kernel does something as rules are there.
fn loads(rules: &RuleSet, what: &Loaded) -> bool {
    all_rules(rules).any(|rule| rule.loads.contains(what))
}

/// Whether parts of packets may be put together by one of two rule sets only.
fn may_defragment_otherwise(before: &RuleSet, after: &RuleSet) -> bool {
    let unknown = |rules| {
        let all = all_rules(rules).flat_map(|rule| &rule.loads);
        all.filter(|one| matches!(one, Loaded::Unknown(_))).collect::<BTreeSet<_>>()
    };
    match [before, after].map(|rules| loads(rules, &Loaded::Defragmentation)) {
        [true, true] => false,
        [false, false] => unknown(before) != unknown(after),
        _ => true,
    }
}

/// By what all rules remember, also those that are never asked: a list or a table is made as the first one says that names
/// it (`recent_mt_check`, `hashlimit_mt_check_common`).
pub(super) fn memories(rules: &RuleSet) -> Vec<&Condition> {
    let mut all = Vec::new();
    for rule in all_rules(rules) {
        for condition in &rule.conditions {
            condition.each(&mut |part| {
                all.extend(matches!(part, Condition::Remembered { .. }).then_some((rule.line, part)));
            });
        }
    }
    all.sort_by_key(|(line, _)| *line);
    all.into_iter().map(|(_, part)| part).collect()
}
