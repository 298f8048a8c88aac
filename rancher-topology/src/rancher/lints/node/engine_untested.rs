//! An engine that Rancher 1.x was not tried with.

use super::{Cluster, pools};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-engine-untested",
    severity: Severity::Note,
    summary: "The container engine is not the one that Rancher 1.0 and 1.1 were made for.",
    reason: "Docker 1.10.3 is the one engine that these releases name, and that their installation script for \
             hosts brings. Later ones often work; nobody tried them for you.",
    source: "The documentation of v1.0 and v1.1, \"Requirements\": Docker 1.10.3; rancher/cattle, setting \
             `engine.install.url` (`install-docker/1.10.sh`).",
    bad: example!(
        "nodes:\n",
        "  node:\n",
        "    count: 3\n",
        "    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}\n",
        "    os: centos-7\n",
        "    engine: docker-1.12.6\n",
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
        if version.at_least(1, 11) && !version.at_least(25, 0) {
            findings.push(
                LINT.finding(
                    format!("{} is not what Rancher 1.0 and 1.1 were made for", pool.engine.value),
                    pool.engine.span,
                )
                .why("their documentation names Docker 1.10.3 only")
                .help("write `engine: docker-1.10.3`, or try this one before you rely on it"),
            );
        }
    }
}
