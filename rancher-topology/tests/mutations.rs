//! A generated cluster without a fault has no finding; with one fault of a known kind it has that finding.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;
use rancher_topology::validate;
use serde_json::{Value, json};

/// A cluster that anybody would be content with.
#[derive(Debug, Clone)]
struct Cluster {
    aws: bool,
    /// Odd, so that a majority is worth its members.
    nodes: usize,
    /// Services in a row: each connects to the next one.
    services: Vec<Row>,
    balanced: bool,
}

#[derive(Debug, Clone)]
struct Row {
    port: u16,
    udp: bool,
    quorum: bool,
    probed: bool,
    peer: Peer,
}

#[derive(Debug, Clone, Copy)]
enum Peer {
    Itself,
    Group,
    Subnets,
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let peer = prop_oneof![Just(Peer::Itself), Just(Peer::Group), Just(Peer::Subnets)];
    let row = (any::<bool>(), any::<bool>(), any::<bool>(), peer);
    let rows = proptest::collection::vec(row, 2..6);
    (any::<bool>(), prop_oneof![Just(3_usize), Just(5), Just(7), Just(9)], rows, any::<bool>(), 0_u16..900)
        .prop_map(|(aws, nodes, rows, balanced, first)| {
            let row = |(position, (udp, quorum, probed, peer)): (usize, (bool, bool, bool, Peer))| Row {
                port: 7_000 + first + 10 * u16::try_from(position).unwrap(),
                // The way in is a load balancer's, and these know no UDP.
                udp: udp && position > 0,
                quorum,
                probed: probed && !(udp && position > 0),
                peer,
            };
            let services = rows.into_iter().enumerate().map(row).collect();
            Cluster { aws, nodes, services, balanced }
        })
}

const NAMES: [&str; 6] = ["gateway", "orders", "billing", "ledger", "archive", "search"];

impl Row {
    fn protocol(&self) -> &'static str {
        if self.udp { "udp" } else { "tcp" }
    }
}

impl Cluster {
    fn document(&self) -> Value {
        let zone = |letter: &str| if self.aws { format!("us-west-2{letter}") } else { letter.to_owned() };
        let subnets = ["a", "b", "c"].iter().enumerate().map(|(position, letter)| {
            let cidr = format!("10.20.{}.0/24", position + 1);
            ((*letter).to_owned(), json!({"cidr": cidr, "zone": zone(letter)}))
        });
        let mut document = json!({
            "name": "made",
            "network": {
                "name": "lab", "cidr": "10.20.0.0/16",
                "provider": if self.aws { "aws" } else { "plain" },
                "subnets": subnets.collect::<serde_json::Map<_, _>>(),
            },
            "nodes": {"box": {
                "count": self.nodes,
                "first-address": {"a": "10.20.1.10", "b": "10.20.2.10", "c": "10.20.3.10"},
                "os": "debian-12", "engine": "docker-27.3.1", "groups": "boxes",
            }},
            "security-groups": {"boxes": {"inbound": []}},
            "services": {},
        });
        let last = self.services.len() - 1;
        for (position, row) in self.services.iter().enumerate() {
            let (name, port) = (NAMES[position], row.port);
            let mut service = json!({
                "image": format!("registry.example.com/{name}:1.{position}.0"),
                "placement": "box",
                "publish": [format!("{port}:80/{}", row.protocol())],
            });
            if position < last {
                service["traffic-to"] = json!(NAMES[position + 1]);
            }
            if row.quorum {
                service["quorum"] = json!("majority");
            }
            if row.probed {
                service["health"] = json!({"probe": {"tcp": 80}});
            }
            document["services"][name] = service;
            let from = match row.peer {
                _ if position == 0 && self.balanced => json!("front"),
                // The way in without a load balancer: those who use it come from elsewhere.
                _ if position == 0 => json!("203.0.113.0/24"),
                Peer::Itself => json!("self"),
                Peer::Group => json!("boxes"),
                // A load balancer stands in these subnets, and would be let in as well.
                Peer::Subnets if self.balanced => json!("self"),
                Peer::Subnets => json!(["10.20.1.0/24", "10.20.2.0/24", "10.20.3.0/24"]),
            };
            let rule = json!({"port": format!("{port}/{}", row.protocol()), "from": from});
            document["security-groups"]["boxes"]["inbound"].as_array_mut().unwrap().push(rule);
        }
        if self.balanced {
            let port = self.services[0].port;
            document["security-groups"]["front"] =
                json!({"inbound": [{"port": "443/tcp", "from": "0.0.0.0/0"}]});
            document["load-balancers"] = json!({"entrance": {
                "targets": "box", "groups": "front",
                "listeners": [{"listen": "443/tcp", "forward": format!("{port}/tcp")}],
                "health-check": format!("TCP:{port}"),
            }});
        }
        document
    }
}

