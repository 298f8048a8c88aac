//! A cluster of a size that the product does not have.

use super::{Cluster, place};
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-size",
    severity: Severity::Error,
    summary: "A cluster has neither one, nor three, nor five cluster managers.",
    reason: "Rancher's page for high availability makes a script for 1, 3 or 5 servers. An even number survives no more \
             failures than the odd one below it and has one server more to lose; with more than 5, the tunnels (four for \
             each pair of servers) and ZooKeeper's agreement cost more than they give, and nobody has tried it.",
    source: "rancher/ui v1.0.5, `app/admin-tab/ha`; the documentation of v1.0 and v1.1, \"Installing Rancher Server \
             (multi nodes)\".",
    bad: example!(
        "nodes:\n",
        "  node:\n",
        "    count: 2\n",
        "    first-address: {a: 10.0.1.10, b: 10.0.2.10}\n",
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
    let Some(cluster) = Cluster::of(cx) else { return };
    let size = cluster.is.size(cx.topology);
    if [1, 3, 5].contains(&size) {
        return;
    }
    let Some(place) = place(&cluster) else { return };
    let better = if size < 4 { 3 } else { 5 };
    let finding = LINT
        .finding(format!("a cluster of {size} cluster managers"), place)
        .why("Rancher 1.0 and 1.1 are built for 1, 3 or 5")
        .help(format!("make it {better}"));
    let is_number =
        cx.document.nodes.values().any(|pool| pool.count.as_ref().is_some_and(|c| c.span == place));
    findings.push(if is_number {
        finding.suggest(vec![Edit::Replace { span: place, text: better.to_string() }])
    } else {
        finding
    });
}
