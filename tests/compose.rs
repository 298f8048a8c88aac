//! Compose files, read by the programs that they are for and compared with the topology.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rancher_gen::tree::Tree;
use rancher_topology::Topology;
use rancher_topology::document::Restart;
use rancher_topology::topology::{InstanceId, NodeId, Probe, ServiceId, ServiceNetwork, StartedBy};
use serde_json::Value;
use support::compose::{Generation, Service, Services, config, config_with, yaml};
use support::examples::{AS_WRITTEN, HARDENED, file, onto, rendered, topology};

/// A topology with the program and the schema that its compose files are for.
struct Case {
    name: &'static str,
    text: String,
    generation: Generation,
    schema: Option<&'static str>,
}

fn with_engine(text: &str, engine: &str, os: &str) -> String {
    assert!(text.contains("engine: docker-1.10.3") && text.contains("os: centos-7"));
    text.replace("engine: docker-1.10.3", &format!("engine: {engine}"))
        .replace("os: centos-7", &format!("os: {os}"))
}

fn cases() -> Vec<Case> {
    let v2_0 = Some("config_schema_v2.0.json");
    let one = Generation::One;
    vec![
        Case { name: "as written", text: AS_WRITTEN.into(), generation: one, schema: v2_0 },
        Case { name: "hardened", text: HARDENED.into(), generation: one, schema: v2_0 },
        Case {
            name: "engine 1.12",
            text: with_engine(&AS_WRITTEN.replace("count: 3 ", "count: 1 "), "docker-1.12.6", "centos-7"),
            generation: one,
            schema: Some("config_schema_v2.1.json"),
        },
        Case {
            name: "engine 27",
            text: with_engine(HARDENED, "docker-27.3.1", "debian-12"),
            generation: Generation::Two,
            schema: None,
        },
    ]
}

/// The compose files of a tree: node, file name, contents.
fn files(tree: &Tree) -> Vec<(String, String, String)> {
    let of_node = |(path, file): (String, String)| {
        let (node, name) = path.strip_prefix("nodes/")?.split_once('/')?;
        let stem = name.strip_suffix(".yaml")?;
        stem.starts_with("compose").then(|| (node.into(), name.into(), file))
    };
    tree.iter().filter_map(|(path, file)| of_node((path.to_string(), file.contents.to_string()))).collect()
}

/// Which starter a file is for, by its name.
fn starter_of(topology: &Topology, file: &str) -> StartedBy {
    let Some(name) = file.strip_prefix("compose.").and_then(|rest| rest.strip_suffix(".yaml")) else {
        return StartedBy::Person;
    };
    StartedBy::Starter(topology.starter_ids().find(|id| topology[*id].name.as_str() == name).unwrap())
}

#[test]
fn every_program_reads_in_the_files_what_the_topology_says() {
    for case in cases() {
        let topology = topology(&case.text);
        let tree = rendered(&case.text).tree;
        let folder = tempfile::tempdir().unwrap();
        onto(&tree, folder.path());
        let files = files(&tree);
        let texts: Vec<&str> = files.iter().map(|(_, _, text)| text.as_str()).collect();
        yaml(&texts, case.schema);

        let paths: Vec<PathBuf> =
            files.iter().map(|(node, name, _)| folder.path().join("nodes").join(node).join(name)).collect();
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let read = config(case.generation, &paths);
        let mut instances = 0;
        for ((node, name, _), read) in files.iter().zip(read) {
            let node = topology.node_named(node).unwrap();
            let mut expected = Services::new();
            for instance in topology.instances_on(node) {
                if topology[topology[*instance].service].started_by == starter_of(&topology, name) {
                    expected.insert(
                        topology.container_name(*instance).to_string(),
                        expected_service(&topology, node, *instance, case.schema),
                    );
                }
            }
            assert!(!expected.is_empty());
            instances += expected.len();
            for (key, mut seen) in read {
                let expected = expected.remove(&key).unwrap_or_else(|| panic!("{}: {key}", case.name));
                take_health_labels(&mut seen, &expected, case.schema);
                assert_eq!(seen, expected, "{}: {key} of {name}", case.name);
            }
            assert_eq!(expected.keys().collect::<Vec<_>>(), Vec::<&String>::new(), "{name}");
        }
        assert_eq!(instances, topology.instances.len());
    }
}

