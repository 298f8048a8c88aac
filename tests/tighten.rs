//! `rancher-gen tighten`, as people and programs use it.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::cli::{Ran, rancher_gen, rancher_gen_fed};
use support::examples::{AS_WRITTEN, HARDENED};
use support::tools::against_schema;
use tempfile::TempDir;

fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cluster.yaml"), text).unwrap();
    folder
}

fn run(folder: &TempDir, arguments: &[&str]) -> Ran {
    rancher_gen(folder.path(), &[&["tighten", "cluster.yaml"], arguments].concat())
}

#[test]
fn the_diff_is_one_that_patch_takes() {
    let folder = folder(AS_WRITTEN);
    let ran = run(&folder, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.starts_with("--- a/cluster.yaml\n+++ b/cluster.yaml\n@@ "), "{}", ran.out);
    fs::write(folder.path().join("rules.diff"), &ran.out).unwrap();
    let input = fs::File::open(folder.path().join("rules.diff")).unwrap();
    let mut patch = Command::new("patch");
    patch.arg("cluster.yaml").current_dir(folder.path()).stdin(input).stdout(Stdio::null());
    assert!(patch.status().expect("`apt-get install patch` brings it").success());
    let patched = fs::read_to_string(folder.path().join("cluster.yaml")).unwrap();
    assert_eq!(patched, rancher_topology::tighten(AS_WRITTEN).unwrap().text);
    let again = run(&folder, &[]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""), "{}", again.err);
    assert!(again.err.starts_with("cluster.yaml: 16 rules, nothing to tighten\n"), "{}", again.err);
}

#[test]
fn people_read_what_is_closed_and_what_is_kept() {
    let ran = run(&folder(AS_WRITTEN), &[]);
    let expected = "\
cluster.yaml: 16 rules instead of 15

admitted no longer:
  cluster.yaml:39: 81/tcp from 0.0.0.0/0 in `server-nodes`: 198.51.100.7 to mgmt-host-1 on 81/tcp, say
";
    assert!(ran.err.starts_with(expected), "{}", ran.err);
    let kept = "
kept, although no flow needs all of it:
  cluster.yaml:36: 22/tcp from 0.0.0.0/0 in `server-nodes`: who has no address of a node is not declared as a client
";
    assert!(ran.err.contains(kept), "{}", ran.err);
    assert!(
        ran.err.ends_with("18080/tcp from 0.0.0.0/0 in `server-nodes`: it is marked `optional`\n"),
        "{}",
        ran.err
    );
}

#[test]
fn programs_read_the_same() {
    let folder = folder(AS_WRITTEN);
    let ran = run(&folder, &["--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["diff"], run(&folder, &[]).out);
    assert_eq!(value["text"], rancher_topology::tighten(AS_WRITTEN).unwrap().text);
    assert_eq!(
        (&value["tight"], &value["rules-before"], &value["rules-after"]),
        (&false.into(), &15.into(), &16.into())
    );
    let closed = &value["closed"][0];
    assert_eq!((&closed["rule"]["line"], &closed["rule"]["port"]), (&39.into(), &"81/tcp".into()));
    assert_eq!(closed["example"]["to"], "mgmt-host-1");
    assert_eq!(value["kept"].as_array().unwrap().len(), 4);
    let schema: Value =
        serde_json::from_str(&rancher_gen(folder.path(), &["schema", "tighten"]).out).unwrap();
    assert_eq!(schema["title"], "Tightening");
    assert_eq!(against_schema(&schema, &value), 0);
    let mut other = value;
    other.as_object_mut().unwrap().remove("tight");
    other["closed"][0]["rule"]["line"] = "39".into();
    assert_eq!(against_schema(&schema, &other), 2);
}

#[test]
fn a_diff_of_an_absolute_path_is_one_that_patch_takes() {
    let (folder, elsewhere) = (folder(AS_WRITTEN), tempfile::tempdir().unwrap());
    let path = folder.path().join("cluster.yaml");
    let path = path.to_str().unwrap();
    let text = AS_WRITTEN.replace("optional: true}", "optional: true, allow: {host-bits: There were some}}");
    for arguments in [&["tighten", path][..], &["validate", path, "--fix", "--diff"]] {
        fs::write(path, &text).unwrap();
        let ran = rancher_gen(elsewhere.path(), arguments);
        assert!(ran.out.starts_with(&format!("--- a{path}\n+++ b{path}\n@@ ")), "{}", ran.out);
        fs::write(elsewhere.path().join("rules.diff"), &ran.out).unwrap();
        let input = fs::File::open(elsewhere.path().join("rules.diff")).unwrap();
        let mut patch = Command::new("patch");
        patch.args(["-p1", "-d", "/"]).current_dir(elsewhere.path()).stdin(input).stdout(Stdio::null());
        assert!(patch.status().expect("`apt-get install patch` brings it").success());
        assert_ne!(fs::read_to_string(path).unwrap(), text);
        assert_eq!(rancher_gen(elsewhere.path(), arguments).out, "");
    }
}

/// A rule for one of a group's members lets in at the others too.
#[test]
fn what_is_let_in_besides_a_flow_is_told() {
    let text = "\
name: shop
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes:
  web: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: web, traffic-to: []}
  box: {first-address: {a: 10.0.1.50}, os: debian-12, engine: docker-27.3.1, groups: data, traffic-to: []}
  vault: {first-address: {a: 10.0.1.60}, os: debian-12, engine: docker-27.3.1, groups: data, traffic-to: []}
services:
  front: {image: 'front:1.2.1', placement: web, traffic-to: 'store:7000'}
  store: {image: 'store:7.4.1', placement: box, publish: ['7000:7000']}
security-groups: {web: {}, data: {}}
";
    let folder = folder(text);
    let told = run(&folder, &[]).err;
    let expected = "
admitted now, and shut out before:
  `front` to `store` on 7000/tcp

admitted as well, as a rule is for all members of its group and of its peer:
  7000/tcp from web in `data`: web to vault on 7000/tcp, say
";
    assert!(told.contains(expected), "{told}");
    let value: Value = serde_json::from_str(&run(&folder, &["--format", "json"]).out).unwrap();
    assert_eq!(
        (&value["opened"][0]["example"]["to"], &value["opened"][0]["rule"]["line"]),
        (&"vault".into(), &10.into())
    );
}

#[test]
fn closed_ssh_is_for_a_person_to_look_at() {
    let text = |port: &str| {
        format!(
            "\
name: shop
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}}}}}
nodes:
  box: {{count: 2, first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1, groups: boxes}}
