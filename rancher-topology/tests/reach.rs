//! Who can reach whom: the ways, the rules on them, and what is missing.

#![allow(clippy::unwrap_used)]

use rancher_topology::flow::{Connection, End, FlowGraph, Route};
use rancher_topology::policy::{Admission, SecurityPolicy, Verdict};
use rancher_topology::reach::{Answer, Cause, HopKind, Pairs, Reach, Via};
use rancher_topology::topology::{NodeId, Place, Topology};
use rancher_topology::validate::complete;
use rancher_topology::{load, validate};

const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");

fn asked<T>(text: &str, then: impl FnOnce(&Topology, &Reach<'_>) -> T) -> T {
    let topology = load(text).unwrap();
    let flows = FlowGraph::of(&topology);
    let policy = SecurityPolicy::of(&topology, &flows);
    then(&topology, &Reach::of(&topology, &flows, &policy))
}

fn ask(text: &str, from: &str, to: &str, port: Option<&str>) -> Answer {
    asked(text, |topology, reach| {
        let named = |word: &str| topology.places_named(word).unwrap();
        reach.ask(&named(from), &named(to), port.map(|port| port.parse().unwrap()))
    })
}

/// The changes of the nearest way of the only answer.
fn missing(text: &str, from: &str, to: &str, port: &str) -> Vec<(String, String)> {
    let answer = ask(text, from, to, Some(port));
    assert_eq!(answer.verdict(), Verdict::No, "{answer:#?}");
    let [alike] = answer.alike.as_slice() else { panic!("{answer:#?}") };
    alike.ways[0].changes().iter().map(|change| (change.to.clone(), change.line.clone())).collect()
}

#[test]
fn cattle_reaches_zookeeper_of_another_node_over_four_sockets() {
    let answer = ask(AS_WRITTEN, "cattle@mgmt-host-1", "zookeeper@mgmt-host-2", Some("2181/tcp"));
    assert_eq!(answer.verdict(), Verdict::Yes);
    let [alike] = answer.alike.as_slice() else { panic!("{answer:#?}") };
    // The parent and cattle are in one namespace, so they are one.
    assert_eq!(alike.clients.len(), 2);
    let way = &alike.ways[0];
    assert!(matches!(way.via, Via::Tunnels(_)));
    let sockets: Vec<(String, Option<&str>)> = way
        .hops
        .iter()
        .filter(|hop| hop.kind != HopKind::Masquerade)
        .map(|hop| (format!("{}:{}", hop.destination, hop.ports), hop.taken_by.as_deref()))
        .collect();
    let expected = [
        ("127.0.0.1:2182", Some("rancher-ha-tunnel-zk-client-2@mgmt-host-1")),
        ("172.22.1.211:2181", None),
        ("rancher-ha-parent@mgmt-host-2:12181", Some("rancher-ha-tunnel-zk-client-2@mgmt-host-2")),
        ("127.0.0.1:2182", Some("rancher-ha-zk@mgmt-host-2")),
    ];
    assert_eq!(sockets, expected.map(|(at, by)| (at.to_owned(), by)));
    let wire = way.hops.iter().find(|hop| hop.kind == HopKind::Masquerade).unwrap();
    assert_eq!((wire.source.as_str(), wire.destination.as_str()), ("172.22.1.210", "172.22.1.211"));
    let inbound = wire.admitted.last().unwrap();
    let place = inbound.place.unwrap();
    assert!(AS_WRITTEN[place.start..place.end].contains("2181/tcp, from: 0.0.0.0/0"), "{inbound:?}");
}

/// What a flow's packets may be stopped by is stopped here, and nothing else.
#[test]
fn what_is_declared_is_reached_exactly_when_no_rule_shuts_it_out() {
    let blocked_2888 = HARDENED.replace("{port: 2888/tcp, from: self,", "{port: 2889/tcp, from: self,");
    let no_way_out = HARDENED.replace("{port: 81/tcp, to: server-nodes,", "{port: 82/tcp, to: server-nodes,");
    let by_address =
        AS_WRITTEN.replace("port: 3888/tcp, from: 172.22.1.0/24", "port: 3888/tcp, from: 172.22.1.210/31");
    let mut refused = 0;
    for text in [AS_WRITTEN, HARDENED, &blocked_2888, &no_way_out, &by_address] {
        let topology = load(text).unwrap();
        let flows = FlowGraph::of(&topology);
        let policy = SecurityPolicy::of(&topology, &flows);
        let admission = Admission::of(&topology, &flows, &policy);
        let reach = Reach::of(&topology, &flows, &policy);
        for id in flows.flow_ids() {
            let flow = &flows[id];
            // What a load balancer's rules say of the targets is asked of the load balancer.
            if flow.route == Route::Nowhere {
                continue;
            }
            for connection in FlowGraph::connections(&topology, flow) {
                let is_among =
                    |ends: &[rancher_topology::policy::ShutOut], end: End| match end.node(&topology) {
                        Some(node) => ends.iter().any(|end| end.nodes.contains(&node)),
                        None => true,
                    };
                let own_node = connection.client.node(&topology).is_some()
                    && connection.client.node(&topology) == connection.server.node(&topology);
                let shut_out = !own_node
                    && admission.blocked().iter().any(|blocked| {
                        blocked.flow == id
                            && is_among(&blocked.from, connection.client)
                            && is_among(&blocked.to, connection.server)
                    });
                let answer =
                    reach.ask(&[place(&connection, true)], &[place(&connection, false)], Some(flow.ports));
                let open = answer.alike.iter().any(|alike| {
                    alike.ways.iter().any(|way| way.verdict == Verdict::Yes && is_of(&flow.route, way.via))
                });
                assert_eq!(open, !shut_out, "{flow:?} {connection:?} {answer:#?}");
                refused += usize::from(shut_out);
            }
        }
    }
    assert!(refused > 8, "{refused}");
}

fn is_of(route: &Route, via: Via) -> bool {
    match route {
        Route::Balanced { balancer, listen, .. } => via == Via::Balanced(*balancer, *listen),
        _ => !matches!(via, Via::Balanced(..)),
    }
}

fn place(connection: &Connection, client: bool) -> Place {
    match if client { connection.client } else { connection.server } {
        End::Internet => Place::Internet,
        End::LoadBalancer(id) => Place::LoadBalancer(id),
        End::Node(id) => Place::Node(id),
        End::Instance(id) => Place::Instance(id),
        End::Database(id) => Place::Database(id),
    }
}

/// Ends that are alike are asked once: whoever is asked alone gets the same answer.
#[test]
fn a_class_answers_for_each_of_its_members() {
    let text =
        HARDENED.replace("{port: 6379/tcp, from: self,", "{port: 6379/tcp, from: 172.22.2.0/23,").replace(
            "{port: 2181/tcp, from: self,",
            "{port: 2181/tcp, from: [172.22.1.210/32, 172.22.3.210/32],",
        );
    asked(&text, |topology, reach| {
        let words = [
            "mgmt-host",
            "cattle",
            "zookeeper",
            "redis",
            "websocket-proxy",
            "go-machine-service",
            "NetworkAgent",
        ];
        let mut pairs = 0;
        for from in words {
            for to in words {
                let [from, to] = [from, to].map(|word| topology.places_named(word).unwrap());
                for alike in reach.ask(&from, &to, None).alike {
                    for client in &alike.clients {
                        for server in &alike.servers {
                            let node = |whom: &rancher_topology::reach::Whom| -> NodeId {
                                let rancher_topology::reach::Whom::End(end) = whom else { panic!() };
                                end.node(topology).unwrap()
                            };
                            let same = node(client) == node(server);
                            let meant = match alike.pairs {
                                Pairs::All => true,
                                Pairs::SameNode => same,
                                Pairs::OtherNode => !same,
                            };
                            if !meant || client == server {
                                continue;
                            }
                            let [client, server] = [client, server].map(|whom| match whom {
                                rancher_topology::reach::Whom::End(End::Node(id)) => Place::Node(*id),
                                rancher_topology::reach::Whom::End(End::Instance(id)) => Place::Instance(*id),
                                other => panic!("{other:?}"),
                            });
                            let alone = reach.ask(&[client], &[server], None);
                            let own = alone.alike.iter().find(|own| own.ports == alike.ports).unwrap();
                            assert_eq!(own.verdict, alike.verdict, "{client:?} {server:?} {:?}", alike.ports);
                            pairs += 1;
                        }
                    }
                }
            }
        }
        assert!(pairs > 400, "{pairs}");
    });
}

#[test]
fn a_port_that_nobody_listens_on_is_refused_for_that() {
    let causes = |from, to, port| -> Vec<Cause> {
        let answer = ask(AS_WRITTEN, from, to, Some(port));
        answer.alike.iter().flat_map(|alike| alike.ways[0].refusals()).map(|refusal| refusal.cause).collect()
    };
    let of_service = causes("mgmt-host-1", "zookeeper@mgmt-host-2", "2182/tcp");
    assert!(of_service.ends_with(&[Cause::NotPublished, Cause::NothingListens]), "{of_service:?}");
    // The rule admits 3306, and nobody is there.
    assert_eq!(causes("172.22.1.7", "mgmt-host-1", "3306/tcp"), [Cause::NothingListens]);
    assert_eq!(causes("mgmt-host-1", "mgmt-host-1", "9999/tcp"), [] as [Cause; 0]);
    assert_eq!(causes("internet", "rancher-ext-lb", "22/tcp").last(), Some(&Cause::NothingListens));
}

const SHUT: &str = "\
nodes:
  front: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: fronts}
  back: {first-address: {b: 10.0.2.10}, os: debian-12, engine: docker-27.3.1, groups: backs, public-address: false}
