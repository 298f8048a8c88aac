//! The main page: the wiki page's sections in its order, each only where the topology has something for it.

use rancher_topology::Topology;
use rancher_topology::document::{Provider, Scheme};
use rancher_topology::flow::{Reason, Route};
use rancher_topology::lint::Allowed;
use rancher_topology::policy::Member;
use rancher_topology::scalar::{DatabaseEngine, Name};
use rancher_topology::topology::{
    Database, DatabaseId, EnvironmentValue, Known, LoadBalancer, LoadBalancerId, Origin, PoolId,
};
use serde::Serialize;

use super::groups::{Groups, Printed};
use super::many::{self, HANDFUL};
use super::reach::Reach;
use super::stack::{Stack, stack};
use crate::output::Context;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    name: Raw,
    aws: bool,
    /// Where hosts register, when the cluster is a Rancher 1.x.
    registration: Option<Said>,
    diagram: Raw,
    network: Network,
    pools: Vec<Pool>,
    databases: Vec<DatabaseView>,
    balancers: Vec<Balancer>,
    stack: Option<Stack>,
    firewalls: Vec<Firewall>,
    secrets: Vec<Secret>,
    /// What has to stay true of who can reach whom.
    assertions: Vec<String>,
    accepted: Vec<Accepted>,
}

/// A finding that the topology allows.
#[derive(Serialize)]
struct Accepted {
    finding: String,
    id: Raw,
    reason: String,
}

#[derive(Serialize)]
struct Network {
    name: String,
    cidr: Raw,
    subnets: usize,
    stated: Vec<Subnet>,
    overlays: Vec<Overlay>,
}

#[derive(Serialize)]
struct Subnet {
    label: String,
    cidr: Raw,
    zone: Option<String>,
    assumed: Option<String>,
}

#[derive(Serialize)]
struct Overlay {
    name: String,
    cidr: Raw,
    carried_by: String,
}

#[derive(Serialize)]
struct Pool {
    title: String,
    os: Raw,
    engine: Raw,
    nodes: Vec<Node>,
    range: Option<Range>,
    groups: Groups,
}

#[derive(Serialize)]
struct Node {
    name: Raw,
    address: Raw,
}

#[derive(Serialize)]
struct Range {
    first: Raw,
    last: Raw,
    count: String,
    addresses: String,
}

#[derive(Serialize)]
struct DatabaseView {
    title: String,
    name: String,
    engine: String,
    port: u16,
    observed: Option<Raw>,
    host: String,
    created: Option<Created>,
    standby: Said,
    groups: Groups,
}

/// A version that differs from the stated one.
#[derive(Serialize)]
struct Created {
    engine: String,
    because: Option<&'static str>,
}

#[derive(Serialize)]
struct Balancer {
    title: String,
    name: String,
    reached_from: Said,
    targets: String,
    health: Said,
    idle: Said,
    listeners: Vec<Listener>,
    dead: Vec<u16>,
    policies: Vec<Policy>,
    groups: Groups,
}

#[derive(Serialize)]
struct Listener {
    protocol: String,
    port: u16,
    instance_protocol: String,
    instance_port: u16,
    cipher: Raw,
    certificate: String,
}

/// A policy that puts a PROXY header before connections to some of the targets' ports.
#[derive(Serialize)]
struct Policy {
    name: String,
    commands: Commands,
    listed: String,
}

/// What the commands that make a policy are given.
#[derive(Serialize)]
struct Commands {
    balancer: Raw,
    policy: Raw,
    ports: Vec<u16>,
}

/// A value that the topology may leave out.
#[derive(Serialize)]
struct Said {
    value: String,
    assumed: bool,
}

impl Said {
    fn new<T>(known: &Known<T>, print: impl Fn(&T) -> String) -> Self {
        Self { value: print(&known.value), assumed: known.origin != Origin::Stated }
    }
}

/// How the firewalls of a pool's nodes are wider than its groups.
#[derive(Serialize)]
struct Firewall {
    pool: String,
    widened: Vec<String>,
}

#[derive(Serialize)]
struct Secret {
    name: String,
    service: String,
}

