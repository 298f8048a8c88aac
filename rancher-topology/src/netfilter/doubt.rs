//! What a comparison of two rule sets does not follow, where it may matter.
//!
//! A packet has one value of each field in a [`Change`](super::Change), from the first chain of its way on, but for what the
//! rules themselves change of it. Where something else changes a field on the way, that is told here: unless both rule sets
//! do the same before that place, and the same after it, or no rule asks for the field on one of its sides.

use std::collections::BTreeSet;

use super::facts::HostFacts;
use super::hook::{Hook, Step};
use super::lower::{Lowering, Shared, all_rules};
use super::remembered::has_same_until;
use super::rule_set::{Condition, RuleSet, Target};
use super::{Known, sent, verdict};
use crate::packet::diagram::Diagram;
use crate::packet::{Field, Intervals, State};

/// Packets that two rule sets may treat otherwise, which a comparison does not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Doubt {
    /// Later packets of connections of which the table `nat` changes an address: each of them has another destination before
    /// that table than after it (`nf_nat_packet`).
    Translated,
    /// What the host sends, and routes again as a rule of `OUTPUT` changed it: from then on it goes out on another interface
    /// (`ip_route_me_harder`).
    Rerouted,
    /// Parts of packets (`-f`), which nothing puts together where connections are not tracked.
    Fragments,
}

type Rules<'a> = (&'a RuleSet, &'a HostFacts);

/// The doubts about two rule sets with different rules, on a way.
pub(super) fn doubts(
    mut shared: Shared,
    before: Rules<'_>,
    after: Rules<'_>,
    hook: Hook,
) -> (Shared, BTreeSet<Doubt>) {
    let mut doubts = BTreeSet::new();
    let both = [before.0, after.0];
    for split in Split::of(hook) {
        if both.into_iter().any(split.is_there) {
            let is_doubted;
            (shared, is_doubted) = split.is_doubted(shared, before, after, hook);
            doubts.extend(is_doubted.then_some(split.doubt));
        }
    }
    if both.into_iter().any(asks_for_fragments)
        && !both.into_iter().all(tracks)
        && !has_same_until(before, after, &hook.chains())
    {
        doubts.insert(Doubt::Fragments);
    }
    (shared, doubts)
}

/// Whether packets of a way may have another value of a field, of which rules ask before and after, than is known of them.
pub(super) fn is_open(mut shared: Shared, before: Rules<'_>, after: Rules<'_>, hook: Hook) -> bool {
    for split in Split::of(hook) {
        if [before.0, after.0].into_iter().any(split.is_there) {
            let asks;
            (shared, _, asks) = split.beside(shared, before, after, (hook, split.before));
            if asks {
                return true;
            }
        }
    }
    false
}

/// A place of a way at which fields of packets change by something else than its rules.
struct Split {
    doubt: Doubt,
    /// Whether a rule set has what leads to it.
    is_there: fn(&RuleSet) -> bool,
    before: &'static [Step],
    after: &'static [Step],
    fields: &'static [Field],
    /// Which packets it is about.
    known: Known,
}

impl Split {
    fn of(hook: Hook) -> Vec<Self> {
        let steps = hook.steps();
        let at = |table, chain| steps.iter().position(|step| *step == Step::Table(table, chain));
        let nat = at("nat", "PREROUTING").or(at("nat", "OUTPUT"));
        let later = [State::Established, State::Related].map(State::number);
        let translated = nat.map(|nat| Self {
            doubt: Doubt::Translated,
            is_there: translates,
            before: &steps[..nat],
            after: &steps[nat + 1..],
            fields: &[Field::Destination, Field::DestinationPort],
            known: Known::from([(Field::State, Intervals::points(later))]),
        });
        let leaving = at("mangle", "POSTROUTING").filter(|_| hook == Hook::Output);
        let rerouted = leaving.map(|leaving| Self {
            doubt: Doubt::Rerouted,
            is_there: reroutes,
            before: &steps[..leaving],
            after: &steps[leaving..],
            fields: &[Field::Outbound],
            known: Known::new(),
        });
        translated.into_iter().chain(rerouted).collect()
    }