/// What a compose file has to say of an instance.
fn expected_service(
    topology: &Topology,
    node: NodeId,
    instance: InstanceId,
    schema: Option<&str>,
) -> Service {
    let service = &topology[topology[instance].service];
    let here = |id: ServiceId| {
        topology.instance_on(id, node).filter(|_| topology[id].started_by == service.started_by)
    };
    let name = |instance: InstanceId| topology.container_name(instance).to_string();
    let mut depends_on: BTreeSet<String> =
        service.after.iter().filter_map(|id| here(*id)).map(name).collect();
    let network_mode = match service.network {
        ServiceNetwork::Host => "host".to_owned(),
        ServiceNetwork::Bridge { .. } | ServiceNetwork::Overlays(_) => "bridge".to_owned(),
        ServiceNetwork::Of(owner) => {
            let owner = here(owner).unwrap();
            depends_on.insert(name(owner));
            format!("service:{}", name(owner))
        }
    };
    let mut ports = BTreeSet::new();
    for publish in &service.publish {
        for port in publish.container.iter() {
            let host = publish.host_port_of(port).unwrap();
            ports.insert((String::new(), host, port, publish.protocol.to_string()));
        }
    }
    let mut command = service.command.clone();
    if let Some(end) = topology.tunnel_end(instance) {
        let mode = if end.listen.ip().is_unspecified() { "-d" } else { "-e" };
        let bracketed = |socket: std::net::SocketAddr| format!("[{}]:{}", socket.ip(), socket.port());
        command.extend([mode.into(), "-s".into(), bracketed(end.listen), "-t".into(), bracketed(end.target)]);
    }
    let owns_a_shared_network = topology.instances_on(node).iter().any(|other| {
        topology[topology[*other].service].network == ServiceNetwork::Of(topology[instance].service)
    });
    let variables = service.environment.iter();
    Service {
        container: name(instance),
        image: service.image.clone(),
        command,
        network_mode,
        ports,
        expose: service.expose.iter().map(ToString::to_string).collect(),
        depends_on,
        environment: variables.map(|(n, v)| (n.to_string(), topology.environment_on(node, v))).collect(),
        volumes: service.volumes.clone(),
        tmpfs: service.tmpfs.clone(),
        labels: service.labels.iter().map(|(key, value)| (key.to_string(), value.clone())).collect(),
        privileged: service.privileged,
        stdin: service.stdin,
        restart: match *service.restart {
            _ if owns_a_shared_network => "no",
            Restart::Always => "always",
            Restart::OnFailure => "on-failure",
            Restart::UnlessStopped => "unless-stopped",
            Restart::No => "no",
        }
        .into(),
        health: service.health.as_ref().filter(|_| schema != Some("config_schema_v2.0.json")).map(|health| {
            let (Probe::Tcp { port } | Probe::Http { port, .. }) = health.probe;
            let test = vec!["CMD".into(), "bash".into(), "-c".into(), port.to_string()];
            (test, health.interval.to_string(), health.timeout.to_string(), u64::from(*health.unhealthy))
        }),
    }
}

/// Checks what says how one learns that a service is well, as far as files show it; tests/health.rs runs the commands.
fn take_health_labels(seen: &mut Service, expected: &Service, schema: Option<&str>) {
    if let (Some((test, ..)), Some((wanted, ..))) = (&mut seen.health, &expected.health) {
        let port = wanted.last().unwrap();
        assert!(test.last().unwrap().contains(&format!("/dev/tcp/127.0.0.1/{port}")), "{test:?}");
        test.last_mut().unwrap().clone_from(port);
    }
    let prefix = "io.rancher-gen.health";
    let labels: BTreeMap<String, String> = seen
        .labels
        .iter()
        .filter(|(key, _)| key.starts_with(prefix))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    seen.labels.retain(|key, _| !key.starts_with(prefix));
    if schema != Some("config_schema_v2.0.json") {
        assert_eq!(labels, BTreeMap::new());
    } else if !labels.is_empty() {
        assert!(labels[prefix].contains("/dev/tcp/127.0.0.1/"));
        for (key, value) in [("interval", "1s"), ("timeout", "1s"), ("unhealthy", "2"), ("healthy", "1")] {
            assert_eq!(labels[&format!("{prefix}.{key}")], value);
        }
    }
}

