//! What changes between two topologies: that, and nothing else.

#![allow(clippy::unwrap_used)]

mod support;

use rancher_topology::change::{Changes, Ends, Life, PlacementChange, ValueChange};
use rancher_topology::load;
use rancher_topology::netfilter::Kind;
use rancher_topology::policy::{Services, Verdict};
use rancher_topology::reach::{Reach, Whom};
use rancher_topology::scalar::Ports;
use rancher_topology::topology::{Place, Topology};
use support::{direct, with};

const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");
const FLEET: &str = include_str!("../../examples/fleet/fleet.yaml");

/// Somebody who is in both topologies, and ports at which something may change.
const WHO: [&str; 14] = [
    "mgmt-host-1",
    "mgmt-host-3",
    "mgmt-host-5",
    "rancher-ext-lb",
    "rancher-ext-db",
    "8.8.8.8",
    "203.0.113.7",
    "198.51.100.1",
    "10.1.2.3",
    "172.22.0.9",
    "172.22.1.5",
    "172.22.2.200",
    "172.22.4.1",
    "192.168.1.1",
];
const PORTS: [&str; 17] = [
    "22", "80", "81", "443", "444", "2181", "2376", "2888", "3306", "3888", "6379", "8080", "18080", "9000",
    "123/udp", "500/udp", "4500/udp",
];

fn place(topology: &Topology, word: &str) -> Option<Place> {
    topology.places_named(word).ok()?.first().copied()
}

fn verdict(topology: &Topology, reach: &Reach<'_>, from: &str, to: &str, ports: Ports) -> Verdict {
    match (place(topology, from), place(topology, to)) {
        (Some(from), Some(to)) => direct(reach, &from, &to, ports).0,
        _ => Verdict::No,
    }
}

fn has(topologies: [&Topology; 2], ends: &Ends, word: &str) -> bool {
    let [old, new] = topologies;
    let topology = if ends.life == Life::Goes { old } else { new };
    let address = word.parse().ok();
    ends.members.iter().any(|member| match member {
        Whom::End(end) => end.name(topology) == word,
        Whom::Internet(all) | Whom::Addresses(all) => address.is_some_and(|address| all.contains(address)),
    })
}

/// What is said to change is what the single questions say, asked of both; how many differences that are.
fn agrees(old_text: &str, new_text: &str) -> usize {
    with(old_text, |old, before| {
        with(new_text, |new, after| {
            let changes = Changes::between(old, new);
            let traffic = changes.traffic.unwrap();
            let mut found = 0;
            for from in WHO {
                for to in WHO {
                    let is_address = |word: &str| word.parse::<std::net::IpAddr>().is_ok();
                    // Of who has an address that nobody has it is not asked who listens there.
                    if from == to || is_address(to) && (is_address(from) || !to.starts_with(['8', '2'])) {
                        continue;
                    }
                    for ports in PORTS {
                        let ports: Ports = ports.parse().unwrap();
                        let was = verdict(old, before, from, to, ports);
                        let is = verdict(new, after, from, to, ports);
                        let expected = match (was, is) {
                            (Verdict::No, Verdict::Yes) => Some(Kind::Admits),
                            (Verdict::Yes, Verdict::No) => Some(Kind::Refuses),
                            (Verdict::No, Verdict::Possible) | (Verdict::Possible, Verdict::Yes) => {
                                Some(Kind::MayAdmit)
                            }
                            (Verdict::Possible, Verdict::No) | (Verdict::Yes, Verdict::Possible) => {
                                Some(Kind::MayRefuse)
                            }
                            _ => None,
                        };
                        let about =
                            |ends: &[Ends], word: &str| ends.iter().any(|ends| has([old, new], ends, word));
                        let told: Vec<Kind> = traffic
                            .iter()
                            .filter(|change| about(&change.from, from) && about(&change.to, to))
                            .filter(|change| Services::from(ports).is_subset(&change.services))
                            .map(|change| change.kind)
                            .collect();
                        assert_eq!(
                            told,
                            Vec::from_iter(expected),
                            "{from} to {to} on {ports}: {was:?} {is:?}"
                        );
                        found += told.len();
                    }
                }
            }
            found
        })
    })
}