services:
  web: {image: 'web:1.0', placement: front, publish: ['80:80']}
  store: {image: 'store:1.0', placement: back, network: bridge, listen: [7000]}
security-groups:
  fronts: {inbound: [{port: 80/tcp, from: internet}], outbound: []}
  backs: {inbound: []}
";

#[test]
fn everything_that_is_missing_on_the_way_is_told_and_is_enough() {
    let shut = complete(SHUT);
    let expected = [
        ("`outbound` of security group `fronts`", "- {port: 7000/tcp, to: backs}"),
        ("`inbound` of security group `backs`", "- {port: 7000/tcp, from: fronts}"),
        ("`publish` of service `store`", "- \"7000:7000\""),
    ];
    let told = missing(&shut, "web", "store", "7000");
    assert_eq!(told, expected.map(|(to, line)| (to.to_owned(), line.to_owned())));
    let mended = shut
        .replace("outbound: []", "outbound: [{port: 7000/tcp, to: backs}]")
        .replace("backs: {inbound: []}", "backs: {inbound: [{port: 7000/tcp, from: fronts}]}")
        .replace("network: bridge, listen", "network: bridge, publish: ['7000:7000'], listen");
    assert_eq!(ask(&mended, "web", "store", Some("7000")).verdict(), Verdict::Yes);
    // Each of them is needed.
    for (one, without) in [
        ("outbound: [{port: 7000/tcp, to: backs}]", "outbound: []"),
        ("backs: {inbound: [{port: 7000/tcp, from: fronts}]}", "backs: {inbound: []}"),
        ("publish: ['7000:7000'], ", ""),
    ] {
        assert_eq!(ask(&mended.replace(one, without), "web", "store", Some("7000")).verdict(), Verdict::No);
    }
}

