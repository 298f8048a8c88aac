//! From a topology to what is shown of it, part by part, in the order of the topology file.

use rancher_topology::Topology;
use rancher_topology::document::Provider;
use rancher_topology::flow::FlowGraph;
use rancher_topology::policy::{EffectiveRule, Member, RulePeer, SecurityPolicy};
use rancher_topology::topology::{
    Database, Destination, EnvironmentValue, Health, Known, LoadBalancer, Mesh, NodeId, Origin, Pool, Probe,
    Service, ServiceId, ServiceNetwork, StartedBy, SubnetId, Traffic,
};
use serde::Serialize;

use super::Shown;

/// The resolved topology: what the file says, what follows from it, and every default with its reason.
#[must_use]
pub fn resolved(topology: &Topology) -> Shown {
    let mut all = Fields::default();
    all.add("name", text(&topology.name));
    all.maybe("title", topology.title.as_ref().map(text));
    all.add("network", network(topology));
    all.named(
        "overlays",
        topology.overlays.iter().map(|overlay| {
            let mut own = Fields::default();
            own.add("cidr", text(&overlay.cidr));
            own.list("carried-by", overlay.carried_by.iter().map(|id| text(&topology[*id].name)));
            (overlay.name.to_string(), own.done())
        }),
    );
    all.named("nodes", topology.pools.iter().map(|own| (own.name.to_string(), pool(topology, own))));
    all.named("security-groups", groups(topology));
    all.named(
        "databases",
        topology.databases.iter().map(|own| (own.name.to_string(), database(topology, own))),
    );
    all.named(
        "load-balancers",
        topology.load_balancers.iter().map(|own| (own.name.to_string(), load_balancer(topology, own))),
    );
    all.maybe(
        "rancher-1",
        topology.rancher_1.as_ref().map(|rancher| {
            let mut own = Fields::default();
            own.add("cluster-manager", text(&topology[rancher.cluster_manager].name));
            own.add("size", count(rancher.size(topology)));
            own.add("database", text(&topology[rancher.database].name));
            own.add("load-balancer", text(&topology[rancher.load_balancer].name));
            own.add("registration-url", known(&rancher.registration_url, text));
            own.add("database-name", known(&rancher.database_name, text));
            own.add("database-user", known(&rancher.database_user, text));
            own.done()
        }),
    );
    all.named(
        "starters",
        topology.starters.iter().map(|starter| {
            let mut own = Fields::default();
            own.list("services", starter.services.iter().map(|id| text(&topology[*id].name)));
            own.add("replaceable", Shown::Truth(starter.replaceable));
            own.add("because", text(&starter.because));
            (starter.name.to_string(), own.done())
        }),
    );
    let declared =
        topology.service_ids().filter(|id| !topology.meshes.iter().any(|mesh| mesh.services.contains(id)));
    all.named("services", declared.map(|id| (topology[id].name.to_string(), service(topology, id))));
    all.named("tunnels", topology.meshes.iter().map(|own| (own.name.to_string(), mesh(topology, own))));
    all.list("assert", topology.assertions.iter().map(|own| text(&own.sentence)));
    all.done()
}

/// A mapping while it is filled.
#[derive(Default)]
struct Fields(Vec<(String, Shown)>);

impl Fields {
    fn add(&mut self, key: &str, value: Shown) {
        self.0.push((key.to_owned(), value));
    }

    fn maybe(&mut self, key: &str, value: Option<Shown>) {
        self.0.extend(value.map(|value| (key.to_owned(), value)));
    }

    /// A list, where there is something in it.
    fn list(&mut self, key: &str, items: impl Iterator<Item = Shown>) {
        let items: Vec<Shown> = items.collect();
        self.maybe(key, (!items.is_empty()).then_some(Shown::List(items)));
    }

    /// A mapping of named things, where there are any.
    fn named(&mut self, key: &str, things: impl Iterator<Item = (String, Shown)>) {
        let things: Vec<_> = things.collect();
        self.maybe(key, (!things.is_empty()).then_some(Shown::Map(things)));
    }

    /// Yes, where it is yes: no is what everybody expects.
    fn truth(&mut self, key: &str, value: bool) {
        self.maybe(key, value.then_some(Shown::Truth(true)));
    }