/// What an engine refuses when a container is made, although every schema takes it: keys that a network mode excludes.
///
/// Source: Docker's `runconfig/errors.go` and `hostconfig_unix.go` of 1.10 (`validateNetMode`), and docker-py's
/// `HostConfig`, which refuses published ports in the host's network.
const REFUSED: [(&str, &[&str]); 3] = [
    ("container:", &REFUSED_IN_ANOTHERS_NETWORK),
    ("service:", &REFUSED_IN_ANOTHERS_NETWORK),
    ("host", &["ports", "expose", "links", "mac_address", "networks"]),
];

/// What belongs to a network namespace, and is its owner's to say.
const REFUSED_IN_ANOTHERS_NETWORK: [&str; 10] = [
    "ports",
    "expose",
    "hostname",
    "domainname",
    "links",
    "dns",
    "dns_search",
    "extra_hosts",
    "mac_address",
    "networks",
];

/// What an engine would refuse of a file, and what would put a container on a network that nobody asks.
fn refused(document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, service) in document["services"].as_object().unwrap() {
        let Some(mode) = service["network_mode"].as_str() else {
            wrong.push(format!("{name} is on a network of the project"));
            continue;
        };
        for (prefix, keys) in REFUSED {
            let excluded = keys.iter().filter(|key| mode.starts_with(prefix) && service.get(*key).is_some());
            wrong.extend(excluded.map(|key| format!("{name}: {key} with {mode}")));
        }
    }
    wrong
}

#[test]
fn no_file_holds_what_an_engine_refuses_at_create() {
    let bad = "services: {a: {network_mode: 'container:b', ports: ['1:1'], dns: x}, c: {}, d: {network_mode: host, expose: [1]}}";
    let found = refused(&yaml(&[bad], None)[0]);
    assert_eq!(
        found,
        [
            "a: ports with container:b",
            "a: dns with container:b",
            "c is on a network of the project",
            "d: expose with host"
        ]
    );

    // A container in another's network and one in the host's, each with a port that its image exposes.
    let exposing = AS_WRITTEN
        .replace(
            "    network-of: rancher-ha-parent\n    listen: [8080]",
            "    network-of: rancher-ha-parent\n    expose: [8080]",
        )
        .replace("    network: host\n", "    network: host\n    expose: [80]\n");
    let mut notes = 0;
    for text in cases().into_iter().map(|case| case.text).chain([exposing]) {
        let all = rendered(&text);
        notes += all.notes.iter().filter(|note| note.contains("exposes stand in no compose file")).count();
        let files = files(&all.tree);
        let texts: Vec<&str> = files.iter().map(|(_, _, text)| text.as_str()).collect();
        for (document, (node, name, _)) in yaml(&texts, None).iter().zip(&files) {
            assert_eq!(refused(document), Vec::<String>::new(), "{node}/{name}");
        }
    }
    assert_eq!(notes, 2, "what a file cannot say is told");
}

#[test]
fn the_containers_of_each_node_are_counted_by_starter() {
    // One of rancher-ha, 4 and 4·N of what it starts, the rest by cattle.
    for (count, of_cattle) in [(1, vec![11]), (3, vec![6, 6, 5]), (5, vec![6, 6, 5, 3, 3])] {
        let tree = rendered(&AS_WRITTEN.replace("count: 3 ", &format!("count: {count} "))).tree;
        let mut all = 0;
        for (position, of_cattle) in of_cattle.into_iter().enumerate() {
            let node = format!("nodes/mgmt-host-{}", position + 1);
            let read = |name: &str| {
                let text = file(&tree, &format!("{node}/{name}"));
                yaml(&[text], None)[0]["services"].as_object().unwrap().len()
            };
            let found = (read("compose.yaml"), read("compose.rancher-ha.yaml"), read("compose.cattle.yaml"));
            assert_eq!(found, (1, 4 + 4 * count, of_cattle), "{node} of {count}");
            all += found.0 + found.1 + found.2;
        }
        assert_eq!(all, 4 * count * count + 8 * count + 8);
    }
}

/// What makes trouble in YAML, in a shell or in Compose's own interpolation.
const HOSTILE: [&str; 22] = [
    "$HOME",
    "${HOME}",
    "$$",
    "${",
    "a$",
    "\"",
    "'",
    "\\",
    "\\n",
    "two\nlines\n",
    "\t",
    " blanks ",
    "# none",
    "a: b",
    "22:22",
    "0022",
    "null",
    "~",
    "true",
    "🦀 é",
    "\u{202e}turned\u{2028}",
    "%{a} {{ a }} {% raw %} & * ! | > @ `",
];

