//! The network, its subnets, and the overlays inside it.

use std::fmt;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Allow, Named, OneOrMany, Spanned};
use crate::scalar::{Name, Text};

/// The network that everything stands in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Network {
    /// Its name.
    pub name: Spanned<Name>,
    /// Its addresses.
    #[schemars(with = "Cidr")]
    pub cidr: Spanned<Ipv4Net>,
    /// Whose network it is; a plain one when nothing is said.
    #[serde(default)]
    pub provider: Option<Spanned<Provider>>,
    /// How many subnets the source of this topology speaks of.
    #[serde(default)]
    pub stated_subnets: Option<Spanned<usize>>,
    /// Its subnets.
    pub subnets: Named<Subnet>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// Whose network it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// A network of machines, rendered without Terraform.
    #[default]
    Plain,
    /// A VPC of Amazon Web Services.
    Aws,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain",
            Self::Aws => "aws",
        })
    }
}

/// A part of the network.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Subnet {
    /// Its addresses.
    #[schemars(with = "Cidr")]
    pub cidr: Spanned<Ipv4Net>,
    /// The zone that it lies in: an availability zone, a rack, a site.
    #[serde(default)]
    pub zone: Option<Spanned<Name>>,
    /// What it is called in the documentation.
    #[serde(default)]
    pub title: Option<Spanned<Text>>,
    /// Why this subnet was assumed, when the source of this topology does not give it.
    #[serde(default)]
    pub assumed: Option<Spanned<Text>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// A network between containers of different nodes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Overlay {
    /// The addresses that its containers get.
    #[schemars(with = "Cidr")]
    pub cidr: Spanned<Ipv4Net>,
    /// The service whose traffic carries it.
    #[serde(default)]
    pub carried_by: OneOrMany<Spanned<Name>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// A range of addresses: `10.0.0.0/16`.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Cidr(#[schemars(regex(pattern = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"))] String);
