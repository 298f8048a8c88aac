//! What a resource is compared by.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::scalar::ListenerPort;

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
    /// What the product takes by itself.
    Default,
    /// Any number of these.
    All(BTreeSet<Item>),
}

/// One of those that a fact is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// A word.
    Word(String),
    /// A resource that exists, by the provider's id. A comparison tells it as an [`Item::Word`], by the model's name.
    Resource(String),
    /// Where packets go that leave a subnet.
    Route(Route),
    /// A port of a load balancer, and the targets' port that it leads to.
    Listener {
        /// The load balancer's side.
        listen: ListenerPort,
        /// The targets' side.
        forward: ListenerPort,
    },
    /// What is put before each connection to a port of the targets.
    Policy {
        /// The port.
        port: u16,
        /// The policy's name.
        name: String,
    },
}

/// Where packets go that leave a subnet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// To whom they are.
    pub to: Destination,
    /// By which way they go.
    pub way: Way,
}

/// To whom packets are that a route is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// Addresses.
    Network(IpNet),
    /// Those of the provider's list with this id.
    PrefixList(String),
}

/// The way of a route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The network's gateway to the internet.
    InternetGateway,
    /// Something else, by the provider's id.
    Other(String),
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
            Self::Default => f.write_str("the product's own"),
            Self::All(items) if items.is_empty() => f.write_str("none"),
            Self::All(items) => {
                f.write_str(&items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) | Self::Resource(word) => f.write_str(word),
            Self::Route(Route { to, way }) => {
                to.fmt(f)?;
                match way {
                    Way::InternetGateway => f.write_str(" to the internet gateway"),
                    Way::Other(id) => write!(f, " to {id}"),
                }
            }
            Self::Listener { listen, forward } => write!(f, "{listen} to {forward}"),
            Self::Policy { port, name } => write!(f, "{port} by {name}"),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(net) => net.fmt(f),
            Self::PrefixList(id) => f.write_str(id),
        }
    }
}
