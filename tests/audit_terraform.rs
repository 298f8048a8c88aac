//! `rancher-gen audit` of a state of Terraform: what we render and apply is the model's, and each thing that was changed is told.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;

mod support;
use rancher_gen::read::terraform;
use serde_json::{Value, json};
use support::cli::{Ran, rancher_gen};
use support::examples::{AS_WRITTEN, HARDENED, rendered};
use support::terraform::Folder;

/// Every kind of traffic and of peer.
const EVERY_KIND: &str = "
name: kinds
network: {name: net, provider: aws, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24, zone: eu-west-1a}, b: {cidr: 10.0.2.0/24, zone: eu-west-1b}}}
nodes:
  web: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: [web, other]}
  lone: {first-address: {a: 10.0.1.100}, os: debian-12, engine: docker-27.3.1, routed: [10.0.2.0/24], public-address: false}
load-balancers:
  front:
    targets: web
    scheme: internal
    listeners:
      - {listen: 443/https, forward: 8080/http, certificate: site}
      - {listen: 25/tcp, forward: 8025/tcp, proxy-protocol: one}
      - {listen: 26/tcp, forward: 8025/tcp, proxy-protocol: two}
databases:
  Orders: {engine: mysql-8.0, port: 3306, subnets: [a, b]}
security-groups:
  web:
    inbound:
      - {port: 22/tcp, from: [10.0.0.0/16, self], purpose: ssh}
      - {port: 8000-8100, from: internet, purpose: many}
      - {port: icmp, from: internet}
      - {port: any, from: other, purpose: all}
      - {port: 53/udp, from: 2001:db8::/32, purpose: names}
    outbound: []
  other:
    outbound: [{port: any, to: internet, purpose: everywhere}]
services: {}
";

const VARIABLES: &[(&str, &str)] = &[("TF_VAR_site", "arn:aws:acm:eu-west-1:1:certificate/1")];

fn applied(text: &str, variables: &[(&str, &str)]) -> Value {
    Folder::new(&rendered(text).tree).applied(variables)
}

/// A folder with a topology, whose states are audited.
struct Audited(tempfile::TempDir);

impl Audited {
    fn of(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cluster.yaml"), text).unwrap();
        Self(folder)
    }

    fn audit(&self, state: &Value, more: &[&str]) -> Ran {
        fs::write(self.0.path().join("state.json"), state.to_string()).unwrap();
        rancher_gen(self.0.path(), &[&["audit", "cluster.yaml", "state.json"], more].concat())
    }
}

#[test]
fn what_is_rendered_and_applied_is_as_the_model_says() {
    for text in [AS_WRITTEN, HARDENED, EVERY_KIND] {
        let state = applied(text, VARIABLES);
        let read = terraform::read(&state.to_string()).unwrap();
        assert!(read.notes.is_empty() && read.aside.is_empty(), "{read:?}");
        assert!(read.resources.iter().all(|one| one.unclear.is_empty()), "{read:?}");
        let rules: usize = read.groups.iter().map(|group| group.rules.len()).sum();
        assert!(rules >= 5 && read.resources.len() >= 8, "{read:?}");
        let same = Audited::of(text).audit(&state, &[]);
        let expected = "state.json: what exists is as the model says\n";
        assert_eq!((same.code, same.out.as_str()), (Some(0), expected), "{}", same.err);
    }
}

