//! Networks, subnets, instances, load balancers, databases and names of hosts as a provider has them, against those of the
//! model.
//!
//! A thing of the model is the one that exists by its name, or else the one with its address, whatever that is called.
//! What a topology does not say and whoever applies it chooses (images, key pairs, certificates) is not compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::document::Scheme;
use crate::policy::{Member, SecurityPolicy};
use crate::scalar::{DatabaseEngine, Duration, Name};
use crate::topology::{DatabaseId, Known, LoadBalancerId, NodeId, Origin, SubnetId, Topology};

/// What kind of thing a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    /// The network.
    Network,
    /// A subnet.
    Subnet,
    /// A node's machine.
    Instance,
    /// A load balancer.
    LoadBalancer,
    /// A database.
    Database,
    /// The name of a host inside the network.
    HostName,
}

/// Something that a resource is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Of an instance, its private address.
    Address,
    /// Addresses beyond that one, of either family.
    MoreAddresses,
    /// Addresses of a network or subnet.
    Cidr,
    /// The zone of a subnet.
    Zone,
    /// The network that a subnet is of.
    Network,
    /// Where packets go that leave a subnet, beyond the network itself.
    Routes,
    /// Whether names of the network are answered: Amazon VPC User Guide, "DNS attributes for your VPC".
    Names,
    /// The subnet of an instance.
    Subnet,
    /// The subnets of a load balancer or a database.
    Subnets,
    /// The security groups.
    Groups,
    /// The kind of machine.
    Machine,
    /// Whether an instance has a public address, or a database is reached by one.
    Public,
    /// Whether packets that are not for or from its own addresses are dropped: Amazon EC2 User Guide, "Elastic network
    /// interfaces", source/destination checking.
    SourceCheck,
    /// Storage in GiB.
    Storage,
    /// Whether the storage is encrypted.
    Encrypted,
    /// Whether the instance's metadata is told to nobody without a token.
    MetadataTokens,
    /// How many hops the answers with tokens go: beyond 1, containers get them.
    MetadataHops,
    /// Whether it runs.
    Running,
    /// Whether a load balancer has no public address.
    Internal,
    /// The ports of a load balancer and where they lead.
    Listeners,
    /// The instances behind a load balancer.
    Targets,
    /// What a load balancer asks its targets.
    HealthCheck,
    /// How long a silent connection is kept, in seconds.
    IdleTimeout,
    /// The targets' ports that a PROXY header is put before, and the policies that do it.
    ProxyProtocol,
    /// A database's product.
    Engine,
    /// A database's version, as far as the model fixes it.
    Version,
    /// A database's port.
    Port,
    /// Whether a database has a standby in a second zone.
    Standby,
    /// How many connections a database accepts.
    MaxConnections,
    /// The character set of a database's server.
    CharacterSet,
    /// What a host's name leads to.
    LeadsTo,
}

/// What a fact is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A word.
    Word(String),
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// An address.
    Address(IpAddr),
    /// A range of addresses.
    Cidr(IpNet),
    /// Any number of words.
    Words(BTreeSet<String>),
    /// Resources that exist, by the provider's ids. A comparison tells them as [`Value::Words`], by the model's names.
    Resources(BTreeSet<String>),
}

/// A resource that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveResource {
    /// What it is.
    pub kind: ResourceKind,
    /// What it is called.
    pub name: String,
    /// The provider's id.
    pub id: String,
    /// Where it stands: an address of Terraform.
    pub place: String,
    /// What is known of it.
    pub facts: BTreeMap<Fact, Value>,
    /// What of it is not understood, in words.
    pub unclear: Vec<String>,
    /// Whether somebody else has it, and it was only looked up. What the model does not have may be there for others.
    pub elsewhere: bool,
}

/// Resources beside the model's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResourcesAudit {
    /// In what they differ: the model's in their order, then what is not in it.
    pub differences: Vec<ResourceDifference>,
    /// What is not understood of those that count, in words.
    pub unclear: Vec<String>,
}

/// In what a resource differs from the model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceDifference {
    /// One of the model is not among those that exist.
    Missing {
        /// What it is.
        kind: ResourceKind,
        /// Its name in the model.
        name: String,
    },
    /// One exists that the model does not have.
    Unknown {
        /// What it is.
        kind: ResourceKind,
        /// What it is called.
        name: String,
        /// Where it stands.
        place: String,
    },
    /// It is otherwise than the model says.
    Differs {
        /// What it is.
        kind: ResourceKind,
        /// Its name in the model.
        name: String,
        /// In what.
        fact: Fact,
        /// What is.
        live: Value,
        /// What the model says.
        model: Value,
        /// Whether the document leaves it open, and it is what is rendered then.
        assumed: bool,
        /// Where it stands.
        place: String,
    },
}

