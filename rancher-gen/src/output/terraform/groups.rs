//! Security groups, and one rule resource for each rule and peer.

use std::collections::BTreeSet;

use ipnet::IpNet;
use rancher_topology::policy::{Direction, EffectiveGroup, EffectiveRule, GroupRef, Member, RulePeer};
use rancher_topology::scalar::Traffic;
use serde::Serialize;

use super::label::{self, label, raw};
use super::reason;
use crate::output::Context;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Group {
    topology: String,
    name: String,
    label: Raw,
    title: Option<String>,
    assumed: Option<&'static str>,
    rules: Vec<Rule>,
}

impl Group {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

#[derive(Serialize)]
struct Rule {
    /// `ingress` or `egress`.
    direction: Raw,
    label: Raw,
    protocol: &'static str,
    /// The first and the last port; none where the protocol is everything.
    ports: Option<(i32, i32)>,
    cidr_ipv4: Option<String>,
    cidr_ipv6: Option<String>,
    group: Option<Raw>,
    description: Option<String>,
    /// What the topology says, where AWS's descriptions do not take all of its characters.
    purpose: Option<String>,
    optional: bool,
    assumed: Option<&'static str>,
}

pub(super) fn views(cx: &Context<'_>) -> Vec<Group> {
    cx.policy.groups.iter().map(|group| view(cx, group)).collect()
}

/// The labels of the groups that a member is in.
pub(super) fn of(cx: &Context<'_>, member: Member) -> Vec<Raw> {
    cx.policy.groups_of(member).iter().map(|group| raw(&label(&cx.policy[*group].name))).collect()
}

fn view(cx: &Context<'_>, group: &EffectiveGroup) -> Group {
    let mut taken = BTreeSet::new();
    let inbound = group.inbound.iter().map(|rule| (Direction::Inbound, rule));
    let outbound = group.outbound.iter().map(|rule| (Direction::Outbound, rule));
    let all = inbound.chain(outbound).filter_map(|(direction, own)| {
        let rule = rule(cx, group, direction, own);
        // AWS refuses a rule that a group has already (InvalidPermission.Duplicate).
        taken.insert((direction, own.traffic, own.peer)).then_some(rule)
    });
    Group {
        topology: cx.topology.name.to_string(),
        name: group.name.to_string(),
        label: raw(&label(&group.name)),
        title: group.title.as_ref().map(ToString::to_string),
        assumed: reason(group.origin),
        rules: all.collect(),
    }
}

fn rule(cx: &Context<'_>, group: &EffectiveGroup, direction: Direction, rule: &EffectiveRule) -> Rule {
    let (cidr_ipv4, cidr_ipv6, peer) = match rule.peer {
        RulePeer::Network(net @ IpNet::V4(_)) => (Some(net.to_string()), None, None),
        RulePeer::Network(net @ IpNet::V6(_)) => (None, Some(net.to_string()), None),
        RulePeer::Group(peer) => (None, None, Some(raw(&label(&cx.policy[peer].name)))),
    };
    let v6 = cidr_ipv6.is_some();
    let (protocol, ports) = match rule.traffic {
        Traffic::Any => ("-1", None),
        // Every type and code (AWS, IpPermission: "-1 indicates all ICMP types").
        Traffic::Icmp => (if v6 { "icmpv6" } else { "icmp" }, Some((-1, -1))),
        Traffic::Ports(ports) => {
            (ports.protocol.as_str(), Some((ports.range.first().into(), ports.range.last().into())))
        }
    };
    let purpose = rule.purpose.as_ref().map(ToString::to_string).filter(|purpose| !purpose.is_empty());
    let description = purpose.as_deref().map(describable);
    Rule {
        direction: match direction {
            Direction::Inbound => Raw::word("ingress"),
            Direction::Outbound => Raw::word("egress"),
        },
        label: raw(&rule_label(cx, group, rule)),
        protocol,
        ports,
        cidr_ipv4,
        cidr_ipv6,
        group: peer,
        purpose: purpose.filter(|purpose| Some(purpose) != description.as_ref()),
        description,
        optional: rule.optional,
        assumed: reason(rule.origin),
    }
}

/// `GROUP_TRAFFIC_from-PEER`: what the rule is, so that its name stays when others come and go.
fn rule_label(cx: &Context<'_>, group: &EffectiveGroup, rule: &EffectiveRule) -> String {
    let peer = match rule.peer {
        RulePeer::Network(net) => label::network(net),
        RulePeer::Group(peer) => group_label(cx, peer),
    };
    format!("{}_{}_{peer}", label(&group.name), label::traffic(rule.traffic))
}

fn group_label(cx: &Context<'_>, group: GroupRef) -> String {
    format!("group_{}", label(&cx.policy[group].name))
}

/// A text with what the descriptions of rules do not take written as `-`.
///
/// Source: EC2 API, `IpRange`: "a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*", up to 255 characters.
fn describable(text: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    text.chars().map(|c| if known(c) { c } else { '-' }).collect()
}
