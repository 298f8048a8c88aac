//! `rancher-gen audit`: what exists against the model.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

mod support;
use rancher_gen::output::{Selection, render};
use rancher_gen::template::Templates;
use rancher_topology::topology::ServiceNetwork;
use serde_json::{Value, json};
use support::cli::{Ran, rancher_gen};
use support::examples::{HARDENED, file, topology};
use support::tools::against_schema;

const ADDRESSES: &str = "\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc mq state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 172.22.1.210/24 brd 172.22.1.255 scope global eth0
       valid_lft forever preferred_lft forever
3: docker0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether 02:42:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 172.17.0.1/16 scope global docker0
       valid_lft forever preferred_lft forever
";

/// What an engine adds: ZooKeeper's published port, and a FORWARD that is shut.
const DOCKER: &str = "\
*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 2181 -j DNAT --to-destination 172.17.0.2:12181
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 12181 -j ACCEPT
COMMIT
";

/// A folder with the hardened example, and what its first node prints once the firewall is loaded.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let topology = topology(HARDENED);
    let selection = Selection { only: vec!["iptables"], node: topology.node_ids().next() };
    let tree = render(&topology, &Templates::embedded(), &selection).unwrap().tree;
    let rules = file(&tree, "nodes/mgmt-host-1/iptables/rules.v4");
    let rules = rules.replacen(":RANCHER-GEN -", ":PREROUTING ACCEPT [0:0]\n:RANCHER-GEN -", 1);
    let rules = rules.replacen("-A RANCHER-GEN ", "-A PREROUTING -j RANCHER-GEN\n-A RANCHER-GEN ", 1);
    // `iptables-save` prints numbers.
    let rules = [("destination-unreachable", "3"), ("time-exceeded", "11"), ("parameter-problem", "12")]
        .iter()
        .fold(rules, |rules, (name, number)| rules.replace(name, number));
    put(folder.path(), "cluster.yaml", HARDENED);
    put(folder.path(), "live.txt", &format!("{rules}{DOCKER}"));
    put(folder.path(), "addresses.txt", ADDRESSES);
    folder
}

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

/// The rules of the folder with some words in place of others.
fn change(folder: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(folder.join("live.txt")).unwrap();
    assert!(text.contains(from), "{text}");
    put(folder, "live.txt", &text.replacen(from, to, 1));
}

fn audit(folder: &Path, more: &[&str]) -> Ran {
    let known =
        ["audit", "cluster.yaml", "live.txt", "--node", "mgmt-host-1", "--interfaces", "addresses.txt"];
    rancher_gen(folder, &[&known, more].concat())
}

#[test]
fn a_host_as_it_was_rendered_is_equal() {
    let folder = folder();
    let ran = audit(folder.path(), &[]);
    assert_eq!(
        ran.out, "live.txt: IPv4 of mgmt-host-1 admits and refuses the connections that the model says\n",
        "{}",
        ran.err
    );
    assert_eq!(ran.code, Some(0));
}

