//! What a person typed, one to one with the file, every value with its place.
//!
//! Nothing here is looked up or defaulted: an absent key is an `Option` or an empty list, and a name may point at
//! nothing. What the words mean together is [`crate::topology`]'s business.

mod allow;
mod decode;
mod entry;
mod network;
mod nodes;
mod one_or_many;
mod rancher;
mod security;
mod services;
pub(crate) mod source;
mod spanned;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

pub use allow::{Allow, Allowance};
pub use entry::{Database, Listener, LoadBalancer, Scheme};
pub use network::{Network, Overlay, Provider, Subnet};
pub use nodes::Pool;
pub use one_or_many::OneOrMany;
pub use rancher::Rancher1;
pub use security::{InboundRule, OutboundRule, SecurityGroup};
pub use services::{
    Environment, FromModel, Health, Naming, Probe, Quorum, Restart, Scope, Service, Starter, Stated,
    TrafficTo, Tunnel,
};
pub use spanned::Spanned;

use crate::diagnostic::Diagnostic;
use crate::scalar::{Assertion, Name, Text};

/// A mapping from names to things, in the order of the file.
pub type Named<T> = IndexMap<Spanned<Name>, Spanned<T>>;

/// A topology as a person writes it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Document {
    /// The topology's name. It becomes the prefix of what is rendered outside the cluster.
    pub name: Spanned<Name>,
    /// What it is, in a line.
    #[serde(default)]
    pub title: Option<Spanned<Text>>,
    /// The network that everything stands in.
    pub network: Spanned<Network>,
    /// Networks between containers of different nodes, carried inside the network's packets.
    #[serde(default)]
    pub overlays: Named<Overlay>,
    /// Pools of alike nodes. A pool without a `count` is one node of the pool's name.
    #[serde(default)]
    pub nodes: Named<Pool>,
    /// Security groups: what may reach their members, and what these may reach.
    #[serde(default)]
    pub security_groups: Named<SecurityGroup>,
    /// Databases outside the nodes.
    #[serde(default)]
    pub databases: Named<Database>,
    /// Load balancers in front of the nodes.
    #[serde(default)]
    pub load_balancers: Named<LoadBalancer>,
    /// Who starts containers, other than a person.
    #[serde(default)]
    pub starters: Named<Starter>,
    /// What runs on the nodes: one service, one row.
    #[serde(default)]
    pub services: Named<Service>,
    /// Meshes of tunnels: a service's port carried between all nodes of its pool.
    #[serde(default)]
    pub tunnels: Named<Tunnel>,
    /// What is peculiar to Rancher 1.0 and 1.1 with its cluster manager; switches that product's rules on.
    #[serde(default)]
    pub rancher_1: Option<Spanned<Rancher1>>,
    /// What has to be true of who can reach whom, as sentences: `internet cannot reach zookeeper`,
    /// `cattle can reach zookeeper on 2181/tcp`. `validate` checks them.
    #[serde(default)]
    pub assert: Vec<Spanned<Assertion>>,
    /// Findings about the whole topology that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}

/// What reading a text came to.
#[derive(Debug)]
pub struct Read {
    /// The document without what was wrong in it; `None` when nothing could be made of it.
    pub document: Option<Document>,
    /// Everything that was wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// What is not in the document because of the mistakes.
    pub lost: Lost,
}

/// What mistakes took out of a document: what is absent there may have been meant. A key that nobody knows takes
/// nothing out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// Top-level keys under which a named thing was lost.
    pub names: Vec<String>,
    /// Whether something was lost that stood under a known key.
    pub values: bool,
}

/// Reads a document, YAML 1.2 or JSON, and reports every mistake in it.
///
/// ```
/// let read = rancher_topology::document::read("name: x\nnetwerk: {name: lab}\n");
/// let messages: Vec<_> = read.diagnostics.iter().map(|d| d.message.as_str()).collect();
/// // It is read as what was meant; that there is no `network` is not said a second time.
/// assert_eq!(messages, ["unknown key `netwerk`", "`cidr`, `subnets` are missing"]);
/// ```
#[must_use]
pub fn read(text: &str) -> Read {
    let tree = match source::parse(text) {
        Ok(tree) => tree,
        Err(diagnostic) => {
            return Read { document: None, diagnostics: vec![diagnostic], lost: Lost::default() };
        }
    };
    let decode::Decoded { value, mut diagnostics, lost } = decode::decode(&tree);
    diagnostics.sort_by_key(|d| d.labels.first().map(|label| label.span));
    Read { document: value, diagnostics, lost }
}

/// The JSON Schema (2020-12) of the document, for an editor to complete and check by.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}
