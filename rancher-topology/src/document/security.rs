//! Security groups and their rules.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Allow, OneOrMany, Spanned};
use crate::scalar::{Peer, Text, Traffic};

/// What may reach the members of a group, and what they may reach.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecurityGroup {
    /// What it is for.
    #[serde(default)]
    pub title: Option<Spanned<Text>>,
    /// What may reach the members.
    #[serde(default)]
    pub inbound: Vec<Spanned<InboundRule>>,
    /// What the members may reach; when it is not said, what their declared flows need and nothing else.
    #[serde(default)]
    pub outbound: Option<Vec<Spanned<OutboundRule>>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// A rule that lets something in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InboundRule {
    /// The name that AWS's console has for it: `SSH`, `HTTP`. Derived from the port when it is not said.
    #[serde(default, rename = "type")]
    pub kind: Option<Spanned<Text>>,
    /// What is let in.
    pub port: Spanned<Traffic>,
    /// From where.
    pub from: OneOrMany<Spanned<Peer>>,
    /// What for.
    #[serde(default)]
    pub purpose: Option<Spanned<Text>>,
    /// Whether the cluster can do without it.
    #[serde(default)]
    pub optional: bool,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// A rule that lets something out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OutboundRule {
    /// What is let out.
    pub port: Spanned<Traffic>,
    /// To where.
    pub to: OneOrMany<Spanned<Peer>>,
    /// What for.
    #[serde(default)]
    pub purpose: Option<Spanned<Text>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}