    fn done(self) -> Shown {
        Shown::Map(self.0)
    }
}

fn text<T: ToString + ?Sized>(value: &T) -> Shown {
    Shown::Text(value.to_string())
}

fn count(value: usize) -> Shown {
    Shown::Number(value as u64)
}

fn number<N: Copy + Into<u64>>(value: &N) -> Shown {
    Shown::Number((*value).into())
}

/// A word of the topology file: what its type is written as.
fn word(value: &impl Serialize) -> Shown {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Shown::Text(word),
        _ => Shown::Text(String::new()),
    }
}

fn known<T>(value: &Known<T>, show: impl Fn(&T) -> Shown) -> Shown {
    from(value.origin, show(&value.value))
}

fn from(origin: Origin, shown: Shown) -> Shown {
    match origin {
        Origin::Stated => shown,
        Origin::Assumed(reason) => Shown::Assumed(Box::new(shown), reason.to_owned()),
    }
}

fn network(topology: &Topology) -> Shown {
    let network = &topology.network;
    let mut own = Fields::default();
    own.add("name", text(&network.name));
    own.add("provider", known(&network.provider, word));
    own.add("cidr", text(&network.cidr));
    own.maybe("stated-subnets", network.stated_subnets.map(count));
    own.named(
        "subnets",
        topology.subnets.iter().map(|subnet| {
            let mut own = Fields::default();
            own.add("cidr", text(&subnet.cidr));
            own.maybe("zone", subnet.zone.as_ref().map(text));
            own.maybe("title", subnet.title.as_ref().map(text));
            let shown = own.done();
            let shown = match &subnet.assumed {
                Some(why) => Shown::Assumed(Box::new(shown), why.to_string()),
                None => shown,
            };
            (subnet.name.to_string(), shown)
        }),
    );
    own.done()
}

fn subnets(topology: &Topology, subnets: &Known<Vec<SubnetId>>) -> Shown {
    known(subnets, |ids| Shown::List(ids.iter().map(|id| text(&topology[*id].name)).collect()))
}

fn pool(topology: &Topology, pool: &Pool) -> Shown {
    let mut own = Fields::default();
    own.maybe("title", pool.title.as_ref().map(text));
    own.add("os", text(&pool.os));
    own.add("engine", text(&pool.engine));
    own.list("groups", pool.groups.iter().map(|id| text(&topology[*id].name)));
    own.add("interfaces", known(&pool.interfaces, |names| Shown::List(names.iter().map(text).collect())));
    own.add(
        "container-networks",
        known(&pool.container_networks, |nets| Shown::List(nets.iter().map(text).collect())),
    );
    own.list("routed", pool.routed.iter().map(text));
    // A plain network's machines are there already.
    if *topology.network.provider == Provider::Aws {
        own.add("instance-type", known(&pool.instance_type, text));
        own.add("root-volume", known(&pool.root_volume, number));
        own.add("public-address", known(&pool.public_address, |public| Shown::Truth(*public)));
    }
    own.add(
        "traffic-to",
        known(&pool.traffic_to, |all| Shown::List(all.iter().map(|to| traffic(topology, to)).collect())),
    );
    own.named(
        "members",
        pool.nodes.iter().map(|id| {
            let node = &topology[*id];
            let mut own = Fields::default();
            own.add("address", text(&node.address));
            own.add("subnet", text(&topology[node.subnet].name));
            (node.name.to_string(), own.done())
        }),
    );
    own.done()
}

fn groups(topology: &Topology) -> impl Iterator<Item = (String, Shown)> + use<> {
    let policy = SecurityPolicy::of(topology, &FlowGraph::of(topology));
    let groups: Vec<_> = policy
        .groups
        .iter()
        .map(|group| {
            let mut own = Fields::default();
            own.maybe("title", group.title.as_ref().map(text));
            own.list("members", group.members.iter().map(|member| text(&member_name(topology, *member))));
            let rules = |key: &str, rules: &[EffectiveRule]| {
                Shown::List(rules.iter().map(|rule| self::rule(&policy, key, rule)).collect())
            };
            own.add("inbound", rules("from", &group.inbound));
            own.add("outbound", rules("to", &group.outbound));
            (group.name.to_string(), from(group.origin, own.done()))
        })
        .collect();
    groups.into_iter()
}

