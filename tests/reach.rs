//! `rancher-gen reach`, as people and programs use it.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::cli::{Ran, rancher_gen};
use support::examples::{AS_WRITTEN, HARDENED};
use support::tools::against_schema;

fn reach(text: &str, arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cluster.yaml"), text).unwrap();
    rancher_gen(folder.path(), &[&["reach", "cluster.yaml"], arguments].concat())
}

#[test]
fn the_way_is_told_socket_by_socket_with_the_rules_and_their_lines() {
    let ran = reach(AS_WRITTEN, &["cattle@mgmt-host-1", "zookeeper@mgmt-host-2", "--port", "2181/tcp"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let expected = "\
yes: rancher-ha-parent@mgmt-host-1 and rancher-ha-cattle@mgmt-host-1 reach rancher-ha-zk@mgmt-host-2 on 2181/tcp

  through the tunnels of rancher-ha-tunnel-zk-client
  1  opens           127.0.0.1 -> 127.0.0.1:2182
                     rancher-ha-tunnel-zk-client-2@mgmt-host-1 listens, encrypts and opens a connection of its own
  2  tunnel out      rancher-ha-parent@mgmt-host-1 -> 172.22.1.211:2181
  3  masquerade      172.22.1.210 -> 172.22.1.211:2181
                     `server-nodes` lets out 2181/tcp to self (follows from the declared flows)
                     `server-nodes` lets in 2181/tcp from 0.0.0.0/0 (cluster.yaml:43)
  4  published port  172.22.1.210 -> rancher-ha-parent@mgmt-host-2:12181
                     rancher-ha-tunnel-zk-client-2@mgmt-host-2 listens, decrypts what has its key and opens a connection of its own
  5  tunnel in       127.0.0.1 -> 127.0.0.1:2182
                     rancher-ha-zk@mgmt-host-2 listens
";
    assert_eq!(ran.out, expected);
}

#[test]
fn several_hops_are_one_way_from_the_internet_to_a_container() {
    let ran = reach(HARDENED, &["internet", "management_load-balancer", "--port", "444"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let expected = "\
yes: internet reaches management_load-balancer (3 instances) on 444/tcp

  through rancher-ext-lb:443
  1  opens           internet -> rancher-ext-lb:443
                     `load-balancer` lets in 443/tcp from 0.0.0.0/0 (cluster.yaml:45)
                     rancher-ext-lb listens and opens a connection of its own to a target
  2  load balancer   rancher-ext-lb -> 172.22.1.210:444
                     `load-balancer` lets out 444/tcp to server-nodes (cluster.yaml:48)
                     `server-nodes` lets in 444/tcp from load-balancer (cluster.yaml:55)
  3  published port  rancher-ext-lb -> management_load-balancer_1@mgmt-host-1:444
                     management_load-balancer_1@mgmt-host-1 listens
";
    assert_eq!(ran.out, expected);
}

#[test]
fn a_refusal_says_everything_that_it_would_take() {
    let ran = reach(HARDENED, &["rancher-ha@mgmt-host-1", "cattle@mgmt-host-2", "--port", "8080/tcp"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let expected = "\
no: rancher-ha@mgmt-host-1 does not reach rancher-ha-cattle@mgmt-host-2 on 8080/tcp

  through published port 18080
  1  opens           172.22.1.210 -> 172.22.2.210:18080
                     refused: no rule of `server-nodes` lets out 18080/tcp to `mgmt-host-2`
                     refused: no rule of `server-nodes` lets in 18080/tcp from `mgmt-host-1`
  2  published port  172.22.1.210 -> rancher-ha-parent@mgmt-host-2:8080
                     rancher-ha-cattle@mgmt-host-2 listens

  it would take:
    in `traffic-to` of service `rancher-ha` (cluster.yaml:314):  - \"rancher-ha-cattle:8080\"
    in `inbound` of security group `server-nodes` (cluster.yaml:50):  - {port: 18080/tcp, from: self}
";
    assert_eq!(ran.out, expected);
}

#[test]
fn without_a_port_every_one_is_listed_with_its_answer() {
    let ran = reach(AS_WRITTEN, &["internet", "zookeeper"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let expected = "\
PORT           FROM      TO                           BECAUSE
2181/tcp  yes  internet  rancher-ha-zk (3 instances)  `server-nodes` lets in 2181/tcp from 0.0.0.0/0 (line 43)
2888/tcp  no   internet  rancher-ha-zk (3 instances)  no rule of `server-nodes` lets in 2888/tcp from internet
3888/tcp  no   internet  rancher-ha-zk (3 instances)  no rule of `server-nodes` lets in 3888/tcp from internet

--port PORT shows the way, or everything that is missing on it
";
    assert_eq!(ran.out, expected);
    assert_eq!(reach(HARDENED, &["internet", "zookeeper"]).code, Some(1));
}

#[test]
fn what_depends_on_an_address_that_is_not_known_is_not_certain() {
    let ran = reach(AS_WRITTEN, &["rancher-ha-cattle", "172.22.1.26", "--port", "3306"]);
    assert_eq!(ran.code, Some(5), "{}", ran.out);
    assert!(
        ran.out
            .starts_with("not certain: rancher-ha-cattle (3 instances) may reach 172.22.1.26 on 3306/tcp\n")
    );
}

#[test]
fn a_name_or_a_port_that_means_nothing_is_wrong_use_with_what_to_write() {
    for (arguments, said) in [
        (
            ["internet", "zookeper", "--port", "1"],
            "error: there is nothing called `zookeper`\n  did you mean `zookeeper`?\n",
        ),
        (
            ["tunnel", "redis", "--port", "1"],
            "error: `tunnel` is a tunnel\n  ask about the service that it carries: `rancher-ha-redis`\n",
        ),
        (
            ["redis", "redis", "--port", "0"],
            "error: --port: `0` is no port: that is a number from 1 to 65535\n  write it as `2181/tcp` or `80-81/tcp`\n",
        ),
    ] {
        let ran = reach(AS_WRITTEN, &arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(2), said));
    }
}

#[test]
fn the_json_is_of_its_schema_s_keys_and_has_the_places() {
    let ran = reach(AS_WRITTEN, &["internet", "zookeeper@mgmt-host-1", "--port", "2181", "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((json["verdict"].as_str(), json["port"].as_str()), (Some("admitted"), Some("2181/tcp")));
    let way = &json["answers"][0]["ways"][0];
    assert_eq!(
        (way["via"].as_str(), way["through"].as_str()),
        (Some("tunnel-entry"), Some("rancher-ha-tunnel-zk-client"))
    );
    let kinds: Vec<&str> =
        way["hops"].as_array().unwrap().iter().map(|hop| hop["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["opens", "gateway", "published port", "tunnel in"]);
    assert_eq!(way["hops"][1]["admitted-by"][0]["place"]["line"], 43);
    let schema: Value =
        serde_json::from_str(&rancher_gen(&std::env::temp_dir(), &["schema", "reach"]).out).unwrap();
    let known = |name: &str, value: &Value| {
        let properties =
            if name.is_empty() { &schema["properties"] } else { &schema["$defs"][name]["properties"] };
        value.as_object().unwrap().keys().all(|key| properties.get(key).is_some())
    };
    assert!(known("", &json) && known("Group", &json["answers"][0]));
    assert!(known("OneWay", way) && known("Packet", &way["hops"][1]));
}

/// A fleet of ten thousand nodes, of which rules tell some apart: a question for each class, not for each pair.
#[test]
fn ten_thousand_nodes_are_few_questions() {
    let text = "\
name: big
network: {name: lab, cidr: 10.0.0.0/8, subnets: {a: {cidr: 10.0.0.0/16}, b: {cidr: 10.1.0.0/16}}}
nodes:
  node: {count: 10000, first-address: {a: 10.0.0.10, b: 10.1.0.10}, os: debian-12, engine: docker-27.3.1, groups: nodes}
security-groups:
  nodes: {inbound: [{port: 7000/tcp, from: self}, {port: 7001/tcp, from: 10.0.0.0/17}]}
services:
  store: {image: 'store:1.0.0', placement: node, publish: ['7000-7001:7000-7001'], traffic-to: store}
";
    let start = Instant::now();
    let ran = reach(text, &["store", "store"]);
    // A second in release; a program without optimisation gets twenty.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(ran.out.contains("7000/tcp  yes  store (10000 instances)  "), "{}", ran.out);
    assert!(ran.out.contains(
        "7001/tcp  yes  store@node-1, store@node-3, store@node-5 and 4997 more  store (10000 instances)  "
    ));
    assert!(ran.out.contains(
        "7001/tcp  no   store@node-2, store@node-4, store@node-6 and 4997 more  store (10000 instances)  "
    ));
    assert_eq!(ran.out.lines().filter(|line| line.starts_with("700")).count(), 3, "{}", ran.out);
}

const OPEN_AND_SHUT: &str = "
name: small
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes: {box: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, interfaces: eth0, groups: [open]}}
security-groups:
  open:
    inbound: [{port: 22/tcp, from: 10.0.1.0/25}, {port: 8080-8090, from: self}, {port: icmp, from: self}]
    outbound: []
services: {web: {image: nginx:1.27.2, placement: box, publish: ['8080:80']}}
";

#[test]
fn the_matrix_has_a_paragraph_for_each_receiver_and_says_where_nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let open = OPEN_AND_SHUT.replace("outbound: []", "outbound: [{port: any, to: 10.0.0.0/16}]");
    fs::write(folder.path().join("shut.yaml"), OPEN_AND_SHUT).unwrap();
    fs::write(folder.path().join("open.yaml"), open).unwrap();
    let matrix = |arguments: &[&str]| {
        let ran = rancher_gen(folder.path(), &[&["matrix"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    let expected = "\
to box (2 nodes)
  from other addresses: 10.0.1.0-10.0.1.9, 10.0.1.12-10.0.1.127
    22/tcp  itself

Everything else is refused over IPv4.
";
    assert_eq!(matrix(&["shut.yaml"]), expected);
    let expected = "\
to box (2 nodes)
  from each other
    22/tcp         itself
    8080/tcp       web
    8081-8090/tcp  nobody listens
    icmp
  from other addresses: 10.0.1.0-10.0.1.9, 10.0.1.12-10.0.1.127
    22/tcp         itself

to other addresses: 10.0.0.0/24, 10.0.1.128-10.0.255.255
to other addresses: 10.0.1.0-10.0.1.9, 10.0.1.12-10.0.1.127
  from box (2 nodes)
    any

Everything else is refused over IPv4.
";
    assert_eq!(matrix(&["open.yaml"]), expected);
    assert_eq!(
        matrix(&["open.yaml", "--port", "8080-8081", "--format", "csv"]),
        "from,to,ports,admitted,listening\n\
         box (2 nodes),box (2 nodes),8080/tcp,certainly,web\n\
         box (2 nodes),box (2 nodes),8081/tcp,certainly,nobody\n\
         box (2 nodes),10.0.0.0/24; 10.0.1.128-10.0.255.255,8080-8081/tcp,certainly,\n\
         box (2 nodes),10.0.1.0-10.0.1.9; 10.0.1.12-10.0.1.127,8080-8081/tcp,certainly,\n"
    );
    let json: Value = serde_json::from_str(&matrix(&["open.yaml", "--format", "json"])).unwrap();
    let openings = json["openings"].as_array().unwrap();
    assert!(
        openings
            .iter()
            .any(|one| one["services"][0] == "8081-8090/tcp" && one["listening"] == serde_json::json!([])),
        "{json:#}"
    );
    let schema: Value = serde_json::from_str(&rancher_gen(folder.path(), &["schema", "matrix"]).out).unwrap();
    assert_eq!(against_schema(&schema, &json), 0);
}
