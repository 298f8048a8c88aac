#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use ipnet::IpNet;
use proptest::prelude::*;

use super::{EndpointRange, Endpoints, PacketSet, Services, Side, Unfixed};
use crate::policy::Member;
use crate::scalar::Traffic;
use crate::topology::{DatabaseId, LoadBalancerId, PoolId};

/// A small universe: each endpoint and service is a bit, and stands for itself alone.
const ENDPOINTS: usize = 8;
const SERVICES: usize = 7;

fn endpoint(bit: usize) -> Endpoints {
    let host = |text: &str| Endpoints::networks([text.parse::<IpNet>().unwrap()]);
    match bit {
        0 => host("10.0.0.1/32"),
        1 => host("10.0.0.2/32"),
        2 => host("255.255.255.255/32"),
        3 => host("::/128"),
        4 => host("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
        5 => Endpoints::unfixed(Unfixed::Inside(Member::LoadBalancer(LoadBalancerId(0)))),
        6 => Endpoints::unfixed(Unfixed::Public(Member::Pool(PoolId(0)))),
        _ => Endpoints::unfixed(Unfixed::Inside(Member::Database(DatabaseId(1)))),
    }
}

fn service(bit: usize) -> Services {
    let word = ["1", "2", "65535", "1/udp", "2/udp", "65535/udp", "icmp"][bit];
    word.parse::<Traffic>().unwrap().into()
}

fn endpoints(bits: u8) -> Endpoints {
    let bits = (0..ENDPOINTS).filter(|bit| bits >> bit & 1 == 1);
    bits.fold(Endpoints::default(), |all, bit| all.union(&endpoint(bit)))
}

fn services(bits: u8) -> Services {
    let bits = (0..SERVICES).filter(|bit| bits >> bit & 1 == 1);
    bits.fold(Services::default(), |all, bit| all.union(&service(bit)))
}

type Points = BTreeSet<(usize, usize, usize)>;

fn points(boxes: &[(u8, u8, u8)]) -> Points {
    let mut points = Points::new();
    for (source, destination, services) in boxes {
        for s in (0..ENDPOINTS).filter(|bit| source >> bit & 1 == 1) {
            for d in (0..ENDPOINTS).filter(|bit| destination >> bit & 1 == 1) {
                points.extend((0..SERVICES).filter(|bit| services >> bit & 1 == 1).map(|v| (s, d, v)));
            }
        }
    }
    points
}

fn set(boxes: &[(u8, u8, u8)]) -> PacketSet {
    boxes.iter().fold(PacketSet::empty(), |all, (s, d, v)| {
        all.union(&PacketSet::product(endpoints(*s), endpoints(*d), services(*v)))
    })
}

/// What a set holds of the universe, asked packet by packet of the boxes that it prints.
fn held(set: &PacketSet) -> Points {
    let mut points = Points::new();
    let endpoints: Vec<Endpoints> = (0..ENDPOINTS).map(endpoint).collect();
    let services: Vec<Services> = (0..SERVICES).map(service).collect();
    let within = |of: &Endpoints| (0..ENDPOINTS).filter(|e| endpoints[*e].is_subset(of)).collect::<Vec<_>>();
    for one in set.cover() {
        let destinations = within(&one.destination);
        let ports: Vec<usize> = (0..SERVICES).filter(|v| services[*v].is_subset(&one.services)).collect();
        for s in within(&one.source) {
            for d in &destinations {
                for v in &ports {
                    assert!(points.insert((s, *d, *v)), "a packet is in two boxes");
                }
            }
        }
    }
    points
}

fn boxes() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 0..5)
}

proptest! {
    #[test]
    fn operations_are_those_of_the_packets(a in boxes(), b in boxes()) {
        let (one, other) = (set(&a), set(&b));
        let (few, many) = (points(&a), points(&b));
        prop_assert_eq!(held(&one), few.clone());
        prop_assert_eq!(held(&one.union(&other)), &few | &many);
        prop_assert_eq!(held(&one.intersection(&other)), &few & &many);
        prop_assert_eq!(held(&one.difference(&other)), &few - &many);
        prop_assert_eq!(one.is_empty(), few.is_empty());
        prop_assert_eq!(one.is_subset(&other), few.is_subset(&many));
        prop_assert_eq!(one == other, few == many);
        prop_assert_eq!(one.overlaps(&other), !few.is_disjoint(&many));
        prop_assert_eq!(one.endpoints(Side::Source), endpoints(few.iter().fold(0, |bits, p| bits | 1 << p.0)));
        prop_assert_eq!(
            one.endpoints(Side::Destination), endpoints(few.iter().fold(0, |bits, p| bits | 1 << p.1))
        );
        prop_assert_eq!(one.services(), services(few.iter().fold(0, |bits, p| bits | 1 << p.2)));
    }

    #[test]
    fn another_side_is_put_in_the_place_of_a_side(a in boxes(), bits in any::<u8>()) {
        let changed: Vec<_> = a.iter().filter(|x| x.0 != 0).map(|(_, d, v)| (bits, *d, *v)).collect();
        prop_assert_eq!(held(&set(&a).with_endpoints(Side::Source, &endpoints(bits))), points(&changed));
    }

    #[test]
    fn the_laws_of_sets_hold(a in boxes(), b in boxes(), c in boxes()) {
        let (a, b, c) = (set(&a), set(&b), set(&c));
        let not = |set: &PacketSet| PacketSet::everything().difference(set);
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.intersection(&b.union(&c)), a.intersection(&b).union(&a.intersection(&c)));
        prop_assert_eq!(a.union(&b.intersection(&c)), a.union(&b).intersection(&a.union(&c)));
        prop_assert_eq!(not(&not(&a)), a.clone());
        prop_assert_eq!(not(&a.union(&b)), not(&a).intersection(&not(&b)));
        prop_assert_eq!(a.difference(&b), a.intersection(&not(&b)));
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert!(a.difference(&a).is_empty());
    }
}

#[test]
fn ten_thousand_consecutive_addresses_are_one_interval() {
    let first = u32::from(std::net::Ipv4Addr::new(10, 0, 0, 10));
    let nodes = Endpoints::hosts((first..first + 10_000).rev().map(Into::into));
    assert_eq!(nodes.ranges().len(), 1);
    assert_eq!(nodes.to_string(), "10.0.0.10-10.0.39.25");
    assert_eq!(nodes.count_v4(), 10_000);
}

#[test]
fn boxes_that_differ_in_one_side_become_one() {
    let net = |text: &str| Endpoints::networks([text.parse::<IpNet>().unwrap()]);
    let to = net("10.0.1.7/32");
    let halves =
        ["0.0.0.0/1", "128.0.0.0/1"].map(|half| PacketSet::product(net(half), to.clone(), service(0)));
    let both = halves[0].union(&halves[1]);
    assert_eq!(both.to_string(), "0.0.0.0/0 -> 10.0.1.7: 1/tcp");
    let more = both.union(&PacketSet::product(net("0.0.0.0/0"), to.clone(), service(4)));
    assert_eq!(more.to_string(), "0.0.0.0/0 -> 10.0.1.7: 1/tcp, 2/udp");
    assert_eq!(PacketSet::everything().difference(&PacketSet::empty()), PacketSet::everything());
    assert_eq!(Services::everything().to_string(), "any");
    assert_eq!(PacketSet::empty().to_string(), "no packet");
    assert_eq!(Services::everything().difference(&service(6)).ranges().len(), 3);
    let left = Endpoints::everything().difference(&endpoint(5)).ranges();
    assert_eq!(left.iter().filter(|range| **range == EndpointRange::OtherUnfixed).count(), 1);
}
