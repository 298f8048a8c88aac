//! Who uses a rule, and what it admits beyond that.

use super::need::{Need, Part};
use super::space::{Space, all_of};
use super::words::{self, by_group, meaning};
use super::{Direction, Excess, StatedRule, Usage};
use crate::flow::answers_at;
use crate::policy::{Endpoints, Member, Services, Unfixed};
use crate::scalar::{Peer, Ports, Protocol, Traffic};
use ipnet::IpNet;
use std::net::IpAddr;

/// More networks than this are not a rule that somebody would write.
const MOST_NETWORKS: usize = 8;

pub(super) fn judge(space: &Space<'_>, rule: &mut StatedRule, needs: &[Need]) {
    let direction = rule.direction;
    let services = Services::from(rule.traffic);
    let uses = |need: &&Need| {
        need.services.meets(&services)
            && need
                .own(direction)
                .iter()
                .filter_map(Part::member)
                .any(|member| space.policy.groups_of(member).contains(&rule.group))
            && need.wherever(space, direction).overlaps(&rule.packets)
    };
    let users: Vec<&Need> = needs.iter().filter(uses).collect();
    if users.is_empty() {
        rule.usage = unused(space, rule);
        return;
    }
    rule.excess = excess(space, rule, &users);
    rule.usage = Usage::Flows(users.iter().map(|need| need.flow).collect());
}

fn unused(space: &Space<'_>, rule: &StatedRule) -> Usage {
    let members = &space.policy[rule.group].members;
    if rule.packets.is_empty() {
        return Usage::Nobody;
    }
    if rule.traffic == Traffic::Icmp {
        return Usage::Undeclared("ICMP is not declared as traffic");
    }
    match rule.direction {
        Direction::Inbound => {
            let peers = rule.packets.endpoints(rule.direction.peer_side()).fixed();
            // A declared flow has an address of a node at its end, or one that a load balancer or a database is given.
            let outside = !peers.is_subset(&space.network);
            let nobodys = !peers.is_empty() && peers.intersection(&space.nodes).is_empty();
            let answered = || members.iter().any(|member| answers(space, *member, rule.traffic));
            if (outside || nobodys) && answered() {
                return Usage::Undeclared("who has no address of a node is not declared as a client");
            }
            if is_a_tunnel(rule.traffic)
                && space.topology.overlays.iter().any(|one| one.carried_by.is_empty())
            {
                return Usage::Undeclared(
                    "an overlay's packets are not declared where nothing is said to carry it",
                );
            }
            if is_of_the_system(rule.traffic) && answered() {
                return Usage::Undeclared(
                    "people who log in, and what a system asks by itself, are not declared",
                );
            }
        }
        Direction::Outbound => {
            if members.iter().any(|member| matches!(member, Member::Database(_))) {
                return Usage::Undeclared("a database's own connections are not declared");
            }
            if is_of_the_system(rule.traffic) {
                return Usage::Undeclared(
                    "people who log in from there, and what a system asks by itself, are not declared",
                );
            }
        }
    }
    Usage::Unused
}

/// Whether traffic is that of people who log in from machine to machine (SSH, RFC 4253 section 4.2), or of what every
/// system asks by itself, whatever runs on it: names (DNS, RFC 1035 section 4.2) and the time (NTP, RFC 5905 section 7.2).
fn is_of_the_system(traffic: Traffic) -> bool {
    let Traffic::Ports(Ports { protocol, range }) = traffic else { return false };
    range.len() == 1
        && match range.first() {
            22 => protocol == Protocol::Tcp,
            53 => true,
            123 => protocol == Protocol::Udp,
            _ => false,
        }
}

/// Whether traffic is what overlays travel in. Sources: RFC 7296 section 2 (IKE) and RFC 3948 (ESP in UDP), which Rancher 1.x
/// takes; RFC 7348 (VXLAN, Swarm and others); the kernel's older port of VXLAN, which Flannel keeps; RFC 8926 (Geneve);
/// wg(8), the port that WireGuard's documentation has.
fn is_a_tunnel(traffic: Traffic) -> bool {
    let Traffic::Ports(Ports { protocol: Protocol::Udp, range }) = traffic else { return false };
    range.len() == 1 && [500, 4500, 4789, 8472, 6081, 51_820].contains(&range.first())
}

/// Whether something answers on ports of a member.
fn answers(space: &Space<'_>, member: Member, traffic: Traffic) -> bool {
    let Traffic::Ports(ports) = traffic else { return true };
    let is_tcp = ports.protocol == Protocol::Tcp;
    match member {
        Member::Pool(id) => !answers_at(space.topology, id, ports).is_empty(),
        Member::LoadBalancer(id) => {
            let mut listeners = space.topology[id].listeners.iter();
            is_tcp && listeners.any(|listener| ports.range.contains(listener.listen.port))
        }
        Member::Database(id) => is_tcp && ports.range.contains(space.topology[id].port),
    }
}

