//! The server behind another port than 18080.

use super::Cluster;
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{Protocol, Publish};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-api-port",
    severity: Severity::Error,
    summary: "The container that holds the network of the others does not publish 18080:8080.",
    reason: "The cluster manager asks its own server on port 18080 of docker0, and starts the agents with that \
             address; the number is written into it. Where nothing leads from there to 8080, it waits for ever: \
             \"Waiting for server to be available\".",
    source: "rancher/cluster-manager v0.1.5, `docker/docker.go`; rancher/rancher#4685.",
    bad: example!(
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  parent: {image: \"rancher/server:v1.1.4\", placement: node, listen: [], publish: [8081:8080, 6379:16379, 2181:12181, 2888:12888, 3888:13888]}\n",
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
    let Some(cluster) = Cluster::of(cx) else { return };
    let Some(namespace) = cx.topology.meshes.first().map(|mesh| mesh.namespace) else { return };
    let Some(parent) = cluster.services().find(|service| service.id == namespace) else { return };
    let leads = |publish: &Publish| publish.protocol == Protocol::Tcp && publish.container.contains(8080);
    let right = |publish: &Publish| {
        leads(publish) && publish.host_port_of(8080) == Some(18_080) && publish.is_on_every_address()
    };
    let said = &parent.said.publish;
    if said.iter().any(|publish| right(&publish.value)) {
        return;
    }
    let wrong = said.iter().find(|publish| leads(&publish.value));
    let finding = LINT
        .finding(
            format!("`{}` does not publish 18080:8080", parent.is.name),
            wrong.map_or(parent.name, |publish| publish.span),
        )
        .why("the cluster manager waits for its server on port 18080 of docker0")
        .help("write `18080:8080` under `publish`");
    findings.push(match wrong {
        Some(publish) if publish.value.container.len() == 1 => {
            finding.suggest(vec![Edit::Replace { span: publish.span, text: "18080:8080".to_owned() }])
        }
        _ => finding,
    });
}
