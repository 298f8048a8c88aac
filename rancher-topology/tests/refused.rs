//! What is refused because no engine or no output could carry it.
#![allow(clippy::unwrap_used)]

use rancher_topology::load;

/// A document with one pool of two nodes, and what a test adds to it.
fn document(engine: &str, rest: &str) -> String {
    format!(
        "name: x
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}}}}}
nodes:
  box: {{count: 2, first-address: {{a: 10.0.1.10}}, os: debian-12, engine: {engine}}}
{rest}"
    )
}

fn ids(rest: &str) -> Vec<&'static str> {
    load(&document("docker-27.3.1", rest)).err().into_iter().flatten().map(|d| d.id).collect()
}

#[test]
fn a_nul_character_is_refused_wherever_a_program_would_be_given_it() {
    for field in [r#"command: ["a\0b"]"#, r#"labels: {a: "b\0"}"#, r#"environment: {A: "b\0"}"#] {
        assert_eq!(
            ids(&format!("services:\n  web: {{image: a, placement: box, {field}}}")),
            ["nul-character"]
        );
    }
    assert_eq!(ids(r#"services: {web: {image: a, placement: box, tmpfs: ["/a\0"]}}"#), ["tmpfs"]);
}

#[test]
fn a_folder_in_memory_is_an_absolute_path() {
    assert_eq!(ids("services: {web: {image: a, placement: box, tmpfs: run}}"), ["tmpfs"]);
    assert_eq!(
        ids(r#"services: {web: {image: a, placement: box, tmpfs: ["/run:size=64m"]}}"#),
        Vec::<&str>::new()
    );
}

#[test]
fn two_containers_of_one_node_never_have_one_name() {
    let numbered = "services:
  web: {image: a, placement: box, naming: numbered}
  web_2: {image: a, placement: NODE}";
    assert_eq!(ids(&numbered.replace("NODE", "box-1")), Vec::<&str>::new());
    assert_eq!(ids(&numbered.replace("NODE", "box-2")), ["duplicate-container"]);
    let tunnel = "services:
  cache: {image: a, placement: box, publish: [6379:16379]}
  relay-2: {image: a, placement: box-1}
tunnels:
  relay: {carries: cache, port: 6379, entry: 16379}";
    assert_eq!(ids(tunnel), ["duplicate-container"]);
}

#[test]
fn a_starter_has_a_unit_and_a_project_of_its_own() {
    let starters = |names: &[&str]| {
        let all: Vec<String> =
            names.iter().map(|name| format!("  {name}: {{service: web, because: it does}}")).collect();
        ids(&format!("starters:\n{}\nservices: {{web: {{image: a, placement: box}}}}", all.join("\n")))
    };
    assert_eq!(starters(&["boot", "later"]), Vec::<&str>::new());
    for taken in ["firewall", "person", "Health", "per-son"] {
        assert_eq!(starters(&[taken]), ["starter-name"], "{taken}");
    }
    assert_eq!(starters(&["a-b", "A.b"]), ["starter-name"]);
}

#[test]
fn an_engine_that_reads_no_compose_file_of_format_2_is_refused() {
    let ids = |engine: &str| {
        load(&document(engine, "")).err().into_iter().flatten().map(|d| d.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("docker-1.9.1"), ["engine-too-old"]);
    assert_eq!(ids("docker-1.10"), Vec::<&str>::new());
}