fn member_name(topology: &Topology, member: Member) -> String {
    match member {
        Member::Pool(id) => topology[id].name.to_string(),
        Member::LoadBalancer(id) => topology[id].name.to_string(),
        Member::Database(id) => topology[id].name.to_string(),
    }
}

fn rule(policy: &SecurityPolicy, peer_key: &str, rule: &EffectiveRule) -> Shown {
    let mut own = Fields::default();
    own.add("port", text(&rule.traffic));
    own.add(
        peer_key,
        match rule.peer {
            RulePeer::Network(net) => text(&net),
            RulePeer::Group(group) => text(&policy[group].name),
        },
    );
    own.maybe("purpose", rule.purpose.as_ref().map(text));
    own.truth("optional", rule.optional);
    from(rule.origin, own.done())
}

fn database(topology: &Topology, database: &Database) -> Shown {
    let mut own = Fields::default();
    own.maybe("title", database.title.as_ref().map(text));
    own.add("engine", text(&database.engine));
    own.add("create-as", known(&database.create_as, text));
    own.add("port", number(&database.port));
    own.add("host", text(&database.host_name(&topology.network)));
    own.maybe("observed-address", database.observed_address.as_ref().map(text));
    own.add("subnets", subnets(topology, &database.subnets));
    own.list("groups", database.groups.iter().map(|id| text(&topology[*id].name)));
    own.add("instance-type", known(&database.instance_type, text));
    own.add("storage", known(&database.storage, number));
    own.add("max-connections", known(&database.max_connections, number));
    own.add("character-set", known(&database.character_set, text));
    own.add("standby", known(&database.standby, |standby| Shown::Truth(*standby)));
    own.done()
}

fn load_balancer(topology: &Topology, balancer: &LoadBalancer) -> Shown {
    let mut own = Fields::default();
    own.maybe("title", balancer.title.as_ref().map(text));
    own.add("targets", places(topology, &balancer.targets));
    own.list(
        "listeners",
        balancer.listeners.iter().map(|listener| {
            let mut own = Fields::default();
            own.add("listen", text(&listener.listen));
            own.add("forward", text(&listener.forward));
            own.maybe("proxy-protocol", listener.proxy_protocol.as_ref().map(text));
            own.maybe("certificate", listener.certificate.as_ref().map(text));
            own.done()
        }),
    );
    own.add("subnets", subnets(topology, &balancer.subnets));
    own.list("groups", balancer.groups.iter().map(|id| text(&topology[*id].name)));
    own.add("scheme", known(&balancer.scheme, word));
    own.add("health-check", known(&balancer.health_check, text));
    own.add("idle-timeout", known(&balancer.idle_timeout, text));
    own.done()
}

/// Nodes by name; those of whole pools by the pools'.
fn places(topology: &Topology, nodes: &[NodeId]) -> Shown {
    let mut names = Vec::new();
    let mut rest = nodes;
    while let [first, ..] = rest {
        let pool = topology.pool_of(*first);
        if rest.starts_with(&pool.nodes) {
            names.push(text(&pool.name));
            rest = &rest[pool.nodes.len()..];
        } else {
            names.push(text(&topology[*first].name));
            rest = &rest[1..];
        }
    }
    Shown::List(names)
}

