//! Rancher 1.0 and 1.1: the things of the topology that it consists of.

use super::Resolver;
use crate::diagnostic::Diagnostic;
use crate::document::{self, Spanned};
use crate::scalar::{HttpsUrl, Name};
use crate::topology::{Known, LoadBalancerId, Rancher1, ServiceId, Topology};

impl Resolver<'_> {
    /// What the document says of it; `None` with diagnostics when a name in it points at nothing.
    pub(super) fn rancher_1(
        &mut self,
        said: &Spanned<document::Rancher1>,
        topology: &Topology,
    ) -> Option<Rancher1> {
        let document = self.document;
        let manager = self.find("service", "services", &document.services, &said.cluster_manager);
        let database = self.database_named(&said.database);
        let balancer =
            self.find("load balancer", "load-balancers", &document.load_balancers, &said.load_balancer);
        let (manager, database, balancer) = (manager?, database?, LoadBalancerId(balancer?));
        let host = topology.load_balancers.get(balancer.0)?.host_name(&topology.network);
        let url = said.registration_url.as_ref().map(|url| url.value.clone());
        let default: Option<HttpsUrl> = format!("https://{host}").parse().ok();
        let Some(default) = url.clone().or(default) else {
            self.error(
                Diagnostic::error("missing-key", "hosts have no URL to register at", said.span)
                    .why(format!("`https://{host}` would be it, and is no URL"))
                    .help("write `registration-url: https://HOST`"),
            );
            return None;
        };
        let name = |said: Option<&Spanned<Name>>| -> Option<Known<Name>> {
            Some(match said {
                Some(name) => Known::stated(name.value.clone()),
                None => Known::assumed("cattle".parse().ok()?, "what Rancher's own documentation calls it"),
            })
        };
        Some(Rancher1 {
            cluster_manager: ServiceId(manager),
            database,
            load_balancer: balancer,
            registration_url: Known::or(
                url,
                || default,
                "a name inside the network; hosts outside it need one that they can resolve",
            ),
            database_name: name(said.database_name.as_ref())?,
            database_user: name(said.database_user.as_ref())?,
            span: said.span,
        })
    }
}