pub(super) fn page(cx: &Context<'_>, reach: &Reach, diagram: Raw) -> Page {
    let topology = cx.topology;
    let mut printed = Printed::default();
    Page {
        title: topology.title.as_ref().map_or_else(|| topology.name.to_string(), ToString::to_string),
        name: Raw::name(&topology.name),
        aws: *topology.network.provider == Provider::Aws,
        registration: topology
            .rancher_1
            .as_ref()
            .map(|rancher| Said::new(&rancher.registration_url, ToString::to_string)),
        diagram,
        network: network(topology),
        pools: topology.pool_ids().map(|id| pool(cx, reach, &mut printed, id)).collect(),
        databases: topology.database_ids().map(|id| database(cx, reach, &mut printed, id)).collect(),
        balancers: topology.load_balancer_ids().map(|id| balancer(cx, reach, &mut printed, id)).collect(),
        stack: (!topology.services.is_empty()).then(|| stack(topology)),
        firewalls: topology.pool_ids().map(|id| firewall(cx, id)).collect(),
        secrets: secrets(topology),
        assertions: topology.assertions.iter().map(|own| own.sentence.to_string()).collect(),
        accepted: cx.allowed.iter().map(accepted).collect(),
    }
}

fn network(topology: &Topology) -> Network {
    let twice =
        |title| topology.subnets.iter().filter(|subnet| subnet.title.as_ref() == Some(title)).count() > 1;
    Network {
        name: topology.network.name.to_string(),
        cidr: Raw::number(topology.network.cidr),
        subnets: topology.network.stated_subnets.unwrap_or(topology.subnets.len()),
        stated: topology
            .subnets
            .iter()
            .map(|subnet| Subnet {
                label: match &subnet.title {
                    Some(title) if twice(title) => format!("{title} {}", subnet.name),
                    Some(title) => title.to_string(),
                    None => format!("Subnet {}", subnet.name),
                },
                cidr: Raw::number(subnet.cidr),
                zone: subnet.zone.as_ref().map(ToString::to_string),
                assumed: subnet.assumed.as_ref().map(ToString::to_string),
            })
            .collect(),
        overlays: topology
            .overlays
            .iter()
            .map(|overlay| Overlay {
                name: overlay.name.to_string(),
                cidr: Raw::number(overlay.cidr),
                carried_by: many::some(overlay.carried_by.iter().map(|service| &topology[*service].name)),
            })
            .collect(),
    }
}

fn pool(cx: &Context<'_>, reach: &Reach, printed: &mut Printed, id: PoolId) -> Pool {
    let topology = cx.topology;
    let pool = &topology[id];
    let large = pool.nodes.len() > HANDFUL;
    let node = |at: usize| Raw::name(&topology[pool.nodes[at]].name);
    Pool {
        title: title(pool.title.as_ref(), "Nodes", &pool.name),
        os: Raw::word(pool.os.title()),
        engine: Raw::number(pool.engine.version.clone()),
        nodes: if large {
            Vec::new()
        } else {
            let each = pool.nodes.iter().map(|id| &topology[*id]);
            each.map(|node| Node { name: Raw::name(&node.name), address: Raw::number(node.address) })
                .collect()
        },
        range: large.then(|| Range {
            first: node(0),
            last: node(pool.nodes.len() - 1),
            count: many::count(pool.nodes.len()),
            addresses: many::addresses_of(topology, &pool.nodes),
        }),
        groups: printed.groups(cx, reach, Member::Pool(id), &pool.groups),
    }
}

fn database(cx: &Context<'_>, reach: &Reach, printed: &mut Printed, id: DatabaseId) -> DatabaseView {
    let topology = cx.topology;
    let database: &Database = &topology[id];
    let created = (database.create_as.value != database.engine).then(|| Created {
        engine: product(&database.create_as),
        because: match database.create_as.origin {
            Origin::Assumed(because) => Some(because),
            Origin::Stated => None,
        },
    });
    DatabaseView {
        title: title(database.title.as_ref(), "Database", &database.name),
        name: database.name.to_string(),
        engine: product(&database.engine),
        port: database.port,
        observed: database.observed_address.map(Raw::number),
        host: database.host_name(&topology.network),
        created,
        standby: Said::new(&database.standby, |standby| if *standby { "yes" } else { "no" }.to_owned()),
        groups: printed.groups(cx, reach, Member::Database(id), &database.groups),
    }
}

/// An engine as people write it: `MariaDB 10.0.24`.
fn product(engine: &DatabaseEngine) -> String {
    let name = match engine.product {
        "mariadb" => "MariaDB",
        "mysql" => "MySQL",
        other => other,
    };
    format!("{name} {}", engine.version)
}

