//! Tunnels that the cluster manager starts and the document leaves out.

use super::{CARRIED, Cluster};
use crate::diagnostic::{MOST_PLACES, Severity};
use crate::flow::{Reason, Route};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Protocol;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-missing-tunnels",
    severity: Severity::Error,
    summary: "Of the four meshes of tunnels, some are stated and some are not.",
    reason: "Redis and ZooKeeper listen on the loopback of their own node only. What one node has for another \
             goes through tunnels: one mesh for Redis, three for ZooKeeper's clients, followers and elections. \
             Without one of them ZooKeeper never agrees, and every server waits for it.",
    source: "rancher/cluster-manager v0.1.5, `service/tunnel.go`; rancher/rancher v1.1.4, `server/bin/tunnel`, \
             `server/bin/zk`.",
    bad: management_stack!(
        publish: "18080:8080, 6379:16379, 2181:12181, 2888:12888",
        election_rule: "",
        client_entry: "12181",
        leader: "",
    ),
    good: management_stack!(),
    instead_of: &["unheard-traffic", "publish-unheard"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    // A document without any leaves all of them to the cluster manager.
    let Some((stated, _)) = cx.document.tunnels.first() else { return };
    let meshes = &cx.topology.meshes;
    for (name, port) in CARRIED.into_iter().filter(|(_, port)| !meshes.iter().any(|mesh| mesh.port == *port))
    {
        let lost = cx.flows.flows().find(|flow| {
            flow.reason == Reason::Stated && flow.route == Route::Nowhere && flow.ports.range.contains(port)
        });
        let place = lost.map_or(stated.span, |flow| flow.span);
        let entry = port + 10_000;
        let waiting = cluster.services().flat_map(|service| {
            let publish = service.said.publish.iter();
            publish.filter(|publish| publish.protocol == Protocol::Tcp && publish.container.contains(entry))
        });
        let waiting = waiting.map(|publish| (publish.span, "leads to their way in".to_owned()));
        findings.push(
            LINT.finding(format!("no tunnels carry {name} ({port})"), place)
                .also(stated.span, "the tunnels that are stated begin here")
                .also_up_to(MOST_PLACES, waiting)
                .why("Redis and ZooKeeper of other nodes are reached through tunnels and not otherwise")
                .help(format!("add a mesh with `port: {port}` and `entry: {entry}`")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;

    #[test]
    fn a_port_that_is_published_for_them_is_the_same_finding() {
        let text = LINT.bad.replace("2888:12888]", "2888:12888, 3888:13888]");
        assert_ne!(text, LINT.bad);
        let report = crate::validate(&crate::validate::complete(&text));
        let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
        assert_eq!(ids, [LINT.id], "{:#?}", report.findings);
    }
}