/// What is so while nothing is said goes when something is written, so it is to be written too; and a port of the node that
/// somebody has is not proposed.
#[test]
fn what_is_to_be_written_closes_nothing_else() {
    let before = complete(
        "\
services:
  web: {image: 'web:1.0', placement: node, publish: ['8080:80'], traffic-to: [store]}
  store: {image: 'store:1.0', placement: node, publish: ['7000:80']}
security-groups:
  nodes: {inbound: [{port: 7000/tcp, from: self}]}
",
    );
    let changes = |text: &str, from, to, port| -> Vec<(String, Vec<String>)> {
        let answer = ask(text, from, to, Some(port));
        assert_eq!(answer.verdict(), Verdict::No, "{answer:#?}");
        let changes = answer.alike[0].ways[0].changes();
        changes.into_iter().map(|change| (change.line.clone(), change.with.clone())).collect()
    };
    let lines = |all: &[(&str, &[&str])]| -> Vec<(String, Vec<String>)> {
        let own = |line: &&str| (*line).to_owned();
        all.iter().map(|(line, with)| (own(line), with.iter().map(own).collect())).collect()
    };
    let expected: &[(&str, &[&str])] = &[
        ("- \"store:8080\"", &[]),
        ("- {port: 8081/tcp, from: self}", &[]),
        ("- \"8081:8080\"", &[]),
        ("- 8080", &["- 80"]),
    ];
    assert_eq!(changes(&before, "web@node-1", "store@node-2", "8080"), lines(expected));
    let after = before
        .replace("traffic-to: [store]", "traffic-to: [store, 'store:8080']")
        .replace("publish: ['7000:80']", "publish: ['7000:80', '8081:8080'], listen: [80, 8080]")
        .replace("from: self}]", "from: self}, {port: 8081/tcp, from: self}]");
    for port in ["80", "8080"] {
        assert_eq!(ask(&after, "web@node-1", "store@node-2", Some(port)).verdict(), Verdict::Yes, "{port}");
    }
    // What nodes need while nobody says what they do.
    let defaults: &[(&str, &[&str])] =
        &[("- \"internet:53/udp\"", &["- \"internet:443\"", "- \"internet:80\"", "- \"internet:123/udp\""])];
    assert_eq!(changes(&before, "node-1", "internet", "53/udp"), lines(defaults));
}