fn balancer(cx: &Context<'_>, reach: &Reach, printed: &mut Printed, id: LoadBalancerId) -> Balancer {
    let topology = cx.topology;
    let balancer: &LoadBalancer = &topology[id];
    let upper = |protocol: rancher_topology::scalar::ListenerProtocol| protocol.as_str().to_ascii_uppercase();
    let none = "N/A";
    let dead = cx.flows.from(rancher_topology::flow::Party::LoadBalancer(id));
    let mut dead: Vec<u16> = dead
        .filter(|flow| flow.route == Route::Nowhere && flow.reason == Reason::Listener)
        .map(|flow| flow.ports.range.first())
        .collect();
    dead.dedup();
    Balancer {
        title: title(balancer.title.as_ref(), "Load balancer", &balancer.name),
        name: balancer.name.to_string(),
        reached_from: Said::new(&balancer.scheme, |scheme| {
            match scheme {
                Scheme::InternetFacing => "the internet",
                Scheme::Internal => "the network only",
            }
            .to_owned()
        }),
        targets: targets(topology, balancer),
        health: Said::new(&balancer.health_check, ToString::to_string),
        idle: Said::new(&balancer.idle_timeout, ToString::to_string),
        listeners: balancer
            .listeners
            .iter()
            .map(|listener| Listener {
                protocol: upper(listener.listen.protocol),
                port: listener.listen.port,
                instance_protocol: upper(listener.forward.protocol),
                instance_port: listener.forward.port,
                cipher: if listener.certificate.is_some() {
                    Raw::word("the provider's default")
                } else {
                    Raw::word(none)
                },
                certificate: listener
                    .certificate
                    .as_ref()
                    .map_or_else(|| none.to_owned(), ToString::to_string),
            })
            .collect(),
        dead,
        policies: policies(balancer),
        groups: printed.groups(cx, reach, Member::LoadBalancer(id), &balancer.groups),
    }
}

/// The targets: whole pools by their name.
fn targets(topology: &Topology, balancer: &LoadBalancer) -> String {
    let mut words: Vec<&Name> = Vec::new();
    let mut rest = balancer.targets.as_slice();
    while let Some(first) = rest.first() {
        let pool = topology.pool_of(*first);
        let whole = rest.starts_with(&pool.nodes);
        words.push(if whole { &pool.name } else { &topology[*first].name });
        rest = &rest[if whole { pool.nodes.len() } else { 1 }..];
    }
    many::some(words)
}

fn policies(balancer: &LoadBalancer) -> Vec<Policy> {
    let mut policies: Vec<(&Name, Vec<u16>)> = Vec::new();
    for listener in &balancer.listeners {
        let Some(name) = &listener.proxy_protocol else { continue };
        let port = listener.forward.port;
        match policies.iter_mut().find(|(own, _)| *own == name) {
            Some((_, ports)) if ports.contains(&port) => {}
            Some((_, ports)) => ports.push(port),
            None => policies.push((name, vec![port])),
        }
    }
    let policy = |(name, ports): (&Name, Vec<u16>)| Policy {
        name: name.to_string(),
        listed: ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
        commands: Commands { balancer: Raw::name(&balancer.name), policy: Raw::name(name), ports },
    };
    policies.into_iter().map(policy).collect()
}

fn firewall(cx: &Context<'_>, id: PoolId) -> Firewall {
    let mut widened: Vec<String> = Vec::new();
    for rule in &cx.hosts[id.position()].rules {
        if let Some(why) = &rule.peers.widened {
            let line = format!("{} from {}: {why}", rule.traffic, rule.peers.name);
            if !widened.contains(&line) {
                widened.push(line);
            }
        }
    }
    Firewall { pool: cx.topology[id].name.to_string(), widened: many::few(widened) }
}

fn secrets(topology: &Topology) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for service in &topology.services {
        for (_, value) in &service.environment {
            if let EnvironmentValue::Secret(name) = value {
                secrets.push(Secret { name: name.to_string(), service: service.name.to_string() });
            }
        }
    }
    secrets
}

fn accepted(allowed: &Allowed) -> Accepted {
    Accepted {
        finding: allowed.finding.message.replace('`', ""),
        id: Raw::word(allowed.finding.id),
        reason: allowed.reason.clone(),
    }
}

fn title(own: Option<&rancher_topology::scalar::Text>, kind: &str, name: &Name) -> String {
    own.map_or_else(|| format!("{kind} {name}"), ToString::to_string)
}
