//! Who talks to whom in the wiki page's cluster, and what the groups must let through for it.
#![allow(clippy::unwrap_used)]

use rancher_topology::flow::{End, FlowGraph, HopKind, Party, Route};
use rancher_topology::policy::{SecurityPolicy, host_policies};
use rancher_topology::{Topology, load};

fn seed() -> Topology {
    load(include_str!("../../examples/rancher-1-ha-aws/as-written.yaml")).unwrap()
}

#[test]
fn every_flow_of_the_page_but_the_dead_listener_leads_somewhere() {
    let topology = seed();
    let graph = FlowGraph::of(&topology);
    let dead: Vec<String> = graph
        .flows()
        .filter(|flow| flow.route == Route::Nowhere)
        .map(|flow| format!("{} {}", flow.client.name(&topology), flow.ports))
        .collect();
    assert_eq!(dead, ["rancher-ext-lb 8080/tcp"]);
}

#[test]
fn cattle_reaches_the_second_zookeeper_through_four_sockets() {
    let topology = seed();
    let graph = FlowGraph::of(&topology);
    let named = |name: &str| topology.service_ids().find(|id| topology[*id].name.as_str() == name).unwrap();
    let flow = graph
        .from(Party::Service(named("rancher-ha-cattle")))
        .find(|flow| flow.ports.range.contains(2181))
        .unwrap();
    let hosts = ["mgmt-host-1", "mgmt-host-2"].map(|name| topology.node_named(name).unwrap());
    let connection = FlowGraph::connections(&topology, flow)
        .find(|c| c.client.node(&topology) == Some(hosts[0]) && c.server.node(&topology) == Some(hosts[1]))
        .unwrap();
    assert!(matches!(connection.client, End::Instance(_)));
    let hops: Vec<String> = connection.hops.iter().map(ToString::to_string).collect();
    assert_eq!(
        hops,
        [
            "tunnel out 127.0.0.1:2182",
            "published port 172.22.1.211:2181",
            "tunnel in 172.22.1.211:12181",
            "server 127.0.0.1:2182"
        ]
    );
    let wire = connection.hops.iter().find(|hop| hop.kind == HopKind::Published).unwrap();
    assert_eq!(wire.source, "172.22.1.210".parse().ok(), "containers leave with their node's address");
    assert_eq!(FlowGraph::connections(&topology, flow).count(), 9);
}

#[test]
fn what_crosses_the_network_is_what_the_facts_list() {
    let topology = seed();
    let wires: Vec<String> = FlowGraph::of(&topology)
        .wires(&topology)
        .iter()
        .map(|wire| {
            let [from, to] = [&wire.from, &wire.to]
                .map(|parties| parties.iter().map(|party| party.name(&topology)).collect::<String>());
            format!("{from} -> {to} {}", wire.ports)
        })
        .collect();
    let expected = [
        "internet -> rancher-ext-lb 80/tcp",
        "internet -> rancher-ext-lb 443/tcp",
        "internet -> rancher-ext-lb 8080/tcp",
        "rancher-ext-lb -> mgmt-host 81/tcp",
        "rancher-ext-lb -> mgmt-host 444/tcp",
        "mgmt-host -> internet 80/tcp",
        "mgmt-host -> internet 443/tcp",
        "mgmt-host -> internet 123/udp",
        "mgmt-host -> rancher-ext-lb 443/tcp",
        "mgmt-host -> mgmt-host 2181/tcp",
        "mgmt-host -> mgmt-host 2888/tcp",
        "mgmt-host -> mgmt-host 3888/tcp",
        "mgmt-host -> mgmt-host 6379/tcp",
        "mgmt-host -> mgmt-host 500/udp",
        "mgmt-host -> mgmt-host 4500/udp",
        "mgmt-host -> rancher-ext-db 3306/tcp",
    ];
    assert_eq!(wires, expected);
}

#[test]
fn groups_that_the_page_leaves_out_admit_declared_flows_only() {
    let topology = seed();
    let policy = SecurityPolicy::of(&topology, &FlowGraph::of(&topology));
    let names: Vec<&str> = policy.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["server-nodes", "rancher-ext-lb", "rancher-ext-db"]);
    let database = &policy.groups[2];
    assert_eq!(database.inbound.len(), 1, "{:?}", database.inbound);
    assert!(database.outbound.is_empty());
    assert_eq!(policy.groups[0].inbound.len(), 15);
}

#[test]
fn a_node_admits_its_fifteen_rules_and_closes_its_containers() {
    let topology = seed();
    let policies = host_policies(&topology, &SecurityPolicy::of(&topology, &FlowGraph::of(&topology)));
    assert_eq!(policies[0].rules.len(), 15);
    let closed: Vec<String> = policies[0].container_networks.iter().map(ToString::to_string).collect();
    assert_eq!(closed, ["172.17.0.0/16", "10.42.0.0/16"]);
}

#[test]
fn what_is_published_on_loopback_is_reached_on_its_own_node_only() {
    let topology = rancher_topology::load(
        "
name: tiny
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes: {box: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1}}
services:
  front: {image: front:1, placement: box, network: host, listen: [80], traffic-to: app}
  app: {image: app:1, placement: box, publish: ['127.0.0.1:3000:3000']}
",
    )
    .unwrap();
    let flows = FlowGraph::of(&topology);
    let flow = flows.flows().find(|flow| flow.server.name(&topology) == "app").unwrap();
    assert_eq!(flow.wire(&topology), None);
    let hops: Vec<Vec<String>> = FlowGraph::connections(&topology, flow)
        .map(|connection| connection.hops.iter().map(ToString::to_string).collect())
        .collect();
    let on = |node: &str| vec!["published port 127.0.0.1:3000".to_owned(), format!("server app@{node}:3000")];
    assert_eq!(hops, [on("box-1"), on("box-2")]);
}

#[test]
fn a_load_balancer_leads_to_a_nodes_own_process_that_traffic_names() {
    let text = "
name: tiny
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes: {box: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1}}
load-balancers: {front: {targets: box, health-check: 'TCP:6443', listeners: [{listen: 6443/tcp, forward: 6443/tcp}]}}
services: {agent: {image: agent:1, placement: box, network: host, traffic-to: 'box:6443'}}
";
    assert_eq!(rancher_topology::validate(text).findings, []);
    let without = rancher_topology::validate(&text.replace("traffic-to: 'box:6443'", "listen: [80]"));
    assert!(without.findings.iter().any(|finding| finding.id == "listener-unserved"));
}
