//! Rules that other rules make superfluous.

use std::collections::BTreeMap;

use super::space::Space;
use super::{Direction, RuleId, StatedRule};
use crate::policy::{GroupRef, PacketSet, Services};

pub(super) fn cover(space: &Space<'_>, rules: &mut [StatedRule]) {
    let around = surrounding(space);
    let services: Vec<Services> = rules.iter().map(|rule| rule.packets.services()).collect();
    let counts_for = |other: usize, rule: usize| {
        let (one, two) = (&rules[rule], &rules[other]);
        other != rule
            && !one.packets.is_empty()
            && one.direction == two.direction
            && around[&one.group].contains(&two.group)
    };
    let contains = |other: usize, rule: usize| {
        counts_for(other, rule)
            && services[rule].is_subset(&services[other])
            && is_within(space, &rules[rule], &rules[other].packets)
    };
    let mut lists: BTreeMap<(GroupRef, Direction), Vec<usize>> = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        lists.entry((rule.group, rule.direction)).or_default().push(at);
    }
    let beside = |rule: usize| {
        let groups = around[&rules[rule].group].iter();
        let all = groups.filter_map(|group| lists.get(&(*group, rules[rule].direction))).flatten().copied();
        let mut all: Vec<usize> = all.filter(|other| counts_for(*other, rule)).collect();
        all.sort_unstable();
        all
    };
    // Of two that contain each other, the later one is superfluous.
    let beats = |other: usize, rule: usize| contains(other, rule) && (other < rule || !contains(rule, other));
    let winners: Vec<Vec<usize>> = (0..rules.len())
        .map(|rule| beside(rule).into_iter().filter(|other| beats(*other, rule)).collect())
        .collect();
    let mut covered: Vec<Vec<usize>> = winners
        .iter()
        .map(|others| others.iter().copied().find(|other| winners[*other].is_empty()).into_iter().collect())
        .collect();
    // Then those that several others contain together: the last one first, and never two because of each other.
    for rule in (0..rules.len()).rev() {
        if !covered[rule].is_empty() {
            continue;
        }
        let mut others: Vec<usize> = beside(rule)
            .into_iter()
            .filter(|other| covered[*other].is_empty())
            .filter(|other| rules[*other].packets.overlaps(&rules[rule].packets))
            .collect();
        if others.len() < 2 || !is_within(space, &rules[rule], &union(rules, &others)) {
            continue;
        }
        for other in others.clone().into_iter().rev() {
            let fewer: Vec<usize> = others.iter().copied().filter(|kept| *kept != other).collect();
            if is_within(space, &rules[rule], &union(rules, &fewer)) {
                others = fewer;
            }
        }
        covered[rule] = others;
    }
    for (rule, covered) in rules.iter_mut().zip(covered) {
        rule.covered_by = covered.into_iter().map(RuleId).collect();
    }
}

fn union(rules: &[StatedRule], of: &[usize]) -> PacketSet {
    of.iter().fold(PacketSet::empty(), |all, rule| all.union(&rules[*rule].packets))
}

fn is_within(space: &Space<'_>, rule: &StatedRule, admitted: &PacketSet) -> bool {
    space.lost(rule.direction.peer_side(), &rule.packets, admitted).is_empty()
}

/// For each group, itself and the groups that all of its members are in as well.
fn surrounding(space: &Space<'_>) -> BTreeMap<GroupRef, Vec<GroupRef>> {
    let policy = space.policy;
    let mut around = BTreeMap::new();
    for group in policy.group_refs() {
        let members = &policy[group].members;
        let first = members.first().map_or(&[][..], |first| policy.groups_of(*first));
        let all_in = |other: &GroupRef| members.iter().all(|one| policy.groups_of(*one).contains(other));
        around.insert(group, first.iter().copied().filter(all_in).collect());
    }
    around
}