security-groups:
  boxes:
    inbound:
      - {{port: {port}, from: 10.0.1.0/24}}
services:
  store: {{image: 'store:7.4.1', placement: box, publish: ['7000:7000'], traffic-to: store}}
"
        )
    };
    let title =
        "for a person to look at: SSH or ICMP is closed, and people who log in are not declared as flows:";
    let line = |ports: &str, closed: &str| {
        format!("\n{title}\n  cluster.yaml:8: {ports} from 10.0.1.0/24 in `boxes`: {closed}\n")
    };
    let ran = run(&folder(&text("22-7000/tcp")), &[]);
    assert!(ran.err.contains(&line("22-7000/tcp", "22/tcp")), "{}", ran.err);
    let ran = run(&folder(&text("any")), &[]);
    assert!(ran.err.contains(title), "{}", ran.err);
    let ran = run(&folder(&text("23-7000/tcp")), &[]);
    assert!(ran.err.contains("admitted no longer") && !ran.err.contains(title), "{}", ran.err);
}

#[test]
fn the_exit_code_tells_whether_there_is_something_to_tighten() {
    let ran = run(&folder(HARDENED), &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    let none = rancher_gen_fed(folder("").path(), &["tighten", "-"], HARDENED);
    assert_eq!(none.code, Some(0), "{}", none.err);
    for broken in ["", "name: [", "name: x\n"] {
        let ran = run(&folder(broken), &[]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""), "{}", ran.err);
    }
    assert_eq!(rancher_gen(folder("").path(), &["tighten", "absent.yaml"]).code, Some(4));
    assert_eq!(run(&folder(HARDENED), &["--write"]).code, Some(2));
    // What cannot be edited is left to a person, and is not called tight.
    let shared = "\
name: shop
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes:
  box: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: [one, two]}
security-groups:
  one: {inbound: [&both {port: 7000-7001/tcp, from: 10.0.1.0/24}]}
  two: {inbound: [*both]}
services:
  store: {image: 'store:7.4.1', placement: box, publish: ['7000:7000'], traffic-to: store}
";
    let ran = run(&folder(shared), &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    assert!(ran.err.contains("an alias or an anchor is in the way"), "{}", ran.err);
    assert!(
        ran.err.starts_with("cluster.yaml: 2 rules, and what is left to tighten is for a person\n"),
        "{}",
        ran.err
    );
    let ran = run(&folder(shared), &["--format", "json"]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &value["tight"], &value["finished"]), (Some(1), &false.into(), &true.into()));
    // Nor is a group with more rules than the provider gives.
    let ports: Vec<String> = (0..61).map(|at| format!("{}/tcp", 7000 + 2 * at)).collect();
    let rules: Vec<String> = ports.iter().map(|port| format!("{{port: {port}, from: self}}")).collect();
    let published: Vec<String> = (0..61).map(|at| format!("'{0}:{0}'", 7000 + 2 * at)).collect();
    let crowded = format!(
        "\
name: shop
network: {{name: lab, cidr: 10.0.0.0/16, provider: aws, subnets: {{a: {{cidr: 10.0.1.0/24, zone: us-west-2a}}}}}}
nodes:
  box: {{count: 2, first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1, groups: boxes, traffic-to: []}}
security-groups: {{boxes: {{inbound: [{}]}}}}
services:
  store: {{image: 'store:7.4.1', placement: box, publish: [{}], traffic-to: store}}
",
        rules.join(", "),
        published.join(", ")
    );
    let ran = run(&folder(&crowded), &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    assert!(ran.err.starts_with("cluster.yaml: 61 rules, and what is left"), "{}", ran.err);
    assert!(
        ran.err.contains("still more rules than the provider gives a group:\n  `boxes`, inbound\n"),
        "{}",
        ran.err
    );
}
