//! Security groups as a provider has them against those of the model.
//!
//! Rules of a group are a union (Amazon EC2 User Guide, "Security group rules"), so what counts is what they admit
//! together: which peer, on which ports. A group that is named as a peer is that group and no addresses, unless every address
//! is admitted.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::packet::{Family, Intervals, number};
use crate::policy::{Direction, EffectiveGroup, EffectiveRule, RulePeer, SecurityPolicy};
use crate::scalar::Traffic;

/// A security group that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveGroup {
    /// The name by which the model knows it.
    pub name: String,
    /// Its rules.
    pub rules: Vec<LiveRule>,
    /// Whether somebody else has it, and it was only looked up: it may have other rules too.
    pub elsewhere: bool,
}

/// A rule that exists, with one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRule {
    /// Which way it lets packets through.
    pub direction: Direction,
    /// The protocol's number; `None` is every one.
    pub protocol: Option<u8>,
    /// Ports; of ICMP types and codes (the type times 256 and the code); of other protocols 0.
    pub ports: Intervals,
    /// The other side.
    pub peer: LivePeer,
    /// Where it stands: an address of Terraform.
    pub place: String,
}

/// The other side of a rule that exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LivePeer {
    /// Addresses.
    Network(IpNet),
    /// The members of a group, by the name by which the model knows it.
    Group(String),
}

/// Security groups beside the model's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GroupsAudit {
    /// Groups of the model that are not among those that exist.
    pub missing: Vec<String>,
    /// Groups of the model of which not every rule is known: of these, only what they admit is compared.
    pub partly: Vec<String>,
    /// Groups that exist and that the model does not have.
    pub unknown: Vec<String>,
    /// Where rules differ.
    pub differences: Vec<GroupDifference>,
}

/// What a group admits otherwise than the model says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupDifference {
    /// The group.
    pub group: String,
    /// Which way.
    pub direction: Direction,
    /// Whether it admits what the model does not; otherwise it lacks what the model admits.
    pub admits: bool,
    /// The protocol's number; `None` is every one that no rule names.
    pub protocol: Option<u8>,
    /// The ports, as [`LiveRule::ports`].
    pub ports: Intervals,
    /// With whom.
    pub peer: DifferentPeer,
    /// The rules that admit it, where they stand.
    pub places: Vec<String>,
}

/// With whom something is admitted or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferentPeer {
    /// Addresses of a family.
    Addresses(Family, Intervals),
    /// The members of a group.
    Group(String),
}

/// Every port.
#[must_use]
pub fn all_ports() -> Intervals {
    Intervals::from_to(0, u16::MAX.into())
}

impl GroupsAudit {
    /// Whether the groups admit exactly what the model says.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty() && self.differences.is_empty()
    }
}

/// Compares groups that exist with those of a policy, by name.
#[must_use]
pub fn groups(policy: &SecurityPolicy, live: &[LiveGroup]) -> GroupsAudit {
    let mut audit = GroupsAudit::default();
    for group in &policy.groups {
        let Some(own) = live.iter().find(|one| one.name == *group.name) else {
            audit.missing.push(group.name.to_string());
            continue;
        };
        for direction in [Direction::Inbound, Direction::Outbound] {
            let meant = meant(policy, group, direction);
            let live: Vec<&LiveRule> = own.rules.iter().filter(|rule| rule.direction == direction).collect();
            let meant: Vec<&LiveRule> = meant.iter().collect();
            compare(&group.name, direction, &live, &meant, &mut audit.differences);
        }
        if own.elsewhere {
            audit.differences.retain(|one| one.admits || one.group != *group.name);
            audit.partly.push(group.name.to_string());
        }
    }
    let known = |one: &&LiveGroup| policy.groups.iter().any(|group| *group.name == *one.name);
    audit.unknown =
        live.iter().filter(|one| !one.elsewhere && !known(one)).map(|one| one.name.clone()).collect();
    audit
}

fn meant(policy: &SecurityPolicy, group: &EffectiveGroup, direction: Direction) -> Vec<LiveRule> {
    let rules = match direction {
        Direction::Inbound => &group.inbound,
        Direction::Outbound => &group.outbound,
    };
    rules.iter().map(|rule| of_model(policy, rule, direction)).collect()
}

fn of_model(policy: &SecurityPolicy, rule: &EffectiveRule, direction: Direction) -> LiveRule {
    let is_v6 = matches!(rule.peer, RulePeer::Network(IpNet::V6(_)));
    let (protocol, ports) = match rule.traffic {
        Traffic::Any => (None, all_ports()),
        Traffic::Icmp => (Some(if is_v6 { 58 } else { 1 }), all_ports()),
        Traffic::Ports(ports) => (
            Some(ports.protocol.number()),
            Intervals::from_to(ports.range.first().into(), ports.range.last().into()),
        ),
    };
    let peer = match rule.peer {
        RulePeer::Network(net) => LivePeer::Network(net),
        RulePeer::Group(group) => LivePeer::Group(policy[group].name.to_string()),
    };
    LiveRule { direction, protocol, ports, peer, place: String::new() }
}

