//! Tunnels that the cluster manager starts and the document leaves out.

use super::{CARRIED, Cluster};
use crate::diagnostic::Severity;
use crate::flow::{Reason, Route};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-missing-tunnels",
    severity: Severity::Error,
    summary: "Of the four meshes of tunnels, some are stated and some are not.",
    reason: "Redis and ZooKeeper listen on the loopback of their own node only. What one node has for another \
             goes through tunnels: one mesh for Redis, three for ZooKeeper's clients, followers and elections. \
             Without one of them ZooKeeper never agrees, and every server waits for it.",
    source: "rancher/cluster-manager v0.1.5, `service/tunnel.go`; rancher/rancher v1.1.4, `server/bin/tunnel`, \
             `server/bin/zk`.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  parent: {image: \"rancher/server:v1.1.4\", placement: node, listen: [], publish: [18080:8080, 6379:16379, 2181:12181, 2888:12888]}\n",
        "  cattle:\n",
        "    image: rancher/server:v1.1.4\n",
        "    placement: node\n",
        "    network-of: parent\n",
        "    listen: [8080]\n",
        "    traffic-to: [zookeeper, redis, db]\n",
        "  redis: {image: \"rancher/server:v1.1.4\", placement: node, network-of: parent}\n",
        "  zookeeper:\n",
        "    image: rancher/server:v1.1.4\n",
        "    placement: node\n",
        "    network-of: parent\n",
        "    quorum: majority\n",
        "    traffic-to: [\"zookeeper:2888\", \"zookeeper:3888\"]\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "      - {port: 6379/tcp, from: self}\n",
        "      - {port: 2181/tcp, from: self}\n",
        "      - {port: 2888/tcp, from: self}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
        "tunnels:\n",
        "  tunnel-redis: {carries: redis, port: 6379, entry: 16379}\n",
        "  tunnel-zk-client: {carries: zookeeper, port: 2181, entry: 12181}\n",
        "  tunnel-zk-quorum: {carries: zookeeper, port: 2888, entry: 12888}\n",
    ),
    good: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  parent: {image: \"rancher/server:v1.1.4\", placement: node, listen: [], publish: [18080:8080, 6379:16379, 2181:12181, 2888:12888, 3888:13888]}\n",
        "  cattle:\n",
        "    image: rancher/server:v1.1.4\n",
        "    placement: node\n",
        "    network-of: parent\n",
        "    listen: [8080]\n",
        "    traffic-to: [zookeeper, redis, db]\n",
        "  redis: {image: \"rancher/server:v1.1.4\", placement: node, network-of: parent}\n",
        "  zookeeper:\n",
        "    image: rancher/server:v1.1.4\n",
        "    placement: node\n",
        "    network-of: parent\n",
        "    quorum: majority\n",
        "    traffic-to: [\"zookeeper:2888\", \"zookeeper:3888\"]\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "      - {port: 6379/tcp, from: self}\n",
        "      - {port: 2181/tcp, from: self}\n",
        "      - {port: 2888/tcp, from: self}\n",
        "      - {port: 3888/tcp, from: self}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
        "tunnels:\n",
        "  tunnel-redis: {carries: redis, port: 6379, entry: 16379}\n",
        "  tunnel-zk-client: {carries: zookeeper, port: 2181, entry: 12181}\n",
        "  tunnel-zk-quorum: {carries: zookeeper, port: 2888, entry: 12888}\n",
        "  tunnel-zk-leader: {carries: zookeeper, port: 3888, entry: 13888}\n",
    ),
    instead_of: &["unheard-traffic"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if Cluster::of(cx).is_none() {
        return;
    }
    // A document without any leaves all of them to the cluster manager.
    let Some((stated, _)) = cx.document.tunnels.first() else { return };
    let meshes = &cx.topology.meshes;
    for (name, port) in CARRIED.into_iter().filter(|(_, port)| !meshes.iter().any(|mesh| mesh.port == *port))
    {
        let lost = cx.flows.flows().find(|flow| {
            flow.reason == Reason::Stated && flow.route == Route::Nowhere && flow.ports.range.contains(port)
        });
        let place = lost.map_or(stated.span, |flow| flow.span);
        findings.push(
            LINT.finding(format!("no tunnels carry {name} ({port})"), place)
                .also(stated.span, "the tunnels that are stated begin here")
                .why("Redis and ZooKeeper of other nodes are reached through tunnels and not otherwise")
                .help(format!("add a mesh with `port: {port}` and `entry: {}`", port + 10_000)),
        );
    }
}
