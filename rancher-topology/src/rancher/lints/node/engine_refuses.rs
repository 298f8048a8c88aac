//! An engine that does not do what the cluster manager asks.

use super::{Cluster, pools};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-engine",
    severity: Severity::Error,
    summary: "The container engine does not speak the API that the cluster manager speaks.",
    reason: "The cluster manager speaks version 1.22 of Docker's API, and starts its containers with folders in \
             memory (`tmpfs`). An engine before 1.10 knows neither; one from 25.0 on refuses every API below \
             1.24, so that the cluster manager can start nothing.",
    source: "rancher/cluster-manager v0.1.5, `docker/docker.go`; Docker Engine API version history (1.22 with \
             1.10); Docker, \"Deprecated Engine features\": API versions before 1.24 disabled from v25.0.",
    bad: example!(
        "nodes:\n",
        "  node:\n",
        "    count: 3\n",
        "    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}\n",
        "    os: centos-7\n",
        "    engine: docker-27.3.1\n",
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
    let Some(cluster) = Cluster::of(cx) else { return };
    for (_, pool) in pools(&cluster) {
        let version = &pool.engine.version;
        let why = if !version.at_least(1, 10) {
            "it knows neither version 1.22 of the API nor folders in memory"
        } else if version.at_least(25, 0) {
            "it refuses versions of the API before 1.24, and the cluster manager speaks 1.22"
        } else {
            continue;
        };
        findings.push(
            LINT.finding(
                format!("the cluster manager can start nothing on {}", pool.engine.value),
                pool.engine.span,
            )
            .why(why)
            .help("write `engine: docker-1.10.3`, which Rancher 1.0 and 1.1 were made for"),
        );
    }
}
