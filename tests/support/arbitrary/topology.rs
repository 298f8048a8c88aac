//! Documents of random topologies.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::TROUBLE;

/// Documents of random topologies, as YAML or JSON text. Most of them resolve; free text in them is [`hostile`].
///
/// A document is built from a list of numbers, each of them a choice, so that a shorter list is a simpler document.
pub fn document() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<u16>(), 0..600).prop_map(|choices| {
        let mut tape = Tape { choices, at: 0 };
        let document = Builder::default().document(&mut tape);
        if tape.chance(50) { document.to_string() } else { block(&document, 0) }
    })
}

/// YAML in block style, whose keys and strings are JSON's.
fn block(value: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            entries.iter().fold(String::new(), |all, (key, value)| {
                let inner = if is_block(value) {
                    format!("\n{}", block(value, depth + 1))
                } else {
                    format!(" {value}\n")
                };
                format!("{all}{pad}{}:{inner}", json!(key))
            })
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().fold(String::new(), |all, item| format!("{all}{pad}- {item}\n"))
        }
        other => format!("{pad}{other}\n"),
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(entries) => !entries.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// Choices in the order in which they are made; when none is left it is always the first.
struct Tape {
    choices: Vec<u16>,
    at: usize,
}

impl Tape {
    fn pick(&mut self, of: usize) -> usize {
        let choice = self.choices.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(choice) % of.max(1)
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.pick(of.len())].clone()
    }

    /// Whether something happens that does in so many of a hundred cases.
    fn chance(&mut self, percent: usize) -> bool {
        self.pick(100) >= 100 - percent
    }

    /// Any string without NUL characters, which no program can be given.
    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.pick(5) {
            text.push_str(if self.chance(40) { "web" } else { self.one(&TROUBLE) });
        }
        text.replace('\0', "")
    }

    /// A line that is fit for a purpose, a title, a reason.
    fn line(&mut self) -> String {
        let turns = ['\u{202e}', '\u{2028}', '\u{feff}'];
        self.text().chars().filter(|c| !c.is_control() && !turns.contains(c)).collect()
    }

    fn list<T>(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.pick(most + 1)).map(|_| item(self)).collect()
    }

    fn map(&mut self, most: usize, key: &[&str], mut value: impl FnMut(&mut Self) -> Value) -> Value {
        let entries = self.list(most, |tape| (tape.one(key).to_owned(), value(tape)));
        Value::Object(entries.into_iter().collect())
    }
}

/// What has been named so far, so that later parts can refer to it.
#[derive(Default)]
struct Builder {
    subnets: Vec<String>,
    groups: Vec<String>,
    pools: Vec<String>,
    overlays: Vec<String>,
    starters: Vec<String>,
    balancers: Vec<String>,
    databases: Vec<String>,
    services: Vec<Made>,
    meshes: Vec<String>,
    next_port: u16,
}

/// A service that was made: its name, the one pool that it runs on, whether others may share its network, and a port
/// of it that is published: on the node, in the container.
#[derive(Clone)]
struct Made {
    name: String,
    pool: String,
    owns_network: bool,
    published: Option<(u16, u16)>,
}

impl Builder {
    fn document(&mut self, tape: &mut Tape) -> Value {
        let aws = tape.chance(40);
        self.subnets = (0..2 + tape.pick(2)).map(|n| format!("net-{n}")).collect();
        self.groups = tape.list(2, |tape| tape.pick(1000)).iter().map(|n| format!("group.{n}")).collect();
        self.overlays = tape.list(1, |_| "mesh_net".to_owned());
        self.starters =
            tape.list(2, |_| ()).iter().enumerate().map(|(n, ())| format!("Starter_{n}")).collect();
        self.balancers = tape.list(2, |_| ()).iter().enumerate().map(|(n, ())| format!("lb-{n}")).collect();
        self.databases = tape.list(2, |_| ()).iter().enumerate().map(|(n, ())| format!("db-{n}")).collect();
        self.pools = (0..=tape.pick(3))
            .map(|n| tape.one(&["box", "Host-x", "n"]).to_owned() + &n.to_string())
            .collect();
        let nodes = self.nodes(tape);
        let services = self.services(tape);
        let tunnels = self.tunnels(tape);
        let subnet = |(n, name): (usize, &String)| {
            let zone = ["us-west-2a", "us-west-2b", "us-west-2c"][n];
            (name.clone(), json!({"cidr": format!("10.1.{n}.0/24"), "zone": zone}))
        };
        let subnets: Map<String, Value> = self.subnets.iter().enumerate().map(subnet).collect();
        let mut document = json!({
            "name": "t", "title": tape.line(),
            "network": {
                "name": "lan", "provider": if aws { "aws" } else { "plain" }, "cidr": "10.1.0.0/16", "subnets": subnets,
            },
            "overlays": self.overlays.iter().map(|name| (name.clone(), json!({"cidr": "10.42.0.0/16"}))).collect::<Map<_, _>>(),
            "nodes": nodes,
            "security-groups": self.security_groups(tape),
            "databases": self.databases(tape),
            "load-balancers": self.load_balancers(tape),
            "services": services,
            "tunnels": tunnels,
        });
        if let Some(first) = self.services.first() {
            let starter = |name: &String| {
                (
                    name.clone(),
                    json!({"service": first.name, "replaceable": name.ends_with('1'), "because": tape.line()}),
                )
            };
            document["starters"] = self.starters.iter().map(starter).collect::<Map<_, _>>().into();
            if let (Some(database), Some(balancer), true) =
                (self.databases.first(), self.balancers.first(), tape.chance(50))
            {
                document["rancher-1"] =
                    json!({"cluster-manager": first.name, "database": database, "load-balancer": balancer});
            }
        }
        document
    }