    fn is_doubted(
        &self,
        mut shared: Shared,
        before: Rules<'_>,
        after: Rules<'_>,
        hook: Hook,
    ) -> (Shared, bool) {
        let mut are_same = before.1 == after.1;
        for steps in [self.before, self.after] {
            let (same, asks);
            (shared, same, asks) = self.beside(shared, before, after, (hook, steps));
            if !asks {
                return (shared, false);
            }
            are_same &= same;
        }
        (shared, !are_same)
    }

    /// Whether both rule sets are certain to do the same in some steps, and whether one asks there for the fields that change.
    fn beside(
        &self,
        shared: Shared,
        before: Rules<'_>,
        after: Rules<'_>,
        steps: (Hook, &'static [Step]),
    ) -> (Shared, bool, bool) {
        let (shared, was) = Lowering::verdicts_in(shared, before, steps, &self.known);
        let (mut shared, is) = Lowering::verdicts_in(shared, after, steps, &self.known);
        let asks = [was, is].into_iter().any(|verdicts| self.asks(&mut shared, verdicts));
        let same = was == is && is_certain(&mut shared, was);
        (shared, same, asks)
    }

    /// Whether verdicts depend on the fields that change.
    fn asks(&self, shared: &mut Shared, verdicts: Diagram) -> bool {
        let bits = shared.space.diagrams.bits(verdicts);
        let asks_for = |field: &Field| {
            let of_field = shared.space.layout.bits_of(*field);
            let unknowns = shared.unknowns.as_ref();
            let is_of =
                |bit| of_field.contains(bit) || unknowns.is_some_and(|one| one.asks_for(*bit, *field));
            bits.iter().any(is_of)
        };
        self.fields.iter().any(asks_for) || !is_certain(shared, verdicts)
    }
}

fn is_certain(shared: &mut Shared, verdicts: Diagram) -> bool {
    let certain = [verdict::IMPOSSIBLE, verdict::ADMITTED, verdict::REFUSED];
    shared.space.diagrams.leaves(verdicts).into_iter().all(|leaf| certain.contains(&Diagram::leaf(leaf)))
}

/// Whether addresses of connections may be changed.
fn translates(rules: &RuleSet) -> bool {
    let chains = rules.tables.get("nat").into_iter().flat_map(|table| table.chains.values());
    chains.flat_map(|chain| &chain.rules).any(|rule| {
        matches!(
            rule.target,
            Target::Translate(_) | Target::Masquerade(_) | Target::Unknown(_) | Target::Queue(_)
        )
    })
}

/// Whether what the host sends may be routed again (`ipt_mangle_out`, `ip6t_mangle_out`, `nf_nat_ipv4_local_fn`).
fn reroutes(rules: &RuleSet) -> bool {
    let any = |table: &str, is_one: fn(&Target) -> bool| {
        let Some(table) = rules.tables.get(table) else { return false };
        let asked = sent::asked_from(table, &["OUTPUT"]);
        let chains = asked.into_iter().filter_map(|name| table.chains.get(name));
        chains.flat_map(|chain| &chain.rules).any(|rule| is_one(&rule.target))
    };
    // What is not known may change all of it.
    any("mangle", |target| matches!(target, Target::Alter(_)) || target.changes().contains(&Field::Mark))
        || any("nat", |target| target.changes().contains(&Field::Destination))
}

fn asks_for_fragments(rules: &RuleSet) -> bool {
    let mut asks = false;
    let mut look = |part: &Condition| asks |= *part == Condition::Fragment;
    let conditions = all_rules(rules).flat_map(|rule| &rule.conditions);
    conditions.for_each(|condition| condition.each(&mut look));
    asks
}

/// Whether a rule set has connections tracked, whatever else does (`nf_ct_netns_get`).
fn tracks(rules: &RuleSet) -> bool {
    let mut tracks = false;
    let mut look = |part: &Condition| {
        tracks |= match part {
            Condition::Within(field, _) | Condition::Masked { field, .. } => {
                matches!(field, Field::State | Field::ConnectionMark)
            }
            Condition::Translated | Condition::SenderTranslated => true,
            _ => false,
        };
    };
    let conditions = all_rules(rules).flat_map(|rule| &rule.conditions);
    conditions.for_each(|condition| condition.each(&mut look));
    tracks
        || all_rules(rules).any(|rule| {
            matches!(
                rule.target,
                Target::Translate(_)
                    | Target::Masquerade(_)
                    | Target::Track(_)
                    | Target::Untrack
                    | Target::CopyMark { .. }
            )
        })
}
