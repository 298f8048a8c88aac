//! `rancher-gen diff` of two topologies, as people and CI use it.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::cli::{Ran, rancher_gen, rancher_gen_fed};
use support::examples::{AS_WRITTEN, HARDENED};
use support::tools::against_schema;

const OLD: &str = "
name: small
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes: {box: {count: 3, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, interfaces: eth0, groups: [open]}}
security-groups:
  open:
    inbound: [{port: 22/tcp, from: 10.0.1.0/24, purpose: ssh}, {port: 2379/tcp, from: self, purpose: etcd}]
services:
  etcd: {image: 'quay.io/coreos/etcd:v3.5.17', placement: box, network: host, listen: [2379], quorum: majority, traffic-to: etcd}
";

fn diff(old: &str, new: &str, arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.yaml"), old).unwrap();
    fs::write(folder.path().join("new.yaml"), new).unwrap();
    rancher_gen(folder.path(), &[&["diff", "old.yaml", "new.yaml"], arguments].concat())
}

#[test]
fn what_changes_is_told_by_its_meaning_and_not_by_its_lines() {
    let new =
        OLD.replace("22/tcp, from: 10.0.1.0/24", "22/tcp, from: 10.0.0.0/16").replace("count: 3", "count: 5");
    let ran = diff(OLD, &new, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let expected = "\
they differ

traffic newly admitted
  2379/tcp from box-4 and box-5 (new) to box-1, box-2 and box-3, where etcd listens
    for example tcp 10.0.1.13 → 10.0.1.10:2379
  22/tcp from 10.0.0.0/24, 10.0.2.0-10.0.255.255 to box-1, box-2 and box-3
    for example tcp 10.0.0.1 → 10.0.1.10:22
  2379/tcp from box-1, box-2 and box-3; box-4 and box-5 (new) to box-4 and box-5 (new), where etcd listens
    for example tcp 10.0.1.10 → 10.0.1.13:2379
  22/tcp from 10.0.0.0-10.0.1.9, 10.0.1.15-10.0.255.255 to box-4 and box-5 (new)
    for example tcp 10.0.0.1 → 10.0.1.13:22
  80/tcp, 443/tcp, 123/udp from box-4 and box-5 (new) to internet; 10.0.0.0-10.0.1.9,
      10.0.1.15-10.0.255.255
    for example tcp 10.0.1.13 → 1.0.0.1:80

traffic possibly newly admitted
  80/tcp, 443/tcp, 123/udp from box-4 and box-5 (new) to 10.1.0.0-10.255.255.255, 100.64.0.0/10,
      172.16.0.0/12, 192.168.0.0/16
    for example tcp 10.0.1.13 → 10.1.0.1:80

placement
  node comes: box-4, box-5
  service grows: etcd: now on box-4, box-5

quorum
  etcd: 3 of 5 have to live, survives 2 failures, was 2 of 3 have to live, survives 1 failure

addresses
  node box-4 comes: 10.0.1.13 in a
  node box-5 comes: 10.0.1.14 in a

outputs
";
    let (told, outputs) = ran.out.split_at(ran.out.find("\noutputs\n").unwrap() + "\noutputs\n".len());
    assert_eq!(told, expected, "{}", ran.out);
    assert!(outputs.contains("iptables: 3 changed: nodes/box-1/iptables/"), "{outputs}");

    let markdown = diff(OLD, &new, &["--format", "markdown"]).out;
    assert!(
        markdown.starts_with("**Topology**: they differ\n\n### traffic newly admitted\n\n- `2379/tcp"),
        "{markdown}"
    );
    assert!(markdown.contains("- `etcd: 3 of 5 have to live"), "{markdown}");
}

#[test]
fn the_exit_code_says_whether_anything_changes() {
    let same = diff(OLD, &format!("# a comment more\n{OLD}"), &[]);
    assert_eq!((same.code, same.out.as_str()), (Some(0), "nothing changes\n"), "{}", same.err);
    // What stays the same for traffic may still be rendered otherwise.
    let image = diff(OLD, &OLD.replace("v3.5.17", "v3.5.18"), &[]);
    assert_eq!(image.code, Some(1));
    assert!(image.out.contains("compose: 3 changed"), "{}", image.out);
    assert!(!image.out.contains("traffic"), "{}", image.out);
    let broken = diff(OLD, &OLD.replace("count: 3", "count: three"), &[]);
    assert_eq!(broken.code, Some(3));
    assert!(broken.err.contains("new.yaml:4:"), "{}", broken.err);
    assert_eq!(diff(OLD, OLD, &["--chain", "INPUT"]).code, Some(2));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("new.yaml"), OLD).unwrap();
    let piped = rancher_gen_fed(folder.path(), &["diff", "-", "new.yaml"], OLD);
    assert_eq!(piped.code, Some(0), "{}", piped.err);
    assert_eq!(rancher_gen(folder.path(), &["diff", "gone.yaml", "new.yaml"]).code, Some(4));
}

#[test]
fn programs_get_all_of_it_in_a_form_that_has_a_schema() {
    let ran = diff(AS_WRITTEN, HARDENED, &["--format", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let printed: Value = serde_json::from_str(&ran.out).unwrap();
    let traffic = printed["traffic"].as_array().unwrap();
    let ssh = traffic
        .iter()
        .find(|one| one["services"] == json!(["22/tcp"]) && one["kind"] == "newly refused")
        .unwrap();
    assert_eq!(ssh["to"][0]["names"], json!(["mgmt-host (3 nodes)"]));
    assert_eq!(ssh["listening"], json!(["itself"]));
    assert_eq!(printed["result"], "differs");
    let files = printed["outputs"].as_array().unwrap();
    assert!(
        files.iter().any(|file| file["path"] == "terraform/load-balancers.tf" && file["change"] == "changed")
    );

    let folder = tempfile::tempdir().unwrap();
    let schema: Value = serde_json::from_str(&rancher_gen(folder.path(), &["schema", "diff"]).out).unwrap();
    assert_eq!(against_schema(&schema, &printed), 0);
}
