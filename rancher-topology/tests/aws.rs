//! What AWS refuses at `terraform apply` is refused here, before anything is rendered.
#![allow(clippy::unwrap_used)]

use rancher_topology::load;

const GOOD: &str = "
name: shop
network:
  name: shop-net
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
nodes:
  web: {count: 2, first-address: {a: 10.0.1.10, b: 10.0.2.10}, os: debian-12, engine: docker-27.3.1, root-volume: 20}
databases:
  store: {engine: mariadb-10.11, port: 3306, storage: 20, max-connections: 100}
load-balancers:
  front:
    targets: web
    idle-timeout: 60s
    listeners:
      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: front-policy}
      - {listen: 81/tcp, forward: 82/tcp}
services: {}
";

/// The ids of what is refused when one piece of the good document is another.
fn refused(from: &str, to: &str) -> Vec<&'static str> {
    assert!(GOOD.contains(from), "{from}");
    load(&GOOD.replacen(from, to, 1))
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|diagnostic| diagnostic.id)
        .collect()
}

#[test]
fn a_topology_that_aws_takes_is_taken() {
    assert!(load(GOOD).is_ok(), "{:?}", load(GOOD).err());
    for (from, to) in [
        ("zone: eu-west-1b", "zone: eu-west-1-lon-1a"),
        ("mariadb-10.11", "mariadb-11.4.3"),
        ("mariadb-10.11", "mysql-5.6"),
        ("idle-timeout: 60s", "idle-timeout: 1000ms"),
    ] {
        assert_eq!(refused(from, to), Vec::<&str>::new(), "{to}");
    }
}

#[test]
fn what_aws_refuses_is_refused() {
    for (from, to, id) in [
        ("cidr: 10.0.0.0/16", "cidr: 10.0.0.0/8", "aws-cidr-size"),
        ("a: 10.0.1.10", "a: 10.0.1.3", "aws-reserved-address"),
        ("zone: eu-west-1a", "zone: rack-1", "aws-zone"),
        ("zone: eu-west-1a", "zone: eu-west-1", "aws-zone"),
        ("zone: eu-west-1a", "zone: EU-WEST-1a", "aws-zone"),
        (", zone: eu-west-1a", "", "aws-zone"),
        ("zone: eu-west-1b", "zone: eu-west-2b", "aws-regions"),
        ("  store: {", "  sg-store: {", "aws-group-name"),
        ("root-volume: 20", "instance-type: large", "aws-instance-type"),
        ("root-volume: 20", "instance-type: db.t3.medium", "aws-instance-type"),
        ("storage: 20", "instance-type: t3.medium", "aws-instance-type"),
        ("root-volume: 20", "root-volume: 4", "aws-root-volume"),
        ("  store: {", "  Front: {", "aws-host-name"),
        ("  front:", "  front.of.shop:", "aws-load-balancer-name"),
        ("b: {cidr: 10.0.2.0/24", "b: {cidr: 10.0.2.0/28", "aws-load-balancer-room"),
        ("idle-timeout: 60s", "idle-timeout: 1500ms", "aws-idle-timeout"),
        ("idle-timeout: 60s", "idle-timeout: 4001s", "aws-idle-timeout"),
        ("front-policy", "front_policy", "aws-policy-name"),
        ("80/tcp, forward: 81/tcp", "80/http, forward: 81/http", "aws-proxy-protocol"),
        ("81/tcp, forward: 82/tcp", "82/tcp, forward: 81/ssl", "aws-instance-protocol"),
        ("  store: {", "  9store: {", "aws-database-name"),
        ("port: 3306", "port: 1000", "aws-database-port"),
        ("storage: 20", "storage: 5", "aws-database-storage"),
        ("max-connections: 100", "max-connections: 100001", "aws-database-connections"),
        ("port: 3306", "create-as: mariadb-10.0, port: 3306", "aws-database-version"),
        ("port: 3306", "create-as: mariadb-11, port: 3306", "aws-database-version"),
    ] {
        let ids = refused(from, to);
        assert!(ids.contains(&id), "{to}: {ids:?}");
    }
}

#[test]
fn what_aws_refuses_is_told_with_everything_else() {
    let ids =
        |text: &str| -> Vec<&str> { load(text).err().unwrap_or_default().iter().map(|d| d.id).collect() };
    let text = GOOD
        .replace("root-volume: 20", "root-volume: 4, groups: absent")
        .replace("max-connections: 100", "max-connections: 1, colour: red");
    assert_eq!(ids(&text), ["aws-root-volume", "unknown-name", "aws-database-connections", "unknown-key"]);
    // What follows from another mistake is none of AWS's.
    for (from, to, id) in [
        ("storage: 20", "storage: 20, subnets: [a, absent]", "unknown-name"),
        ("zone: eu-west-1a", "zone: 'eu west'", "wrong-value"),
        ("b: {cidr: 10.0.2.0/24", "b: {cidr: 10.0.2.0/33", "wrong-value"),
        ("zone: eu-west-1a", "zoen: eu-west-1a", "unknown-key"),
        ("  web: {", "  sg-web: {groups: absent, ", "unknown-name"),
    ] {
        let text = GOOD
            .replacen(from, to, 1)
            .replace("targets: web", if to.contains("sg-web") { "targets: sg-web" } else { "targets: web" });
        assert_eq!(ids(&text), [id], "{to}");
    }
}

