//! A node as it stands in its network, in namespaces: its neighbours, a router, and a container behind Docker's rules.
//!
//! ```text
//!   friend 172.22.2.210 ─┐                       ┌─ node 172.22.1.210, eth0 ─ docker0 ─ container 172.17.0.2
//!                        ├─ wire, 172.22.0.1 ────┤
//!   stranger 172.22.1.99 ┘   └ far 203.0.113.9   └ (mgmt-host-1 of the hardened example)
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use super::examples::{HARDENED, topology};
use super::netns::{BackEnd, Namespace};
use super::tools::{feed, run};
use rancher_gen::output::{Selection, render};
use rancher_gen::template::Templates;
use rancher_gen::tree::{Options, write};

/// A probe that should not be answered is given up after this; that it was refused is read off the rules' counters.
const SHORT: Duration = Duration::from_millis(300);

pub struct Lab {
    pub node: Namespace,
    pub friend: Namespace,
    pub stranger: Namespace,
    pub far: Namespace,
    pub container: Namespace,
    pub wire: Namespace,
    pub path: std::ffi::OsString,
    folder: tempfile::TempDir,
}

/// The hardened example, where administrators come by IPv6 too.
pub fn document() -> String {
    HARDENED.replace("from: 203.0.113.0/24", "from: [203.0.113.0/24, \"fd00:113::/64\"]")
}

/// The same with so many nodes more, which do not lie side by side: their group is a set.
pub fn with_peers(count: usize) -> String {
    let pool = |number: usize| {
        format!(
            "  peer-{number}:\n    first-address: {{management-a: 172.22.1.{}}}\n    os: centos-7\n    \
             engine: docker-1.10.3\n    groups: server-nodes\n",
            2 * number + 10
        )
    };
    let pools: String = (1..=count).map(pool).collect();
    document().replace("\nsecurity-groups:", &format!("{pools}\nsecurity-groups:"))
}

impl Lab {
    pub fn new(back_end: BackEnd) -> Self {
        let [node, friend, stranger, far, container, wire] =
            ["node", "friend", "stranger", "far", "container", "wire"].map(Namespace::new);
        wire.ip("link add br0 type bridge");
        wire.ip("link set br0 up");
        for (host, port, v4, v6) in [
            (&node, "p1", "172.22.1.210", "fd00:22::210"),
            (&friend, "p2", "172.22.2.210", "fd00:22::211"),
            (&stranger, "p3", "172.22.1.99", "fd00:22::99"),
        ] {
            host.cable("eth0", &wire, port);
            wire.ip(&format!("link set {port} master br0"));
            host.address("eth0", &format!("{v4}/16"));
            host.address("eth0", &format!("{v6}/64"));
        }
        wire.address("br0", "172.22.0.1/16");
        wire.address("br0", "fd00:22::1/64");
        far.cable("eth0", &wire, "p4");
        for (host, interface, last) in [(&far, "eth0", "9"), (&wire, "p4", "1")] {
            host.address(interface, &format!("203.0.113.{last}/24"));
            host.address(interface, &format!("fd00:113::{last}/64"));
        }
        for host in [&node, &friend, &stranger, &far] {
            let gateway = if host.name == far.name {
                ["203.0.113.1", "fd00:113::1"]
            } else {
                ["172.22.0.1", "fd00:22::1"]
            };
            for via in gateway {
                host.ip(&format!("route add default via {via}"));
            }
        }
        for key in ["ipv4.ip_forward", "ipv6.conf.all.forwarding"] {
            wire.set(key, "1");
        }
        node.set("ipv4.ip_forward", "1");
        node.ip("link add docker0 type bridge");
        node.ip("link set docker0 up");
        node.address("docker0", "172.17.0.1/16");
        container.cable("eth0", &node, "veth1");
        node.ip("link set veth1 master docker0");
        container.address("eth0", "172.17.0.2/16");
        container.ip("route add default via 172.17.0.1");

        let folder = tempfile::tempdir().unwrap();
        let lab = Self {
            path: back_end.folder(folder.path()),
            node,
            friend,
            stranger,
            far,
            container,
            wire,
            folder,
        };
        lab.as_docker_does();
        lab.listen();
        lab.render(&document());
        lab
    }

    /// What an engine of 2016 puts there: it leaves FORWARD open, and has no DOCKER-USER.
    fn as_docker_does(&self) {
        self.restore(
            "*nat\n:DOCKER - [0:0]\n\
             -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n\
             -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n\
             -A DOCKER ! -i docker0 -p tcp -m tcp --dport 2181 -j DNAT --to-destination 172.17.0.2:12181\n\
             -A DOCKER ! -i docker0 -p tcp -m tcp --dport 18080 -j DNAT --to-destination 172.17.0.2:8080\n\
             COMMIT\n*filter\n:FORWARD ACCEPT [0:0]\n:DOCKER - [0:0]\n\
             -A FORWARD -o docker0 -j DOCKER\n\
             -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 12181 -j ACCEPT\nCOMMIT\n",
        );
    }