#[test]
fn a_rule_that_somebody_opened_or_removed_is_told() {
    let mut state = applied(HARDENED, &[]);
    let audited = Audited::of(HARDENED);

    let resources = state["values"]["root_module"]["resources"].as_array_mut().unwrap();
    let address = "aws_vpc_security_group_ingress_rule.server-nodes[\"22/tcp from 203.0.113.0/24\"]";
    let ssh = resources.iter_mut().find(|one| one["address"] == address).unwrap();
    ssh["values"]["cidr_ipv4"] = json!("0.0.0.0/0");
    resources.retain(|one| {
        one["address"] != "aws_vpc_security_group_ingress_rule.server-nodes[\"2888/tcp from server-nodes\"]"
    });
    let differs = audited.audit(&state, &[]);
    assert_eq!(
        differs.out,
        format!(
            "state.json: what exists differs from the model\n\n\
             admitted, and not by the model:\n  \
             server-nodes: 22/tcp from 0.0.0.0-203.0.112.255, 203.0.114.0-255.255.255.255\n    by {address}\n\n\
             admitted by the model only:\n  server-nodes: 2888/tcp from group server-nodes\n"
        )
    );
    assert_eq!(differs.code, Some(1));
    let told: Value = serde_json::from_str(&audited.audit(&state, &["--format", "json"]).out).unwrap();
    assert_eq!(told[0]["differences"].as_array().unwrap().len(), 2);
    assert_eq!(told[0]["differences"][0]["decided-by"], json!([address]));

    // Where everybody is admitted, the members of a group are.
    let mut state = applied(HARDENED, &[]);
    let address = "aws_vpc_security_group_ingress_rule.server-nodes[\"2888/tcp from server-nodes\"]";
    let quorum = at(&mut state, address);
    quorum["referenced_security_group_id"] = Value::Null;
    quorum["cidr_ipv4"] = json!("0.0.0.0/0");
    let open = audited.audit(&state, &[]);
    let has = |text: &str| open.out.contains(text);
    assert!(has("server-nodes: 2888/tcp from 0.0.0.0") && !has("by the model only"), "{}", open.out);

    let plan = audited.audit(&json!({"planned_values": {}}), &[]);
    assert_eq!(plan.code, Some(3));
    assert!(plan.err.contains("this is a plan"), "{}", plan.err);
}

fn list(state: &mut Value) -> &mut Vec<Value> {
    state["values"]["root_module"]["resources"].as_array_mut().unwrap()
}

/// The values of a resource.
#[track_caller]
fn at<'s>(state: &'s mut Value, address: &str) -> &'s mut Value {
    let found = list(state).iter_mut().find(|one| one["address"] == address);
    &mut found.unwrap_or_else(|| panic!("{address}"))["values"]
}

#[track_caller]
fn id(state: &mut Value, address: &str) -> Value {
    at(state, address)["id"].clone()
}

fn add(state: &mut Value, kind: &str, values: &Value) {
    let address = format!("{kind}.added");
    list(state).push(json!({"address": address, "mode": "managed", "type": kind, "values": values}));
}

const NODE: &str = "aws_instance.mgmt-host[\"mgmt-host-2\"]";
const BALANCER: &str = "aws_elb.rancher-ext-lb";
const DATABASE: &str = "aws_db_instance.rancher-ext-db";
const SUBNET: &str = "aws_subnet.network[\"management-b\"]";

