//! The network and what stands in it beside the nodes.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{GroupId, Known, NodeId, PoolId, ServiceId, SubnetId};
use crate::diagnostic::Span;
use crate::document::{Provider, Scheme};
use crate::scalar::{DatabaseEngine, Duration, HealthTarget, ListenerPort, Name, Peer, Text, Traffic};

/// The network that everything stands in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Network {
    /// Its name.
    pub name: Name,
    /// Its addresses.
    pub cidr: Ipv4Net,
    /// Whose it is.
    pub provider: Known<Provider>,
    /// How many subnets the source of the topology speaks of.
    pub stated_subnets: Option<usize>,
    /// Where the document says it.
    pub span: Span,
}

impl Network {
    /// The domain of the names inside it: `NETWORK.internal`.
    ///
    /// Terraform makes it a private zone. `internal` is reserved for private use (ICANN board resolution 2024.07.29.06).
    #[must_use]
    pub fn domain(&self) -> String {
        format!("{}.internal", self.name).to_ascii_lowercase()
    }
}

/// A part of the network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Subnet {
    /// Its name.
    pub name: Name,
    /// Its addresses; inside the network's, and in no other subnet's.
    pub cidr: Ipv4Net,
    /// The zone that it lies in.
    pub zone: Option<Name>,
    /// What it is called in the documentation.
    pub title: Option<Text>,
    /// Why it was assumed, when the source of the topology does not give it.
    pub assumed: Option<Text>,
    /// Where the document says it.
    pub span: Span,
}

impl Subnet {
    /// The region of AWS that its zone lies in: `us-west-2` for `us-west-2a`. `None` when the zone is none of AWS's.
    ///
    /// Source: Amazon EC2 User Guide, "Regions and Zones": a zone's code is its region's and a letter, or for a Local
    /// Zone the region's, a place and a letter (`us-west-2-lax-1a`).
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        let zone = self.zone.as_deref()?;
        let digits = zone.find(|c: char| c.is_ascii_digit())?;
        let behind = zone[digits..].trim_start_matches(|c: char| c.is_ascii_digit());
        let region = &zone[..zone.len() - behind.len()];
        let words = region[..digits].strip_suffix('-')?;
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let good = words.contains('-')
            && words.split('-').all(is_word)
            && behind.bytes().all(known)
            && behind.ends_with(|c: char| c.is_ascii_lowercase());
        good.then_some(region)
    }
}

/// A network between containers of different nodes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Overlay {
    /// Its name.
    pub name: Name,
    /// The addresses that its containers get.
    pub cidr: Ipv4Net,
    /// The services whose traffic carries it.
    pub carried_by: Vec<ServiceId>,
    /// Where the document says it.
    pub span: Span,
}

/// What may reach the members of a group, and what they may reach.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SecurityGroup {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub title: Option<Text>,
    /// What may reach the members.
    pub inbound: Vec<SecurityRule>,
    /// What the members may reach; `None` when the document leaves it to what their flows need.
    pub outbound: Option<Vec<SecurityRule>>,
    /// The pools whose nodes are members.
    pub pools: Vec<PoolId>,
    /// Where the document says it.
    pub span: Span,
}

/// A rule of a security group.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SecurityRule {
    /// The name that AWS's console has for it.
    pub kind: Known<Text>,
    /// What is let through.
    pub traffic: Traffic,
    /// The other side. A [`Peer::Group`] names a group of this topology.
    pub peers: Vec<Peer>,
    /// What for.
    pub purpose: Option<Text>,
    /// Whether the cluster can do without it.
    pub optional: bool,
    /// Where the document says it.
    pub span: Span,
}

/// A load balancer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LoadBalancer {
    /// Its name.
    pub name: Name,
    /// The nodes behind it.
    pub targets: Vec<NodeId>,
    /// Its listeners.
    pub listeners: Vec<Listener>,
    /// The subnets that it stands in.
    pub subnets: Known<Vec<SubnetId>>,
    /// The groups that it is in; none when the policy makes one for it.
    pub groups: Vec<GroupId>,
    /// Whether the internet can reach it.
    pub scheme: Known<Scheme>,
    /// What it asks its targets.
    pub health_check: Known<HealthTarget>,
    /// How long a silent connection is kept.
    pub idle_timeout: Known<Duration>,
    /// What it is for.
    pub title: Option<Text>,
    /// Where the document says it.
    pub span: Span,
}

/// A port of a load balancer and where it leads.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Listener {
    /// The load balancer's side.
    pub listen: ListenerPort,
    /// The targets' side.
    pub forward: ListenerPort,
    /// The policy that puts a PROXY header before each connection.
    pub proxy_protocol: Option<Name>,
    /// The name of the certificate with which TLS ends here.
    pub certificate: Option<Name>,
    /// Where the document says it.
    pub span: Span,
}

/// A database outside the nodes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Database {
    /// Its name.
    pub name: Name,
    /// Its engine and version, as stated.
    pub engine: DatabaseEngine,
    /// The TCP port that it listens on.
    pub port: u16,
    /// The address that it was seen at.
    pub observed_address: Option<Ipv4Addr>,
    /// The version that it is created with.
    pub create_as: Known<DatabaseEngine>,
    /// The subnets that it may stand in.
    pub subnets: Known<Vec<SubnetId>>,
    /// The groups that it is in; none when the policy makes one for it.
    pub groups: Vec<GroupId>,
    /// The provider's kind of machine.
    pub instance_type: Known<Name>,
    /// Storage in GiB.
    pub storage: Known<u32>,
    /// How many connections it accepts.
    pub max_connections: Known<u32>,
    /// The character set of its server.
    pub character_set: Known<Name>,
    /// Whether it has a standby in a second zone.
    pub standby: Known<bool>,
    /// What it is for.
    pub title: Option<Text>,
    /// Where the document says it.
    pub span: Span,
}

impl LoadBalancer {
    /// The host name that leads to it inside the network, whatever the provider calls it: `NAME.NETWORK.internal`.
    #[must_use]
    pub fn host_name(&self, network: &Network) -> String {
        format!("{}.{}", self.name.to_ascii_lowercase(), network.domain())
    }
}

impl Database {
    /// The host name that clients use, which stays when the database is replaced: `NAME.NETWORK.internal`.
    ///
    /// Terraform makes it a record of a private zone that follows the database's endpoint.
    #[must_use]
    pub fn host_name(&self, network: &Network) -> String {
        format!("{}.{}", self.name.to_ascii_lowercase(), network.domain())
    }
}