fn service(topology: &Topology, id: ServiceId) -> Shown {
    let service: &Service = &topology[id];
    let names = |ids: &[ServiceId]| ids.iter().map(|id| text(&topology[*id].name)).collect::<Vec<_>>();
    let mut own = Fields::default();
    own.add("role", text(&service.role));
    own.add("image", text(&service.image));
    own.list("command", service.command.iter().map(text));
    own.add("placement", places(topology, &service.placement));
    own.add("instances", count(service.placement.len()));
    own.add("naming", word(&service.naming));
    own.add(
        "started-by",
        match service.started_by {
            StartedBy::Person => text("person"),
            StartedBy::Starter(starter) => text(&topology[starter].name),
        },
    );
    match &service.network {
        ServiceNetwork::Of(owner) => own.add("network-of", text(&topology[*owner].name)),
        ServiceNetwork::Host => own.add("network", Shown::List(vec![text("host")])),
        ServiceNetwork::Bridge { overlays } => {
            let overlays = overlays.iter().map(|id| text(&topology[*id].name));
            own.add("network", Shown::List(std::iter::once(text("bridge")).chain(overlays).collect()));
        }
        ServiceNetwork::Overlays(overlays) => {
            own.list("network", overlays.iter().map(|id| text(&topology[*id].name)));
        }
    }
    own.list("publish", service.publish.iter().map(text));
    own.list("expose", service.expose.iter().map(text));
    if !service.listen.is_empty() {
        own.add("listen", known(&service.listen, |all| Shown::List(all.iter().map(text).collect())));
    }
    own.list("traffic-to", service.traffic_to.iter().map(|to| traffic(topology, to)));
    own.list("after", names(&service.after).into_iter());
    own.add("quorum", known(&service.quorum, word));
    own.add("active-passive", known(&service.active_passive, |truth| Shown::Truth(*truth)));
    own.list("requires", service.requires.iter().map(|requirement| text(&requirement.word)));
    own.maybe("health", service.health.as_ref().map(health));
    let variables = service.environment.iter();
    own.named("environment", variables.map(|(name, value)| (name.to_string(), environment(topology, value))));
    own.list("volumes", service.volumes.iter().map(text));
    own.list("tmpfs", service.tmpfs.iter().map(text));
    own.named("labels", service.labels.iter().map(|(key, value)| (key.to_string(), text(value))));
    own.truth("privileged", service.privileged);
    own.truth("stdin", service.stdin);
    own.add("restart", known(&service.restart, word));
    own.done()
}

fn traffic(topology: &Topology, traffic: &Traffic) -> Shown {
    let to = match traffic.ports {
        Some(ports) => format!("{}:{ports}", traffic.word),
        None => traffic.word.to_string(),
    };
    let mut own = Fields::default();
    own.add("to", Shown::Text(to));
    if let Destination::Services(services) = &traffic.to {
        let names: Vec<Shown> = services
            .iter()
            .filter(|id| topology[**id].name != traffic.word)
            .map(|id| text(&topology[*id].name))
            .collect();
        own.list("services", names.into_iter());
    }
    own.maybe(
        "through",
        traffic.through.map(|(balancer, port)| text(&format!("{}:{port}", topology[balancer].name))),
    );
    own.add("scope", word(&traffic.scope));
    own.done()
}

fn health(health: &Health) -> Shown {
    let mut own = Fields::default();
    match &health.probe {
        Probe::Tcp { port } => own.add("tcp", number(port)),
        Probe::Http { port, path } => own.add("http", text(&format!(":{port}{path}"))),
    }
    own.add("interval", known(&health.interval, text));
    own.add("timeout", known(&health.timeout, text));
    own.add("unhealthy", known(&health.unhealthy, number));
    own.add("healthy", known(&health.healthy, number));
    own.done()
}

fn environment(topology: &Topology, value: &EnvironmentValue) -> Shown {
    let of = |key: &str, value: Shown| Shown::Map(vec![(key.to_owned(), value)]);
    match value {
        EnvironmentValue::Literal(literal) => text(&literal),
        EnvironmentValue::Secret(name) => of("secret", text(&name)),
        EnvironmentValue::NodeIndex => text("the node's position in its pool"),
        EnvironmentValue::NodeAddress => text("the node's address"),
        EnvironmentValue::PoolSize(pool) => count(topology[*pool].nodes.len()),
        EnvironmentValue::LocalEnds(mesh) => of("local-ends", text(&topology[*mesh].name)),
        EnvironmentValue::HostOf(database) => text(&topology[*database].host_name(&topology.network)),
        EnvironmentValue::PortOf(database) => number(&topology[*database].port),
    }
}

fn mesh(topology: &Topology, mesh: &Mesh) -> Shown {
    let nodes = topology[mesh.pool].nodes.len();
    let mut own = Fields::default();
    own.add("carries", text(&topology[mesh.carries].name));
    own.add("between", text(&topology[mesh.pool].name));
    own.add("port", number(&mesh.port));
    own.add("last-port", number(&mesh.local_port(nodes)));
    own.add("published", number(&mesh.published));
    own.add("entry", number(&mesh.entry));
    own.add("namespace", text(&topology[mesh.namespace].name));
    own.add("tunnels", count(nodes * nodes));
    own.done()
}
