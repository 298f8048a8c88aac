//! Who reaches whom on what, all at once: the same as when each pair is asked by itself.

#![allow(clippy::unwrap_used)]

mod support;

use rancher_topology::flow::{End, FlowGraph};
use rancher_topology::load;
use rancher_topology::policy::{Endpoints, SecurityPolicy, ServiceRange, Services, Verdict, host_policies};
use rancher_topology::reach::{Matrix, Reach, Whom};
use rancher_topology::scalar::Ports;
use rancher_topology::topology::{Place, Topology};
use support::{direct, with};

const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");
const FLEET: &str = include_str!("../../examples/fleet/fleet.yaml");

/// Two pools that nothing tells apart, one on which nothing listens, one that rules tell apart; rules that are about parts of who they are about.
const PARTS: &str = "
name: parts
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}, b: {cidr: 10.0.2.0/24}}}
nodes:
  one: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, interfaces: eth0, groups: [open]}
  two: {count: 2, first-address: {a: 10.0.1.20}, os: debian-12, engine: docker-27.3.1, interfaces: eth0, groups: [open]}
  idle: {first-address: {a: 10.0.1.30}, os: debian-12, engine: docker-27.3.1, interfaces: eth0, groups: [open]}
  three: {count: 2, first-address: {b: 10.0.2.10}, os: debian-12, engine: docker-27.3.1, interfaces: eth0, groups: [open]}
security-groups:
  open:
    inbound:
      - {port: 22/tcp, from: 10.0.1.0/24}
      - {port: 53/udp, from: [10.0.0.0/23, 10.0.2.0/23]}
      - {port: 8000-8100, from: 10.0.2.0/25}
      - {port: 8050-8200, from: 10.0.2.128/25}
      - {port: icmp, from: self}
      - {port: any, from: 192.168.7.0/24}
    outbound: [{port: any, to: internet}]
services:
  web: {image: nginx:1.27.2, placement: [one, two, three], publish: ['8080:80']}
";

/// A load balancer that is somewhere in a subnet, of whose halves two rules are.
const SOMEWHERE: &str = "
name: somewhere
network:
  name: vpc
  provider: aws
  cidr: 10.0.0.0/16
  subnets: {a: {cidr: 10.0.1.0/24, zone: eu-west-1a}, b: {cidr: 10.0.2.0/24, zone: eu-west-1b}}
nodes: {web: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: [web]}}
security-groups:
  web:
    inbound:
      - {port: 8000-8100, from: 10.0.2.0/25}
      - {port: 8050-8200, from: 10.0.2.128/25}
  front: {outbound: [{port: any, to: 10.0.0.0/16}]}
load-balancers:
  front:
    targets: web
    subnets: [b]
    groups: [front]
    scheme: internal
    listeners: [{listen: 80/tcp, forward: 8080/tcp}]
services: {site: {image: nginx:1.27.2, placement: web, publish: ['8080:80']}}
";

/// The place that an end is.
fn place(topology: &Topology, end: &Whom) -> Place {
    match end {
        Whom::Internet(all) | Whom::Addresses(all) => Place::Network(all.as_networks()[0]),
        Whom::End(end) => topology.places_named(&end.name(topology)).unwrap()[0],
    }
}

