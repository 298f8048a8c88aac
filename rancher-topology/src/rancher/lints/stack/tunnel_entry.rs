//! A tunnel whose way in is not where the image has it.

use super::{CARRIED, Cluster};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-tunnel-entry",
    severity: Severity::Error,
    summary: "A tunnel's way in is not 10000 above its port.",
    reason: "The way in of each tunnel listens on its port and 10000: 12181 for ZooKeeper's clients. The number \
             is written into the cluster manager, so what is published in its place leads nowhere.",
    source: "rancher/cluster-manager v0.1.5, `service/tunnel.go`.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  parent: {image: \"rancher/server:v1.1.4\", placement: node, listen: [], publish: [18080:8080, 6379:16379, 2181:12182, 2888:12888, 3888:13888]}\n",
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
        "  tunnel-zk-client: {carries: zookeeper, port: 2181, entry: 12182}\n",
        "  tunnel-zk-quorum: {carries: zookeeper, port: 2888, entry: 12888}\n",
        "  tunnel-zk-leader: {carries: zookeeper, port: 3888, entry: 13888}\n",
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
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if Cluster::of(cx).is_none() {
        return;
    }
    for said in cx.document.tunnels.values() {
        let Some((_, port)) = CARRIED.into_iter().find(|(_, port)| said.port.value == *port) else {
            continue;
        };
        let entry = port + 10_000;
        if said.entry.value != entry {
            findings.push(
                LINT.finding(format!("the way in for {port} is {entry}"), said.entry.span)
                    .also(said.port.span, "carried from here")
                    .why("the number is written into the cluster manager")
                    .help(format!("write `entry: {entry}`, and publish it: `{port}:{entry}`")),
            );
        }
    }
}
