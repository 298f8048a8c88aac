//! `rancher-gen audit` of a state of Terraform: the security groups of what we render are the model's.
#![allow(clippy::unwrap_used)]

use std::fs;

mod support;
use rancher_gen::read::terraform;
use rancher_topology::audit;
use rancher_topology::flow::FlowGraph;
use rancher_topology::policy::SecurityPolicy;
use serde_json::{Value, json};
use support::cli::rancher_gen;
use support::examples::{AS_WRITTEN, HARDENED, rendered, topology};
use support::terraform::Folder;

/// Every kind of traffic and of peer.
const EVERY_KIND: &str = "
name: kinds
network: {name: net, provider: aws, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24, zone: eu-west-1a}, b: {cidr: 10.0.2.0/24, zone: eu-west-1b}}}
nodes:
  web: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: [web, other]}
  lone: {first-address: {a: 10.0.1.100}, os: debian-12, engine: docker-27.3.1}
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

fn applied(text: &str) -> Value {
    Folder::new(&rendered(text).tree).applied(&[])
}

#[track_caller]
fn is_equal(text: &str) {
    let state = applied(text);
    let read = terraform::read(&state.to_string()).unwrap();
    assert!(read.notes.is_empty(), "{:?}", read.notes);
    let topology = topology(text);
    let policy = SecurityPolicy::of(&topology, &FlowGraph::of(&topology));
    let compared = audit::groups(&policy, &read.groups);
    assert!(compared.is_equal(), "{compared:#?}");
    let rules: usize = read.groups.iter().map(|group| group.rules.len()).sum();
    assert!(rules >= 5, "{:?}", read.groups);
}

#[test]
fn the_groups_of_the_rendered_terraform_are_those_of_the_model() {
    for text in [AS_WRITTEN, HARDENED, EVERY_KIND] {
        is_equal(text);
    }
}

#[test]
fn a_rule_that_somebody_opened_or_removed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = applied(HARDENED);
    fs::write(folder.path().join("cluster.yaml"), HARDENED).unwrap();
    let audit = |state: &Value, more: &[&str]| {
        fs::write(folder.path().join("state.json"), state.to_string()).unwrap();
        rancher_gen(folder.path(), &[&["audit", "cluster.yaml", "state.json"], more].concat())
    };
    let same = audit(&state, &[]);
    assert_eq!(
        (same.code, same.out.as_str()),
        (Some(0), "state.json: the security groups admit what the model says\n"),
        "{}",
        same.err
    );

    let resources = state["values"]["root_module"]["resources"].as_array_mut().unwrap();
    let address = "aws_vpc_security_group_ingress_rule.server-nodes[\"22/tcp from 203.0.113.0/24\"]";
    let ssh = resources.iter_mut().find(|one| one["address"] == address).unwrap();
    ssh["values"]["cidr_ipv4"] = json!("0.0.0.0/0");
    resources.retain(|one| {
        one["address"] != "aws_vpc_security_group_ingress_rule.server-nodes[\"2888/tcp from server-nodes\"]"
    });
    let differs = audit(&state, &[]);
    assert_eq!(
        differs.out,
        format!(
            "state.json: the security groups differ from the model\n\n\
             admitted, and not by the model:\n  \
             server-nodes: 22/tcp from 0.0.0.0-203.0.112.255, 203.0.114.0-255.255.255.255\n    by {address}\n\n\
             admitted by the model only:\n  server-nodes: 2888/tcp from group server-nodes\n"
        )
    );
    assert_eq!(differs.code, Some(1));
    let told: Value = serde_json::from_str(&audit(&state, &["--format", "json"]).out).unwrap();
    assert_eq!(told[0]["differences"].as_array().unwrap().len(), 2);
    assert_eq!(told[0]["differences"][0]["decided-by"], json!([address]));

    let plan = audit(&json!({"planned_values": {}}), &[]);
    assert_eq!(plan.code, Some(4));
    assert!(plan.err.contains("this is a plan"), "{}", plan.err);
}