/// Ports at which anything could change: those that somebody listens on or is let through to, and those beside them.
fn ports(matrix: &Matrix) -> Vec<Ports> {
    let listening = matrix.classes().iter().flat_map(|class| class.listening.iter().flatten());
    let listening = listening.map(|own| own.ports);
    let openings = matrix.openings();
    let passing = openings.iter().flat_map(|opening| opening.services.ranges());
    let passing = passing.filter_map(|range| match range {
        ServiceRange::Ports(ports) => Some(ports),
        _ => None,
    });
    let mut all: Vec<Ports> = Vec::new();
    for ports in listening.chain(passing) {
        let bounds = [ports.range.first(), ports.range.last()];
        let near = bounds.into_iter().flat_map(|port| [port.saturating_sub(1), port, port.saturating_add(1)]);
        all.extend(
            near.filter(|port| *port > 0)
                .map(|port| format!("{port}/{}", ports.protocol).parse::<Ports>().unwrap()),
        );
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a question is answered as the matrix answers it; port by port, for the first and the last of each class.
fn agrees(text: &str) -> usize {
    with(text, |topology, reach| {
        let matrix = reach.matrix().unwrap();
        let ports = ports(&matrix);
        let mut asked = 0;
        for (from, client) in matrix.classes().iter().enumerate() {
            for (to, server) in matrix.classes().iter().enumerate() {
                let pairs = [
                    (client.members.first(), server.members.last()),
                    (client.members.last(), server.members.first()),
                ];
                for (one, other) in pairs {
                    let (one, other) = (one.unwrap(), other.unwrap());
                    let stranger = |end: &Whom| matches!(end, Whom::Addresses(_) | Whom::Internet(_));
                    // Nobody knows what is between two strangers, and who has an address that nobody has.
                    if one == other || stranger(one) && stranger(other) || matches!(other, Whom::Addresses(_))
                    {
                        continue;
                    }
                    for &ports in &ports {
                        asked += 1;
                        let (verdict, listens) =
                            direct(reach, &place(topology, one), &place(topology, other), ports);
                        let passing = matrix.passing(from, to);
                        let services = Services::from(ports);
                        let said = match () {
                            () if services.is_subset(&passing.certain) => Verdict::Yes,
                            () if services.is_subset(&passing.possible) => Verdict::Possible,
                            () => Verdict::No,
                        };
                        let names = (one.name(topology), other.name(topology), ports.to_string());
                        assert_eq!(said, verdict, "{names:?}");
                        if let (Some(owners), true) = (server.listens(&services), said != Verdict::No) {
                            assert_eq!(!owners.is_empty(), listens, "{names:?} {owners:?}");
                        }
                    }
                }
            }
        }
        asked
    })
}

#[test]
fn every_answer_is_that_of_the_single_question() {
    for (text, least) in [(AS_WRITTEN, 1000), (HARDENED, 1000), (FLEET, 40), (PARTS, 400), (SOMEWHERE, 50)] {
        let asked = agrees(text);
        assert!(asked > least, "{asked}");
    }
}

#[test]
fn who_behaves_alike_is_one_class_and_nobody_is_in_two() {
    with(PARTS, |topology, reach| {
        let matrix = reach.matrix().unwrap();
        let nodes: Vec<Vec<String>> = matrix
            .classes()
            .iter()
            .filter(|class| matches!(class.members[0], Whom::End(_)))
            .map(|class| class.members.iter().map(|end| end.name(topology)).collect())
            .collect();
        assert_eq!(
            nodes,
            [vec!["one-1", "one-2", "two-1", "two-2"], vec!["idle"], vec!["three-1", "three-2"]]
        );
        let mut all = Endpoints::hosts(topology.nodes.iter().map(|node| node.address));
        for member in matrix.classes().iter().flat_map(|class| &class.members) {
            if let Whom::Internet(own) | Whom::Addresses(own) = member {
                assert!(all.intersection(own).is_empty(), "{own}");
                all = all.union(own);
            }
        }
        assert!(all.contains("10.0.1.1".parse().unwrap()) && all.contains("192.168.7.1".parse().unwrap()));
        let class = |name: &str| {
            let has = |member: &Whom| member.name(topology) == name;
            matrix.classes().iter().position(|class| class.members.iter().any(has)).unwrap()
        };
        let seen = |from: &str, to: &str| matrix.passing(class(from), class(to)).all().to_string();
        assert_eq!(seen("three-1", "one-1"), "8000-8100/tcp, 53/udp, icmp");
        assert_eq!(seen("one-1", "two-1"), "22/tcp, 53/udp, icmp");
    });
}

#[test]
fn rules_that_together_are_about_everywhere_that_somebody_may_be_are_certain() {
    with(SOMEWHERE, |topology, reach| {
        let matrix = reach.matrix().unwrap();
        let class = |name: &str| {
            matrix.classes().iter().position(|class| class.members[0].name(topology) == name).unwrap()
        };
        let passing = matrix.passing(class("front"), class("web-1"));
        assert_eq!(passing.certain.to_string(), "8050-8100/tcp");
        assert_eq!(passing.possible.to_string(), "8000-8049/tcp, 8101-8200/tcp");
    });
}

/// A node's own firewall is the groups' rules with addresses in place of names: it never refuses what they let through, so
/// it is no gate of its own on the way.
#[test]
fn the_nodes_own_firewall_admits_whatever_the_groups_let_through() {
    let mut asked = 0;
    for text in [AS_WRITTEN, HARDENED, FLEET, PARTS, SOMEWHERE] {
        let topology = load(text).unwrap();
        let flows = FlowGraph::of(&topology);
        let policy = SecurityPolicy::of(&topology, &flows);
        let hosts = host_policies(&topology, &policy);
        let matrix = Reach::of(&topology, &flows, &policy).matrix().unwrap();
        for opening in matrix.openings() {
            let receiver = &matrix.classes()[opening.to].members[0];
            let Whom::End(End::Node(node)) = receiver else { continue };
            let host = &hosts[topology[*node].pool.position()];
            for sender in &matrix.classes()[opening.from].members {
                let sent = match sender {
                    Whom::End(End::Node(other)) if other == node => continue,
                    Whom::End(End::Node(other)) => Endpoints::hosts([topology[*other].address]),
                    Whom::End(End::LoadBalancer(id)) => Endpoints::networks(
                        topology[*id].subnets.iter().map(|subnet| topology[*subnet].cidr.into()),
                    ),
                    Whom::Internet(all) | Whom::Addresses(all) => all.clone(),
                    Whom::End(_) => continue,
                };
                let rules = host.rules.iter().filter(|rule| {
                    let peers = Endpoints::networks(rule.peers.networks.iter().copied());
                    !peers.intersection(&sent).is_empty()
                });
                let admitted = rules.fold(Services::default(), |all, rule| all.union(&rule.traffic.into()));
                let name = sender.name(&topology);
                assert!(
                    opening.services.is_subset(&admitted),
                    "{name}: {} beside {admitted}",
                    opening.services
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "{asked}");
}
