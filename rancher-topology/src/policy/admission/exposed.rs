//! What large parts of the internet may reach.

use std::collections::{BTreeMap, BTreeSet};

use super::space::{Space, all_of};
use super::{Direction, Exposure, Extent, RuleId, StatedRule};
use crate::policy::{Endpoints, GroupRef, Member, Services, Side};

// Where a large part begins is a judgement: more than the networks of those whom one rule may mean together.

/// As many addresses as a /8 of v4 has.
const MANY_V4: u128 = 1 << 24;
/// As many addresses as a /16 of v6 has.
const MANY_V6: u128 = 1 << 112;

/// What some of the rules open.
pub(super) fn find(
    space: &Space<'_>,
    rules: &[StatedRule],
    counts: impl Fn(RuleId) -> bool,
) -> Vec<Exposure> {
    let mut classes: BTreeMap<&[GroupRef], BTreeSet<Member>> = BTreeMap::new();
    for group in space.policy.group_refs() {
        for member in &space.policy[group].members {
            classes.entry(space.policy.groups_of(*member)).or_default().insert(*member);
        }
    }
    let open = |groups: &[GroupRef]| open(space, rules, groups, &counts);
    classes.into_iter().flat_map(|(groups, members)| of_class(space, &open(groups), &members)).collect()
}

/// The rules of some groups that let public addresses in.
fn open(
    space: &Space<'_>,
    rules: &[StatedRule],
    groups: &[GroupRef],
    counts: impl Fn(RuleId) -> bool,
) -> Vec<(RuleId, Services, Endpoints)> {
    rules
        .iter()
        .enumerate()
        .map(|(id, rule)| (RuleId(id), rule))
        .filter(|(id, rule)| {
            rule.direction == Direction::Inbound && groups.contains(&rule.group) && counts(*id)
        })
        .map(|(id, rule)| {
            let sources = rule.packets.endpoints(Side::Source).intersection(&space.internet);
            (id, Services::from(rule.traffic), sources)
        })
        .filter(|(_, _, sources)| !sources.is_empty())
        .collect()
}

fn of_class(
    space: &Space<'_>,
    open: &[(RuleId, Services, Endpoints)],
    members: &BTreeSet<Member>,
) -> Vec<Exposure> {
    let mut exposed: Vec<Exposure> = Vec::new();
    for services in Services::cut_at_bounds_of(open.iter().map(|(_, services, _)| services)) {
        let mut by: Vec<&(RuleId, Services, Endpoints)> =
            open.iter().filter(|(_, own, _)| services.is_subset(own)).collect();
        let extent = extents(space, &by);
        if extent == (Extent::Little, Extent::Little) {
            continue;
        }
        // The narrowest first, so that what one wide rule does alone is said of that one.
        let mut order = by.clone();
        order
            .sort_by_key(|(id, _, sources)| (sources.count_v4(), sources.count_v6(), std::cmp::Reverse(*id)));
        for candidate in order {
            let fewer: Vec<_> = by.iter().copied().filter(|kept| kept.0 != candidate.0).collect();
            if extents(space, &fewer) == extent {
                by = fewer;
            }
        }
        let rules: Vec<RuleId> = by.iter().map(|(id, _, _)| *id).collect();
        let same = |one: &&mut Exposure| one.rules == rules && (one.v4, one.v6) == extent;
        if let Some(known) = exposed.iter_mut().find(same) {
            known.services = known.services.union(&services);
            continue;
        }
        let (v4, v6) = extent;
        exposed.push(Exposure { members: members.iter().copied().collect(), services, v4, v6, rules });
    }
    exposed
}

fn extents(space: &Space<'_>, rules: &[&(RuleId, Services, Endpoints)]) -> (Extent, Extent) {
    let sources = all_of(rules.iter().map(|(_, _, sources)| sources.clone()));
    let extent = |count: u128, all: u128, many: u128| match count {
        count if count == all => Extent::Everywhere,
        count if count >= many => Extent::Large,
        _ => Extent::Little,
    };
    (
        extent(sources.count_v4(), space.internet.count_v4(), MANY_V4),
        extent(sources.count_v6(), space.internet.count_v6(), MANY_V6),
    )
}
