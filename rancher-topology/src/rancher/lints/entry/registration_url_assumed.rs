//! No URL that hosts register at.

use super::Cluster;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::Origin;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-registration-url",
    severity: Severity::Warning,
    summary: "The document does not say at which URL hosts register.",
    reason: "Hosts, agents and the server's own workers come back by the registration URL, and the self-signed \
             certificate is made for its host. Without one, a name of the private network is assumed: hosts \
             elsewhere cannot resolve it.",
    source: "rancher/cattle v0.159.7, `haconfig/script.ftl` (`CATTLE_HA_HOST_REGISTRATION_URL`); \
             rancher/cluster-manager v0.1.5, `cluster/cluster_service.go` (`DEFAULT_CATTLE_API_HOST`); \
             rancher/rancher#4426.",
    bad: "rancher-1: {cluster-manager: rancher-ha, database: db, load-balancer: front}\n",
    good: example!(),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    if cluster.is.registration_url.origin == Origin::Stated {
        return;
    }
    let url = &*cluster.is.registration_url;
    findings.push(
        LINT.finding("no registration URL is stated", cluster.said.load_balancer.span)
            .here(format!("`{url}` is assumed"))
            .why("hosts outside the network cannot resolve the assumed name, and register at it nevertheless")
            .help("write `registration-url: https://HOST` beside it, with a name that leads to this load balancer"),
    );
}
