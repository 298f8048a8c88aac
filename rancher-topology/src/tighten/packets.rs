//! Which packets the rules of one document admit, and those of another do not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::lists;
use super::outcome::{RulePackets, words};
use crate::lint::Context;
use crate::policy::{
    Blocked, Direction, EndpointRange, Endpoints, GroupRef, Member, PacketBox, Services, Side, Unfixed,
};
use crate::topology::{NodeId, Topology};

/// What the rules of one document admit and those of another do not, but for what is needed by some flows.
pub(super) fn only_in(one: &Context<'_>, other: &Context<'_>, but: &[Blocked]) -> Vec<RulePackets> {
    let (ends, lists) = (Ends::of(one.topology), lists(other));
    // Rules of groups that have no member in common admit no packet in common.
    let mut around: BTreeMap<GroupRef, BTreeSet<GroupRef>> = BTreeMap::new();
    let only = one.admission.rules().iter().filter_map(|rule| {
        let of =
            |group| lists.get(&(group, rule.direction)).into_iter().flatten().map(|id| &other.admission[*id]);
        if of(rule.group).any(|same| (same.traffic, &same.peers) == (rule.traffic, &rule.peers)) {
            return None;
        }
        let around = around.entry(rule.group).or_insert_with(|| {
            let members = one.policy[rule.group].members.iter();
            members.flat_map(|member| one.policy.groups_of(*member)).copied().collect()
        });
        let others = around.iter().flat_map(|group| of(*group)).map(|other| &other.packets);
        let needed = but.iter().filter(|flow| flow.direction == rule.direction).map(|flow| &flow.packets);
        let left = others.chain(needed).fold(rule.packets.clone(), |left, other| {
            if left.is_empty() { left } else { left.difference(other) }
        });
        let side = match rule.direction {
            Direction::Inbound => Side::Source,
            Direction::Outbound => Side::Destination,
        };
        // What goes from an address to itself never asks a group.
        let only: Vec<_> = left.cover().iter().filter_map(|part| Some((part, ends.pair(part)?))).collect();
        let (first, (from, to)) = only.first()?;
        let parts = || only.iter().map(|(part, _)| part);
        Some(RulePackets {
            rule: words(one, rule)?,
            services: parts().fold(Services::default(), |all, part| all.union(&part.services)),
            peers: Endpoints::union_of(parts().map(|part| part.side(side).clone())),
            from: from.clone(),
            to: to.clone(),
            service: first.services.ranges().first()?.first(),
        })
    });
    only.collect()
}

/// As many names of ends are tried for an example: two of them are not the same one.
const TRIED: usize = 2;

/// What ends of packets are called.
struct Ends<'t> {
    topology: &'t Topology,
    by_address: BTreeMap<Ipv4Addr, NodeId>,
    nodes: Endpoints,
}

impl<'t> Ends<'t> {
    fn of(topology: &'t Topology) -> Self {
        let by_address: BTreeMap<Ipv4Addr, NodeId> =
            topology.node_ids().map(|id| (topology[id].address, id)).collect();
        let nodes = Endpoints::hosts(by_address.keys().copied());
        Self { topology, by_address, nodes }
    }

    /// Who sends one of some packets, and who gets it; `None` where each goes back to where it comes from.
    fn pair(&self, packets: &PacketBox) -> Option<(String, String)> {
        let (from, to) = (self.names(&packets.source), self.names(&packets.destination));
        from.into_iter().find_map(|from| {
            let to = to.iter().find(|to| **to != from)?.clone();
            Some((from, to))
        })
    }

    /// Some of some endpoints: who has a name before who has an address only.
    fn names(&self, endpoints: &Endpoints) -> Vec<String> {
        let topology = self.topology;
        let within = endpoints.ranges().into_iter().flat_map(|range| match range {
            EndpointRange::Addresses(IpAddr::V4(first), IpAddr::V4(last)) => {
                self.by_address.range(first..=last)
            }
            _ => self.by_address.range(Ipv4Addr::UNSPECIFIED..Ipv4Addr::UNSPECIFIED),
        });
        let mut names: Vec<String> =
            within.map(|(_, node)| topology[*node].name.to_string()).take(TRIED).collect();
        // A node is called by its own address, and not by a public one that it has besides.
        let unfixed = endpoints.unfixed_members().into_iter().filter_map(|one| {
            let (Unfixed::Inside(member) | Unfixed::Public(member)) = one;
            match member {
                Member::Pool(_) => None,
                Member::LoadBalancer(id) => Some(topology[id].name.to_string()),
                Member::Database(id) => Some(topology[id].name.to_string()),
            }
        });
        names.extend(unfixed.take(TRIED));
        let others = endpoints.difference(&self.nodes);
        // An address that documents use for somebody else's (RFC 5737) where it is one of them.
        let somebody = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
        names.extend(others.contains(somebody).then(|| somebody.to_string()));
        let addresses = others.ranges().into_iter().filter_map(|range| match range {
            // The first addresses of a network are nobody's.
            EndpointRange::Addresses(IpAddr::V4(first), IpAddr::V4(last)) => {
                Some(Ipv4Addr::from(u32::from(first).saturating_add(4).min(u32::from(last))).to_string())
            }
            EndpointRange::Addresses(first, _) => Some(first.to_string()),
            EndpointRange::Unfixed(_) | EndpointRange::OtherUnfixed => None,
        });
        names.extend(addresses.take(TRIED));
        names
    }
}
