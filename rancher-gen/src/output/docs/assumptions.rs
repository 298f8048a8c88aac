//! What the topology does not state and the tool took: every value that matters to a reader, with its reason.

use std::fmt::Display;

use rancher_topology::document::{Provider, Restart, Scheme};
use rancher_topology::policy::{EffectiveGroup, EffectiveRule, Member, RulePeer, SecurityPolicy};
use rancher_topology::topology::{
    Database, Destination, Health, Known, LoadBalancer, Origin, Pool, Service, ServiceKind, SubnetId, Traffic,
};
use rancher_topology::{Topology, flow::Party};
use serde::Serialize;

use super::many;
use crate::output::Context;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Assumptions {
    name: Raw,
    sections: Vec<Section>,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Section {
    heading: Raw,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    of: String,
    what: Raw,
    value: String,
    because: String,
}

/// A group, or the rules of a group, that the document does not state.
#[derive(Serialize)]
struct Group {
    name: String,
    stated: bool,
    because: &'static str,
    members: String,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    direction: Raw,
    packets: String,
    peer: String,
    purpose: String,
}

/// The assumed values of one part of the topology.
struct Rows {
    of: String,
    rows: Vec<Row>,
}

impl Rows {
    fn of(name: impl Display) -> Self {
        Self { of: name.to_string(), rows: Vec::new() }
    }

    /// A row, if the document does not say the value.
    fn known<T>(&mut self, what: &'static str, known: &Known<T>, print: impl Fn(&T) -> String) {
        if let Origin::Assumed(because) = known.origin {
            self.because(what, print(&known.value), because);
        }
    }

    fn because(&mut self, what: &'static str, value: String, because: impl Display) {
        let row = Row { of: self.of.clone(), what: Raw::word(what), value, because: because.to_string() };
        self.rows.push(row);
    }
}

pub(super) fn assumptions(cx: &Context<'_>) -> Assumptions {
    let topology = cx.topology;
    let aws = *topology.network.provider == Provider::Aws;
    let section = |heading, rows| Section { heading: Raw::word(heading), rows };
    let all = [
        section("Network", network(topology)),
        section("Nodes", topology.pools.iter().flat_map(|own| pool(own, aws)).collect()),
        section(
            "Databases",
            topology.databases.iter().flat_map(|own| database(topology, own, aws)).collect(),
        ),
        section(
            "Load balancers",
            topology.load_balancers.iter().flat_map(|own| balancer(topology, own, aws)).collect(),
        ),
        section("Services", services(topology)),
        section("Rancher", rancher(topology)),
    ];
    Assumptions {
        name: Raw::name(&topology.name),
        sections: all.into_iter().filter(|section| !section.rows.is_empty()).collect(),
        groups: cx.policy.groups.iter().filter_map(|own| group(topology, cx.policy, own)).collect(),
    }
}

fn network(topology: &Topology) -> Vec<Row> {
    let mut all = Rows::of(&topology.network.name);
    all.known("provider", &topology.network.provider, ToString::to_string);
    for subnet in &topology.subnets {
        if let Some(because) = &subnet.assumed {
            let zone = subnet.zone.as_ref().map_or_else(String::new, |zone| format!(" ({zone})"));
            all.because("subnet", format!("{} {}{zone}", subnet.name, subnet.cidr), because);
        }
    }
    all.rows
}

fn pool(pool: &Pool, aws: bool) -> Vec<Row> {
    let mut all = Rows::of(&pool.name);
    all.known("outside interfaces", &pool.interfaces, |all| many::listed(all));
    all.known("containers' networks", &pool.container_networks, |all| many::listed(all));
    if aws {
        all.known("instance type", &pool.instance_type, ToString::to_string);
        all.known("root volume", &pool.root_volume, |size| format!("{size} GiB"));
        all.known("public address", &pool.public_address, |public| yes(*public));
    }
    all.known("what the nodes themselves connect to", &pool.traffic_to, |traffic| {
        many::some(traffic.iter().map(connection))
    });
    all.rows
}

fn connection(traffic: &Traffic) -> String {
    let to = match &traffic.to {
        Destination::Internet => "internet",
        _ => traffic.word.as_str(),
    };
    traffic.ports.map_or_else(|| to.to_owned(), |ports| format!("{to} {ports}"))
}

fn database(topology: &Topology, database: &Database, aws: bool) -> Vec<Row> {
    let mut all = Rows::of(&database.name);
    if database.create_as.value != database.engine {
        all.known("created as", &database.create_as, ToString::to_string);
    }
    if aws {
        all.known("subnets", &database.subnets, |ids| subnets(topology, ids));
        all.known("instance type", &database.instance_type, ToString::to_string);
        all.known("storage", &database.storage, |size| format!("{size} GiB"));
        all.known("standby in a second zone", &database.standby, |standby| yes(*standby));
    }
    all.known("connections at once", &database.max_connections, ToString::to_string);
    all.known("character set", &database.character_set, ToString::to_string);
    all.rows
}

fn balancer(topology: &Topology, balancer: &LoadBalancer, aws: bool) -> Vec<Row> {
    let mut all = Rows::of(&balancer.name);
    if aws {
        all.known("subnets", &balancer.subnets, |ids| subnets(topology, ids));
    }
    all.known("reached from", &balancer.scheme, |scheme| {
        match scheme {
            Scheme::InternetFacing => "the internet",
            Scheme::Internal => "the network only",
        }
        .to_owned()
    });
    all.known("health check", &balancer.health_check, ToString::to_string);
    all.known("silent connections end after", &balancer.idle_timeout, ToString::to_string);
    all.rows
}

/// Values of the services, one row for all that have the same.
fn services(topology: &Topology) -> Vec<Row> {
    let mut rows: Vec<(Row, Vec<String>)> = Vec::new();
    let mut all = 0;
    for service in &topology.services {
        let name = match service.kind {
            ServiceKind::Declared => service.name.to_string(),
            ServiceKind::Tunnel { mesh, .. } if topology[topology[mesh].services[0]].name == service.name => {
                topology[mesh].name.to_string()
            }
            ServiceKind::Tunnel { .. } => continue,
        };
        all += 1;
        for row in service_rows(service) {
            let same = |(other, _): &&mut (Row, Vec<String>)| {
                (&other.value, &other.because) == (&row.value, &row.because)
            };
            match rows.iter_mut().find(same) {
                Some((_, names)) => names.push(name.clone()),
                None => rows.push((row, vec![name.clone()])),
            }
        }
    }
    let named =
        |names: Vec<String>| if names.len() == all { "every service".to_owned() } else { many::some(names) };
    rows.into_iter().map(|(row, names)| Row { of: named(names), ..row }).collect()
}

fn service_rows(service: &Service) -> Vec<Row> {
    let mut all = Rows::of(&service.name);
    all.known("when a container ends", &service.restart, |restart| {
        match restart {
            Restart::Always => "it is started again",
            Restart::OnFailure => "it is started again if it failed",
            Restart::UnlessStopped => "it is started again unless it was stopped",
            Restart::No => "it stays as it is",
        }
        .to_owned()
    });
    if let Some(Health { interval, timeout, unhealthy, healthy, .. }) = &service.health {
        all.known("health check: time between two", interval, ToString::to_string);
        all.known("health check: time for an answer", timeout, ToString::to_string);
        all.known("health check: failures until unwell", unhealthy, ToString::to_string);
        all.known("health check: answers until well", healthy, ToString::to_string);
    }
    all.rows
}

fn rancher(topology: &Topology) -> Vec<Row> {
    let Some(rancher) = &topology.rancher_1 else { return Vec::new() };
    let mut all = Rows::of(&topology[rancher.cluster_manager].name);
    all.known("registration URL", &rancher.registration_url, ToString::to_string);
    all.known("database in the server", &rancher.database_name, ToString::to_string);
    all.known("user of the database", &rancher.database_user, ToString::to_string);
    all.rows
}

fn group(topology: &Topology, policy: &SecurityPolicy, group: &EffectiveGroup) -> Option<Group> {
    let assumed = |rule: &&EffectiveRule| rule.origin != Origin::Stated;
    let row = |direction: &'static str| {
        move |rule: &EffectiveRule| Rule {
            direction: Raw::word(direction),
            packets: rule.traffic.to_string(),
            peer: match rule.peer {
                RulePeer::Network(network) => network.to_string(),
                RulePeer::Group(group) => policy[group].name.to_string(),
            },
            purpose: rule.purpose.as_ref().map_or_else(String::new, ToString::to_string),
        }
    };
    let inbound = group.inbound.iter().filter(assumed);
    let outbound = group.outbound.iter().filter(assumed);
    let because = |origin| match origin {
        Origin::Assumed(because) => Some(because),
        Origin::Stated => None,
    };
    let because = because(group.origin)
        .or_else(|| inbound.clone().chain(outbound.clone()).find_map(|rule| because(rule.origin)))?;
    Some(Group {
        name: group.name.to_string(),
        stated: group.origin == Origin::Stated,
        because,
        members: many::some(group.members.iter().map(|member| party(*member).name(topology))),
        rules: inbound.map(row("in")).chain(outbound.map(row("out"))).collect(),
    })
}

fn party(member: Member) -> Party {
    match member {
        Member::Pool(id) => Party::Pool(id),
        Member::LoadBalancer(id) => Party::LoadBalancer(id),
        Member::Database(id) => Party::Database(id),
    }
}

fn subnets(topology: &Topology, ids: &[SubnetId]) -> String {
    many::some(ids.iter().map(|id| &topology[*id].name))
}

fn yes(truth: bool) -> String {
    if truth { "yes" } else { "no" }.to_owned()
}
