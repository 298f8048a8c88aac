//! Rules in words: those that admit, and those that are missing with the line to write.

use ipnet::IpNet;

use super::Reach;
use super::answer::{Admitted, Cause, Change, Refusal, Whom};
use super::path::Question;
use crate::diagnostic::Span;
use crate::flow::End;
use crate::policy::{Direction, Endpoints, GroupRef, Member, RulePeer, RuleRef};
use crate::scalar::Ports;
use crate::topology::{GroupId, Origin};

/// More networks than this are not a rule that somebody would write.
const MOST_NETWORKS: usize = 4;

/// A rule that admits packets.
pub(super) fn admitted(reach: &Reach<'_>, rule: RuleRef) -> Option<Admitted> {
    let found = reach.policy.rule(rule)?;
    let (lets, preposition) = match rule.direction {
        Direction::Inbound => ("lets in", "from"),
        Direction::Outbound => ("lets out", "to"),
    };
    let peer = match found.peer {
        RulePeer::Network(net) => net.to_string(),
        RulePeer::Group(group) if group == rule.group => "self".to_owned(),
        RulePeer::Group(group) => reach.policy[group].name.to_string(),
    };
    let words = format!("`{}` {lets} {} {preposition} {peer}", reach.policy[rule.group].name, found.traffic);
    Some(Admitted { rule, words, place: place(reach, rule) })
}

/// Where the document states a rule.
fn place(reach: &Reach<'_>, rule: RuleRef) -> Option<Span> {
    let stated = reach.policy.rule(rule)?.place?;
    let group = &reach.topology[GroupId(rule.group.position())];
    let rules = match rule.direction {
        Direction::Inbound => Some(&group.inbound),
        Direction::Outbound => group.outbound.as_ref(),
    };
    Some(rules?.get(stated.rule)?.span)
}

/// That no rule of a member admits packets, and what would.
pub(super) fn no_rule(
    reach: &Reach<'_>,
    direction: Direction,
    member: Member,
    peer: &Whom,
    ports: Ports,
    question: &Question<'_>,
) -> Option<Refusal> {
    let groups = reach.policy.groups_of(member);
    let group = groups.first().copied();
    let names: Vec<String> = groups.iter().map(|group| format!("`{}`", reach.policy[*group].name)).collect();
    let (lets, preposition) = match direction {
        Direction::Inbound => ("in", "from"),
        Direction::Outbound => ("out", "to"),
    };
    let words =
        format!("no rule of {} lets {lets} {ports} {preposition} {}", names.join(", "), named(reach, peer));
    let change = change(reach, direction, group?, peer, ports, question);
    Some(Refusal { cause: Cause::NoRule(direction, group), words, change: Some(change) })
}

fn change(
    reach: &Reach<'_>,
    direction: Direction,
    group: GroupRef,
    peer: &Whom,
    ports: Ports,
    question: &Question<'_>,
) -> Change {
    let topology = reach.topology;
    let is_stated = reach.policy[group].origin == Origin::Stated;
    let from_flows = match direction {
        Direction::Inbound => !is_stated,
        Direction::Outbound => reach.policy.follows_flows(topology, group),
    };
    if from_flows && let Some(change) = declared(reach, question) {
        return change;
    }
    let (key, word) = (direction.as_str(), direction.peer_key());
    let span = topology.groups.get(group.position()).map(|group| group.span);
    let name = &reach.policy[group].name;
    let peer = peer_word(reach, group, peer);
    Change {
        to: format!("`{key}` of security group `{name}`"),
        line: format!("- {{port: {ports}, {word}: {peer}}}"),
        with: Vec::new(),
        place: span,
    }
}

/// A connection to declare, where rules follow from what is declared.
fn declared(reach: &Reach<'_>, question: &Question<'_>) -> Option<Change> {
    let Question { client, server, ports } = *question;
    let topology = reach.topology;
    let entry = |name: &str, ports: Ports| {
        let port = ports.to_string();
        format!("- \"{name}:{}\"", port.strip_suffix("/tcp").unwrap_or(&port))
    };
    let (to, span, with) = match client {
        Whom::End(End::Instance(id)) => {
            let service = &topology[topology[*id].service];
            (format!("`traffic-to` of service `{}`", service.name), service.span, Vec::new())
        }
        Whom::End(End::Node(id)) => {
            let pool = topology.pool_of(*id);
            let assumed = pool.traffic_to.iter().filter(|_| pool.traffic_to.is_assumed());
            let assumed = assumed.filter_map(|traffic| Some(entry(traffic.word.as_str(), traffic.ports?)));
            (format!("`traffic-to` of nodes `{}`", pool.name), pool.span, assumed.collect())
        }
        _ => return None,
    };
    let name = match server {
        Whom::Internet(_) => "internet".to_owned(),
        Whom::End(End::Node(id)) => topology.pool_of(*id).name.to_string(),
        Whom::End(End::Instance(id)) => topology[topology[*id].service].name.to_string(),
        Whom::End(End::Database(id)) => topology[*id].name.to_string(),
        Whom::End(End::LoadBalancer(id)) => topology[*id].name.to_string(),
        Whom::End(End::Internet) | Whom::Addresses(_) => return None,
    };
    Some(Change { to, line: entry(&name, ports), with, place: Some(span) })
}

/// An end in the words of a sentence.
pub(super) fn named(reach: &Reach<'_>, whom: &Whom) -> String {
    if let Whom::Internet(_) = whom {
        return whom.name(reach.topology);
    }
    let node = reach.node(whom);
    let name = node.map_or_else(|| whom.name(reach.topology), |node| reach.topology[node].name.to_string());
    format!("`{name}`")
}

/// How a rule of a group would name an end.
fn peer_word(reach: &Reach<'_>, group: GroupRef, whom: &Whom) -> String {
    let topology = reach.topology;
    let networks = |endpoints: &Endpoints| {
        let all = endpoints.as_networks();
        match all.as_slice() {
            [one] => one.to_string(),
            [first, .., last] if all.len() > MOST_NETWORKS => around(*first, *last).to_string(),
            some => format!("[{}]", some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        }
    };
    match whom {
        Whom::Internet(endpoints) if endpoints.count_v4() > 1 << 31 => "internet".to_owned(),
        Whom::Internet(endpoints) | Whom::Addresses(endpoints) => networks(endpoints),
        Whom::End(end) => {
            let groups = reach.member(whom).map_or(&[][..], |member| reach.policy.groups_of(member));
            if groups.contains(&group) {
                return "self".to_owned();
            }
            if let Some(stated) = groups.iter().find(|own| reach.policy[**own].origin == Origin::Stated) {
                return reach.policy[*stated].name.to_string();
            }
            let subnets = match end {
                End::LoadBalancer(id) => &topology[*id].subnets.value,
                End::Database(id) => &topology[*id].subnets.value,
                End::Node(_) | End::Instance(_) | End::Internet => {
                    let node = reach.node(whom);
                    return node.map_or_else(
                        || "internet".to_owned(),
                        |node| format!("{}/32", topology[node].address),
                    );
                }
            };
            networks(&Endpoints::networks(subnets.iter().map(|subnet| topology[*subnet].cidr.into())))
        }
    }
}

/// The narrowest network that two are in.
fn around(first: IpNet, last: IpNet) -> IpNet {
    let mut net = first;
    while !net.contains(&last) {
        let Some(wider) = net.supernet() else { break };
        net = wider;
    }
    net
}
