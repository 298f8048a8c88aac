//! Not more rules than a group may have.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Least, Wider, Work};
use crate::policy::admission::aggregate::aggregate;
use crate::policy::admission::space::all_of;
use crate::policy::admission::words::{by_group, meaning, size};
use crate::policy::groups::counted;
use crate::policy::{Endpoints, GroupRef, RulePeer, Services, Unfixed};
use crate::scalar::Peer;

impl Work<'_> {
    pub(super) fn list(&self, group: GroupRef, mut items: Vec<Item>) -> Least {
        let staying = self.of_group.get(&group).into_iter().flatten().map(|rule| &self.rules[*rule]);
        let staying: Vec<RulePeer> =
            staying.filter(|rule| rule.stays).flat_map(|rule| rule.stated.peers.iter().copied()).collect();
        let count = |items: &[Item]| {
            let peers = rules_of(items).into_iter().flat_map(|(peer, services)| {
                let times = services.ranges().len();
                as_rules(&peer).into_iter().flat_map(move |peer| std::iter::repeat_n(peer, times))
            });
            counted(staying.iter().copied().chain(peers))
        };
        let mut wider = Vec::new();
        let most = self.given.most.unwrap_or(usize::MAX);
        if count(&items) > most {
            items.sort_by_key(|item| std::cmp::Reverse(item.peers.len()));
        }
        for at in 0..items.len() {
            if count(&items) <= most {
                break;
            }
            let exact = std::mem::take(&mut items[at].peers);
            let ranges = items[at].services.ranges().len().max(1);
            let room = (most.saturating_sub(count(&items)) / ranges).max(1);
            if exact.len() <= room {
                items[at].peers = exact;
                continue;
            }
            let item = &items[at];
            let peers = self.fewer(group, item, room).unwrap_or_else(|| exact.clone());
            let others = meaning(self.space, group, &peers).difference(&item.allowed);
            let services = item.services.clone();
            if !others.is_empty() {
                wider.push(Wider { services, peers: peers.clone(), exact: exact.len(), others });
            }
            items[at].peers = peers;
        }
        let crowded = count(&items) > most;
        Least { group, direction: self.direction, rules: rules_of(&items), wider, crowded }
    }

    /// Not more peers than there is room for, with as few others as possible.
    fn fewer(&self, group: GroupRef, item: &Item, room: usize) -> Option<Vec<Peer>> {
        let by_group = by_group(self.space, group, &item.needed);
        let left = item.needed.difference(&meaning(self.space, group, &by_group));
        let networks = |ends: &Endpoints| {
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
            v4.collect::<Vec<_>>()
        };
        let nets = |ends: &Endpoints, most: usize| {
            aggregate(&networks(ends), most).into_iter().map(|net| Peer::Network(net.into()))
        };
        let rest = nets(&left, room.saturating_sub(by_group.len()).max(1));
        let by_group: Vec<Peer> = by_group.into_iter().chain(rest).collect();
        let choices = [by_group, nets(&item.needed, room).collect()];
        let others = |peers: &Vec<Peer>| {
            let others = meaning(self.space, group, peers).difference(&item.allowed);
            (peers.len() > room, size(&others), peers.len())
        };
        choices.into_iter().filter(|peers| !peers.is_empty()).min_by_key(others)
    }
}

/// Ports that a group admits from the same peers.
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
fn as_rules(peer: &Peer) -> Vec<RulePeer> {
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
