//! What all flows need of the rules of a direction.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};

use super::{At, Work};
use crate::policy::admission::need::{Need, Part};
use crate::policy::admission::space::all_of;
use crate::policy::admission::words::size;
use crate::policy::{Endpoints, Member, Unfixed};
use crate::scalar::Peer;

/// With whom some members have to do on some ports.
#[derive(Default)]
pub(super) struct Demand {
    /// Peers that stand there and are a decision of their own.
    pub(super) decided: Vec<Peer>,
    /// Whether the internet is among them.
    internet: bool,
    pub(super) ends: BTreeMap<Member, Endpoints>,
}

impl Demand {
    fn add(&mut self, part: &Part, own: &Endpoints, shut: &Endpoints) {
        let Some(member) = part.member() else {
            self.internet |= shut.intersection(&part.endpoints).is_empty();
            return;
        };
        let mut ends = part.endpoints.difference(shut);
        // What a node sends to its own address does not cross the network.
        if size(own) == 1 {
            ends = ends.difference(own);
        }
        if !ends.is_empty() {
            let known = self.ends.entry(member).or_default();
            *known = known.union(&ends);
        }
    }
}

impl Work<'_> {
    /// What all flows need, for each class and each range of ports.
    pub(super) fn demands(&self) -> BTreeMap<At<usize>, Demand> {
        let mut demands: BTreeMap<At<usize>, Demand> = BTreeMap::new();
        for need in self.needs {
            let mut own: BTreeMap<usize, Endpoints> = BTreeMap::new();
            for part in need.own(self.direction) {
                let class = part.member().and_then(|member| self.class_of.get(&member));
                if let Some(class) = class.filter(|class| self.classes[**class].stated) {
                    let known = own.entry(*class).or_default();
                    *known = known.union(&part.endpoints);
                }
            }
            for atom in need.services.parts_of(&self.atoms) {
                for (class, own) in &own {
                    let shut = self.shut(need, own, (*class, atom));
                    let demand = demands.entry((*class, atom)).or_default();
                    for part in need.peers(self.direction) {
                        demand.add(part, own, &shut);
                    }
                }
            }
        }
        demands
    }

    /// Peers of a need that are shut out and stay so. What has no fixed address and is admitted at some is not.
    fn shut(&self, need: &Need, own: &Endpoints, (class, atom): At<usize>) -> Endpoints {
        let services = &self.atoms[atom];
        let packets = self.direction.packets(Endpoints::everything(), own.clone(), services.clone());
        let shut = self.blocked.iter().filter(|one| one.flow == need.flow);
        let shut =
            all_of(shut.map(|one| one.packets.intersection(&packets).endpoints(self.direction.peer_side())));
        if shut.is_empty() {
            return shut;
        }
        let admitted = all_of(self.rules_at(class, atom).map(|rule| rule.peers.clone()));
        let unfixed = shut.unfixed_members().into_iter();
        let partly = unfixed.filter(|one| !self.space.addresses_of(*one).intersection(&admitted).is_empty());
        shut.difference(&all_of(partly.map(Endpoints::unfixed)))
    }

    /// Finds the peers that are a decision of their own: how much of the internet is let in, and a part of the addresses
    /// that something may turn out to have.
    pub(super) fn decide(&self, (class, atom): At<usize>, demand: &mut Demand) {
        let admitted = all_of(self.rules_at(class, atom).map(|rule| rule.peers.clone()));
        let (mut about, mut public) = (Endpoints::default(), false);
        if demand.internet {
            about = self.space.internet.clone();
            if admitted.intersection(&about).is_empty() {
                demand.decided.push(Peer::Internet);
            }
        }
        for ends in demand.ends.values_mut() {
            for one in ends.unfixed_members() {
                let (own, addresses) = (Endpoints::unfixed(one), self.space.addresses_of(one));
                let some = !addresses.intersection(&admitted).is_empty();
                if some && !self.space.is_wholly_among(&own, &admitted) {
                    about = about.union(&addresses);
                    *ends = ends.difference(&own);
                } else if matches!(one, Unfixed::Public(_)) {
                    // To rules all public addresses that are not known are one.
                    public = true;
                    *ends = ends.difference(&own);
                }
            }
        }
        let mut stated: Vec<(Peer, Endpoints)> = self
            .rules_at(class, atom)
            .filter(|rule| !rule.stays && !rule.peers.intersection(&about).is_empty())
            .filter_map(|rule| Some((rule.network()?, rule.peers.clone())))
            .collect();
        stated.sort_by_key(|(_, peers)| std::cmp::Reverse(size(peers)));
        let staying = self.rules_at(class, atom).filter(|rule| rule.stays);
        let mut known = all_of(staying.map(|rule| rule.peers.clone()));
        for (peer, peers) in stated {
            if !peers.is_subset(&known) {
                known = known.union(&peers);
                demand.decided.push(peer);
            }
        }
        let everywhere = IpNet::V4(Ipv4Net::default());
        if public && !Endpoints::networks([everywhere]).is_subset(&known) {
            demand.decided.push(Peer::Network(everywhere));
        }
    }
}
