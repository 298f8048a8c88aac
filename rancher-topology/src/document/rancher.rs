//! What is said of Rancher 1.0 and 1.1 only.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Allow, Spanned};
use crate::scalar::{HttpsUrl, Name};

/// What a document says of its Rancher 1.x.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rancher1 {
    /// The service that a person starts: the cluster manager.
    pub cluster_manager: Spanned<Name>,
    /// The database that it keeps everything in.
    pub database: Spanned<Name>,
    /// The load balancer that hosts and people come through.
    pub load_balancer: Spanned<Name>,
    /// The URL that hosts register at. `https://`, and the certificate's host.
    #[serde(default)]
    pub registration_url: Option<Spanned<HttpsUrl>>,
    /// The name of the database in the server; `cattle` when nothing is said.
    #[serde(default)]
    pub database_name: Option<Spanned<Name>>,
    /// The database's user; `cattle` when nothing is said.
    #[serde(default)]
    pub database_user: Option<Spanned<Name>>,
    /// Findings about it that are as they should be, each with the reason.
    #[serde(default)]
    pub allow: Allow,
}