/// In what rules differ on some ports: whether something is lacking, of which protocol, with whom.
type Way = (bool, Option<u8>, DifferentPeer);

fn compare(
    group: &str,
    direction: Direction,
    live: &[&LiveRule],
    meant: &[&LiveRule],
    found: &mut Vec<GroupDifference>,
) {
    let both = || live.iter().chain(meant);
    let protocols: BTreeSet<Option<u8>> = both().map(|rule| rule.protocol).chain([None]).collect();
    let mut differs: BTreeMap<Way, Vec<(u128, u128)>> = BTreeMap::new();
    for protocol in protocols {
        let of = |rules: &[&LiveRule]| -> Vec<LiveRule> {
            let own = rules.iter().filter(|rule| rule.protocol.is_none() || rule.protocol == protocol);
            own.map(|rule| (*rule).clone()).collect()
        };
        let (live, meant) = (of(live), of(meant));
        let mut starts: BTreeSet<u128> = [0, u128::from(u16::MAX) + 1].into();
        for (first, last) in live.iter().chain(&meant).flat_map(|rule| rule.ports.iter()) {
            starts.extend([first, last + 1]);
        }
        let starts: Vec<u128> = starts.into_iter().collect();
        for pair in starts.windows(2) {
            let (here, there) = (Peers::at(&live, pair[0]), Peers::at(&meant, pair[0]));
            for (admits, more, less) in [(true, &here, &there), (false, &there, &here)] {
                for peer in more.without(less) {
                    differs.entry((!admits, protocol, peer)).or_default().push((pair[0], pair[1] - 1));
                }
            }
        }
    }
    for ((lacks, protocol, peer), ports) in differs {
        let admits = !lacks;
        let ports = Intervals::of(ports);
        let does = |rule: &&&LiveRule| {
            (rule.protocol.is_none() || rule.protocol == protocol)
                && !rule.ports.intersection(&ports).is_empty()
                && touches(&rule.peer, &peer)
        };
        let places = if admits {
            live.iter().filter(does).map(|rule| rule.place.clone()).collect()
        } else {
            Vec::new()
        };
        found.push(GroupDifference {
            group: group.to_owned(),
            direction,
            admits,
            protocol,
            ports,
            peer,
            places,
        });
    }
}

fn touches(rule: &LivePeer, peer: &DifferentPeer) -> bool {
    match (rule, peer) {
        (LivePeer::Group(one), DifferentPeer::Group(other)) => one == other,
        (LivePeer::Network(net), DifferentPeer::Addresses(family, set)) => {
            Family::of(net.addr()) == *family && !of_network(net).intersection(set).is_empty()
        }
        _ => false,
    }
}

fn of_network(net: &IpNet) -> Intervals {
    Intervals::from_to(number(net.network()), number(net.broadcast()))
}

/// The peers of some rules on a port.
struct Peers {
    v4: Intervals,
    v6: Intervals,
    groups: BTreeSet<String>,
}

impl Peers {
    fn at(rules: &[LiveRule], port: u128) -> Self {
        let here = || rules.iter().filter(|rule| rule.ports.contains(port));
        let of = |family| {
            let nets = here().filter_map(|rule| match &rule.peer {
                LivePeer::Network(net) if Family::of(net.addr()) == family => Some(of_network(net)),
                _ => None,
            });
            Intervals::of(nets.flat_map(|net| net.iter().collect::<Vec<_>>()).collect())
        };
        let groups = here().filter_map(|rule| match &rule.peer {
            LivePeer::Group(name) => Some(name.clone()),
            LivePeer::Network(_) => None,
        });
        Self { v4: of(Family::V4), v6: of(Family::V6), groups: groups.collect() }
    }

    fn without(&self, other: &Self) -> Vec<DifferentPeer> {
        let addresses = [(Family::V4, &self.v4, &other.v4), (Family::V6, &self.v6, &other.v6)];
        let addresses = addresses.into_iter().map(|(family, own, other)| (family, own.difference(other)));
        let addresses = addresses.filter(|(_, left)| !left.is_empty());
        // The members of a group have addresses, and the model's are of v4: where all of these are admitted, so are they.
        let are_all = other.v4 == Intervals::from_to(0, u32::MAX.into());
        let groups = self.groups.difference(&other.groups).filter(|_| !are_all);
        let groups = groups.cloned().map(DifferentPeer::Group);
        addresses.map(|(family, left)| DifferentPeer::Addresses(family, left)).chain(groups).collect()
    }
}
