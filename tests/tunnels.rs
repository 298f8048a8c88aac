//! Tunnels: each node's commands against the rule, and real ones between two nodes.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::{Child, Command, Stdio};

use rancher_gen::tree::Tree;
use serde_json::Value;
use support::compose::yaml;
use support::examples::{AS_WRITTEN, file, rendered};
use support::tools::{program, python, run};

/// Service and the port that it has on the first node; the way in is ten thousand above.
const MESHES: [(&str, u16); 4] =
    [("redis", 6379), ("zk-client", 2181), ("zk-leader", 3888), ("zk-quorum", 2888)];

fn with_nodes(count: u16) -> Tree {
    rendered(&AS_WRITTEN.replace("count: 3 ", &format!("count: {count} "))).tree
}

/// What the cluster manager's file starts on a node.
fn services(tree: &Tree, node: u16) -> Value {
    let text = file(tree, &format!("nodes/mgmt-host-{node}/compose.rancher-ha.yaml"));
    yaml(&[text], None)[0]["services"].clone()
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The tunnel to node `to` on node `on`, by the rule of cluster-manager's `service/tunnel.go`.
fn rule(port: u16, on: u16, to: u16) -> String {
    let local = port + to - 1;
    if on == to {
        format!("tunnel -d -s [0.0.0.0]:{} -t [127.0.0.1]:{local}", 10_000 + port)
    } else {
        format!("tunnel -e -s [127.0.0.1]:{local} -t [172.22.1.{}]:{port}", 209 + to)
    }
}

#[test]
fn each_node_has_the_tunnels_of_the_rule() {
    for count in [1, 3, 5] {
        let tree = with_nodes(count);
        for on in 1..=count {
            let services = services(&tree, on);
            let tunnels = services.as_object().unwrap().keys().filter(|name| name.contains("-tunnel-"));
            assert_eq!(tunnels.count(), 4 * usize::from(count));
            for (mesh, port) in MESHES {
                for to in 1..=count {
                    let tunnel = &services[format!("rancher-ha-tunnel-{mesh}-{to}")];
                    assert_eq!(words(&tunnel["command"]).join(" "), rule(port, on, to), "{mesh} of {count}");
                }
            }
        }
    }
}

#[test]
fn what_the_page_shows_of_the_first_node_is_a_third_right_for_the_others() {
    let tree = with_nodes(3);
    let commands = |node| -> Vec<String> {
        let services = services(&tree, node);
        let all = services.as_object().unwrap().iter().filter(|(name, _)| name.contains("-tunnel-"));
        all.map(|(name, service)| format!("{name} {:?}", words(&service["command"]))).collect()
    };
    let first = commands(1);
    for other in [2, 3] {
        let same = commands(other).into_iter().filter(|command| first.contains(command)).count();
        assert_eq!((first.len(), same), (12, 4), "node {other}");
    }
}

/// Two nodes, each with the network namespace of its parent container behind NAT as an engine makes it.
struct World {
    prefix: String,
    running: Vec<Child>,
}

impl World {
    fn new() -> Self {
        let world = Self { prefix: format!("compose-{}", std::process::id()), running: Vec::new() };
        for space in ["host1", "parent1", "host2", "parent2"] {
            run(program("ip").args(["netns", "add", &world.space(space)]));
            world.run(space, "ip link set lo up");
        }
        world.pair("host1", "eth0", "172.22.1.210/24", "host2", "eth0", "172.22.1.211/24");
        for node in ["1", "2"] {
            let (host, parent) = (format!("host{node}"), format!("parent{node}"));
            world.pair(&host, "docker0", "172.17.0.1/16", &parent, "eth0", "172.17.0.2/16");
            world.run(&parent, "ip route add default via 172.17.0.1");
            world.run(&host, "sysctl -qw net.ipv4.ip_forward=1");
            world.run(&host, "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE");
        }
        world
    }

    fn space(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    fn command(&self, space: &str, words: &[&str]) -> Command {
        let mut command = program("ip");
        command.args(["netns", "exec", &self.space(space)]).args(words);
        command
    }

    #[track_caller]
    fn run(&self, space: &str, line: &str) -> String {
        run(&mut self.command(space, &line.split(' ').collect::<Vec<_>>()))
    }

    #[track_caller]
    fn pair(&self, one: &str, name: &str, address: &str, other: &str, other_name: &str, other_address: &str) {
        run(program("ip")
            .args(["-n", &self.space(one), "link", "add", name, "type", "veth", "peer"])
            .args(["name", other_name, "netns", &self.space(other)]));
        for (space, name, address) in [(one, name, address), (other, other_name, other_address)] {
            self.run(space, &format!("ip addr add {address} dev {name}"));
            self.run(space, &format!("ip link set {name} up"));
        }
    }

    fn start(&mut self, mut command: Command) {
        self.running.push(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap());
    }

    /// Says a word to a port of the parent's loopback, and what comes back within a few seconds; nothing is "".
    fn ask(&self, node: u16, address: &str, port: u16) -> String {
        let script = "exec 3<>/dev/tcp/$1/$2 && echo hello >&3 && read -r -t 3 answer <&3; echo \"$answer\"";
        let mut command = self
            .command(&format!("parent{node}"), &["bash", "-c", script, "bash", address, &port.to_string()]);
        String::from_utf8_lossy(&command.stderr(Stdio::null()).output().unwrap().stdout).trim().to_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
        for space in ["host1", "parent1", "host2", "parent2"] {
            let _ = program("ip").args(["netns", "del", &self.space(space)]).status();
        }
    }
}

/// What stands in for Redis and ZooKeeper: it answers with who it is and what it heard.
const SERVER: &str = "
import socketserver, sys, threading
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        heard = self.rfile.readline().decode().strip()
        self.wfile.write(f'{self.server.name} heard {heard}\\n'.encode())
for word in sys.argv[1:]:
    name, port = word.rsplit(':', 1)
    server = socketserver.ThreadingTCPServer(('127.0.0.1', int(port)), Answer)
    server.name = name
    threading.Thread(target=server.serve_forever).start()
";

/// What the image's `tunnel` does: the key in plain bytes into the container's own memory, then spiped with its arguments.
const TUNNEL: &str = "#!/bin/sh
set -e
base64 -d \"$ETC/$CATTLE_HA_ENCRYPTION_KEY_PATH\" >\"$KEY\"
exec spiped -F -k \"$KEY\" \"$@\"
";

#[test]
fn real_tunnels_carry_bytes_between_two_nodes() {
    let tree = with_nodes(3);
    let folder = tempfile::tempdir().unwrap();
    let here = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(here("server")).unwrap();
    fs::write(here("server/encryption.key"), "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").unwrap();
    fs::write(here("tunnel"), TUNNEL).unwrap();

    let mut world = World::new();
    for node in [1, 2] {
        let (host, parent) = (format!("host{node}"), format!("parent{node}"));
        let services = services(&tree, node);
        for port in words(&services["rancher-ha-parent"]["ports"]) {
            let (outside, inside) = port.split_once(':').unwrap();
            world.run(&host, &format!("iptables -t nat -A PREROUTING -p tcp -m addrtype --dst-type LOCAL --dport {outside} -j DNAT --to-destination 172.17.0.2:{inside}"));
        }
        let listeners: Vec<String> = MESHES
            .iter()
            .map(|(mesh, port)| format!("{mesh} on mgmt-host-{node}:{}", port + node - 1))
            .collect();
        let python = python().get_program().to_str().unwrap().to_owned();
        let mut words_of_server = vec![python.as_str(), "-c", SERVER];
        words_of_server.extend(listeners.iter().map(String::as_str));
        let server = world.command(&parent, &words_of_server);
        world.start(server);
        for (name, service) in
            services.as_object().unwrap().iter().filter(|(name, _)| name.contains("-tunnel-"))
        {
            let command = words(&service["command"]);
            let script = here(&command[0]);
            let mut words = vec!["sh", &script];
            words.extend(command[1..].iter().map(String::as_str));
            let mut tunnel = world.command(&parent, &words);
            for (key, value) in service["environment"].as_object().unwrap() {
                tunnel.env(key, value.as_str().unwrap());
            }
            tunnel.env("ETC", folder.path()).env("KEY", here(&format!("key-{node}-{name}")));
            world.start(tunnel);
        }
    }
    for node in [1, 2] {
        for (_, port) in MESHES {
            for peer in [1, 2] {
                wait_for(|| !world.ask(node, "127.0.0.1", port + peer - 1).is_empty());
            }
        }
    }
    // Node 1 to node 2 and back, each mesh, each with the name of who answered; its own without any tunnel.
    for (node, peer) in [(1, 2), (2, 1), (1, 1), (2, 2)] {
        for (mesh, port) in MESHES {
            let answer = world.ask(node, "127.0.0.1", port + peer - 1);
            assert_eq!(answer, format!("{mesh} on mgmt-host-{peer} heard hello"), "from node {node}");
        }
    }
    // The sockets on the way: node 1's address across the wire, the published port, the way in behind it.
    let way = world.run("host2", "conntrack -L -p tcp --orig-port-dst 2181");
    assert!(
        way.contains("src=172.22.1.210 dst=172.22.1.211")
            && way.contains("src=172.17.0.2 dst=172.22.1.210 sport=12181"),
        "{way}"
    );
    // Without a tunnel nobody understands a word.
    assert!(!world.ask(1, "172.22.1.211", 2181).contains("heard"));
}

#[track_caller]
fn wait_for(mut done: impl FnMut() -> bool) {
    for _ in 0..100 {
        if done() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("it never came");
}
