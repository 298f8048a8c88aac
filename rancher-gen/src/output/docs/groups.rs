//! Security groups as the document states them, one row for each rule; each group once.

use std::collections::BTreeSet;

use rancher_topology::Topology;
use rancher_topology::policy::Member;
use rancher_topology::scalar::{Ports, Traffic};
use rancher_topology::topology::{GroupId, SecurityGroup, SecurityRule};
use serde::Serialize;

use super::many;
use super::reach::Reach;
use crate::output::Context;
use crate::template::Raw;

/// The groups that have been printed: a second member refers to them.
#[derive(Default)]
pub(super) struct Printed(BTreeSet<GroupId>);

/// What a page says about the groups of a member.
#[derive(Serialize)]
pub(super) struct Groups {
    tables: Vec<Group>,
    above: Vec<String>,
    /// Whether the tool made a group of its own for the member.
    assumed: bool,
}

#[derive(Serialize)]
struct Group {
    name: String,
    title: Option<String>,
    inbound: Vec<Rule>,
    outbound: Option<Vec<Rule>>,
    silent: Vec<String>,
}

#[derive(Serialize)]
struct Rule {
    kind: String,
    protocol: Raw,
    port: String,
    peers: String,
    purpose: String,
}

impl Printed {
    pub(super) fn groups(
        &mut self,
        cx: &Context<'_>,
        reach: &Reach,
        member: Member,
        own: &[GroupId],
    ) -> Groups {
        let topology = cx.topology;
        let (mut tables, mut above) = (Vec::new(), Vec::new());
        for id in own {
            if self.0.insert(*id) {
                tables.push(group(&topology[*id], silent(topology, reach, member, *id)));
            } else {
                above.push(topology[*id].name.to_string());
            }
        }
        Groups { tables, above, assumed: own.is_empty() }
    }
}

fn group(group: &SecurityGroup, silent: Vec<String>) -> Group {
    Group {
        name: group.name.to_string(),
        title: group.title.as_ref().map(ToString::to_string),
        inbound: group.inbound.iter().map(rule).collect(),
        outbound: group.outbound.as_ref().map(|rules| rules.iter().map(rule).collect()),
        silent,
    }
}

fn rule(rule: &SecurityRule) -> Rule {
    let (protocol, port) = match rule.traffic {
        Traffic::Ports(ports) => (
            match ports.protocol {
                rancher_topology::scalar::Protocol::Tcp => "TCP",
                rancher_topology::scalar::Protocol::Udp => "UDP",
            },
            ports.range.to_string(),
        ),
        Traffic::Icmp => ("ICMP", "all".to_owned()),
        Traffic::Any => ("all", "all".to_owned()),
    };
    let purpose = match (&rule.purpose, rule.optional) {
        (Some(purpose), false) => purpose.to_string(),
        (Some(purpose), true) => format!("{purpose} <optional>"),
        (None, true) => "<optional>".to_owned(),
        (None, false) => String::new(),
    };
    Rule {
        kind: rule.kind.to_string(),
        protocol: Raw::word(protocol),
        port,
        peers: many::listed(&rule.peers),
        purpose,
    }
}

/// The inbound rules of a pool's group at whose ports nothing of the topology listens.
fn silent(topology: &Topology, reach: &Reach, member: Member, id: GroupId) -> Vec<String> {
    let Member::Pool(pool) = member else { return Vec::new() };
    // Another pool of the group may listen where this one does not.
    if topology[id].pools.as_slice() != [pool] {
        return Vec::new();
    }
    let ports = topology[id].inbound.iter().filter_map(|rule| match rule.traffic {
        Traffic::Ports(ports) => Some(ports),
        _ => None,
    });
    ports
        .filter(|ports: &Ports| !reach.pools[pool.position()].listens(*ports))
        .map(|ports| ports.to_string())
        .collect()
}
