//! Agents that run and are not in the table.

use super::Cluster;
use crate::diagnostic::Severity;
use crate::document::Stated;
use crate::lint::{Context, Findings, Found, Lint};
use crate::rancher::Release;
use crate::scalar::Image;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-missing-agents",
    severity: Severity::Note,
    summary: "A page's table of the management stack has no agents.",
    reason: "Every node of such a cluster is a host of its own environment, so `rancher-agent` and \
             `rancher-agent-state` run on it, started by a short-lived `rancher-ha-agent`. The first is \
             privileged and in the host's network: whoever counts containers, or looks for what may do what root \
             may, misses it in the table.",
    source: "rancher/cluster-manager v0.1.5, `cluster/cluster_service.go`; rancher/rancher v1.1.4, \
             `agent/run.sh`.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db, stated: {heading: 3 x rancher-ha}}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    good: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db, stated: {heading: 3 x rancher-ha}}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  agent: {image: \"rancher/agent:v1.0.2\", placement: node, network: host}\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let Some(manager) = cluster.manager() else { return };
    // Only a copy of a page has a table that could have had them.
    let copied = cluster.services().any(|service| service.said.stated != Stated::default());
    let has_agent = cluster.services().any(|service| Image::of(&service.is.image).is("rancher/agent"));
    if !copied || has_agent {
        return;
    }
    let agent =
        cluster.release().and_then(Release::companions).map_or("v1.0.2", |companions| companions.agent);
    findings.push(
        LINT.finding("the table has no `rancher-agent` and no `rancher-agent-state`", manager.name)
            .here("makes each node a host of its own environment")
            .why("both run on every node, the first one privileged and in the host's network")
            .help(format!("count them in; their image is `rancher/agent:{agent}`")),
    );
}