#[test]
fn where_rules_follow_from_flows_the_flow_is_what_is_missing() {
    let text = complete(
        "\
services:
  web: {image: 'web:1.0', placement: node, network: host, listen: [80]}
  store: {image: 'store:1.0', placement: node, publish: ['7000:7000']}
security-groups:
  nodes: {inbound: [{port: 7000/tcp, from: self}]}
",
    );
    assert_eq!(
        missing(&text, "web@node-1", "store@node-2", "7000"),
        [("`traffic-to` of service `web`".to_owned(), "- \"store:7000\"".to_owned())]
    );
    let declared = text.replace("listen: [80]}", "listen: [80], traffic-to: ['store:7000']}");
    assert_eq!(ask(&declared, "web@node-1", "store@node-2", Some("7000")).verdict(), Verdict::Yes);
}

#[test]
fn a_node_without_a_public_address_has_no_route_to_the_internet_or_from_it() {
    let shut =
        complete(SHUT).replace("backs: {inbound: []}", "backs: {inbound: [{port: 22/tcp, from: internet}]}");
    let expected = [("nodes `back`".to_owned(), "public-address: true".to_owned())];
    assert_eq!(missing(&shut, "internet", "back", "22"), expected);
    let open = shut.replace("public-address: false", "public-address: true");
    assert_eq!(ask(&open, "internet", "back", Some("22")).verdict(), Verdict::Yes);
}

#[test]
fn addresses_that_rules_treat_apart_are_apart_in_the_answer() {
    let text = complete(
        "\
services:
  web: {image: 'web:1.0', placement: node, network: host, listen: [80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: [198.51.100.0/25, 10.0.9.0/24]}]}
",
    );
    let told = |from: &str| -> Vec<(String, Verdict)> {
        let answer = ask(&text, from, "node", Some("80"));
        let topology = load(&text).unwrap();
        answer.alike.iter().map(|alike| (alike.clients[0].name(&topology), alike.verdict)).collect()
    };
    assert_eq!(
        told("198.51.100.0/24"),
        [
            ("internet (198.51.100.0/25)".to_owned(), Verdict::Yes),
            ("internet (198.51.100.128/25)".to_owned(), Verdict::No)
        ]
    );
    assert_eq!(told("10.0.9.7"), [("10.0.9.7".to_owned(), Verdict::Yes)]);
    // Nobody knows how packets of such a network come here.
    assert_eq!(told("192.168.1.1"), [("192.168.1.1".to_owned(), Verdict::No)]);
    assert_eq!(ask(&text, "internet", "node", Some("80")).verdict(), Verdict::No);
}

#[test]
fn ports_that_are_admitted_in_part_are_told_apart() {
    let text = complete(
        "\
services:
  store: {image: 'store:1.0', placement: node, publish: ['9000-9003:7000-7003'], traffic-to: store}
security-groups:
  nodes: {inbound: [{port: 9001-9002/tcp, from: self}]}
",
    );
    let answer = ask(&text, "store@node-1", "store@node-2", None);
    let told: Vec<(String, Verdict)> =
        answer.alike.iter().map(|alike| (alike.ports.unwrap().to_string(), alike.verdict)).collect();
    let expected = [("7000/tcp", Verdict::No), ("7001-7002/tcp", Verdict::Yes), ("7003/tcp", Verdict::No)];
    assert_eq!(told, expected.map(|(ports, verdict)| (ports.to_owned(), verdict)));
}

