//! A Swarm port that its users do not reach.

use super::Cluster;
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{Peer, Protocol, Traffic};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-swarm-entry",
    severity: Severity::Note,
    summary: "2376 is open between the nodes, and no listener brings Swarm's users there.",
    reason: "2376 is where Docker clients reach a Swarm environment, with certificates, under the registration \
             URL's host. The documentation lists it under access between nodes, but no node uses it: open there \
             only, it is of no use to anybody.",
    source: "rancher/websocket-proxy v0.16.4, `proxy`; rancher/cluster-manager v0.1.5 (`CATTLE_SWARM_TLS_PORT`); \
             the documentation of v1.1, \"Installing Rancher Server (multi nodes)\", list of ports.",
    bad: example!(
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "      - {port: 2376/tcp, from: self}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  load-balancer-swarm: {image: \"rancher/agent-instance:v0.8.3\", placement: node, publish: [2376:2376]}\n",
    ),
    good: example!(
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 80-81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
        "services:\n",
        "  rancher-ha: {image: \"rancher/server:v1.1.4\", placement: node, network: host, traffic-to: db}\n",
        "  load-balancer:\n",
        "    image: rancher/agent-instance:v0.8.3\n",
        "    placement: node\n",
        "    publish: [80-81:80-81, 443-444:443-444]\n",
        "  load-balancer-swarm: {image: \"rancher/agent-instance:v0.8.3\", placement: node, publish: [2376:2376]}\n",
    ),
    instead_of: &["unused-rule", "rule-wider-than-flows"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let port = cluster.ports().swarm;
    let led_there = cluster.listeners().iter().any(|(_, listener)| listener.forward.port == port);
    if led_there || !cluster.answers(port) {
        return;
    }
    let inside = |peer: &Peer| match peer {
        Peer::Itself => true,
        Peer::Network(ipnet::IpNet::V4(net)) => cx.topology.network.cidr.contains(net),
        _ => false,
    };
    for (said, rule) in cluster.inbound() {
        let Traffic::Ports(ports) = rule.traffic else { continue };
        let only_this = ports.range.first() == port && ports.range.last() == port;
        if ports.protocol == Protocol::Tcp && only_this && rule.peers.iter().all(inside) {
            findings.push(
                LINT.finding(format!("{port} is open to the network only, where nobody uses it"), said.port.span)
                    .why("Docker clients of a Swarm environment come by the registration URL's host, from outside")
                    .help(format!(
                        "take the rule out; where Swarm is used, add the listener `{{listen: {port}/tcp, forward: \
                         {port}/tcp}}` and admit the load balancer"
                    ))
                    .suggest(vec![Edit::Remove { span: said.span }]),
            );
        }
    }
}