/// A route to the network's internet gateway, as [`Fact::Routes`] has it: where it leads.
#[must_use]
pub fn internet_route(destination: &str) -> String {
    format!("{destination} to the internet gateway")
}

/// A listener of a load balancer, as [`Fact::Listeners`] has it: both sides as `80/tcp`.
#[must_use]
pub fn listener_word(listen: &str, forward: &str) -> String {
    format!("{listen} to {forward}")
}

/// A policy for a port of the targets, as [`Fact::ProxyProtocol`] has it.
#[must_use]
pub fn policy_word(port: u16, policy: &str) -> String {
    format!("{port} by {policy}")
}

/// Compares the resources that exist with those of a topology on AWS.
#[must_use]
pub fn resources(topology: &Topology, policy: &SecurityPolicy, live: &[LiveResource]) -> ResourcesAudit {
    let model = of_model(topology, policy);
    let pairs = pairs(&model, live);
    let mut names: BTreeMap<&str, &str> =
        live.iter().map(|one| (one.id.as_str(), one.name.as_str())).collect();
    for (meant, at) in model.iter().zip(&pairs) {
        names.extend(at.map(|at| (live[at].id.as_str(), meant.name.as_str())));
    }
    let named = |value: &Value| match value {
        Value::Resources(ids) => Value::Words(
            ids.iter().map(|id| (*names.get(id.as_str()).unwrap_or(&id.as_str())).to_owned()).collect(),
        ),
        other => other.clone(),
    };
    let mut found = Vec::new();
    for (meant, at) in model.iter().zip(&pairs) {
        let Some(own) = at.map(|at| &live[at]) else {
            found.push(ResourceDifference::Missing { kind: meant.kind, name: meant.name.clone() });
            continue;
        };
        for (&fact, Said { value: model, assumed }) in &meant.facts {
            let Some(live) = own.facts.get(&fact).map(named) else { continue };
            if !is_same(fact, &live, model) {
                let (kind, name, place) = (meant.kind, meant.name.clone(), own.place.clone());
                let (model, assumed) = (model.clone(), *assumed);
                found.push(ResourceDifference::Differs { kind, name, fact, live, model, assumed, place });
            }
        }
    }
    let used: BTreeSet<usize> = pairs.into_iter().flatten().collect();
    let mut unclear = Vec::new();
    for (at, one) in live.iter().enumerate() {
        let is_ours = used.contains(&at);
        if is_ours || !one.elsewhere {
            unclear.extend(one.unclear.iter().cloned());
        }
        if !is_ours && !one.elsewhere {
            let (kind, name, place) = (one.kind, one.name.clone(), one.place.clone());
            found.push(ResourceDifference::Unknown { kind, name, place });
        }
    }
    ResourcesAudit { differences: found, unclear }
}

/// For each resource of the model, the one that it is: by its name, or else by the fact that nothing else can have.
fn pairs(model: &[Meant], live: &[LiveResource]) -> Vec<Option<usize>> {
    let mut by_name: BTreeMap<(ResourceKind, &str), usize> = BTreeMap::new();
    let mut by_key: BTreeMap<(ResourceKind, &Value), usize> = BTreeMap::new();
    for (at, one) in live.iter().enumerate() {
        by_name.entry((one.kind, &one.name)).or_insert(at);
        if let Some(value) = key(one.kind).and_then(|fact| one.facts.get(&fact)) {
            by_key.entry((one.kind, value)).or_insert(at);
        }
    }
    let with_key = |one: &Meant| {
        let said = key(one.kind).and_then(|fact| one.facts.get(&fact))?;
        by_key.get(&(one.kind, &said.value)).copied()
    };
    // Of several with the name, the one that has the address too.
    let named = |one: &Meant| {
        let both = with_key(one).filter(|at| live[*at].name == one.name);
        both.or_else(|| by_name.get(&(one.kind, one.name.as_str())).copied())
    };
    let mut pairs: Vec<Option<usize>> = model.iter().map(named).collect();
    let mut used: BTreeSet<usize> = pairs.iter().flatten().copied().collect();
    for (one, pair) in model.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
        *pair = with_key(one).filter(|at| used.insert(*at));
    }
    pairs
}

const fn key(kind: ResourceKind) -> Option<Fact> {
    match kind {
        ResourceKind::Instance => Some(Fact::Address),
        ResourceKind::Network | ResourceKind::Subnet => Some(Fact::Cidr),
        _ => None,
    }
}