    fn listen(&self) {
        self.container.serve_tcp("0.0.0.0:12181", "zookeeper");
        self.container.serve_tcp("0.0.0.0:8080", "cattle");
        self.node.serve_tcp("[::]:22", "ssh");
        self.node.serve_tcp("[::]:9100", "metrics");
        self.node.serve_udp("0.0.0.0:4500", "ipsec");
        self.node.serve_udp("0.0.0.0:5353", "undeclared");
        self.node.serve_udp("[::]:5354", "undeclared");
        for client in ["0.0.0.0:68", "[::]:546"] {
            self.node.serve_udp(client, "dhcp");
        }
        self.friend.serve_tcp("[::]:9000", "friend");
    }

    /// Renders a topology and puts the folder of mgmt-host-1 where its script is run from.
    pub fn render(&self, document: &str) {
        let topology = topology(document);
        let node = topology.node_ids().find(|id| topology[*id].name.as_str() == "mgmt-host-1");
        let selection = Selection { only: vec!["iptables"], node };
        let tree = render(&topology, &Templates::embedded(), &selection).unwrap().tree;
        let force = Options { force: true, scope: &|_, _| true };
        write(&tree, &self.folder.path().join("out"), &force).unwrap();
    }

    pub fn rendered(&self, file: &str) -> PathBuf {
        self.folder.path().join("out/nodes/mgmt-host-1/iptables").join(file)
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A folder for what a test needs besides.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program in the node's namespace, with the back end's iptables.
    pub fn on_node(&self, program: &str) -> Command {
        let mut command = self.node.command(program);
        command.env("PATH", &self.path).env("RANCHER_GEN_STATE", self.state());
        command
    }

    /// `firewall.sh` with these words.
    pub fn firewall(&self, words: &[&str]) -> Output {
        self.on_node("bash").arg(self.rendered("firewall.sh")).args(words).output().unwrap()
    }

    /// `firewall.sh` with these words, which must be done.
    #[track_caller]
    pub fn done(&self, words: &[&str]) -> String {
        let output = self.firewall(words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "firewall.sh {}: {}\n{told}", words.join(" "), output.status);
        told
    }

    /// `firewall.sh` with these words, which must be refused; why.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) -> String {
        let output = self.firewall(words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "firewall.sh {}\n{told}", words.join(" "));
        told
    }

    /// Adds to the node's rules.
    #[track_caller]
    pub fn restore(&self, rules: &str) {
        feed(self.on_node("iptables-restore").arg("--noflush"), rules);
    }

    /// All rules, chains and policies of both families, a line each with its table, and all sets; without counters and
    /// the seeds of hash tables. A table that has none of these is as one that was never used.
    pub fn loaded(&self) -> String {
        let mut lines = Vec::new();
        for save in ["iptables-save", "ip6tables-save"] {
            let mut table = String::new();
            for line in run(&mut self.on_node(save)).lines() {
                if let Some(name) = line.strip_prefix('*') {
                    table = format!("{save} {name}");
                } else if line.starts_with([':', '-']) && !line.contains(" ACCEPT [") {
                    lines.push(format!("{table} {}", line.split(" [").next().unwrap()));
                }
            }
        }
        let sets = run(self.on_node("ipset").arg("save"));
        let mut sets: Vec<&str> = sets.lines().map(|line| line.split(" initval").next().unwrap()).collect();
        sets.sort_unstable();
        lines.extend(sets.into_iter().map(str::to_owned));
        lines.join("\n")
    }

    /// How many packets our chains have dropped.
    pub fn drops(&self) -> u64 {
        let of = |tool: &str| -> u64 {
            let list = run(self.on_node(tool).args(["-t", "mangle", "-nvxL"]));
            let drops = list.lines().filter(|line| line.contains(" DROP "));
            drops.map(|line| line.split_whitespace().next().unwrap().parse::<u64>().unwrap()).sum()
        };
        of("iptables") + of("ip6tables")
    }

    /// That a probe is not answered, and that it is our chains that drop it.
    #[track_caller]
    pub fn dropped(&self, ask: impl Fn(Duration) -> Option<String>) {
        let before = self.drops();
        let answer = ask(SHORT);
        assert_eq!(answer, None);
        assert!(self.drops() > before, "it was not the firewall that dropped it");
    }
}

/// Writes a program into a folder.
pub fn script(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}