    fn nodes(&self, tape: &mut Tape) -> Value {
        let mut nodes = Map::new();
        for (position, name) in self.pools.iter().enumerate() {
            let first = 10 + 40 * position;
            let mut addresses = Map::new();
            for n in 0..=tape.pick(self.subnets.len()) {
                addresses.insert(self.subnets[n].clone(), json!(format!("10.1.{n}.{first}")));
            }
            let mut pool = json!({
                "first-address": addresses,
                "os": tape.one(&["debian-12", "centos-7", "rocky-9", "ubuntu-24.04"]),
                "engine": tape.one(&["docker-27.3.1", "docker-1.10.3", "docker-1.12.6", "docker-19.3"]),
                "title": tape.line(),
            });
            if tape.chance(60) {
                pool["count"] = json!(1 + tape.pick(4));
            }
            if let (Some(group), true) = (self.groups.first(), tape.chance(70)) {
                pool["groups"] = json!(group);
            }
            if tape.chance(20) {
                pool["interfaces"] = json!(["eth0", "bond0.100"]);
            }
            nodes.insert(name.clone(), pool);
        }
        nodes.into()
    }

    fn security_groups(&self, tape: &mut Tape) -> Value {
        let mut groups = Map::new();
        for name in &self.groups {
            let mut rule = |side: &str| {
                let peers = ["10.1.0.0/16", "0.0.0.0/0", "internet", "self", "fd00::/8", name.as_str()];
                json!({
                    "port": tape.one(&["22/tcp", "8000-8100", "500/udp", "icmp", "any"]),
                    side: [tape.one(&peers)], "purpose": tape.line(),
                })
            };
            let inbound = [rule("from"), rule("from")];
            let outbound = [rule("to")];
            let mut group = json!({"title": tape.line(), "inbound": inbound});
            if tape.chance(50) {
                group["outbound"] = json!(outbound);
            }
            groups.insert(name.clone(), group);
        }
        groups.into()
    }

    fn databases(&self, tape: &mut Tape) -> Value {
        let mut databases = Map::new();
        for name in &self.databases {
            let engine = tape.one(&["mariadb-10.11", "mysql-8.0", "mariadb-10.0.24"]);
            databases.insert(name.clone(), json!({"engine": engine, "port": 3306, "title": tape.line()}));
        }
        databases.into()
    }

    fn load_balancers(&self, tape: &mut Tape) -> Value {
        let mut balancers = Map::new();
        for name in &self.balancers {
            let mut listener = json!({"listen": "80/tcp", "forward": "81/tcp"});
            if tape.chance(50) {
                listener["proxy-protocol"] = json!("with_header");
            }
            balancers.insert(
                name.clone(),
                json!({
                    "targets": tape.one(&self.pools), "listeners": [listener, {"listen": "443/tcp", "forward": "444/tcp"}],
                    "health-check": tape.one(&["TCP:81", "HTTP:80/ping?a=$b"]), "title": tape.line(),
                }),
            );
        }
        balancers.into()
    }

    fn port(&mut self) -> u16 {
        self.next_port += 1;
        1000 + self.next_port
    }

    fn services(&mut self, tape: &mut Tape) -> Value {
        let mut services = Map::new();
        for number in 0..tape.pick(7) {
            let name = format!("{}{number}", tape.one(&["web-", "S.", "db_x"]));
            let service = self.service(&name, tape);
            services.insert(name, service);
        }
        services.into()
    }