/// Whether what exists is what the model says. A version of the model is a line, of which any release will do.
fn is_same(fact: Fact, live: &Value, model: &Value) -> bool {
    match (fact, live, model) {
        (Fact::Version, Value::Word(live), Value::Word(line)) => {
            live.strip_prefix(line.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        _ => live == model,
    }
}

/// A resource of the model.
struct Meant {
    kind: ResourceKind,
    name: String,
    facts: BTreeMap<Fact, Said>,
}

/// What the model says.
struct Said {
    value: Value,
    /// Whether the document leaves it open.
    assumed: bool,
}

const fn stated(value: Value) -> Said {
    Said { value, assumed: false }
}

/// What is rendered, and no document says.
const fn assumed(value: Value) -> Said {
    Said { value, assumed: true }
}

fn known<T>(known: &Known<T>, value: impl FnOnce(&T) -> Value) -> Said {
    Said { value: value(&known.value), assumed: is_assumed(known) }
}

const fn is_assumed<T>(known: &Known<T>) -> bool {
    matches!(known.origin, Origin::Assumed(_))
}

fn of_model(topology: &Topology, policy: &SecurityPolicy) -> Vec<Meant> {
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
    Value::Words(all.into_iter().map(|one| one.to_string()).collect())
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
    let pools = pools.map(|public| (**public, is_assumed(public)));
    let balancers = topology.load_balancers.iter().map(|balancer| &balancer.scheme);
    let balancers = balancers.map(|scheme| (**scheme == Scheme::InternetFacing, is_assumed(scheme)));
    let is_public = topology.is_public();
    let mut said = pools.chain(balancers).filter(|(public, _)| *public == is_public).map(|(_, open)| open);
    // One that is stated makes the way; that there is none takes all of them.
    let assumed = if is_public { said.all(|open| open) } else { said.any(|open| open) };
    Said { value: words(is_public.then(|| internet_route("0.0.0.0/0"))), assumed }
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
        (Fact::MoreAddresses, stated(Value::Words(BTreeSet::new()))),
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
    let listeners =
        balancer.listeners.iter().map(|one| listener_word(&one.listen.to_string(), &one.forward.to_string()));
    let policies = balancer
        .listeners
        .iter()
        .filter_map(|one| Some(policy_word(one.forward.port, one.proxy_protocol.as_ref()?)));
    let seconds = |time: &Duration| Value::Number(time.milliseconds / 1_000);
    let facts = [
        (Fact::Internal, known(&balancer.scheme, |scheme| Value::Flag(*scheme == Scheme::Internal))),
        (Fact::Subnets, known(&balancer.subnets, |subnets| names_of(topology, subnets))),
        (Fact::Groups, groups_of(policy, Member::LoadBalancer(id))),
        (Fact::Targets, stated(words(balancer.targets.iter().map(|node| &topology[*node].name)))),
        (Fact::Listeners, stated(words(listeners))),
        (Fact::ProxyProtocol, stated(words(policies))),
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

impl ResourceKind {
    /// What such a thing is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Subnet => "subnet",
            Self::Instance => "instance",
            Self::LoadBalancer => "load balancer",
            Self::Database => "database",
            Self::HostName => "host name",
        }
    }
}

impl Fact {
    /// What it is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::MoreAddresses => "more addresses",
            Self::Cidr => "addresses",
            Self::Zone => "zone",
            Self::Network => "network",
            Self::Routes => "routes",
            Self::Names => "answers to names",
            Self::Subnet => "subnet",
            Self::Subnets => "subnets",
            Self::Groups => "security groups",
            Self::Machine => "kind of machine",
            Self::Public => "public address",
            Self::SourceCheck => "source and destination check",
            Self::Storage => "storage in GiB",
            Self::Encrypted => "encrypted storage",
            Self::MetadataTokens => "metadata with tokens only",
            Self::MetadataHops => "hops of metadata",
            Self::Running => "running",
            Self::Internal => "internal",
            Self::Listeners => "listeners",
            Self::Targets => "targets",
            Self::HealthCheck => "health check",
            Self::IdleTimeout => "idle timeout in seconds",
            Self::ProxyProtocol => "PROXY headers to ports",
            Self::Engine => "engine",
            Self::Version => "version",
            Self::Port => "port",
            Self::Standby => "standby",
            Self::MaxConnections => "most connections",
            Self::CharacterSet => "character set",
            Self::LeadsTo => "leads to",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Address(address) => address.fmt(f),
            Self::Cidr(net) => net.fmt(f),
            Self::Words(words) | Self::Resources(words) if words.is_empty() => f.write_str("none"),
            Self::Words(words) | Self::Resources(words) => {
                f.write_str(&words.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
            }
        }
    }
}
