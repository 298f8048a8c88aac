//! The resources of a model, with what it says of each.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;

use super::fact::{Destination, Fact, Item, ResourceKind, Route, Value, Way};
use crate::document::Scheme;
use crate::policy::{Member, SecurityPolicy};
use crate::scalar::{DatabaseEngine, Duration, Name};
use crate::topology::{DatabaseId, Known, LoadBalancerId, NodeId, SubnetId, Topology};

/// A resource of the model.
pub(super) struct Meant {
    pub(super) kind: ResourceKind,
    pub(super) name: String,
    pub(super) facts: BTreeMap<Fact, Said>,
}

/// What the model says.
pub(super) struct Said {
    pub(super) value: Value,
    /// Whether the document leaves it open.
    pub(super) assumed: bool,
}

const fn stated(value: Value) -> Said {
    Said { value, assumed: false }
}

/// What is rendered, and no document says.
const fn assumed(value: Value) -> Said {
    Said { value, assumed: true }
}

fn known<T>(known: &Known<T>, value: impl FnOnce(&T) -> Value) -> Said {
    Said { value: value(&known.value), assumed: known.is_assumed() }
}

/// The resources of a model, in its order.
pub(super) fn of_model(topology: &Topology, policy: &SecurityPolicy) -> Vec<Meant> {
    let network = Meant {
        kind: ResourceKind::Network,
        name: topology.network.name.to_string(),
        facts: [
            (Fact::Cidr, stated(Value::Cidr(topology.network.cidr.into()))),
            (Fact::Names, assumed(Value::Flag(true))),
        ]
        .into(),
    };
    let subnets = topology.subnet_ids().map(|id| subnet(topology, id));
    let nodes = topology.node_ids().map(|id| instance(topology, policy, id));
    let balancers = topology.load_balancer_ids().map(|id| load_balancer(topology, policy, id));
    let databases = topology.database_ids().map(|id| database(topology, policy, id));
    let hosts = topology
        .databases
        .iter()
        .map(|one| (one.host_name(&topology.network), one.name.to_ascii_lowercase()))
        .chain(
            topology
                .load_balancers
                .iter()
                .map(|one| (one.host_name(&topology.network), one.name.to_string())),
        );
    let hosts = hosts.map(|(name, what)| Meant {
        kind: ResourceKind::HostName,
        name,
        facts: [(Fact::LeadsTo, stated(words([what])))].into(),
    });
    std::iter::once(network)
        .chain(subnets)
        .chain(nodes)
        .chain(balancers)
        .chain(databases)
        .chain(hosts)
        .collect()
}

fn words<T: ToString>(all: impl IntoIterator<Item = T>) -> Value {
    Value::All(all.into_iter().map(|one| Item::Word(one.to_string())).collect())
}

fn subnet(topology: &Topology, id: SubnetId) -> Meant {
    let subnet = &topology[id];
    let mut facts = BTreeMap::from([
        (Fact::Cidr, stated(Value::Cidr(subnet.cidr.into()))),
        (Fact::Network, stated(words([&topology.network.name]))),
        (Fact::Routes, routes(topology)),
    ]);
    facts.extend(subnet.zone.as_ref().map(|zone| (Fact::Zone, stated(Value::Word(zone.to_string())))));
    Meant { kind: ResourceKind::Subnet, name: subnet.name.to_string(), facts }
}

/// There is a way to the internet where something has a public address.
fn routes(topology: &Topology) -> Said {
    let pools = topology.pools.iter().map(|pool| &pool.public_address);
    let pools = pools.map(|public| (**public, public.is_assumed()));
    let balancers = topology.load_balancers.iter().map(|balancer| &balancer.scheme);
    let balancers = balancers.map(|scheme| (**scheme == Scheme::InternetFacing, scheme.is_assumed()));
    let is_public = topology.is_public();
    let mut said = pools.chain(balancers).filter(|(public, _)| *public == is_public).map(|(_, open)| open);
    let route = is_public.then(|| {
        let to = Destination::Network(Ipv4Net::default().into());
        Item::Route(Route { to, way: Way::InternetGateway })
    });
    // One that is stated makes the way; that there is none takes all of them.
    let assumed = if is_public { said.all(|open| open) } else { said.any(|open| open) };
    Said { value: Value::All(route.into_iter().collect()), assumed }
}

fn names_of(topology: &Topology, subnets: &[SubnetId]) -> Value {
    words(subnets.iter().map(|subnet| &topology[*subnet].name))
}

