//! A cluster of a size that the product does not have.

use super::{Cluster, place};
use crate::diagnostic::{Edit, Severity, Span};
use crate::document::Quorum;
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
    instead_of: &["even-quorum", "quorum-without-redundancy"],
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
        .help(format!("make it {better}"))
        .also_up_to(usize::MAX, quorums(&cluster, size));
    let is_number =
        cx.document.nodes.values().any(|pool| pool.count.as_ref().is_some_and(|c| c.span == place));
    findings.push(if is_number {
        finding.suggest(vec![Edit::Replace { span: place, text: better.to_string() }])
    } else {
        finding
    });
}

/// The quorums that have as many members because the cluster is so big.
fn quorums<'a>(cluster: &Cluster<'a>, size: usize) -> impl Iterator<Item = (Span, String)> + use<'a> {
    let (topology, nodes) = (cluster.cx.topology, cluster.nodes());
    let all = cluster.services().filter(move |service| {
        let placement = &service.is.placement;
        *service.is.quorum == Quorum::Majority
            && placement.len() == size
            && placement.iter().all(|node| nodes.contains(node))
    });
    all.map(|service| {
        let placed = service.said.placement.first().map_or(service.name, |first| first.span);
        let place = service.said.scale.as_ref().map_or(placed, |scale| scale.span);
        (place, format!("the members of `{}` are as many", topology[service.id].name))
    })
}

#[cfg(test)]
mod tests {
    use super::LINT;

    #[test]
    fn the_quorums_of_such_a_cluster_are_the_same_finding() {
        let zookeeper = "services:
  rancher-ha: {image: 'rancher/server:v1.1.4', placement: node, network: host, traffic-to: db}
  load-balancer:
    image: rancher/agent-instance:v0.8.3
    placement: node
    publish: [80-81:80-81, 443-444:443-444]
  zookeeper: {image: 'rancher/server:v1.1.4', placement: node, quorum: majority}
  other: {image: 'rancher/server:v1.1.4', placement: node, quorum: majority}
";
        for size in ["2", "4"] {
            let text = LINT.bad.replace("count: 2", &format!("count: {size}")) + zookeeper;
            let report = crate::validate(&crate::validate::complete(&text));
            let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
            assert_eq!(ids, [LINT.id], "{:#?}", report.findings);
            assert_eq!(report.findings[0].labels.len(), 3);
        }
    }
}