#[test]
fn what_is_opened_and_what_is_shut_is_told_with_the_rule_and_the_need() {
    let folder = folder();
    change(
        folder.path(),
        "-A RANCHER-GEN-HOST -p icmp --icmp-type 3",
        "-A RANCHER-GEN-HOST -s 198.51.100.0/24 -p tcp --dport 5000:5001 -j RETURN\n\
         -A RANCHER-GEN-HOST -p icmp --icmp-type 3",
    );
    change(
        folder.path(),
        "-A FORWARD -o docker0 -j DOCKER",
        "-A INPUT -s 203.0.113.128/25 -p tcp --dport 22 -j DROP\n\
         -A FORWARD -s 172.22.3.0/24 -j DROP\n-A FORWARD -o docker0 -j DOCKER",
    );
    let ran = audit(folder.path(), &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let text = fs::read_to_string(folder.path().join("live.txt")).unwrap();
    let line = |words: &str| 1 + text.lines().position(|line| line.contains(words)).unwrap();
    let expected = format!(
        "\
live.txt: IPv4 of mgmt-host-1 differs from the model

admits, and the model does not:
  5000-5001/tcp from 198.51.100.0/24 to 172.22.1.210
    for example tcp 198.51.100.1:40000 → 172.22.1.210:5000 on eth0
    admitted by line {open}: -A RANCHER-GEN-HOST -s 198.51.100.0/24 -p tcp --dport 5000:5001 -j RETURN (mangle)

refuses, and the model admits:
  22/tcp from 203.0.113.128/25 to 172.22.1.210
    for example tcp 203.0.113.129:40000 → 172.22.1.210:22 on eth0
    refused by line {shut}: -A INPUT -s 203.0.113.128/25 -p tcp --dport 22 -j DROP (filter)
    needed by the rule 22/tcp from 203.0.113.0/24 (ssh)
  2181/tcp from 172.22.3.210 to 172.22.1.210
    for example tcp 172.22.3.210:40000 → 172.22.1.210:2181 on eth0
    refused by line {forward}: -A FORWARD -s 172.22.3.0/24 -j DROP (filter)
    needed by the flow rancher-ha-cattle → rancher-ha-zk 2181/tcp

rules that nothing of the model needs:
  line {open}: -A RANCHER-GEN-HOST -s 198.51.100.0/24 -p tcp --dport 5000:5001 -j RETURN (mangle)
",
        open = line("5000:5001"),
        shut = line("203.0.113.128/25"),
        forward = line("172.22.3.0/24 -j DROP"),
    );
    assert_eq!(ran.out, expected);

    let ran = audit(folder.path(), &["--format", "json"]);
    assert_eq!(ran.code, Some(1));
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    let one = &all[0];
    assert_eq!((&one["result"], &one["family"]), (&"differs".into(), &"v4".into()));
    let differences = one["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 3);
    assert_eq!(differences[0]["kind"], "admits");
    assert_eq!(differences[0]["packets"]["sources"], json!(["198.51.100.0/24"]));
    assert_eq!(differences[0]["packets"]["ports"], serde_json::json!(["5000-5001"]));
    assert_eq!(differences[0]["decided-by"][0]["line"], line("5000:5001"));
    assert_eq!(differences[1]["example"]["dport"], 22);
    assert_eq!(one["unneeded-rules"][0]["chain"], "RANCHER-GEN-HOST");
}

#[test]
fn of_many_rules_that_nothing_needs_some_are_told() {
    let folder = folder();
    let open =
        |at: usize| format!("-A RANCHER-GEN-HOST -s 198.51.100.{at}/32 -p tcp --dport 5000 -j RETURN\n");
    let opened: String = (0..40).map(open).collect();
    let first = "-A RANCHER-GEN-HOST -p icmp --icmp-type 3";
    change(folder.path(), first, &(opened + first));
    let ran = audit(folder.path(), &["--format", "json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(all[0]["unneeded-rules"].as_array().unwrap().len(), 32, "{}", ran.err);
    assert_eq!(all[0]["all-unneeded-rules"], json!(false));
    let told = "\n  there may be more of them: not every rule was tried\n";
    let ran = audit(folder.path(), &[]);
    assert!(ran.out.contains(told), "{}", ran.out);

    // Few of them are all of them.
    let folder = self::folder();
    let opened: String = (0..3).map(open).collect();
    change(folder.path(), first, &(opened + first));
    let ran = audit(folder.path(), &["--format", "json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(all[0]["unneeded-rules"].as_array().unwrap().len(), 3, "{}", ran.err);
    assert_eq!(all[0]["all-unneeded-rules"], json!(true));
    assert!(!audit(folder.path(), &[]).out.contains(told));
}

/// A host behind whose addresses thousands of single senders were let in, one rule each.
#[test]
fn a_long_rule_set_is_compared_in_time() {
    let folder = folder();
    let mut number: u32 = 5;
    let mut next = |below: u32| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (number >> 8) % below + 1
    };
    let mut rules = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n".to_owned();
    for _ in 0..5_000 {
        let address = format!("{}.{}.{}.{}", next(222), next(250), next(250), next(250));
        let port = next(65_000);
        let _ = writeln!(rules, "-A INPUT -s {address}/32 -p tcp -m tcp --dport {port} -j ACCEPT");
    }
    rules += "COMMIT\n";
    put(folder.path(), "live.txt", &rules);
    let start = Instant::now();
    let ran = audit(folder.path(), &[]);
    // An unoptimised build on a busy machine; it was 20 times as long once.
    assert!(start.elapsed() < Duration::from_secs(100), "{:?}", start.elapsed());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
}

#[test]
fn what_depends_on_something_unknown_is_possible_only() {
    let folder = folder();
    change(
        folder.path(),
        "-A FORWARD -o docker0 -j DOCKER",
        "-A INPUT -p tcp --dport 22 -m geoip --src-cc DE -j DROP\n-A FORWARD -o docker0 -j DOCKER",
    );
    let ran = audit(folder.path(), &[]);
    assert_eq!(ran.code, Some(5), "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("\nmay refuse, and the model admits:\n  22/tcp from 203.0.113.0/24 to"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("not understood: -m geoip --src-cc DE\n"), "{}", ran.out);
    assert!(!ran.out.contains("\nrefuses"), "{}", ran.out);
}

#[test]
fn a_set_is_asked_where_it_is_given() {
    let folder = folder();
    let text = fs::read_to_string(folder.path().join("live.txt")).unwrap();
    let line =
        text.lines().find(|line| line.contains("-s 203.0.113.0/24") && line.contains("--dport 22")).unwrap();
    change(
        folder.path(),
        line,
        "-A RANCHER-GEN-HOST -p tcp --dport 22 -m set --match-set admins src -j RETURN",
    );
    let without = audit(folder.path(), &[]);
    assert_eq!(without.code, Some(5), "{}", without.out);
    put(folder.path(), "sets.txt", "create admins hash:net family inet\nadd admins 203.0.113.0/24\n");
    let with = audit(folder.path(), &["--ipset", "sets.txt"]);
    assert_eq!(with.code, Some(0), "{}{}", with.out, with.err);
    put(folder.path(), "sets.txt", "create admins hash:net family inet\nadd admins 203.0.113.0/25\n");
    let less = audit(folder.path(), &["--ipset", "sets.txt"]);
    assert!(less.out.contains("  22/tcp from 203.0.113.128/25 to 172.22.1.210\n"), "{}", less.out);
    assert_eq!(less.code, Some(1));
}

#[test]
fn a_host_with_another_interface_is_not_protected() {
    let folder = folder();
    put(folder.path(), "addresses.txt", &ADDRESSES.replace("eth0", "ens5"));
    let ran = audit(folder.path(), &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("interface eth0 is not on the host"), "{}", ran.out);
    assert!(
        ran.out.contains("172.22.1.210 is on none of the interfaces that the model states"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("  every protocol but icmp and tcp and udp from anywhere to 172.17.0.1, 172.17.255.255, 172.22.1.210\n"),
        "{}",
        ran.out
    );
}

#[test]
fn a_host_without_rules_admits_everything() {
    let folder = folder();
    put(folder.path(), "live.txt", "# Generated by iptables-save\n");
    let ran = audit(folder.path(), &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains("no rules are in it, so nothing is refused"), "{}", ran.out);
}

#[test]
fn an_address_that_is_not_understood_leaves_the_rest_possible() {
    let folder = folder();
    let line = "    inet 172.22.1.210/24 brd 172.22.1.255 scope global eth0\n";
    assert!(ADDRESSES.contains(line));
    let more = format!("{line}    inet 198.51.100.300/32 scope global eth0\n");
    put(folder.path(), "addresses.txt", &ADDRESSES.replace(line, &more));
    let ran = audit(folder.path(), &[]);
    assert_eq!(ran.code, Some(5), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("addresses.txt:8: not understood: inet 198.51.100.300/32"), "{}", ran.out);
    assert!(!ran.out.contains("\nadmits") && !ran.out.contains("\nrefuses"), "{}", ran.out);
}

/// Two interfaces towards the network: by which of them packets for a third network leave is not in a list of addresses.
#[test]
fn the_way_out_is_certain_to_networks_of_the_host_only() {
    let folder = folder();
    let second = "4: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc mq state UP group default\n    \
                  inet 172.30.0.5/24 brd 172.30.0.255 scope global eth1\n";
    put(folder.path(), "addresses.txt", &format!("{ADDRESSES}{second}"));
    // What is sent on to another network: from eth1 it is refused, from elsewhere not.
    let send = |to: &str| {
        let live = folder.path().join("live.txt");
        let text = fs::read_to_string(&live).unwrap();
        let rules = format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 2181 -j DNAT --to-destination {to}\nCOMMIT\n\
             *filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n-A FORWARD -o eth1 -p tcp -j DROP\nCOMMIT\n"
        );
        put(folder.path(), "sent.txt", &(text.replace(DOCKER, "") + &rules));
        rancher_gen(
            folder.path(),
            &["audit", "cluster.yaml", "sent.txt", "--node", "mgmt-host-1", "--interfaces", "addresses.txt"],
        )
    };
    let elsewhere = send("192.0.2.9");
    assert_eq!(elsewhere.code, Some(5), "{}{}", elsewhere.out, elsewhere.err);
    assert!(elsewhere.out.contains("\nmay refuse, and the model admits:\n  2181/tcp"), "{}", elsewhere.out);
    let own = send("172.30.0.9");
    assert_eq!(own.code, Some(1), "{}{}", own.out, own.err);
    let container = send("172.17.0.2:12181");
    assert_eq!(container.code, Some(0), "{}{}", container.out, container.err);
}

#[test]
fn names_in_any_encoding_are_read_and_stay_apart() {
    let folder = folder();
    let live = folder.path().join("live.txt");
    let mut bytes = fs::read(&live).unwrap();
    let rule = |name: u8| {
        [b"*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i v".as_slice(), &[name], b" -j DROP\nCOMMIT\n"]
            .concat()
    };
    bytes.extend(rule(0xE4));
    fs::write(&live, bytes).unwrap();
    let ran = audit(folder.path(), &[]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    fs::write(folder.path().join("old.txt"), rule(0xE4)).unwrap();
    fs::write(folder.path().join("new.txt"), rule(0xF6)).unwrap();
    let differs = rancher_gen(folder.path(), &["diff", "--rules", "old.txt", "new.txt"]);
    assert_eq!(differs.code, Some(1), "{}{}", differs.out, differs.err);
}

#[test]
fn the_help_fits_into_a_terminal() {
    let folder = folder();
    let help = rancher_gen(folder.path(), &["audit", "--help"]).out;
    let long: Vec<&str> = help.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn wrong_use_is_told_with_what_to_do() {
    let folder = folder();
    let no_node = rancher_gen(folder.path(), &["audit", "cluster.yaml", "live.txt"]);
    assert_eq!(no_node.code, Some(2));
    assert!(no_node.err.contains("--node NAME"), "{}", no_node.err);
    let wrong = rancher_gen(folder.path(), &["audit", "cluster.yaml", "live.txt", "--node", "mgmt-hots-1"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("did you mean `mgmt-host-1`?"), "{}", wrong.err);
    let swapped = audit(folder.path(), &["--ipset", "addresses.txt"]);
    assert_eq!(swapped.code, Some(3));
    assert!(swapped.err.contains("unreadable-sets"), "{}", swapped.err);
}

/// Every container of the first node: as `docker ps` lists it, and as `docker inspect` prints it.
fn containers() -> (String, Vec<Value>) {
    let topology = topology(HARDENED);
    let node = topology.node_ids().next().unwrap();
    let (mut listed, mut inspected) = (String::new(), Vec::new());
    for instance in topology.instances_on(node) {
        let service = &topology[topology[*instance].service];
        let name = topology.container_name(*instance).to_string();
        let ports: Vec<String> = service
            .publish
            .iter()
            .map(|publish| format!("0.0.0.0:{}->{}/{}", publish.host, publish.container, publish.protocol))
            .collect();
        let bindings: serde_json::Map<String, Value> = service
            .publish
            .iter()
            .map(|publish| {
                let binding = json!([{"HostIp": "0.0.0.0", "HostPort": publish.host.to_string()}]);
                (format!("{}/{}", publish.container, publish.protocol), binding)
            })
            .collect();
        let (networks, mode) = match service.network {
            ServiceNetwork::Host => ("host", "host".to_owned()),
            ServiceNetwork::Of(owner) => {
                let owner = topology.instance_on(owner, node).unwrap();
                ("", format!("container:id-of-{}", topology.container_name(owner)))
            }
            _ => ("bridge", "default".to_owned()),
        };
        let line = json!({
            "Names": name, "Image": service.image, "State": "running", "Ports": ports.join(", "),
            "Networks": networks,
        });
        let _ = writeln!(listed, "{line}");
        inspected.push(json!({
            "Id": format!("id-of-{name}"), "Name": format!("/{name}"), "Config": {"Image": service.image},
            "State": {"Running": true, "Status": "running"}, "HostConfig": {"NetworkMode": mode},
            "NetworkSettings": {"Ports": bindings},
        }));
    }
    (listed, inspected)
}

fn audit_containers(folder: &Path, text: &str) -> Ran {
    put(folder, "containers.json", text);
    rancher_gen(folder, &["audit", "cluster.yaml", "containers.json", "--node", "mgmt-host-1"])
}

#[test]
fn the_containers_of_a_node_are_compared_by_name_image_ports_and_network() {
    let folder = folder();
    let (_, mut inspected) = containers();
    let same = audit_containers(folder.path(), &Value::from(inspected.clone()).to_string());
    assert_eq!(
        (same.code, same.out.as_str()),
        (Some(0), "containers.json: the containers of mgmt-host-1 are those of the model\n"),
        "{}",
        same.err
    );
    let parent = inspected.iter_mut().find(|one| one["Name"] == "/rancher-ha-parent").unwrap();
    parent["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostIp"] = json!("127.0.0.1");
    let is_child = |one: &&mut Value| one["HostConfig"]["NetworkMode"] == "container:id-of-rancher-ha-parent";
    let mut children = inspected.iter_mut().filter(is_child);
    children.next().unwrap()["HostConfig"]["NetworkMode"] = json!("host");
    children.next().unwrap()["HostConfig"]["NetworkMode"] = json!("container:gone");
    drop(children);
    inspected.push(json!({
        "Id": "id-of-debug", "Name": "/debug", "Config": {"Image": "busybox"}, "State": {"Running": true, "Status": "running"},
        "HostConfig": {"NetworkMode": "host"}, "NetworkSettings": {"Ports": {}},
    }));
    let differs = audit_containers(folder.path(), &Value::from(inspected).to_string());
    assert_eq!(differs.code, Some(1), "{}", differs.err);
    for told in [
        "  rancher-ha-parent publishes 127.0.0.1:18080->8080/tcp, and not in the model\n",
        "  rancher-ha-parent does not publish 18080->8080/tcp, as in the model\n",
        " is in the node's own network, and in the network of rancher-ha-parent in the model\n",
        " is in the network of gone, and in the network of rancher-ha-parent in the model\n",
        "  debug is not in the model, and is in the node's own network, so that its ports need not be published\n",
    ] {
        assert!(differs.out.contains(told), "{told}\n{}", differs.out);
    }
    assert_eq!(differs.out.lines().count(), 6, "{}", differs.out);
}

#[test]
fn of_a_list_of_containers_it_is_not_certain_whose_network_they_are_in() {
    let folder = folder();
    let (listed, _) = containers();
    let ran = audit_containers(folder.path(), &listed);
    assert_eq!(ran.code, Some(5), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("in whose network it is, only `docker inspect` says\n"), "{}", ran.out);
    let changed = listed.replace("\"Networks\":\"\"", "\"Networks\":\"host\"")
        + "{\"Names\":\"debug\",\"Image\":\"busybox\",\"State\":\"running\",\"Ports\":\"0.0.0.0:2375->2375/tcp\",\"Networks\":\"bridge\"}\n";
    let ran = audit_containers(folder.path(), &changed);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains("  debug is not in the model, and publishes 2375->2375/tcp\n"), "{}", ran.out);
    assert!(ran.out.contains(" is in the node's own network, and in the network of "), "{}", ran.out);
}

#[test]
fn a_container_in_another_state_does_not_run_whichever_command_says_it() {
    let folder = folder();
    let (listed, inspected) = containers();
    for (state, status) in [
        ("paused", "Up 3 days (Paused)"),
        ("restarting", "Restarting (1) 5 seconds ago"),
        ("removing", "Removal In Progress"),
        ("dead", "Dead"),
        ("created", "Created"),
        ("exited", "Exited (0) 2 hours ago"),
    ] {
        let told = "  rancher-ha-parent does not run\n";
        let mut changed = inspected.clone();
        let parent = changed.iter_mut().find(|one| one["Name"] == "/rancher-ha-parent").unwrap();
        parent["HostConfig"]["PortBindings"] = parent["NetworkSettings"]["Ports"].clone();
        let is_up = ["paused", "restarting"].contains(&state);
        parent["State"] = json!({"Running": is_up, "Paused": state == "paused", "Restarting": state == "restarting",
                                 "Dead": state == "dead", "Status": state});
        let one = audit_containers(folder.path(), &Value::from(changed).to_string());
        assert_eq!(one.code, Some(1), "{state} {}{}", one.out, one.err);
        assert!(one.out.ends_with(&format!("the model\n{told}")), "{state} {}", one.out);
        let lines = listed.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            if line["Names"] == "rancher-ha-parent" {
                (line["State"], line["Status"]) = (json!(state), json!(status));
                if !is_up {
                    line["Ports"] = json!("");
                }
            }
            line
        });
        let lines: Vec<Value> = lines.collect();
        let print = |lines: &[Value]| lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let of_state = audit_containers(folder.path(), &print(&lines));
        let without: Vec<Value> = lines
            .iter()
            .cloned()
            .map(|mut line| {
                if line["Names"] == "rancher-ha-parent" {
                    line["State"] = Value::Null;
                } else {
                    line["Status"] = json!("Up 3 days");
                }
                line
            })
            .collect();
        for other in [of_state, audit_containers(folder.path(), &print(&without))] {
            assert_eq!(other.code, Some(1), "{state} {}{}", other.out, other.err);
            let lines: Vec<&str> = other.out.lines().filter(|line| line.starts_with("  ")).collect();
            assert_eq!(lines, [told.trim_end()], "{state} {}", other.out);
        }
    }
}

/// A change of a container, and what is told of it.
type ContainerChange = (fn(&mut Value), &'static str);

#[test]
fn what_a_container_does_not_say_is_told() {
    let folder = folder();
    let (_, inspected) = containers();
    let changes: [ContainerChange; 2] = [
        (
            |one| one["State"] = json!({"Status": "sleeping"}),
            "not understood: rancher-ha-parent: its state is \"sleeping\"\n",
        ),
        (
            |one| one["NetworkSettings"] = json!({}),
            "not understood: rancher-ha-parent: its ports are null (`NetworkSettings.Ports`)\n",
        ),
    ];
    for (change, told) in changes {
        let mut changed = inspected.clone();
        change(changed.iter_mut().find(|one| one["Name"] == "/rancher-ha-parent").unwrap());
        let ran = audit_containers(folder.path(), &Value::from(changed).to_string());
        assert_eq!(ran.code, Some(5), "{told}{}{}", ran.out, ran.err);
        assert!(ran.out.contains(told), "{told}{}", ran.out);
        assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    }
}

#[test]
fn programs_get_all_of_it_in_a_form_that_has_a_schema() {
    let folder = folder();
    let open = "-A RANCHER-GEN-HOST -s 198.51.100.0/24 -p tcp --dport 5000 -j RETURN\n";
    let first = "-A RANCHER-GEN-HOST -p icmp --icmp-type 3";
    change(folder.path(), first, &format!("{open}{first}"));
    let (listed, _) = containers();
    put(folder.path(), "containers.json", listed.lines().next().unwrap());
    let resource = json!({"address": "aws_instance.a", "type": "aws_instance", "values": {"id": "i-1"}});
    let vpc = json!({"address": "aws_vpc.a", "type": "aws_vpc",
        "values": {"id": "v-1", "tags": {"Name": "rancher-vpc"}, "cidr_block": "10.0.0.0/16"}});
    let group = json!({"address": "aws_security_group.a", "type": "aws_security_group",
        "values": {"id": "sg-1", "name": "server-nodes"}});
    let state = json!({"values": {"root_module": {"resources": [resource, vpc, group]}}});
    put(folder.path(), "state.json", &state.to_string());
    let ran = audit(folder.path(), &["containers.json", "state.json", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let printed: Value = serde_json::from_str(&ran.out).unwrap();
    let of: Vec<&Value> = printed.as_array().unwrap().iter().map(|one| &one["of"]).collect();
    assert_eq!(of, ["rules", "containers", "state"]);
    for one in printed.as_array().unwrap() {
        assert_eq!(one["result"], "differs");
        assert!(!one["differences"].as_array().unwrap().is_empty(), "{one}");
    }
    let schema: Value = serde_json::from_str(&rancher_gen(folder.path(), &["schema", "audit"]).out).unwrap();
    assert_eq!(against_schema(&schema, &printed), 0);
    let mut wrong = printed;
    wrong[0]["differences"][0]["example"]["dport"] = json!("many");
    assert_eq!(against_schema(&schema, &wrong), 1);
}

/// With no table loaded the programs print nothing, and nothing says for which family that is.
#[test]
fn an_empty_rule_set_is_judged_for_the_family_that_is_said() {
    let folder = folder();
    put(folder.path(), "empty.txt", "");
    let audit = |more: &[&str]| {
        let known = ["audit", "cluster.yaml", "empty.txt", "--node", "mgmt-host-1"];
        rancher_gen(folder.path(), &[&known, more].concat())
    };
    let unsaid = audit(&[]);
    assert_eq!(unsaid.code, Some(2), "{}", unsaid.out);
    assert!(unsaid.err.contains("--family v4 or --family v6"), "{}", unsaid.err);
    for (family, name) in [("v4", "IPv4"), ("v6", "IPv6")] {
        let said = audit(&["--family", family]);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        assert!(said.out.contains(name), "{}", said.out);
    }
}
