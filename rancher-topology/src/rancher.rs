//! What is true of Rancher 1.0 and 1.1 with its cluster manager ("rancher-ha.sh") only.
//!
//! The rest of this crate does not know Rancher; a document switches this part on with the key `rancher-1`.
//! Source: the releases' own scripts and cattle's `haconfig` (rancher/rancher v1.0.1 to v1.1.4, rancher/cattle).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Span};
use crate::document::Spanned;
use crate::scalar::{Name, one_word};
use crate::topology::{DatabaseId, Known, LoadBalancerId, ServiceId, Topology};

/// What a document says of its Rancher 1.x.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rancher1Document {
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
}

/// A Rancher 1.x of a topology.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rancher1 {
    /// The cluster manager's service.
    pub cluster_manager: ServiceId,
    /// The database.
    pub database: DatabaseId,
    /// The load balancer that hosts and people come through.
    pub load_balancer: LoadBalancerId,
    /// The URL that hosts register at.
    pub registration_url: Known<HttpsUrl>,
    /// The name of the database in the server.
    pub database_name: Known<Name>,
    /// The database's user.
    pub database_user: Known<Name>,
    /// Where the document says it.
    pub span: Span,
}

impl Rancher1 {
    /// The cluster's size: how many cluster managers there are.
    #[must_use]
    pub fn size(&self, topology: &Topology) -> usize {
        topology[self.cluster_manager].placement.len()
    }

    /// The ports of the nodes as `server.conf` names them: what the model publishes for each, or the product's default.
    ///
    /// Source: cattle's `HaConfigInput`; the variables are those of `haconfig/script.ftl`.
    #[must_use]
    pub fn ports(&self, topology: &Topology) -> Vec<(&'static str, u16)> {
        let defaults = [
            ("CATTLE_HA_PORT_REDIS", 6379),
            ("CATTLE_HA_PORT_SWARM", 2376),
            ("CATTLE_HA_PORT_HTTP", 80),
            ("CATTLE_HA_PORT_HTTPS", 443),
            ("CATTLE_HA_PORT_PP_HTTP", 81),
            ("CATTLE_HA_PORT_PP_HTTPS", 444),
            ("CATTLE_HA_PORT_ZK_CLIENT", 2181),
            ("CATTLE_HA_PORT_ZK_QUORUM", 2888),
            ("CATTLE_HA_PORT_ZK_LEADER", 3888),
        ];
        let carried = |port| topology.meshes.iter().find(|mesh| mesh.port == port).map(|mesh| mesh.published);
        let published = |port| {
            topology.services.iter().flat_map(|service| &service.publish).find_map(|p| p.host_port_of(port))
        };
        defaults
            .map(|(name, port)| (name, carried(port).or_else(|| published(port)).unwrap_or(port)))
            .to_vec()
    }
}

/// A URL of the form `https://HOST[:PORT]`: the registration URL is made `https` by Rancher's own page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpsUrl(String);

impl HttpsUrl {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.trim_start_matches("https://");
        rest.split_once(':').map_or(rest, |(host, _)| host)
    }
}

impl FromStr for HttpsUrl {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is not of the form `https://HOST[:PORT]`", word.escape_debug());
        let rest = word.strip_prefix("https://").ok_or_else(wrong)?;
        let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let good_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
        if host.len() <= 253 && host.split('.').all(label) && good_port {
            Ok(Self(word.to_owned()))
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

one_word!(
    HttpsUrl,
    "string",
    "^https://[A-Za-z0-9.-]+(:[0-9]+)?$",
    "a URL of the form `https://HOST[:PORT]`"
);

/// Resolves what the document says; `None` with diagnostics when a name in it points at nothing.
pub(crate) fn resolve(
    said: &Spanned<Rancher1Document>,
    topology: &Topology,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Rancher1> {
    let mut find = |what: &str, name: &Spanned<Name>, position: Option<usize>| {
        if position.is_none() {
            diagnostics.push(Diagnostic::error(
                "unknown-name",
                format!("there is no {what} called `{}`", name.value),
                name.span,
            ));
        }
        position
    };
    let manager = topology.services.iter().position(|service| service.name == said.cluster_manager.value);
    let database = topology.databases.iter().position(|database| database.name == said.database.value);
    let balancer =
        topology.load_balancers.iter().position(|balancer| balancer.name == said.load_balancer.value);
    let manager = find("service", &said.cluster_manager, manager);
    let database = find("database", &said.database, database);
    let balancer = find("load balancer", &said.load_balancer, balancer);
    let (manager, database, balancer) = (manager?, database?, balancer?);
    let host = format!("https://{}", topology.load_balancers[balancer].host_name(&topology.network));
    let name = |said: Option<&Spanned<Name>>| -> Option<Known<Name>> {
        Some(match said {
            Some(name) => Known::stated(name.value.clone()),
            None => Known::assumed("cattle".parse().ok()?, "what Rancher's own documentation calls it"),
        })
    };
    Some(Rancher1 {
        cluster_manager: ServiceId(manager),
        database: DatabaseId(database),
        load_balancer: LoadBalancerId(balancer),
        registration_url: Known::or(
            said.registration_url.as_ref().map(|url| url.value.clone()),
            || HttpsUrl(host),
            "a name inside the network; hosts outside it need one that they can resolve",
        ),
        database_name: name(said.database_name.as_ref())?,
        database_user: name(said.database_user.as_ref())?,
        span: said.span,
    })
}

#[cfg(test)]
mod tests {
    use super::HttpsUrl;

    #[test]
    fn only_https_with_a_host_is_a_registration_url() {
        assert_eq!(
            "https://rancher.example.com:8443".parse::<HttpsUrl>().unwrap().host(),
            "rancher.example.com"
        );
        for url in ["http://a", "https://", "https://a/b", "https://a:0", "https://a b", "https://a\n"] {
            assert!(url.parse::<HttpsUrl>().is_err(), "{url:?}");
        }
    }
}
