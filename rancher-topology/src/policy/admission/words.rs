//! The peers that a rule names for some endpoints: `self`, groups, networks.

use ipnet::{IpNet, Ipv4Net};

use super::space::{Space, all_of};
use crate::policy::{Endpoints, GroupRef, RulePeer, Unfixed};
use crate::scalar::Peer;
use crate::topology::Origin;

/// Among as many groups the smallest choice is searched for; among more, the largest are taken first.
const MOST_SEARCHED: usize = 10;

/// The peers that admit some endpoints and as little else as can be written; of those that admit equally little, as few as
/// possible. What is allowed is what flows need; what is admitted is so
/// by other rules.
pub(super) fn narrowest(
    space: &Space<'_>,
    own: GroupRef,
    needed: &Endpoints,
    allowed: &Endpoints,
    admitted: &Endpoints,
) -> Vec<Peer> {
    let exact = groups(space, own).filter(|group| space.peer(RulePeer::Group(*group)).is_subset(allowed));
    let exact: Vec<GroupRef> = exact.collect();
    let by_group = all_of(exact.iter().map(|group| space.peer(RulePeer::Group(*group))));
    // Subnets in which something without a fixed address may stand hold the nodes in them, too.
    let mut words: Vec<Peer> = Vec::new();
    for one in needed.difference(&by_group).unfixed_members() {
        if !space.is_wholly_among(&Endpoints::unfixed(one), &meaning(space, own, &words)) {
            words.extend(of_unfixed(space, own, one, allowed));
            words.retain(|word| !meaning(space, own, [word]).is_subset(admitted));
        }
    }
    let left = space.missing(needed, &meaning(space, own, &words));
    words.extend(named(space, own, &left, exact));
    let left = left.difference(&by_group);
    words.extend(left.as_networks().into_iter().map(Peer::Network));
    words.sort_by_key(order);
    words.dedup();
    words
}

/// The groups that together hold some endpoints, however many else are in them; what none holds is left out.
pub(super) fn by_group(space: &Space<'_>, own: GroupRef, needed: &Endpoints) -> Vec<Peer> {
    let mut all: Vec<GroupRef> = groups(space, own).collect();
    all.sort_by_key(|group| size(&space.peer(RulePeer::Group(*group)).difference(needed)));
    let mut words = Vec::new();
    let mut left = needed.clone();
    for group in all {
        let peers = space.peer(RulePeer::Group(group));
        if !peers.intersection(&left).is_empty() {
            left = left.difference(&peers);
            words.push(word(space, own, group));
        }
    }
    words
}

/// Whom peers of a group's rules mean.
pub(super) fn meaning<'a>(
    space: &Space<'_>,
    own: GroupRef,
    words: impl IntoIterator<Item = &'a Peer>,
) -> Endpoints {
    all_of(words.into_iter().map(|word| match word {
        Peer::Network(net) => Endpoints::networks([*net]),
        Peer::Internet => Endpoints::addresses(),
        Peer::Itself => space.peer(RulePeer::Group(own)),
        Peer::Group(name) => {
            let named = space.policy.group_refs().find(|group| space.policy[*group].name == *name);
            named.map(|group| space.peer(RulePeer::Group(group))).unwrap_or_default()
        }
    }))
}

/// How many endpoints there are.
pub(super) fn size(endpoints: &Endpoints) -> u128 {
    let unfixed = endpoints.unfixed_members().len() as u128;
    endpoints.count_v4().saturating_add(endpoints.count_v6()).saturating_add(unfixed)
}

/// `self`, other groups, networks: what follows its members comes before what does not.
pub(super) fn order(peer: &Peer) -> (u8, Peer) {
    let kind = match peer {
        Peer::Itself => 0,
        Peer::Group(_) => 1,
        Peer::Network(_) => 2,
        Peer::Internet => 3,
    };
    (kind, peer.clone())
}

/// The groups that a rule can name, its own first.
fn groups<'s>(space: &'s Space<'_>, own: GroupRef) -> impl Iterator<Item = GroupRef> + use<'s> {
    let stated =
        move |group: &GroupRef| *group != own && matches!(space.policy[*group].origin, Origin::Stated);
    std::iter::once(own).chain(space.policy.group_refs().filter(stated))
}

fn word(space: &Space<'_>, own: GroupRef, group: GroupRef) -> Peer {
    if group == own { Peer::Itself } else { Peer::Group(space.policy[group].name.clone()) }
}

/// As few of some groups as hold what they hold together of some endpoints.
fn named(space: &Space<'_>, own: GroupRef, needed: &Endpoints, groups: Vec<GroupRef>) -> Vec<Peer> {
    let held =
        groups.into_iter().map(|group| (group, space.peer(RulePeer::Group(group)).intersection(needed)));
    let mut held: Vec<(GroupRef, Endpoints)> = held.filter(|(_, held)| !held.is_empty()).collect();
    let all = all_of(held.iter().map(|(_, held)| held.clone()));
    if held.len() <= MOST_SEARCHED {
        let chosen = (0_u32..1 << held.len())
            .filter(|chosen| all_of(among(&held, *chosen).map(|(_, held)| held.clone())) == all)
            .min_by_key(|chosen| (chosen.count_ones(), chosen.reverse_bits()))
            .unwrap_or_default();
        return among(&held, chosen).map(|(group, _)| word(space, own, *group)).collect();
    }
    held.sort_by_key(|(_, held)| std::cmp::Reverse(size(held)));
    let (mut words, mut left) = (Vec::new(), all);
    for (group, held) in held {
        if !held.intersection(&left).is_empty() {
            left = left.difference(&held);
            words.push(word(space, own, group));
        }
    }
    words
}

fn among<T>(all: &[T], chosen: u32) -> impl Iterator<Item = &T> {
    all.iter().enumerate().filter(move |(at, _)| chosen & (1 << at) != 0).map(|(_, one)| one)
}

/// What has no fixed address, by a group or by the subnets that it may stand in.
fn of_unfixed(space: &Space<'_>, own: GroupRef, one: Unfixed, allowed: &Endpoints) -> Vec<Peer> {
    let Unfixed::Inside(member) = one else { return vec![Peer::Network(IpNet::V4(Ipv4Net::default()))] };
    let subnets = space.subnets(member).into_iter().map(|id| Peer::Network(space.topology[id].cidr.into()));
    let subnets: Vec<Peer> = subnets.collect();
    let stated = space.policy.groups_of(member).iter().copied();
    let stated = stated.filter(|group| matches!(space.policy[*group].origin, Origin::Stated));
    let groups = stated.map(|group| vec![word(space, own, group)]);
    let wider = |words: &Vec<Peer>| size(&meaning(space, own, words).difference(allowed));
    groups.chain([subnets]).min_by_key(wider).unwrap_or_default()
}
