//! What is lost when things fail.

#![allow(clippy::unwrap_used)]

use rancher_topology::document::Quorum;
use rancher_topology::load;
use rancher_topology::topology::Origin;

const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");

/// A cluster with what stands under `services`, on three nodes of a plain network.
fn on_three_nodes(services: &str) -> String {
    format!(
        "name: small
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24, zone: a}}}}}}
nodes:
  box: {{count: 3, first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1}}
services:
{services}"
    )
}

#[test]
fn what_a_service_needs_is_stated_or_assumed_with_a_reason() {
    let topology = load(AS_WRITTEN).unwrap();
    let service = |name: &str| topology.services.iter().find(|own| own.name.as_str() == name).unwrap();
    let zk = service("rancher-ha-zk");
    assert_eq!((*zk.quorum, zk.quorum.origin, zk.needed()), (Quorum::Majority, Origin::Stated, 2));
    let redis = service("rancher-ha-redis");
    assert!(matches!(redis.quorum.origin, Origin::Assumed(_)) && redis.needed() == 1);
    assert!(*service("management_websocket-proxy").active_passive);
    let tunnel = service("rancher-ha-tunnel-redis-1");
    assert!(!*tunnel.active_passive && tunnel.requires.is_empty() && *tunnel.quorum == Quorum::One);
    let words: Vec<&str> = service("rancher-ha-cattle").requires.iter().map(|r| r.word.as_str()).collect();
    assert_eq!(words, ["zookeeper", "redis", "rancher-ext-db"]);
}

#[test]
fn a_requirement_that_is_nothing_is_told_with_the_nearest_name() {
    let told = load(&on_three_nodes(
        "  store: {image: store:1, placement: box}
  web: {image: web:1, placement: box, requires: [stroe, box]}\n",
    ))
    .unwrap_err();
    let told: Vec<_> = told.iter().map(|d| (d.message.as_str(), d.help.as_deref())).collect();
    assert_eq!(
        told,
        [
            (
                "there is no service, role, database or load balancer called `stroe`",
                Some("did you mean `store`?")
            ),
            ("`box` is a pool", Some("name the service that it needs there")),
        ]
    );
}
