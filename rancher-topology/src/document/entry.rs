//! Load balancers and databases: what stands beside the nodes.

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Allow, OneOrMany, Spanned};
use crate::scalar::{DatabaseEngine, Duration, HealthTarget, ListenerPort, Name, Text};

/// A load balancer; on AWS a Classic Load Balancer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoadBalancer {
    /// The pools or nodes behind it.
    pub targets: OneOrMany<Spanned<Name>>,
    /// Its listeners.
    pub listeners: Vec<Spanned<Listener>>,
    /// The subnets that it stands in.
    #[serde(default)]
    pub subnets: Option<OneOrMany<Spanned<Name>>>,
    /// The security groups that it is in.
    #[serde(default)]
    pub groups: Option<OneOrMany<Spanned<Name>>>,
    /// Whether the internet can reach it.
    #[serde(default)]
    pub scheme: Option<Spanned<Scheme>>,
    /// What it asks its targets.
    #[serde(default)]
    pub health_check: Option<Spanned<HealthTarget>>,
    /// How long a silent connection is kept.
    #[serde(default)]
    pub idle_timeout: Option<Spanned<Duration>>,
    /// What it is for.
    #[serde(default)]
    pub title: Option<Spanned<Text>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// Whether the internet can reach a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// It has public addresses.
    InternetFacing,
    /// Only the network reaches it.
    Internal,
}

/// A port of a load balancer and where it leads.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Listener {
    /// The load balancer's port and what is spoken there.
    pub listen: Spanned<ListenerPort>,
    /// The targets' port and what is spoken there.
    pub forward: Spanned<ListenerPort>,
    /// The name of the policy that puts a PROXY header before each connection to the targets.
    #[serde(default)]
    pub proxy_protocol: Option<Spanned<Name>>,
    /// Where TLS ends here: the name of the certificate's Terraform variable, which holds an ARN.
    #[serde(default)]
    pub certificate: Option<Spanned<Name>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// A database outside the nodes; on AWS an RDS instance.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Database {
    /// Its engine and version.
    pub engine: Spanned<DatabaseEngine>,
    /// The TCP port that it listens on.
    pub port: Spanned<u16>,
    /// The address that it was seen at. It is not asked for when the database is made: RDS has no fixed address.
    #[serde(default)]
    pub observed_address: Option<Spanned<Ipv4Addr>>,
    /// The engine's version to create it with, where the one above can no longer be had.
    #[serde(default)]
    pub create_as: Option<Spanned<DatabaseEngine>>,
    /// The subnets that it may stand in; RDS wants two zones.
    #[serde(default)]
    pub subnets: Option<OneOrMany<Spanned<Name>>>,
    /// The security groups that it is in.
    #[serde(default)]
    pub groups: Option<OneOrMany<Spanned<Name>>>,
    /// The provider's kind of machine: `db.t3.small`.
    #[serde(default)]
    pub instance_type: Option<Spanned<Name>>,
    /// The size of its storage in GiB.
    #[serde(default)]
    pub storage: Option<Spanned<u32>>,
    /// How many connections it accepts.
    #[serde(default)]
    pub max_connections: Option<Spanned<u32>>,
    /// The character set of its server: `utf8`.
    #[serde(default)]
    pub character_set: Option<Spanned<Name>>,
    /// Whether it has a standby in a second zone.
    #[serde(default)]
    pub standby: Option<Spanned<bool>>,
    /// What it is for.
    #[serde(default)]
    pub title: Option<Spanned<Text>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}