#[test]
fn what_aws_refuses_is_marked_at_the_value_at_fault() {
    for (from, to, id, word) in [
        ("a: 10.0.1.10", "a: 10.0.1.3", "aws-reserved-address", "10.0.1.3"),
        ("zone: eu-west-1a", "zone: rack-1", "aws-zone", "rack-1"),
        ("zone: eu-west-1a", "zone: us-east-2a", "aws-regions", "eu-west-1b"),
        (
            "zone: eu-west-1b}",
            "zone: us-east-2b}\n    c: {cidr: 10.0.3.0/24, zone: eu-west-1c}",
            "aws-regions",
            "us-east-2b",
        ),
        ("root-volume: 20", "root-volume: 4", "aws-root-volume", "4"),
        ("root-volume: 20", "instance-type: large", "aws-instance-type", "large"),
        ("storage: 20", "instance-type: t3.medium", "aws-instance-type", "t3.medium"),
        ("storage: 20", "storage: 5", "aws-database-storage", "5"),
        ("port: 3306", "port: 1000", "aws-database-port", "1000"),
        ("max-connections: 100", "max-connections: 100001", "aws-database-connections", "100001"),
        ("mariadb-10.11", "mariadb-10.8", "aws-database-version", "mariadb-10.8"),
        ("port: 3306", "create-as: mariadb-10.0, port: 3306", "aws-database-version", "mariadb-10.0"),
        ("storage: 20", "subnets: [a]", "aws-database-zones", "a"),
        ("idle-timeout: 60s", "idle-timeout: 4001s", "aws-idle-timeout", "4001s"),
        ("front-policy", "front_policy", "aws-policy-name", "front_policy"),
        ("80/tcp, forward: 81/tcp", "80/http, forward: 81/http", "aws-proxy-protocol", "81/http"),
        ("81/tcp, forward: 82/tcp", "82/tcp, forward: 81/ssl", "aws-instance-protocol", "81/ssl"),
        ("idle-timeout: 60s", "subnets: [a, b, a]", "aws-load-balancer-zones", "a"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        let refused = load(&text).unwrap_err();
        let own: Vec<_> = refused.iter().filter(|diagnostic| diagnostic.id == id).collect();
        let place = own[0].labels[0].span;
        assert_eq!((own.len(), &text[place.start..place.end]), (1, word), "{refused:#?}");
        assert!(own[0].help.is_some(), "{id}");
    }
}

#[test]
fn lints_look_at_what_aws_refuses() {
    let report = rancher_topology::validate(&GOOD.replace("root-volume: 20", "root-volume: 4"));
    assert!(report.topology.is_none() && report.unchecked.is_empty(), "{:?}", report.unchecked);
    let found = |id: &str| report.findings.iter().any(|finding| finding.id == id);
    assert!(found("aws-root-volume") && found("listener-unserved"), "{:?}", report.findings);
}

#[test]
fn a_pool_that_begins_among_aws_own_addresses_is_told_once() {
    let text = GOOD.replace("count: 2", "count: 6").replace("a: 10.0.1.10", "a: 10.0.1.1");
    let refused = load(&text).unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert_eq!(
        refused[0].message,
        "`web-1` and 2 more nodes of `web` have addresses that are AWS's own, as 10.0.1.1"
    );
}

#[test]
fn what_aws_refuses_is_no_matter_on_a_plain_network() {
    let plain = GOOD.replace("provider: aws", "provider: plain").replace("port: 3306", "port: 1000");
    assert!(load(&plain).is_ok());
}

#[test]
fn a_fleet_asks_its_database_for_no_more_connections_than_one_can_have() {
    let fleet = GOOD
        .replace("10.0.1.0/24", "10.0.16.0/20")
        .replace("10.0.2.0/24", "10.0.32.0/20")
        .replace("a: 10.0.1.10, b: 10.0.2.10", "a: 10.0.16.10, b: 10.0.32.10")
        .replace("count: 2", "count: 5000")
        .replace(", max-connections: 100", "");
    assert_eq!(*load(&fleet).unwrap().databases[0].max_connections, 100_000);
}

#[test]
fn a_count_that_does_not_fit_is_one_cause() {
    let text = GOOD.replacen("count: 2", "count: 600", 1);
    let all = load(&text).unwrap_err();
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    assert_eq!(one.id, "address-outside-subnet");
    assert!(one.help.as_ref().unwrap().contains("lower `count`"), "{one:?}");
}

#[test]
fn a_size_is_shown_at_the_addresses_and_told_once() {
    let wide = GOOD.replacen("10.0.0.0/16", "10.0.0.0/8", 1);
    let all = load(&wide).unwrap_err();
    assert_eq!(all.len(), 1, "{all:#?}");
    let place = all[0].labels[0].span;
    assert_eq!(&wide[place.start..place.end], "10.0.0.0/8");
    assert_eq!(
        refused("a: {cidr: 10.0.1.0/24", "a: {cidr: 10.0.1.0/29"),
        ["aws-cidr-size", "address-outside-subnet"]
    );
}
