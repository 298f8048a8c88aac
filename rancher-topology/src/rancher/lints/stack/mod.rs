//! The containers: what the cluster manager starts, and how the document states it.

/// An example of the whole management stack; a bad one says what is different in it.
macro_rules! management_stack {
    () => {
        management_stack!(
            publish: "18080:8080, 6379:16379, 2181:12181, 2888:12888, 3888:13888",
            election_rule: "      - {port: 3888/tcp, from: self}\n",
            client_entry: "12181",
            leader: "  tunnel-zk-leader: {carries: zookeeper, port: 3888, entry: 13888}\n",
        )
    };
    (publish: $publish:literal, election_rule: $election_rule:literal, client_entry: $client_entry:literal, leader: $leader:literal $(,)?) => {
        example!(
            "services:\n",
            "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
            "  load-balancer:\n",
            "    image: rancher/agent-instance:v0.8.3\n",
            "    placement: node\n",
            "    publish: [80-81:80-81, 443-444:443-444]\n",
            "  parent: {image: \"rancher/server:v1.1.4\", placement: node, listen: [], publish: [",
            $publish,
            "]}\n",
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
            $election_rule,
            "  database:\n",
            "    inbound: [{port: 3306/tcp, from: nodes}]\n",
            "tunnels:\n",
            "  tunnel-redis: {carries: redis, port: 6379, entry: 16379}\n",
            "  tunnel-zk-client: {carries: zookeeper, port: 2181, entry: ",
            $client_entry,
            "}\n",
            "  tunnel-zk-quorum: {carries: zookeeper, port: 2888, entry: 12888}\n",
            $leader,
        )
    };
}

mod api_port;
mod environment;
mod exposed_port;
mod missing_agents;
mod missing_tunnels;
mod tunnel_entry;

use super::Cluster;
use crate::lint::Family;

/// Lints about the containers.
pub(super) const FAMILY: Family = Family {
    name: "Management stack",
    lints: &[
        &missing_tunnels::LINT,
        &tunnel_entry::LINT,
        &api_port::LINT,
        &environment::LINT,
        &exposed_port::LINT,
        &missing_agents::LINT,
    ],
};

/// What is carried between the nodes: the name that the cluster manager has for it, and its port on the first node.
///
/// Source: rancher/cluster-manager v0.1.5, `service/tunnel.go`.
const CARRIED: [(&str, u16); 4] =
    [("redis", 6379), ("zk-client", 2181), ("zk-quorum", 2888), ("zk-leader", 3888)];