/// A fault, how it is made (where the cluster has a place for it), and the findings that it has: these and no other.
type Fault = (&'static str, fn(&Cluster, &mut Value) -> bool, &'static [&'static str]);

const FAULTS: &[Fault] = &[
    ("host bits", |_, d| set(d, "/network/subnets/b/cidr", json!("10.20.2.9/24")), &["host-bits"]),
    (
        "outside the network",
        |_, d| set(d, "/network/subnets/d", json!({"cidr": "10.99.1.0/24", "zone": "us-west-2a"})),
        &["subnet-outside-network"],
    ),
    (
        "overlap",
        |_, d| set(d, "/network/subnets/d", json!({"cidr": "10.20.2.128/25", "zone": "us-west-2b"})),
        &["subnet-overlap"],
    ),
    (
        "outside the subnet",
        |_, d| set(d, "/nodes/box/first-address/b", json!("10.20.3.77")),
        &["address-outside-subnet"],
    ),
    (
        "one zone",
        |_, d| set(d, "/nodes/box/first-address", json!({"a": "10.20.1.10"})),
        &["nodes-in-one-zone"],
    ),
    (
        "even",
        |c, d| c.services.iter().any(|row| row.quorum) && set(d, "/nodes/box/count", json!(4)),
        &["even-quorum"],
    ),
    (
        "unpinned",
        |_, d| set(d, "/services/orders/image", json!("registry.example.com/orders")),
        &["unpinned-image"],
    ),
    (
        "reversed",
        |_, d| set(d, "/security-groups/boxes/inbound/1/port", json!("90-80/tcp")),
        &["wrong-value"],
    ),
    (
        "no rule",
        |_, d| {
            d.pointer_mut("/security-groups/boxes/inbound").unwrap().as_array_mut().unwrap().pop().is_some()
        },
        &["flow-not-admitted"],
    ),
    (
        "a slip in a rule's port",
        |c, d| {
            let row = &c.services[1];
            let slip = row.port - row.port % 10 + (row.port + 1) % 10;
            set(d, "/security-groups/boxes/inbound/1/port", json!(format!("{slip}/{}", row.protocol())))
        },
        &["flow-not-admitted"],
    ),
    (
        "a slip in a rule's protocol",
        |c, d| {
            let row = &c.services[1];
            let other = if row.udp { "tcp" } else { "udp" };
            set(d, "/security-groups/boxes/inbound/1/port", json!(format!("{}/{other}", row.port)))
        },
        &["flow-not-admitted"],
    ),
    (
        "a slip in a rule's peer",
        |_, d| set(d, "/security-groups/boxes/inbound/1/from", json!("10.20.9.0/24")),
        &["flow-not-admitted"],
    ),
    (
        "a rule for another network",
        |_, d| set(d, "/security-groups/boxes/inbound/1/from", json!("10.21.1.0/24")),
        &["flow-not-admitted"],
    ),
    (
        "a rule in another group",
        |c, d| {
            let rules = d.pointer_mut("/security-groups/boxes/inbound").unwrap().as_array_mut().unwrap();
            let rule = rules.remove(1);
            let rule = json!({"port": rule["port"], "from": "boxes"});
            if c.balanced {
                d["security-groups"]["front"]["inbound"].as_array_mut().unwrap().push(rule);
            }
            c.balanced
        },
        &["flow-not-admitted"],
    ),
    (
        "a rule for everything",
        |_, d| {
            d.pointer_mut("/security-groups/boxes/inbound")
                .unwrap()
                .as_array_mut()
                .unwrap()
                .push(json!({"port": "any", "from": "0.0.0.0/0"}));
            true
        },
        &["world-open"],
    ),
    (
        "a slip in a published port that somebody needs",
        |c, d| !c.services[1].probed && set(d, "/services/orders/listen", listens(&c.services[1], 81)),
        &["unheard-traffic"],
    ),
    (
        "a slip in a published port that people come by",
        |c, d| !c.services[0].probed && set(d, "/services/gateway/listen", listens(&c.services[0], 81)),
        &["publish-unheard"],
    ),
    (
        "a subnet moved away",
        |_, d| set(d, "/network/subnets/b/cidr", json!("10.99.2.0/24")),
        &["subnet-outside-network"],
    ),
    (
        "a network moved away",
        |_, d| set(d, "/network/cidr", json!("10.99.0.0/16")),
        &["subnet-outside-network"],
    ),
    (
        "the container's port in the rule and the listener",
        |c, d| c.balanced && republish(c, d, 0),
        &["listener-unserved"],
    ),
    (
        "the container's port in the rule for people",
        |c, d| !c.balanced && republish(c, d, 0),
        &["container-port-in-rule"],
    ),
    ("the container's port in the rule for others", |c, d| republish(c, d, 1), &["flow-not-admitted"]),
    (
        "a rule twice",
        |_, d| {
            let rule = d.pointer("/security-groups/boxes/inbound/1").unwrap().clone();
            d.pointer_mut("/security-groups/boxes/inbound").unwrap().as_array_mut().unwrap().push(rule);
            true
        },
        &["redundant-rule"],
    ),
    (
        "a rule for nobody",
        |_, d| {
            d.pointer_mut("/security-groups/boxes/inbound")
                .unwrap()
                .as_array_mut()
                .unwrap()
                .push(json!({"port": "6500/tcp", "from": "self"}));
            true
        },
        &["unused-rule"],
    ),
    (
        "a database port for everybody",
        |_, d| {
            set(d, "/services/orders/publish", json!(["5432:80"]))
                && set(
                    d,
                    "/security-groups/boxes/inbound/1",
                    json!({"port": "5432/tcp", "from": "0.0.0.0/0"}),
                )
        },
        &["world-open"],
    ),
    (
        "one port twice",
        |_, d| {
            let port = d.pointer("/services/orders/publish/0").unwrap().clone();
            d.pointer_mut("/services/gateway/publish").unwrap().as_array_mut().unwrap().push(port);
            true
        },
        &["port-conflict"],
    ),
    (
        "a listener to nobody",
        |c, d| c.balanced && set(d, "/load-balancers/entrance/listeners/0/forward", json!("6501/tcp")),
        &["listener-unserved"],
    ),
    (
        "a check of nobody",
        |c, d| c.balanced && set(d, "/load-balancers/entrance/health-check", json!("TCP:6501")),
        &["health-check-unanswered"],
    ),
    (
        "a port that nobody has",
        |_, d| set(d, "/services/gateway/traffic-to", json!("orders:6502")),
        &["unheard-traffic"],
    ),
    (
        "a probe of nobody",
        |_, d| {
            set(d, "/services/gateway/listen", json!([80]))
                && set(d, "/services/gateway/health", json!({"probe": {"tcp": 6503}}))
        },
        &["probe-unheard"],
    ),
    (
        "an address of nobody",
        |c, d| {
            // A port of the other protocol would be another listener, with flows of its own.
            if c.services[1].udp {
                return false;
            }
            d.pointer_mut("/services/orders/publish")
                .unwrap()
                .as_array_mut()
                .unwrap()
                .push(json!("192.0.2.7:6504:80"));
            true
        },
        &["publish-address-absent"],
    ),
    ("a name of nobody", |_, d| set(d, "/services/gateway/traffic-to", json!("ordres")), &["unknown-name"]),
    (
        "an allowance of nothing",
        |_, d| set(d, "/services/orders/allow", json!({"unpinned-image": "not any more"})),
        &["unused-allow"],
    ),
];

/// What a service listens on.
fn listens(row: &Row, port: u16) -> Value {
    json!([format!("{port}/{}", row.protocol())])
}

/// Publishes what a service's rule is for as another port of the node.
fn republish(cluster: &Cluster, document: &mut Value, position: usize) -> bool {
    let (row, name) = (&cluster.services[position], NAMES[position]);
    let publish = format!("{}:{}/{}", row.port + 20_000, row.port, row.protocol());
    !row.probed && set(document, &format!("/services/{name}/publish"), json!([publish]))
}

/// Puts a value at a place; the place's parent is there.
fn set(document: &mut Value, place: &str, value: Value) -> bool {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(entries) => {
            entries.insert(key.to_owned(), value);
        }
        list => list[key.parse::<usize>().unwrap()] = value,
    }
    true
}

/// The ids of all findings, sorted; one that is told twice is there twice.
fn found(document: &Value) -> Vec<&'static str> {
    let report = validate(&document.to_string());
    let mut ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
    ids.sort_unstable();
    ids
}

fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(seeded(200))]

    #[test]
    fn a_good_cluster_has_no_finding(cluster in cluster()) {
        let report = validate(&cluster.document().to_string());
        prop_assert!(report.findings.is_empty(), "{:#?}\n{:#}", report.findings, cluster.document());
        prop_assert!(report.unchecked.is_empty(), "{:#?}", report.unchecked);
    }
}

proptest! {
    #![proptest_config(seeded(40))]

    #[test]
    fn each_fault_has_its_finding(cluster in cluster()) {
        for (name, make, ids) in FAULTS {
            let mut document = cluster.document();
            if make(&cluster, &mut document) {
                prop_assert_eq!(&found(&document), ids, "{}: {:#}", name, document);
            }
        }
    }
}