#[test]
fn an_overlay_is_as_good_as_the_packets_that_carry_it() {
    let way = |text: &str| {
        let answer = ask(text, "websocket-proxy@mgmt-host-1", "cattle@mgmt-host-2", Some("8080"));
        answer.alike[0].ways.iter().find(|way| matches!(way.via, Via::Overlay(_))).unwrap().verdict
    };
    assert_eq!(way(AS_WRITTEN), Verdict::Yes);
    assert_eq!(
        way(&AS_WRITTEN.replace("port: 4500/udp, from: 172.22.1.0/24", "port: 4501/udp, from: 172.22.1.0/24")),
        Verdict::No
    );
}

/// What an assertion comes to in the hardened example.
fn asserted(sentence: &str) -> Vec<(&'static str, String)> {
    let report = validate(&format!("{HARDENED}assert: [\"{sentence}\"]\n"));
    report.findings.iter().map(|finding| (finding.id, finding.message.clone())).collect()
}

#[test]
fn true_sentences_are_silent_and_false_ones_have_a_packet_that_contradicts_them() {
    for sentence in [
        "internet cannot reach zookeeper",
        "internet cannot reach rancher-ext-db",
        "cattle can reach zookeeper on 2181/tcp",
        "cattle can reach rancher-ext-db on 3306/tcp",
        "internet can reach rancher-ext-lb on 443/tcp",
        "internet can reach load-balancer on 444",
        "203.0.113.9 can reach mgmt-host on 22",
        "internet cannot reach mgmt-host on 6379",
        "mgmt-host can reach rancher-ext-db",
    ] {
        assert_eq!(asserted(sentence), [], "{sentence}");
    }
    for (sentence, message) in [
        ("internet cannot reach rancher-ext-lb", "`internet` can reach `rancher-ext-lb` on 80/tcp"),
        (
            "internet can reach zookeeper on 2181/tcp",
            "`internet` cannot reach `rancher-ha-zk@mgmt-host-1` on 2181/tcp",
        ),
        (
            "internet cannot reach mgmt-host on 22",
            "`internet (203.0.113.0/24)` can reach `mgmt-host-1` on 22/tcp",
        ),
        (
            "cattle can reach zookeeper on 2180-2181",
            "`rancher-ha-parent@mgmt-host-1` cannot reach `rancher-ha-zk@mgmt-host-1` on 2180/tcp",
        ),
        ("172.22.1.77 cannot reach mgmt-host on 81", "`172.22.1.77` may reach `mgmt-host-1` on 81/tcp"),
    ] {
        assert_eq!(asserted(sentence), [("assertion-fails", message.to_owned())], "{sentence}");
    }
}

#[test]
fn a_mistake_in_a_sentence_is_told_at_its_word() {
    for (item, id, place, help) in [
        ("internet cannot reach zookeper", "unknown-name", "zookeper", "did you mean `zookeeper`?"),
        ("\"catle can reach redis on 6379\"", "unknown-name", "catle", "did you mean `cattle`?"),
        (
            "redis@mgmt-host-9 can reach redis",
            "unknown-name",
            "redis@mgmt-host-9",
            "did you mean `redis@mgmt-host-1`?",
        ),
        (
            "internet cannot reach tunnel",
            "unknown-name",
            "tunnel",
            "write the service that it carries: `rancher-ha-redis`",
        ),
        (
            "websocket-proxy@mgmt-host-2 can reach cattle",
            "unknown-name",
            "websocket-proxy@mgmt-host-2",
            "write `websocket-proxy@mgmt-host-1` or `websocket-proxy@mgmt-host-3`",
        ),
        (
            "internet may reach redis",
            "wrong-value",
            "internet may reach redis",
            "write a sentence: `SUBJECT can reach OBJECT on PORT`, or `cannot`; the port may be left out",
        ),
    ] {
        let text = format!("{HARDENED}assert:\n  - {item}\n");
        let report = validate(&text);
        let finding = report
            .findings
            .iter()
            .find(|finding| finding.id == id)
            .unwrap_or_else(|| panic!("{item}: {:#?}", report.findings));
        let span = finding.labels[0].span;
        assert_eq!(&text[span.start..span.end].trim_end(), &place, "{item}");
        assert_eq!(finding.help.as_deref(), Some(help), "{item}");
    }
}