fn excess(space: &Space<'_>, rule: &StatedRule, users: &[&Need]) -> Excess {
    let direction = rule.direction;
    let admitted = rule.packets.endpoints(direction.peer_side());
    let used = users.iter().fold(Services::default(), |all, need| all.union(&need.services));
    let generous = |need: &&Need| generous(space, need, direction);
    let peers = admitted.difference(&all_of(users.iter().map(generous)));
    let topology = space.topology;
    let all = topology.pool_ids().map(Member::Pool);
    let all = all.chain(topology.load_balancer_ids().map(Member::LoadBalancer));
    let all = all.chain(topology.database_ids().map(Member::Database));
    let needed = all_of(users.iter().map(|need| need.peer_endpoints(direction)));
    let among = |member: &Member| {
        if let Member::Pool(id) = member {
            let addresses = || topology[*id].nodes.iter().map(|node| IpAddr::V4(topology[*node].address));
            return addresses().any(|at| peers.contains(at)) && !addresses().any(|at| needed.contains(at));
        }
        let own = space.inside(*member);
        own.intersection(&needed).is_empty() && !space.wherever(&own).intersection(&peers).is_empty()
    };
    let members: Vec<Member> = if peers.is_empty() { Vec::new() } else { all.filter(among).collect() };
    let free = peers.intersection(&space.network).difference(&space.nodes);
    Excess {
        services: rule.packets.services().difference(&used),
        internet: !peers.intersection(&space.internet).is_empty(),
        members,
        free_addresses: !free.is_empty(),
        narrowest: if peers.is_empty() { Vec::new() } else { narrowest(space, rule, &admitted, users) },
        peers,
    }
}

/// The peers that a rule may name for a flow without being called too wide.
fn generous(space: &Space<'_>, need: &Need, direction: Direction) -> Endpoints {
    if need.is_with_internet(direction) {
        return Endpoints::addresses();
    }
    let peers = need.peer_endpoints(direction);
    let unfixed = peers.unfixed_members();
    let is_public = |one: &Unfixed| matches!(one, Unfixed::Public(_));
    let any =
        unfixed.iter().any(is_public).then(|| Endpoints::networks([IpNet::V4(ipnet::Ipv4Net::default())]));
    let inside = unfixed.into_iter().filter_map(|one| match one {
        Unfixed::Inside(member) => Some(subnets_of(space, member)),
        Unfixed::Public(_) => None,
    });
    all_of(inside.chain(any).chain([peers.clone()]))
}

fn subnets_of(space: &Space<'_>, member: Member) -> Endpoints {
    Endpoints::networks(space.subnets(member).into_iter().map(|id| space.topology[id].cidr.into()))
}

fn narrowest(space: &Space<'_>, rule: &StatedRule, admitted: &Endpoints, users: &[&Need]) -> Vec<Peer> {
    let direction = rule.direction;
    let needed = all_of(users.iter().map(|need| need.peer_endpoints(direction)));
    let is_public = |one: &Unfixed| matches!(one, Unfixed::Public(_));
    // Nothing can be said of public addresses that are not known.
    if users.iter().any(|need| need.is_with_internet(direction))
        || needed.unfixed_members().iter().any(is_public)
    {
        return Vec::new();
    }
    // A group's load balancer is compared by the addresses that it may have: no network holds the load balancer itself.
    let addresses = |endpoints: &Endpoints| space.wherever(endpoints).fixed();
    let admitted = addresses(admitted);
    let narrower = |peers: &Vec<Peer>| {
        let means = addresses(&meaning(space, rule.group, peers));
        means.is_subset(&admitted) && !admitted.is_subset(&means)
    };
    let exact = words::narrowest(space, rule.group, &needed, &needed, &Endpoints::default());
    if exact.len() <= MOST_NETWORKS && narrower(&exact) {
        return exact;
    }
    let members = users.iter().flat_map(|need| need.peers(direction)).filter_map(Part::member);
    let subnets = all_of(members.map(|member| subnets_of(space, member)));
    let subnets = subnets.as_networks().into_iter().map(Peer::Network).collect();
    let mut named = by_group(space, rule.group, &needed);
    let left = needed.difference(&meaning(space, rule.group, &named));
    named.extend(words::narrowest(space, rule.group, &left, &left, &Endpoints::default()));
    [named, subnets].into_iter().find(narrower).unwrap_or_default()
}
