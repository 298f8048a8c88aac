//! Not more rules than a group may have.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Least, Quota, Wider, Work};
use crate::policy::admission::aggregate::Aggregation;
use crate::policy::admission::space::all_of;
use crate::policy::admission::words::{by_group, meaning, size};
use crate::policy::{Endpoints, GroupRef, RulePeer, Services, Unfixed};
use crate::scalar::Peer;

impl Work<'_> {
    pub(super) fn list(&self, group: GroupRef, mut items: Vec<Item>) -> Least {
        let mut wider = Vec::new();
        let list = |items: &[Item], wider, crowded| Least {
            group,
            direction: self.direction,
            rules: rules_of(items),
            wider,
            crowded,
        };
        let Some(Quota { rules: most, counted }) = self.given.quota else {
            return list(&items, wider, false);
        };
        let staying = self.of_group.get(&group).into_iter().flatten().map(|rule| &self.rules[*rule]);
        let staying: Vec<RulePeer> =
            staying.filter(|rule| rule.stays).flat_map(|rule| rule.stated.peers.iter().copied()).collect();
        let count = |items: &[Item]| {
            let peers = rules_of(items).into_iter().flat_map(|(peer, services)| {
                let times = services.ranges().len();
                as_rules(&peer).into_iter().flat_map(move |peer| std::iter::repeat_n(peer, times))
            });
            counted(&staying.iter().copied().chain(peers).collect::<Vec<_>>())
        };
        if count(&items) > most {
            let choices: Vec<Vec<Choice>> =
                items.iter().map(|item| self.choices(group, item, most)).collect();
            let exact: Vec<Vec<Peer>> =
                items.iter_mut().map(|item| std::mem::take(&mut item.peers)).collect();
            let room = most.saturating_sub(count(&items));
            for (item, choice) in items.iter_mut().zip(chosen(&choices, room)) {
                item.peers.clone_from(&choice.peers);
            }
            // Rules that name the same peer for ports that follow each other are one: what that leaves is given out, too.
            let mut given = room;
            while let Some(left) = most.checked_sub(count(&items)).filter(|left| *left > 0) {
                given += left;
                let mut more = items.clone();
                for (item, choice) in more.iter_mut().zip(chosen(&choices, given)) {
                    item.peers.clone_from(&choice.peers);
                }
                let same = items.iter().zip(&more).all(|(item, more)| item.peers == more.peers);
                if same || count(&more) > most {
                    break;
                }
                items = more;
            }
            for (item, exact) in items.iter().zip(exact) {
                let others = meaning(self.space, group, &item.peers).difference(&item.allowed);
                if item.peers != exact && !others.is_empty() {
                    let (services, peers) = (item.services.clone(), item.peers.clone());
                    wider.push(Wider { services, peers, exact: exact.len(), others });
                }
            }
        }
        let crowded = count(&items) > most;
        list(&items, wider, crowded)
    }

    /// The ways to name the peers of an item with fewer rules, by their number; each with fewer others than the one before.
    fn choices(&self, group: GroupRef, item: &Item, most: usize) -> Vec<Choice> {
        let ranges = item.services.ranges().len().max(1);
        let choice = |peers: Vec<Peer>| {
            let others = size(&meaning(self.space, group, &peers).difference(&item.allowed));
            Choice { rules: peers.len() * ranges, others, peers }
        };
        let mut all = vec![choice(item.peers.clone())];
        if !item.peers.is_empty() {
            let groups = by_group(self.space, group, &item.needed);
            let exact = |peer: &&Peer| meaning(self.space, group, [*peer]).is_subset(&item.allowed);
            let exact = groups.iter().take_while(exact).count();
            for named in BTreeSet::from([0, exact, groups.len()]) {
                let named = &groups[..named];
                let networks = self.networks(&item.needed.difference(&meaning(self.space, group, named)));
                let room = (most / ranges).saturating_sub(named.len()).max(1);
                let fewer = Aggregation::of(&networks, room);
                let numbers = if networks.is_empty() { 0..=0 } else { 1..=room.min(networks.len()) };
                all.extend(numbers.map(|number| {
                    let networks = fewer.at_most(number).into_iter().map(|net| Peer::Network(net.into()));
                    choice(named.iter().cloned().chain(networks).collect())
                }));
            }
            all.retain(|choice| !choice.peers.is_empty());
        }
        all.sort_by_key(|choice| (choice.rules, choice.others));
        let mut fewest = None;
        all.retain(|choice| {
            let fewer = fewest.is_none_or(|fewest| choice.others < fewest);
            fewest = fewest.min(Some(choice.others)).or(Some(choice.others));
            fewer
        });
        all
    }

    /// Where some endpoints are, as networks.
    fn networks(&self, ends: &Endpoints) -> Vec<Ipv4Net> {
        let unfixed = ends.unfixed_members();
        let somewhere = unfixed.iter().map(|one| match one {
            Unfixed::Inside(_) => self.space.addresses_of(*one),
            Unfixed::Public(_) => Endpoints::networks([IpNet::V4(Ipv4Net::default())]),
        });
        let all = all_of(somewhere.chain([ends.fixed()]));
        let v4 = all.as_networks().into_iter().filter_map(|net| match net {
            IpNet::V4(net) => Some(net),
            IpNet::V6(_) => None,
        });
        v4.collect()
    }
}

