//! Flows whose packets are shut out.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::need::{Need, Part};
use super::space::Space;
use super::{Blocked, Direction, ShutOut};
use crate::policy::groups::leaves_outbound_to_flows;
use crate::policy::{Endpoints, GroupRef, PacketBox, PacketSet, Services, Side};
use crate::topology::{NodeId, Origin};

pub(super) fn find(space: &Space<'_>, needs: &[Need]) -> Vec<Blocked> {
    let both = [Direction::Inbound, Direction::Outbound];
    needs.iter().flat_map(|need| both.map(|direction| one(space, need, direction))).flatten().collect()
}

fn one(space: &Space<'_>, need: &Need, direction: Direction) -> Option<Blocked> {
    let side = direction.peer_side();
    let peers = need.peer_endpoints(direction);
    // Members of the same groups are one to the rules, however many pools they are.
    let mut classes: BTreeMap<&[GroupRef], Vec<Endpoints>> = BTreeMap::new();
    for part in need.own(direction) {
        let Some(member) = part.member() else { continue };
        let groups = space.policy.groups_of(member);
        if groups.iter().all(|group| states(space, direction, *group)) {
            classes.entry(groups).or_default().push(part.endpoints.clone());
        }
    }
    let (mut lost, mut groups, mut certain) = (PacketSet::empty(), Vec::new(), false);
    for (class, own) in classes {
        let own = Endpoints::union_of(own);
        let needed = direction.packets(peers.clone(), own.clone(), need.services.clone());
        let admitted = admitted(space, direction, class, &own, &need.services);
        let missing = if need.is_with_internet(direction) {
            let through = needed.intersection(&admitted).with_endpoints(side, &space.internet);
            needed.difference(&through)
        } else {
            space.lost(side, &needed, &admitted)
        };
        let missing = without_own_address(&missing);
        if missing.is_empty() {
            continue;
        }
        let maybe = |one: &PacketBox| {
            let unfixed = one.side(side).unfixed_members();
            let fixed = !one.side(side).fixed().is_empty();
            let somewhere = |member| PacketSet::from(one.with(side, space.addresses_of(member)));
            !fixed && unfixed.into_iter().all(|member| somewhere(member).overlaps(&admitted))
        };
        certain |= !missing.cover().iter().all(maybe);
        lost = lost.union(&missing);
        groups.extend(class.iter().copied());
    }
    if lost.is_empty() {
        return None;
    }
    groups.sort_unstable();
    groups.dedup();
    Some(Blocked {
        flow: need.flow,
        direction,
        certain,
        from: shut_out(space, &need.from, &lost.endpoints(Side::Source)),
        to: shut_out(space, &need.to, &lost.endpoints(Side::Destination)),
        services: lost.services(),
        groups,
        packets: lost,
        near_miss: None,
    })
}

/// Whether the document states what a group admits in a direction.
pub(super) fn states(space: &Space<'_>, direction: Direction, group: GroupRef) -> bool {
    match direction {
        Direction::Inbound => space.policy[group].origin == Origin::Stated,
        Direction::Outbound => !leaves_outbound_to_flows(space.topology, group),
    }
}

fn admitted(
    space: &Space<'_>,
    direction: Direction,
    groups: &[GroupRef],
    own: &Endpoints,
    services: &Services,
) -> PacketSet {
    let rules = groups.iter().flat_map(|group| direction.rules(&space.policy[*group]));
    rules.fold(PacketSet::empty(), |all, rule| {
        let shared = Services::from(rule.traffic).intersection(services);
        if shared.is_empty() {
            return all;
        }
        all.union(&direction.packets(space.peer(rule.peer), own.clone(), shared))
    })
}

/// What a node sends to its own address does not cross the network.
fn without_own_address(packets: &PacketSet) -> PacketSet {
    let single = |endpoints: &Endpoints| endpoints.ranges().len() == 1 && endpoints.count_v4() == 1;
    packets.map(|one| {
        let mut one = one.clone();
        if single(&one.destination) {
            one.source = one.source.difference(&one.destination);
        } else if single(&one.source) {
            one.destination = one.destination.difference(&one.source);
        }
        one
    })
}

fn shut_out(space: &Space<'_>, parts: &[Part], lost: &Endpoints) -> Vec<ShutOut> {
    let mut shut_out = Vec::new();
    for part in parts {
        let is_lost = |node: &NodeId| lost.contains(IpAddr::V4(space.topology[*node].address));
        let mut nodes: Vec<NodeId> = part.nodes.iter().copied().filter(is_lost).collect();
        if nodes.is_empty() {
            // By its public address, or without nodes: all of it or nothing.
            if part.endpoints.intersection(lost).is_empty() {
                continue;
            }
            nodes.clone_from(&part.nodes);
        }
        shut_out.push(ShutOut { party: part.party, all: nodes.len() == part.nodes.len(), nodes });
    }
    shut_out
}