fn groups_of(policy: &SecurityPolicy, member: Member) -> Said {
    let value = words(policy.groups_of(member).iter().map(|group| &policy[*group].name));
    Said { value, assumed: !policy.is_in_stated_group(member) }
}

fn instance(topology: &Topology, policy: &SecurityPolicy, id: NodeId) -> Meant {
    let node = &topology[id];
    let pool = topology.pool_of(id);
    let facts = [
        (Fact::Address, stated(Value::Address(node.address.into()))),
        (Fact::MoreAddresses, stated(Value::All(BTreeSet::new()))),
        (Fact::Subnet, stated(words([&topology[node.subnet].name]))),
        (Fact::Groups, groups_of(policy, Member::Pool(node.pool))),
        (Fact::Machine, known(&pool.instance_type, |name| Value::Word(name.to_string()))),
        (Fact::Public, known(&pool.public_address, |public| Value::Flag(*public))),
        (Fact::SourceCheck, stated(Value::Flag(pool.routed.is_empty()))),
        (Fact::Storage, known(&pool.root_volume, |size| Value::Number((*size).into()))),
        (Fact::Encrypted, assumed(Value::Flag(true))),
        (Fact::MetadataTokens, assumed(Value::Flag(true))),
        (Fact::MetadataHops, assumed(Value::Number(1))),
        (Fact::Running, stated(Value::Flag(true))),
    ];
    Meant { kind: ResourceKind::Instance, name: node.name.to_string(), facts: facts.into() }
}

fn load_balancer(topology: &Topology, policy: &SecurityPolicy, id: LoadBalancerId) -> Meant {
    let balancer = &topology[id];
    let listeners = balancer.listeners.iter();
    let listeners = listeners.map(|one| Item::Listener { listen: one.listen, forward: one.forward });
    let policies = balancer.listeners.iter().filter_map(|one| {
        Some(Item::Policy { port: one.forward.port, name: one.proxy_protocol.as_ref()?.to_string() })
    });
    let seconds = |time: &Duration| Value::Number(time.milliseconds / 1_000);
    let facts = [
        (Fact::Internal, known(&balancer.scheme, |scheme| Value::Flag(*scheme == Scheme::Internal))),
        (Fact::Subnets, known(&balancer.subnets, |subnets| names_of(topology, subnets))),
        (Fact::Groups, groups_of(policy, Member::LoadBalancer(id))),
        (Fact::Targets, stated(words(balancer.targets.iter().map(|node| &topology[*node].name)))),
        (Fact::Listeners, stated(Value::All(listeners.collect()))),
        (Fact::ProxyProtocol, stated(Value::All(policies.collect()))),
        (Fact::HealthCheck, known(&balancer.health_check, |target| Value::Word(target.to_string()))),
        (Fact::IdleTimeout, known(&balancer.idle_timeout, seconds)),
    ];
    Meant { kind: ResourceKind::LoadBalancer, name: balancer.name.to_string(), facts: facts.into() }
}

fn database(topology: &Topology, policy: &SecurityPolicy, id: DatabaseId) -> Meant {
    let database = &topology[id];
    let line = |engine: &DatabaseEngine| format!("{}.{}", engine.version.major(), engine.version.minor());
    let word = |name: &Name| Value::Word(name.to_string());
    let facts = [
        (Fact::Engine, known(&database.create_as, |engine| Value::Word(engine.product.to_owned()))),
        (Fact::Version, known(&database.create_as, |engine| Value::Word(line(engine)))),
        (Fact::Machine, known(&database.instance_type, word)),
        (Fact::Port, stated(Value::Number(database.port.into()))),
        (Fact::Storage, known(&database.storage, |size| Value::Number((*size).into()))),
        (Fact::Encrypted, assumed(Value::Flag(true))),
        (Fact::Standby, known(&database.standby, |standby| Value::Flag(*standby))),
        (Fact::Public, assumed(Value::Flag(false))),
        (Fact::Subnets, known(&database.subnets, |subnets| names_of(topology, subnets))),
        (Fact::Groups, groups_of(policy, Member::Database(id))),
        (Fact::MaxConnections, known(&database.max_connections, |most| Value::Word(most.to_string()))),
        (Fact::CharacterSet, known(&database.character_set, word)),
    ];
    // RDS keeps names in small letters (CreateDBInstance, DBInstanceIdentifier).
    Meant { kind: ResourceKind::Database, name: database.name.to_ascii_lowercase(), facts: facts.into() }
}