/// A change of a state, and what is told of it: one line, with this exit code.
type Change = (fn(&mut Value), i32, &'static str);

const CHANGES: &[Change] = &[
    // Instances.
    (
        |s| at(s, NODE)["private_ip"] = json!("172.22.2.9"),
        1,
        "instance mgmt-host-2: address: 172.22.2.9, and in the model 172.22.2.210 (",
    ),
    (
        |s| at(s, NODE)["vpc_security_group_ids"] = json!([]),
        1,
        "instance mgmt-host-2: security groups: none, and in the model server-nodes (",
    ),
    (
        |s| {
            let database = id(s, "aws_security_group.database");
            at(s, NODE)["vpc_security_group_ids"].as_array_mut().unwrap().push(database);
        },
        1,
        "instance mgmt-host-2: security groups: database, and not in the model (",
    ),
    (
        |s| at(s, NODE)["vpc_security_group_ids"] = json!(["sg-9"]),
        1,
        "instance mgmt-host-2: security groups: sg-9, and in the model server-nodes (",
    ),
    (
        |s| at(s, NODE)["source_dest_check"] = json!(false),
        1,
        "instance mgmt-host-2: source and destination check: no, and in the model yes (",
    ),
    (
        |s| at(s, NODE)["instance_type"] = json!("t3.nano"),
        1,
        "instance mgmt-host-2: kind of machine: t3.nano, and the model assumes m5.large (",
    ),
    (
        |s| at(s, NODE)["associate_public_ip_address"] = json!(false),
        1,
        "instance mgmt-host-2: public address: no, and the model assumes yes (",
    ),
    (
        |s| at(s, NODE)["secondary_private_ips"] = json!(["172.22.2.77"]),
        1,
        "instance mgmt-host-2: more addresses: 172.22.2.77, and in the model none (",
    ),
    (
        |s| at(s, NODE)["instance_state"] = json!("stopped"),
        1,
        "instance mgmt-host-2: running: no, and in the model yes (",
    ),
    (
        |s| at(s, NODE)["root_block_device"][0]["encrypted"] = json!(false),
        1,
        "instance mgmt-host-2: encrypted storage: no, and the model assumes yes (",
    ),
    (
        |s| at(s, NODE)["metadata_options"][0]["http_tokens"] = json!("optional"),
        1,
        "instance mgmt-host-2: metadata with tokens only: no, and the model assumes yes (",
    ),
    (
        |s| {
            let mut more = at(s, NODE).clone();
            (more["id"], more["private_ip"], more["tags"]["Name"]) =
                (json!("i-9"), json!("172.22.2.9"), json!("miner"));
            add(s, "aws_instance", &more);
        },
        1,
        "the instance miner is not in the model (aws_instance.added)",
    ),
    (
        |s| list(s).retain(|one| one["address"] != NODE),
        1,
        "the model's instance mgmt-host-2 is not in this state",
    ),
    (
        |s| {
            let other = id(s, "aws_subnet.network[\"management-a\"]");
            at(s, NODE)["subnet_id"] = other;
        },
        1,
        "instance mgmt-host-2: subnet: management-a, and in the model management-b (",
    ),
    // Load balancers.
    (
        |s| list(s).retain(|one| one["address"] != BALANCER),
        1,
        "the model's load balancer rancher-ext-lb is not in this state",
    ),
    (
        |s| {
            let node = id(s, NODE);
            at(s, BALANCER)["instances"].as_array_mut().unwrap().retain(|one| *one != node);
        },
        1,
        "load balancer rancher-ext-lb: targets: not mgmt-host-2, as in the model (",
    ),
    (
        |s| at(s, BALANCER)["listener"][1]["instance_port"] = json!(8080),
        1,
        "load balancer rancher-ext-lb: listeners: 80/tcp to 8080/tcp, and not in the model; not 80/tcp to 81/tcp, as in the model (",
    ),
    (
        |s| at(s, BALANCER)["internal"] = json!(true),
        1,
        "load balancer rancher-ext-lb: internal: yes, and in the model no (",
    ),
    (
        |s| at(s, BALANCER)["health_check"][0]["target"] = json!("TCP:22"),
        1,
        "load balancer rancher-ext-lb: health check: TCP:22, and in the model HTTP:80/ping (",
    ),
    (
        |s| {
            list(s).retain(|one| {
                one["address"] != "aws_load_balancer_backend_server_policy.rancher-ext-lb[\"81\"]"
            });
        },
        1,
        "load balancer rancher-ext-lb: PROXY headers to ports: not 81 by rancher-ext-lb-ProxyProtocol-policy, as in the model (",
    ),
    (
        |s| add(s, "aws_elb_attachment", &json!({"elb": "rancher-ext-lb", "instance": "i-9"})),
        1,
        "load balancer rancher-ext-lb: targets: i-9, and not in the model (",
    ),
    // Databases.
    (
        |s| at(s, DATABASE)["publicly_accessible"] = json!(true),
        1,
        "database rancher-ext-db: public address: yes, and the model assumes no (",
    ),
    (
        |s| at(s, DATABASE)["engine_version"] = json!("10.1.14"),
        1,
        "database rancher-ext-db: version: 10.1.14, and the model assumes 10.11 (",
    ),
    (
        |s| at(s, DATABASE)["port"] = json!(3307),
        1,
        "database rancher-ext-db: port: 3307, and in the model 3306 (",
    ),
    (
        |s| at(s, DATABASE)["multi_az"] = json!(false),
        1,
        "database rancher-ext-db: standby: no, and in the model yes (",
    ),
    (
        |s| at(s, DATABASE)["storage_encrypted"] = json!(false),
        1,
        "database rancher-ext-db: encrypted storage: no, and the model assumes yes (",
    ),
    (
        |s| at(s, "aws_db_parameter_group.rancher-ext-db")["parameter"][1]["value"] = json!("20"),
        1,
        "database rancher-ext-db: most connections: 20, and in the model 200 (",
    ),
    (
        |s| {
            let subnet = id(s, SUBNET);
            let group = at(s, "aws_db_subnet_group.rancher-ext-db");
            group["subnet_ids"].as_array_mut().unwrap().retain(|one| *one != subnet);
        },
        1,
        "database rancher-ext-db: subnets: not management-b, as in the model (",
    ),
    // The network.
    (
        |s| at(s, SUBNET)["availability_zone"] = json!("us-west-2a"),
        1,
        "subnet management-b: zone: us-west-2a, and in the model us-west-2b (",
    ),
    (
        |s| at(s, "aws_vpc.network")["enable_dns_support"] = json!(false),
        1,
        "network rancher-vpc: answers to names: no, and the model assumes yes (",
    ),
    (
        |s| {
            let table = id(s, "aws_route_table.network");
            let route = json!({"route_table_id": table, "destination_cidr_block": "10.9.0.0/16", "gateway_id": "",
                               "vpc_peering_connection_id": "pcx-1"});
            add(s, "aws_route", &route);
        },
        1,
        "subnet management-b: routes: 10.9.0.0/16 to pcx-1, and not in the model (",
    ),
    (
        |s| {
            let name = "aws_route53_record.database[\"rancher-ext-db.rancher-vpc.internal\"]";
            at(s, name)["records"] = json!(["old.example.com"]);
        },
        1,
        "host name rancher-ext-db.rancher-vpc.internal: leads to: old.example.com, and in the model rancher-ext-db (",
    ),
    (
        |s| {
            let name = json!({"Name": "server-nodes"});
            add(s, "aws_security_group", &json!({"id": "sg-9", "tags": name, "ingress": [], "egress": []}));
        },
        1,
        "the group server-nodes (sg-9) is not in the model",
    ),
    // What is not understood.
    (
        |s| add(s, "aws_network_acl", &json!({})),
        5,
        "note: state.json: not understood: aws_network_acl.added: `aws_network_acl` may matter",
    ),
    (
        |s| add(s, "aws_lb", &json!({})),
        5,
        "note: state.json: not understood: aws_lb.added: `aws_lb` may matter",
    ),
    (
        |s| add(s, "aws_s3_bucket", &json!({})),
        0,
        "not compared, since no packet goes through them: aws_s3_bucket.added",
    ),
    (
        |s| at(s, NODE)["private_ip"] = Value::Null,
        5,
        "aws_instance.mgmt-host[\"mgmt-host-2\"]: `private_ip` is null",
    ),
    (
        |s| at(s, NODE)["instance_state"] = json!("gone-fishing"),
        5,
        "aws_instance.mgmt-host[\"mgmt-host-2\"]: `instance_state` is \"gone-fishing\"",
    ),
    (
        |s| add(s, "aws_elb_attachment", &json!({"elb": "rancher-ext-lb", "instance": null})),
        5,
        "aws_elb_attachment.added: `instance` is null",
    ),
    (
        |s| {
            let node = id(s, NODE);
            at(s, BALANCER)["instances"].as_array_mut().unwrap().retain(|one| *one != node);
            add(s, "aws_elb_attachment", &json!({"elb": "rancher-ext-lb", "instance": null}));
        },
        5,
        "aws_elb_attachment.added: `instance` is null",
    ),
    (
        |s| at(s, "aws_vpc.network")["ipv6_cidr_block"] = json!("2001:db8::/56"),
        5,
        "aws_vpc.network: its IPv6 addresses 2001:db8::/56 are not looked at",
    ),
    (
        |s| at(s, SUBNET)["ipv6_cidr_block"] = json!("2001:db8::/64"),
        5,
        "aws_subnet.network[\"management-b\"]: its IPv6 addresses 2001:db8::/64 are not looked at",
    ),
    (|s| at(s, NODE)["vpc_security_group_ids"] = json!([7]), 5, "`vpc_security_group_ids` is [7]"),
    (|s| at(s, NODE)["root_block_device"] = json!([]), 5, "`root_block_device.volume_size` is null"),
    (|s| at(s, BALANCER)["listener"][0]["lb_port"] = json!("443"), 5, "`listener` is {"),
    (|s| at(s, BALANCER)["listener"][0]["lb_protocol"] = json!("quic"), 5, "`listener` is {"),
    (
        |s| {
            let group = at(s, "aws_db_parameter_group.rancher-ext-db");
            group["parameter"].as_array_mut().unwrap().retain(|one| one["name"] != "max_connections");
        },
        1,
        "database rancher-ext-db: most connections: the product's own, and in the model 200 (",
    ),
    (|s| at(s, DATABASE)["publicly_accessible"] = json!("no"), 5, "`publicly_accessible` is \"no\""),
    (
        |s| list(s).retain(|one| one["type"] != "aws_route_table_association"),
        5,
        "aws_subnet.network[\"management-b\"]: its route table \"main_route_table_id-",
    ),
    (
        |s| {
            let node = list(s).iter_mut().find(|one| one["address"] == NODE);
            node.unwrap()["tainted"] = json!(true);
        },
        5,
        "it is tainted",
    ),
];

#[test]
fn each_thing_that_is_otherwise_is_told() {
    let state = applied(HARDENED, &[]);
    let audited = Audited::of(HARDENED);
    let mut wrong = String::new();
    for (change, code, told) in CHANGES {
        let mut changed = state.clone();
        change(&mut changed);
        assert_ne!(changed, state, "{told}");
        let ran = audited.audit(&changed, &[]);
        if ran.code != Some(*code) || !ran.out.contains(told) {
            let _ = writeln!(wrong, "{told}, {code}:\n{:?} {}{}", ran.code, ran.out, ran.err);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn things_that_are_called_otherwise_are_found_by_their_addresses() {
    let mut state = applied(HARDENED, &[]);
    let audited = Audited::of(HARDENED);
    at(&mut state, NODE)["tags"]["Name"] = json!("ip-172-22-2-210");
    at(&mut state, SUBNET)["tags"]["Name"] = json!("private-2");
    at(&mut state, "aws_vpc.network")["tags"] = json!({});
    let same = audited.audit(&state, &[]);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    at(&mut state, NODE)["instance_type"] = json!("t3.nano");
    let told: Value = serde_json::from_str(&audited.audit(&state, &["--format", "json"]).out).unwrap();
    let resources = told[0]["resources"].as_array().unwrap();
    assert_eq!(resources.len(), 1, "{told}");
    let one = &resources[0];
    assert_eq!(
        (
            &one["kind"],
            &one["resource"],
            &one["name"],
            &one["what"],
            &one["live"],
            &one["model"],
            &one["assumed"],
            &one["place"]
        ),
        (
            &json!("differs"),
            &json!("instance"),
            &json!("mgmt-host-2"),
            &json!("kind of machine"),
            &json!("t3.nano"),
            &json!("m5.large"),
            &json!(true),
            &json!(NODE)
        )
    );
    at(&mut state, NODE)["instance_type"] = json!("m5.large");
    at(&mut state, NODE)["source_dest_check"] = json!(false);
    let told: Value = serde_json::from_str(&audited.audit(&state, &["--format", "json"]).out).unwrap();
    assert_eq!(told[0]["resources"][0]["assumed"], json!(false), "{told}");
}

#[test]
fn what_the_document_states_is_not_assumed() {
    let mut state = applied(EVERY_KIND, VARIABLES);
    let audited = Audited::of(
        &EVERY_KIND.replace("public-address: false}", "public-address: false, instance-type: m5.large}"),
    );
    for name in ["aws_instance.web[\"web-1\"]", "aws_instance.lone[\"lone\"]"] {
        at(&mut state, name)["instance_type"] = json!("t3.nano");
    }
    let ran = audited.audit(&state, &[]);
    assert!(
        ran.out.contains("web-1: kind of machine: t3.nano, and the model assumes m5.large ("),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("lone: kind of machine: t3.nano, and in the model m5.large ("), "{}", ran.out);
}

#[test]
fn a_public_address_that_was_given_afterwards_is_told() {
    let mut state = applied(EVERY_KIND, VARIABLES);
    let node = id(&mut state, "aws_instance.lone[\"lone\"]");
    add(&mut state, "aws_eip", &json!({"instance": node}));
    let ran = Audited::of(EVERY_KIND).audit(&state, &[]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("instance lone: public address: yes, and in the model no ("), "{}", ran.out);
}

#[test]
fn a_public_address_that_nobody_asked_for_is_told() {
    let mut state = applied(EVERY_KIND, VARIABLES);
    let audited = Audited::of(EVERY_KIND);
    let lone = "aws_instance.lone[\"lone\"]";
    for (asked, address, code) in [
        (json!(false), json!(""), Some(0)),
        (json!(false), json!("3.4.5.6"), Some(1)),
        (json!(null), json!("3.4.5.6"), Some(1)),
        (json!(null), json!(""), Some(0)),
        (json!(true), json!(""), Some(1)),
        (json!(false), json!(null), Some(0)),
        (json!(null), json!(null), Some(5)),
    ] {
        at(&mut state, lone)["associate_public_ip_address"] = asked.clone();
        at(&mut state, lone)["public_ip"] = address.clone();
        let ran = audited.audit(&state, &[]);
        assert_eq!(ran.code, code, "{asked} {address}\n{}{}", ran.out, ran.err);
        let told = ran.out.contains("instance lone: public address: yes, and in the model no (");
        assert_eq!(told, code == Some(1), "{}", ran.out);
    }
}

/// Makes a resource one that the state only reads.
fn read_only(state: &mut Value, address: &str) {
    let found = list(state).iter_mut().find(|one| one["address"] == address).unwrap();
    found["mode"] = json!("data");
    found["address"] = json!(format!("data.{address}"));
}

#[test]
fn what_a_state_reads_exists_and_is_compared() {
    let state = applied(HARDENED, &[]);
    let audited = Audited::of(HARDENED);
    for (address, code) in [
        ("aws_vpc.network", 0),
        (SUBNET, 0),
        (NODE, 0),
        // What it does before connections, the data source leaves out.
        (BALANCER, 5),
        ("aws_security_group.server-nodes", 5),
        // What a gateway tells a table, the data source leaves out.
        ("aws_route_table.network", 5),
    ] {
        let mut changed = state.clone();
        read_only(&mut changed, address);
        let ran = audited.audit(&changed, &[]);
        assert_eq!(ran.code, Some(code), "{address}\n{}{}", ran.out, ran.err);
    }

    let mut changed = state.clone();
    read_only(&mut changed, NODE);
    let address = format!("data.{NODE}");
    at(&mut changed, &address)["private_ip"] = json!("172.22.2.9");
    let ran = audited.audit(&changed, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let told = "instance mgmt-host-2: address: 172.22.2.9, and in the model 172.22.2.210 (data.aws_instance";
    assert!(ran.out.contains(told), "{}", ran.out);

    // Read beside what was made, and read of what is not the model's.
    let mut changed = state.clone();
    let twice = list(&mut changed).iter().find(|one| one["address"] == NODE).unwrap().clone();
    list(&mut changed).push(twice);
    list(&mut changed).last_mut().unwrap()["address"] = json!("again");
    read_only(&mut changed, "again");
    for (address, kind, values) in [
        ("data.aws_instance.other", "aws_instance", json!({"id": "i-9", "tags": {"Name": "other"}})),
        ("data.aws_vpc.other", "aws_vpc", json!({"id": "vpc-9", "cidr_block": "10.9.0.0/16"})),
        ("data.aws_security_group.other", "aws_security_group", json!({"id": "sg-9", "name": "other"})),
        ("data.aws_lb.other", "aws_lb", json!({"id": "lb-9"})),
    ] {
        list(&mut changed).push(json!({"address": address, "mode": "data", "type": kind, "values": values}));
    }
    let ran = audited.audit(&changed, &[]);
    let expected = "state.json: what exists is as the model says\n";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected), "{}", ran.err);
}

#[test]
fn a_database_that_a_state_reads_has_its_attributes_by_other_names() {
    let mut state = applied(HARDENED, &[]);
    read_only(&mut state, DATABASE);
    let address = format!("data.{DATABASE}");
    let values = at(&mut state, &address).as_object_mut().unwrap();
    for (own, read) in [
        ("identifier", "db_instance_identifier"),
        ("instance_class", "db_instance_class"),
        ("vpc_security_group_ids", "vpc_security_groups"),
        ("db_subnet_group_name", "db_subnet_group"),
    ] {
        let value = values.remove(own).unwrap();
        values.insert(read.to_owned(), value);
    }
    let group = values.remove("parameter_group_name").unwrap();
    values.insert("db_parameter_groups".to_owned(), json!([group]));
    let audited = Audited::of(HARDENED);
    let same = audited.audit(&state, &[]);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    at(&mut state, &address)["db_instance_class"] = json!("db.t3.micro");
    let ran = audited.audit(&state, &[]);
    assert!(ran.out.contains("database rancher-ext-db: kind of machine: db.t3.micro, and "), "{}", ran.out);
}

#[test]
fn of_a_group_that_a_state_reads_only_what_it_admits_is_certain() {
    let state = applied(HARDENED, &[]);
    let audited = Audited::of(HARDENED);
    let mut read = state.clone();
    read_only(&mut read, "aws_security_group.server-nodes");
    let rule = "aws_vpc_security_group_ingress_rule.server-nodes[\"2888/tcp from server-nodes\"]";
    list(&mut read).retain(|one| one["address"] != rule);
    let ran = audited.audit(&read, &[]);
    assert_eq!(ran.code, Some(5), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("the group server-nodes is only looked up: it may have"), "{}", ran.out);
    let address = "aws_vpc_security_group_ingress_rule.server-nodes[\"22/tcp from 203.0.113.0/24\"]";
    at(&mut read, address)["cidr_ipv4"] = json!("0.0.0.0/0");
    let ran = audited.audit(&read, &[]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(!ran.out.contains("by the model only"), "{}", ran.out);
    list(&mut read).retain(|one| one["address"] != "data.aws_security_group.server-nodes");
    let ran = audited.audit(&read, &[]);
    assert!(ran.out.contains("the model's group server-nodes is not in this state\n"), "{}", ran.out);
}

#[test]
fn a_network_that_is_not_aws_has_no_state() {
    let text = "name: plain\nnetwork: {name: net, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}\n\
                nodes: {web: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1}}\nservices: {}\n";
    let state = json!({"values": {"root_module": {"resources": []}}});
    let ran = Audited::of(text).audit(&state, &[]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("not AWS's"), "{}", ran.err);
}