/// A range of addresses is also that of a database which may turn out to have one of them.
#[test]
fn a_range_is_of_all_that_may_be_there() {
    let text = |assertion: &str| {
        format!(
            "
name: small
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}, b: {{cidr: 10.0.2.0/24}}}}}}
nodes: {{app: {{count: 2, first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1, groups: app}}}}
databases: {{db: {{engine: mariadb-10.11, port: 3306, subnets: [a, b], groups: db}}}}
security-groups: {{app: {{inbound: []}}, db: {{inbound: [{{port: 3306/tcp, from: app}}]}}}}
services: {{web: {{image: 'nginx:1.27.2', placement: app, traffic-to: db}}}}
assert: ['{assertion}']
"
        )
    };
    let contradicted = |assertion: &str| {
        asked(&text(assertion), |topology, reach| {
            let found = reach.contradicted(&topology.assertions[0]);
            found.map(|found| (found.server.name(topology), found.certain))
        })
    };
    let rest = "10.0.1.0-10.0.1.9, 10.0.1.12-10.0.1.255".to_owned();
    assert_eq!(contradicted("app cannot reach 10.0.1.0/24 on 3306/tcp"), Some((rest, false)));
    assert_eq!(contradicted("app cannot reach 10.0.1.0/24"), Some(("db".to_owned(), true)));
    assert_eq!(contradicted("app cannot reach 10.0.1.0/24 on 3307/tcp"), None);
    assert_eq!(contradicted("app cannot reach 10.0.1.8/30 on 3307/tcp"), None);
    // Of one of those who answer alike, another one is asked.
    let open = text("app cannot reach app on 22/tcp").replace(
        "inbound: []",
        "inbound: [{port: 22/tcp, from: self}], outbound: [{port: 22/tcp, to: self}]",
    );
    let found = asked(&open, |topology, reach| {
        let found = reach.contradicted(&topology.assertions[0])?;
        Some((found.client.name(topology), found.server.name(topology)))
    });
    assert_eq!(found, Some(("app-1".to_owned(), "app-2".to_owned())));
}

/// What is closed by nobody's listening only is not closed, and what is open over IPv6 is not known to be shut.
#[test]
fn a_sentence_about_a_written_port_or_the_internet_is_not_true_by_chance() {
    let text = |rule: &str, assertion: &str| {
        format!(
            "
name: small
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}}}}}
nodes: {{box: {{first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1, interfaces: eth0, public-address: true, groups: [open]}}}}
security-groups: {{open: {{inbound: [{rule}]}}}}
services: {{pg: {{image: 'postgres:16.4', placement: box, network: host, listen: [5432]}}}}
assert: ['{assertion}']
"
        )
    };
    let contradicted = |rule: &str, assertion: &str| {
        asked(&text(rule, assertion), |topology, reach| {
            let found = reach.contradicted(&topology.assertions[0]);
            found.map(|found| (found.client.name(topology), found.certain))
        })
    };
    let v4 = |certain| Some(("internet".to_owned(), certain));
    let v6 = Some(("internet over IPv6".to_owned(), false));
    assert_eq!(
        contradicted("{port: 9999/tcp, from: 0.0.0.0/0}", "internet cannot reach box on 9999/tcp"),
        v4(true)
    );
    assert_eq!(
        contradicted("{port: 9999/tcp, from: 0.0.0.0/0}", "internet cannot reach box on 9998/tcp"),
        None
    );
    assert_eq!(
        contradicted("{port: 9999/tcp, from: 0.0.0.0/0}", "internet cannot reach pg on 9999/tcp"),
        None
    );
    assert_eq!(contradicted("{port: 9999/tcp, from: 0.0.0.0/0}", "internet cannot reach box"), None);
    assert_eq!(contradicted("{port: 5432/tcp, from: '::/0'}", "internet cannot reach pg on 5432/tcp"), v6);
    assert_eq!(contradicted("{port: 5432/tcp, from: '::/0'}", "internet cannot reach pg on 5433/tcp"), None);
    assert_eq!(contradicted("{port: 5432/tcp, from: internet}", "internet can reach pg on 5432/tcp"), None);
    let asked = ask(
        &text("{port: 5432/tcp, from: '::/0'}", "internet can reach pg"),
        "2001:db8::/32",
        "pg",
        Some("5432/tcp"),
    );
    assert_eq!(asked.verdict(), Verdict::Possible);
}
