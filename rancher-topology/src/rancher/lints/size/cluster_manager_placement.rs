//! Nodes that are to be managed and have no cluster manager, or two.

use super::{Cluster, at_all};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::StartedBy;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-cluster-manager-placement",
    severity: Severity::Error,
    summary: "The cluster manager does not run once on every node of one pool.",
    reason: "Each cluster manager starts the containers of its own node, and the position of a node in its pool decides the \
             ports of its ZooKeeper and Redis. A node without one runs nothing of what the cluster manager starts; two on \
             one node fight over the same containers; in two pools, positions are given twice.",
    source: "rancher/cluster-manager v0.1.5, `docker/docker.go` and `service/tunnel.go`.",
    bad: example!(
        "nodes:\n",
        "  node:\n",
        "    count: 4\n",
        "    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}\n",
        "    os: centos-7\n",
        "    engine: docker-1.10.3\n",
        "    groups: nodes\n",
        "starters:\n",
        "  manager: {service: rancher-ha, replaceable: true, because: They are plain containers}\n",
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: [node-1, node-2, node-3], network: host, traffic-to: db}\n",
        "  redis: {image: \"rancher/server:v1.1.4\", placement: node, started-by: manager}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    good: example!(
        "starters:\n",
        "  manager: {service: rancher-ha, replaceable: true, because: They are plain containers}\n",
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  redis: {image: \"rancher/server:v1.1.4\", placement: node, started-by: manager}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let Some(manager) = cluster.manager() else { return };
    let topology = cx.topology;
    let place = manager.said.placement.first().map_or(manager.name, |placement| placement.span);
    let nodes = cluster.nodes();
    if nodes.len() < manager.is.placement.len() {
        findings.push(
            LINT.finding(format!("two cluster managers `{}` on one node", manager.is.name), place)
                .why("they fight over the same containers")
                .help("leave `scale` out: one runs on every node"),
        );
        return;
    }
    if cluster.pools().len() > 1 {
        findings.push(
            LINT.finding(format!("`{}` runs on the nodes of more than one pool", manager.is.name), place)
                .why("a node's position in its pool decides its ports, and each pool counts from 1")
                .help("put all of them into one pool"),
        );
        return;
    }
    let starts = |by: StartedBy| match by {
        StartedBy::Starter(starter) => topology[starter].services.contains(&manager.id),
        StartedBy::Person => false,
    };
    let unmanaged = |placement: &[_]| placement.iter().find(|node| !nodes.contains(node)).copied();
    let mut left = cluster.services().filter_map(|service| {
        let node = unmanaged(&service.is.placement).filter(|_| starts(service.is.started_by))?;
        Some((service, node))
    });
    let Some((first, node)) = left.next() else { return };
    let node = &topology[node].name;
    let finding = LINT
        .finding(
            format!("nobody starts `{}` on `{node}`: no cluster manager runs there", first.is.name),
            place,
        )
        .also(first.name, "starts nowhere else than beside a cluster manager")
        .why("a cluster manager starts the containers of its own node only")
        .help(format!("place `{}` on every node that these run on", manager.is.name));
    findings.push(at_all(finding, left.map(|(service, _)| service.name), "neither does this one"));
}