/// A way to name the peers of an item.
struct Choice {
    rules: usize,
    /// How many endpoints are admitted and need not be.
    others: u128,
    peers: Vec<Peer>,
}

/// One choice for each item: with not more rules in all than there is room for, those that admit the fewest others in all;
/// of these the fewest rules. Where there is no room for the smallest ones, these.
fn chosen(items: &[Vec<Choice>], room: usize) -> Vec<&Choice> {
    let smallest = items.iter().filter_map(|choices| choices.iter().map(|choice| choice.rules).min());
    let room = room.max(smallest.sum());
    // For each number of rules, what the items so far admit at least with not more than these.
    let mut least: Vec<Option<(u128, usize)>> = vec![Some((0, 0)); room + 1];
    let mut taken: Vec<Vec<Option<&Choice>>> = Vec::new();
    for choices in items {
        let best = |number: usize| {
            let fits = choices.iter().filter(|choice| choice.rules <= number);
            let with = fits.filter_map(|choice| {
                let (others, rules) = least[number - choice.rules]?;
                Some(((others.saturating_add(choice.others), rules + choice.rules), choice))
            });
            with.min_by_key(|(cost, _)| *cost)
        };
        let (costs, own) = (0..=room).map(|number| best(number).unzip()).unzip();
        least = costs;
        taken.push(own);
    }
    let (mut left, mut chosen) = (room, Vec::new());
    for own in taken.iter().rev() {
        let Some(choice) = own[left] else { continue };
        left -= choice.rules;
        chosen.push(choice);
    }
    chosen.reverse();
    chosen
}

/// Ports that a group admits from the same peers.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) services: Services,
    pub(super) needed: Endpoints,
    pub(super) allowed: Endpoints,
    pub(super) peers: Vec<Peer>,
    pub(super) decided: Vec<Peer>,
}

fn rules_of(items: &[Item]) -> BTreeMap<Peer, Services> {
    let mut rules: BTreeMap<Peer, Services> = BTreeMap::new();
    for item in items {
        for peer in item.peers.iter().chain(&item.decided) {
            let known = rules.entry(peer.clone()).or_default();
            *known = known.union(&item.services);
        }
    }
    rules
}

/// What a provider makes of a peer.
pub(super) fn as_rules(peer: &Peer) -> Vec<RulePeer> {
    match peer {
        Peer::Network(net) => vec![RulePeer::Network(*net)],
        Peer::Internet => {
            vec![
                RulePeer::Network(IpNet::V4(Ipv4Net::default())),
                RulePeer::Network(IpNet::V6(Ipv6Net::default())),
            ]
        }
        // Which group it is makes no difference to the count.
        Peer::Itself | Peer::Group(_) => vec![RulePeer::Group(GroupRef(0))],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Choice, chosen};

    fn every(items: &[Vec<Choice>], room: usize) -> Option<(u128, usize)> {
        let Some((first, rest)) = items.split_first() else { return Some((0, 0)) };
        let fits = first.iter().filter(|choice| choice.rules <= room);
        fits.filter_map(|choice| {
            let (others, rules) = every(rest, room - choice.rules)?;
            Some((others + choice.others, rules + choice.rules))
        })
        .min()
    }

    proptest! {
        #[test]
        fn no_other_choice_admits_fewer(
            items in proptest::collection::vec(proptest::collection::vec((1..6_usize, 0..9_u128), 1..5), 0..5),
            room in 0..16_usize,
        ) {
            let choice = |(rules, others)| Choice { rules, others, peers: Vec::new() };
            let items: Vec<Vec<Choice>> =
                items.into_iter().map(|choices| choices.into_iter().map(choice).collect()).collect();
            let chosen = chosen(&items, room);
            prop_assert_eq!(chosen.len(), items.len());
            let cost = (
                chosen.iter().map(|choice| choice.others).sum::<u128>(),
                chosen.iter().map(|choice| choice.rules).sum::<usize>(),
            );
            let smallest = |choices: &Vec<Choice>| choices.iter().map(|choice| choice.rules).min().unwrap_or(0);
            if let Some(best) = every(&items, room) {
                prop_assert_eq!(cost, best);
            } else {
                prop_assert_eq!(cost.1, items.iter().map(smallest).sum::<usize>());
            }
        }
    }
}
