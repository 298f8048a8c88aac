//! Pools of nodes.

use std::net::Ipv4Addr;

use indexmap::IndexMap;
use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::Deserialize;

use super::network::Cidr;
use super::{Allow, OneOrMany, Spanned, TrafficTo};
use crate::scalar::{Engine, Name, Os, Text};

/// Alike nodes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pool {
    /// How many there are; they are called `NAME-1`, `NAME-2` and so on. Without it there is one, called `NAME`.
    #[serde(default)]
    pub count: Option<Spanned<usize>>,
    /// Per subnet the first address in it. Nodes are dealt to the subnets in turn, and addresses count upwards.
    #[schemars(with = "IndexMap<Name, Ipv4Addr>")]
    pub first_address: IndexMap<Spanned<Name>, Spanned<Ipv4Addr>>,
    /// The operating system.
    pub os: Spanned<Os>,
    /// The container engine.
    pub engine: Spanned<Engine>,
    /// The security groups that the nodes are in.
    #[serde(default)]
    pub groups: OneOrMany<Spanned<Name>>,
    /// The interfaces towards the network, where the host firewall stands.
    #[serde(default)]
    pub interfaces: Option<OneOrMany<Spanned<Name>>>,
    /// The networks of the engine's own bridges.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<Cidr>>")]
    pub container_networks: Option<OneOrMany<Spanned<Ipv4Net>>>,
    /// Networks whose hosts may open connections straight to containers' addresses.
    #[serde(default)]
    #[schemars(with = "OneOrMany<Cidr>")]
    pub routed: OneOrMany<Spanned<Ipv4Net>>,
    /// The provider's kind of machine: `m5.large`.
    #[serde(default)]
    pub instance_type: Option<Spanned<Name>>,
    /// The size of the root volume in GiB.
    #[serde(default)]
    pub root_volume: Option<Spanned<u32>>,
    /// Whether the nodes have public addresses.
    #[serde(default)]
    pub public_address: Option<Spanned<bool>>,
    /// What the nodes themselves connect to, besides what their containers do. It takes the place of the default, which is
    /// the internet on 80, 443 and 123/udp.
    #[serde(default)]
    pub traffic_to: Option<OneOrMany<Spanned<TrafficTo>>>,
    /// What they are called in the documentation.
    #[serde(default)]
    pub title: Option<Spanned<Text>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}