#[test]
fn values_survive_every_program_that_reads_them() {
    let written = |text: &&str| serde_json::to_string(text).unwrap();
    let numbered = |prefix: &'static str| {
        let one = move |(number, text)| format!("{prefix}{number}: {}", written(text));
        HOSTILE.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
    };
    for (engine, generation) in [("docker-1.10.3", Generation::One), ("docker-27.3.1", Generation::Two)] {
        let text = format!(
            "name: x
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}}}}}
nodes: {{box: {{first-address: {{a: 10.0.1.10}}, os: debian-12, engine: {engine}}}}}
services:
  web:
    image: registry.example.com:5000/a/b:1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    placement: box
    publish: [\"127.0.0.1:8000-8001:80-81\", \"53:53/udp\", \"[::1]:90:90\"]
    command: [{}]
    environment: {{{}}}
    labels: {{{}}}
    volumes: [\"/a $b #c 'd':/e:ro\"]
    tmpfs: [\"/run:size=64m\"]",
            HOSTILE.iter().map(written).collect::<Vec<_>>().join(", "),
            numbered("V"),
            numbered("l"),
        );
        let tree = rendered(&text).tree;
        let folder = tempfile::tempdir().unwrap();
        onto(&tree, folder.path());
        let read = config(generation, &[&folder.path().join("nodes/box/compose.yaml")]);
        let web = &read[0]["web"];
        assert_eq!(web.command, HOSTILE);
        for (number, text) in HOSTILE.iter().enumerate() {
            assert_eq!(web.environment[&format!("V{number}")].as_deref(), Some(*text));
            assert_eq!(web.labels[&format!("l{number}")], *text);
        }
        assert_eq!(web.volumes, ["/a $b #c 'd':/e:ro"]);
        assert_eq!(web.tmpfs, ["/run:size=64m"]);
        let port = |address: &str, host, container, protocol: &str| {
            (address.into(), host, container, protocol.into())
        };
        let expected = [
            port("", 53, 53, "udp"),
            port("127.0.0.1", 8000, 80, "tcp"),
            port("127.0.0.1", 8001, 81, "tcp"),
            port("::1", 90, 90, "tcp"),
        ];
        assert_eq!(web.ports, expected.into());
    }
}

#[test]
fn secrets_are_taken_from_the_environment_and_looking_needs_none() {
    for (engine, generation, quiet) in [
        ("docker-1.10.3", Generation::One, false),
        ("docker-1.12.6", Generation::One, true),
        ("docker-27.3.1", Generation::Two, true),
    ] {
        let text = format!(
            "name: x
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}}}}}
nodes: {{box: {{first-address: {{a: 10.0.1.10}}, os: debian-12, engine: {engine}}}}}
services:
  web: {{image: a, placement: box, environment: {{SAME: {{secret: SAME}}, OTHER: {{secret: RENAMED}}}}}}"
        );
        let tree = rendered(&text).tree;
        let folder = tempfile::tempdir().unwrap();
        onto(&tree, folder.path());
        let path = folder.path().join("nodes/box/compose.yaml");
        let secrets = [("SAME", "a$b"), ("RENAMED", "c$d")];
        let web = config_with(generation, &[&path], &secrets)[0]["web"].clone();
        assert_eq!(web.environment["SAME"].as_deref(), Some("a$b"));
        assert_eq!(web.environment["OTHER"].as_deref(), Some("c$d"));
        // In format 2.0 there is no default, and a program of 2016 says that a renamed secret is not there.
        if quiet {
            let web = config(generation, &[&path])[0]["web"].clone();
            assert_eq!(web.environment["SAME"], None);
            assert_eq!(web.environment["OTHER"].as_deref(), Some(""));
        }
        let example = file(&tree, "nodes/box/secrets.env.example");
        let asked: Vec<&str> = example.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(asked, ["RENAMED=", "SAME="]);
    }
}

#[test]
fn an_engine_without_health_checks_gets_them_as_labels_and_says_so() {
    let all = rendered(AS_WRITTEN);
    let text = file(&all.tree, "nodes/mgmt-host-1/compose.rancher-ha.yaml");
    assert_eq!(text.matches("io.rancher-gen.health\"").count(), 1);
    assert!(!text.contains("healthcheck:"));
    assert!(
        all.notes.iter().any(|note| note.contains("docker-1.10.3 knows no health checks")),
        "{:?}",
        all.notes
    );
}