fn narrower() -> String {
    let narrow = |line: &str| {
        if line.contains("22/tcp,") { line.replace("0.0.0.0/0", "203.0.113.0/24") } else { line.to_owned() }
    };
    let lines = AS_WRITTEN.lines().map(narrow);
    lines.collect::<Vec<String>>().join("\n")
}

#[test]
fn what_is_told_of_traffic_is_what_single_questions_say() {
    let five = AS_WRITTEN.replace("count: 3 ", "count: 5 ");
    let narrower = narrower();
    assert_ne!(narrower, AS_WRITTEN);
    let shut = AS_WRITTEN.replace("6379/tcp,", "6380/tcp,");
    for (old, new, least) in [
        (AS_WRITTEN, five.as_str(), 50),
        (AS_WRITTEN, HARDENED, 50),
        (AS_WRITTEN, &narrower, 3),
        (AS_WRITTEN, &shut, 1),
        (&shut, &five, 50),
    ] {
        let there = agrees(old, new);
        assert!(there >= least, "{there}");
    }
    assert_eq!(agrees(AS_WRITTEN, &narrower), agrees(&narrower, AS_WRITTEN));
}

#[test]
fn nothing_changes_between_a_topology_and_itself() {
    for text in [AS_WRITTEN, HARDENED, FLEET] {
        let commented = format!("# another comment\n{text}\n# and one more\n");
        let changes = Changes::between(&load(text).unwrap(), &load(&commented).unwrap());
        assert!(changes.is_empty(), "{changes:#?}");
    }
}

