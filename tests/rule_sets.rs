//! Answers about rule sets: they hold for each packet, one by one.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use rancher_gen::read::iptables;
use rancher_topology::netfilter::{Change, Filter, Hook, HostFacts, Kind, Known, Packet, RuleSet, Verdict};
use rancher_topology::packet::{self, Field, Intervals, State};

mod support;
use support::kernel::Family;
use support::rule_sets::{self, INTERFACES};

const RULE_SETS: u64 = 60;

fn random(seed: u64, family: Family) -> RuleSet {
    let random = rule_sets::rule_set(&mut fastrand::Rng::with_seed(seed), family);
    let family = if family == Family::V4 { packet::Family::V4 } else { packet::Family::V6 };
    iptables::read(&random.rules, Some(family)).unwrap().rules
}

fn one(value: u128) -> Intervals {
    Intervals::from_to(value, value)
}

/// A segment that opens a connection to port 22, of which nothing more is known.
fn opening(source: IpAddr, destination: IpAddr) -> Packet {
    Packet {
        inbound: None,
        outbound: None,
        source,
        destination,
        protocol: 6,
        source_port: None,
        destination_port: Some(22),
        icmp_type: None,
        icmp_code: None,
        tcp_flags: Some(0b10),
    }
}

#[test]
fn a_matrix_says_of_classes_what_is_true_of_each_address() {
    for seed in 0..RULE_SETS {
        for family in [Family::V4, Family::V6] {
            let rules = random(seed, family);
            let mut rng = fastrand::Rng::with_seed(seed);
            let known = Known::from([
                (Field::Protocol, one(6)),
                (Field::DestinationPort, one(22)),
                (Field::TcpFlags, one(0b10)),
                (Field::State, one(State::New.number())),
                (Field::Mark, one(0)),
                (Field::ConnectionMark, one(0)),
            ]);
            let matrix = Filter::new(&rules, &HostFacts::default(), Hook::Forward, &known).matrix();
            let unmarked = Known::from([(Field::Mark, one(0)), (Field::ConnectionMark, one(0))]);
            let mut filter = Filter::new(&rules, &HostFacts::default(), Hook::Forward, &unmarked);
            for _ in 0..60 {
                let (from, to) = (rule_sets::host(&mut rng, family), rule_sets::host(&mut rng, family));
                let class = |address| matrix.class(packet::number(address)).unwrap();
                let said = matrix.verdict(class(from), class(to));
                assert_eq!(said, filter.verdict(&opening(from, to)), "{seed} {family:?} {from} {to}");
            }
            let classes = matrix.classes().len();
            let alike = |a: usize, b: usize| {
                (0..classes).all(|c| {
                    matrix.verdict(a, c) == matrix.verdict(b, c)
                        && matrix.verdict(c, a) == matrix.verdict(c, b)
                })
            };
            let twins = (0..classes).flat_map(|a| (0..a).map(move |b| (a, b))).find(|&(a, b)| alike(a, b));
            assert_eq!(twins, None, "{seed} {family:?}: two classes are alike");
        }
    }
}

#[test]
fn a_change_says_of_each_packet_how_the_answers_differ() {
    let mut seen = [0; 4];
    for seed in 0..RULE_SETS {
        for family in [Family::V4, Family::V6] {
            let (before, after) = (random(seed, family), random(seed + 1000, family));
            let facts = HostFacts::default();
            let mut change = Change::of((&before, &facts), (&after, &facts), Hook::Forward);
            let space = Known::from([(Field::Mark, one(0)), (Field::ConnectionMark, one(0))]);
            let mut was = Filter::new(&before, &facts, Hook::Forward, &space);
            let mut is = Filter::new(&after, &facts, Hook::Forward, &space);
            for (at, kind) in Kind::ALL.into_iter().enumerate() {
                let (differences, _) = change.differences(kind);
                for difference in differences {
                    // What a first packet cannot be, an example cannot show.
                    let new = difference.packets.get(&Field::State);
                    if difference.example.protocol != 6
                        || new.is_some_and(|set| !set.contains(State::New.number()))
                        || difference.example.tcp_flags != Some(0b10)
                        || ![Field::Inbound, Field::Outbound].iter().all(|side| {
                            let named = if *side == Field::Inbound {
                                &difference.example.inbound
                            } else {
                                &difference.example.outbound
                            };
                            difference.packets.contains_key(side) == named.is_some()
                        })
                    {
                        continue;
                    }
                    // Where a box does not say an interface, any will do.
                    let mut example = difference.example;
                    example.inbound.get_or_insert_with(|| INTERFACES[0].to_owned());
                    example.outbound.get_or_insert_with(|| INTERFACES[1].to_owned());
                    let answers = (was.verdict(&example), is.verdict(&example));
                    let right = match kind {
                        Kind::Admits => answers == (Verdict::Refused, Verdict::Admitted),
                        Kind::Refuses => answers == (Verdict::Admitted, Verdict::Refused),
                        Kind::MayAdmit => matches!(
                            answers,
                            (Verdict::Refused, Verdict::Possible) | (Verdict::Possible, Verdict::Admitted)
                        ),
                        Kind::MayRefuse => matches!(
                            answers,
                            (Verdict::Admitted, Verdict::Possible) | (Verdict::Possible, Verdict::Refused)
                        ),
                    };
                    assert!(right, "{seed} {family:?} {kind:?} {example:?}: {answers:?}");
                    seen[at] += 1;
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn a_rule_set_is_equal_to_itself() {
    for seed in 0..RULE_SETS {
        let rules = random(seed, Family::V4);
        let facts = HostFacts::default();
        let change = Change::of((&rules, &facts), (&rules, &facts), Hook::Input);
        assert!(change.is_equal() && !change.asks_for_other_unknowns());
    }
}