    fn service(&mut self, name: &str, tape: &mut Tape) -> Value {
        let mut made =
            Made { name: name.to_owned(), pool: tape.one(&self.pools), owns_network: true, published: None };
        let mut service = json!({
            "image": tape.one(&["nginx:1.27", "rancher/agent-instance", "registry:5000/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]),
            "command": tape.list(3, Tape::text),
            "environment": self.environment(&made.pool, tape),
            "labels": tape.map(3, &["a", "io.x.y", "b_c"], |tape| json!(tape.text())),
            "tmpfs": tape.list(1, |tape| tape.one(&["/run", "/run/$a:size=1m"])),
            "volumes": tape.list(1, |tape| tape.one(&["/a:/b", "/a $b:/c \"d\":ro"])),
            "privileged": tape.chance(20), "stdin": tape.chance(20),
            "stated": {"ports": tape.line(), "heading": tape.line()},
        });
        let earlier: Vec<Made> =
            self.services.iter().filter(|other| other.pool == made.pool).cloned().collect();
        let owners: Vec<&Made> = earlier.iter().filter(|other| other.owns_network).collect();
        match tape.pick(5) {
            1 => (service["network"], made.owns_network) = (json!("host"), false),
            2 if !owners.is_empty() => {
                (service["network-of"], made.owns_network) = (json!(tape.one(&owners).name), false);
            }
            3 if !self.overlays.is_empty() => service["network"] = json!(["bridge", self.overlays[0]]),
            _ => {}
        }
        if made.owns_network && tape.chance(70) {
            let (host, container) = (self.port(), self.port());
            made.published = Some((host, container));
            service["publish"] =
                json!([format!("{host}:{container}"), format!("127.0.0.1:{}:53/udp", self.port())]);
        }
        if tape.chance(40) {
            service["expose"] = json!(["8080", "500/udp"]);
        }
        if tape.chance(40) {
            service["health"] = json!({
                "probe": if tape.chance(50) { json!({"tcp": 80}) } else { json!({"http": {"port": 80, "path": tape.line()}}) },
                "interval": "90s", "timeout": "1500ms", "healthy": 1 + tape.pick(2),
            });
        }
        if let (Some(other), true) = (earlier.first(), tape.chance(50)) {
            service["after"] = json!(other.name);
        }
        if let (Some(starter), true) = (self.starters.last(), tape.chance(50)) {
            service["started-by"] = json!(starter);
        }
        if tape.chance(30) {
            service["restart"] = json!(tape.one(&["always", "on-failure", "unless-stopped", "no"]));
        }
        // Whoever stands behind a pool may be on each node of it once, or on fewer, or only on its own node.
        let mut on = json!(made.pool);
        if tape.chance(20) {
            (service["scale"], service["naming"]) = (json!(1 + tape.pick(3)), json!("numbered"));
            (made.owns_network, made.published) = (false, None);
        } else if tape.chance(10) && service.get("network-of").is_none() {
            on = json!(self.pools);
            made.published = None;
        }
        service["placement"] = on;
        let mut traffic = vec![json!("internet:443")];
        traffic.extend(earlier.first().map(|other| json!(format!("{}:80", other.name))));
        traffic.extend(self.databases.first().map(|database| json!(database)));
        traffic.extend(self.balancers.first().map(|balancer| json!(format!("{balancer}:443"))));
        traffic.truncate(tape.pick(5));
        service["traffic-to"] = json!(traffic);
        self.services.push(made);
        service
    }

    fn environment(&self, pool: &str, tape: &mut Tape) -> Value {
        let database = self.databases.first().cloned();
        tape.map(4, &["A", "B_2", "c", "D"], |tape| match tape.pick(8) {
            0 => json!({"secret": tape.one(&["A", "SECRET_1"])}),
            1 => json!({"node-index": pool}),
            2 => json!({"node-address": pool}),
            3 => database.as_ref().map_or(json!(true), |name| json!({"host-of": name})),
            _ => json!(tape.text()),
        })
    }

    fn tunnels(&mut self, tape: &mut Tape) -> Value {
        let mut tunnels = Map::new();
        let carried = self.services.clone().into_iter().filter_map(|made| Some((made.published?, made)));
        for (number, ((host, container), made)) in carried.enumerate() {
            if !tape.chance(50) {
                continue;
            }
            let name = format!("tunnel_{number}");
            let mut tunnel = json!({
                "carries": made.name, "port": host.wrapping_add(20_000), "entry": container, "role": "tunnels",
                "labels": tape.map(2, &["x"], |tape| json!(tape.text())),
            });
            if tape.chance(50) {
                tunnel["key"] = json!(format!("/key/{}", tape.text()));
            }
            self.meshes.push(name.clone());
            tunnels.insert(name, tunnel);
        }
        tunnels.into()
    }
}
