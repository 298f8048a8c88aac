//! A cluster of one.

use super::{Cluster, place};
use crate::diagnostic::Severity;
use crate::document::Quorum;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-single",
    severity: Severity::Note,
    summary: "A cluster has one cluster manager.",
    reason: "Everything that makes it a cluster runs, tunnels and ZooKeeper among it, and nothing of it survives the loss of \
             the one node. Rancher's own page calls this size \"Not really HA\".",
    source: "rancher/ui v1.0.5, `app/admin-tab/ha`.",
    bad: example!(
        "nodes:\n",
        "  node:\n",
        "    first-address: {a: 10.0.1.10}\n",
        "    os: centos-7\n",
        "    engine: docker-1.10.3\n",
        "    groups: nodes\n",
    ),
    good: example!(
        "nodes:\n",
        "  node:\n",
        "    count: 3\n",
        "    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}\n",
        "    os: centos-7\n",
        "    engine: docker-1.10.3\n",
        "    groups: nodes\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx).filter(|cluster| cluster.is.size(cx.topology) == 1) else { return };
    // Where there are more nodes, that they have no cluster manager is the finding; a stated quorum tells of itself.
    let more = cluster.pools().iter().any(|pool| cx.topology[*pool].nodes.len() > 1);
    let quorum = cx.topology.services.iter().any(|service| *service.quorum == Quorum::Majority);
    if more || quorum {
        return;
    }
    let Some(place) = place(&cluster) else { return };
    findings.push(
        LINT.finding("one cluster manager is no high availability", place)
            .why("when its node is down, so is everything")
            .help("make it 3"),
    );
}