#[test]
fn two_nodes_more_are_placement_quorum_and_addresses() {
    let five = AS_WRITTEN.replace("count: 3 ", "count: 5 ");
    let (old, new) = (load(AS_WRITTEN).unwrap(), load(&five).unwrap());
    let changes = Changes::between(&old, &new);
    let nodes: Vec<&str> = changes
        .placement
        .iter()
        .filter_map(|change| match change {
            PlacementChange::NodeComes(id) => Some(new[*id].name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(nodes, ["mgmt-host-4", "mgmt-host-5"]);
    let zookeeper = changes.placement.iter().find_map(|change| match change {
        PlacementChange::ServiceMoves { service, comes, goes } if &*new[*service].name == "rancher-ha-zk" => {
            Some((comes.len(), goes.len()))
        }
        _ => None,
    });
    assert_eq!(zookeeper, Some((2, 0)));
    let [quorum] = changes.quorum.as_slice() else { panic!("{:#?}", changes.quorum) };
    let (before, after) = (quorum.before.unwrap(), quorum.after.unwrap());
    assert_eq!((before.members, before.needed, before.tolerated()), (3, 2, 1));
    assert_eq!((after.members, after.needed, after.tolerated()), (5, 3, 2));
    let addresses: Vec<(&str, Option<&str>)> =
        changes.addresses.iter().map(|change| (change.what.as_str(), change.after.as_deref())).collect();
    let expected = [
        ("node mgmt-host-4", Some("172.22.1.213 in management")),
        ("node mgmt-host-5", Some("172.22.1.214 in management")),
    ];
    assert_eq!(addresses, expected);
    assert_eq!(changes.load_balancers.len(), 2, "{:#?}", changes.load_balancers);
    assert!(changes.listening.is_empty(), "{:#?}", changes.listening);

    let back = Changes::between(&new, &old);
    assert!(matches!(back.placement[0], PlacementChange::NodeGoes(_)), "{:#?}", back.placement);
    assert_eq!(back.quorum[0].after, quorum.before);
}

const SMALL: &str = "
name: small
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes: {box: {count: 3, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, interfaces: eth0}}
services:
  web: {image: nginx:1.27.2, placement: box, publish: ['8080:80'], listen: [80]}
  etcd: {image: etcd:3.5.1, placement: box, network: host, listen: [2379], quorum: majority}
";

fn small(from: &str, to: &str) -> Changes {
    let new = SMALL.replace(from, to);
    assert_ne!(new, SMALL, "{from}");
    Changes::between(&load(SMALL).unwrap(), &load(&new).unwrap())
}

#[test]
fn a_port_that_moves_is_told_with_who_listens() {
    let changes = small("'8080:80'", "'8081:80'");
    let told: Vec<(String, &[String], &[String])> = changes
        .listening
        .iter()
        .map(|change| (change.services.to_string(), change.before.as_slice(), change.after.as_slice()))
        .collect();
    let web = ["web".to_owned()];
    assert_eq!(
        told,
        [("8081/tcp".to_owned(), &[][..], &web[..]), ("8080/tcp".to_owned(), &web[..], &[][..])]
    );
    assert!(changes.placement.is_empty() && changes.addresses.is_empty());
}

#[test]
fn a_node_that_is_renamed_or_moves_is_one_node() {
    // A pool of another name has nodes of other names, at the same addresses.
    let changes = small("box", "host");
    assert!(
        changes.placement.iter().all(|change| matches!(change, PlacementChange::NodeRenamed(..))),
        "{:#?}",
        changes.placement
    );
    assert_eq!(changes.placement.len(), 3);
    assert_eq!(changes.traffic.map(|all| all.len()), Some(0));

    let changes = small("10.0.1.10", "10.0.1.20");
    assert!(changes.placement.is_empty(), "{:#?}", changes.placement);
    let expected = ValueChangeWords { what: "node box-1", before: "10.0.1.10 in a", after: "10.0.1.20 in a" };
    assert_eq!(words(&changes.addresses[0]), expected);
}

#[derive(Debug, PartialEq)]
struct ValueChangeWords<'a> {
    what: &'a str,
    before: &'a str,
    after: &'a str,
}

fn words(change: &ValueChange) -> ValueChangeWords<'_> {
    ValueChangeWords {
        what: &change.what,
        before: change.before.as_deref().unwrap_or("-"),
        after: change.after.as_deref().unwrap_or("-"),
    }
}

#[test]
fn a_service_that_goes_takes_its_quorum_with_it() {
    let changes = small(
        "  etcd: {image: etcd:3.5.1, placement: box, network: host, listen: [2379], quorum: majority}\n",
        "",
    );
    assert!(matches!(changes.placement[..], [PlacementChange::ServiceGoes(_)]), "{:#?}", changes.placement);
    assert_eq!(changes.quorum.len(), 1);
    assert!(changes.quorum[0].after.is_none());
    let told: Vec<String> = changes.listening.iter().map(|change| change.services.to_string()).collect();
    assert_eq!(told, ["2379/tcp"]);
}

/// A load balancer is somewhere in its subnet: a rule about a half of that may be about it.
#[test]
fn what_becomes_certain_is_possibly_new() {
    let text = |half: &str| {
        format!(
            "
name: somewhere
network:
  name: vpc
  provider: aws
  cidr: 10.0.0.0/16
  subnets: {{a: {{cidr: 10.0.1.0/24, zone: eu-west-1a}}, b: {{cidr: 10.0.2.0/24, zone: eu-west-1b}}}}
nodes: {{web: {{first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1, groups: [web]}}}}
security-groups:
  web: {{inbound: [{{port: 8080/tcp, from: {half}}}]}}
load-balancers:
  front: {{targets: web, subnets: [b], scheme: internal, listeners: [{{listen: 80/tcp, forward: 8080/tcp}}]}}
services: {{site: {{image: 'nginx:1.27.2', placement: web, publish: ['8080:80']}}}}
"
        )
    };
    let (half, whole) = (load(&text("10.0.2.0/25")).unwrap(), load(&text("10.0.2.0/24")).unwrap());
    let kinds = |old: &Topology, new: &Topology| {
        let traffic = Changes::between(old, new).traffic.unwrap();
        let of_balancer = traffic.into_iter().filter(|change| change.example.source == "front");
        of_balancer.map(|change| change.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&half, &whole), [Kind::MayAdmit]);
    assert_eq!(kinds(&whole, &half), [Kind::MayRefuse]);
}
