//! Sets of packets obey the laws of sets, and are what they were made of, packet by packet.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rancher_topology::packet::{Family, Field, Intervals, Known, Set, Space};

const FIELDS: [Field; 6] = [
    Field::Source,
    Field::Destination,
    Field::Protocol,
    Field::SourcePort,
    Field::DestinationPort,
    Field::IcmpType,
];

/// Numbers of which many are in few ranges.
fn number() -> impl Strategy<Value = u128> {
    prop_oneof![0..4_u128, 126..130_u128, Just(255)]
}

fn intervals() -> impl Strategy<Value = Intervals> {
    prop::collection::vec((number(), number()), 1..3)
        .prop_map(|all| Intervals::of(all.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect()))
}

fn boxes() -> impl Strategy<Value = Vec<Known>> {
    let one = prop::collection::btree_map(prop::sample::select(FIELDS.to_vec()), intervals(), 0..4);
    prop::collection::vec(one, 0..4)
}

fn packet() -> impl Strategy<Value = BTreeMap<Field, u128>> {
    prop::collection::vec(number(), FIELDS.len()).prop_map(|values| FIELDS.into_iter().zip(values).collect())
}

fn is_in(boxes: &[Known], packet: &BTreeMap<Field, u128>) -> bool {
    boxes.iter().any(|one| one.iter().all(|(field, set)| set.contains(packet[field])))
}

proptest! {
    #[test]
    fn sets_are_what_they_were_made_of(
        one in boxes(),
        other in boxes(),
        packets in prop::collection::vec(packet(), 30),
        family in prop::sample::select(vec![Family::V4, Family::V6]),
    ) {
        let mut space = Space::new(family);
        let [first, second] = [&one, &other].map(|boxes| space.set(boxes));
        let union = space.union(first, second);
        let both = space.intersection(first, second);
        let only = space.difference(first, second);
        let not = space.complement(first);
        for packet in &packets {
            let (a, b) = (is_in(&one, packet), is_in(&other, packet));
            let has = |set: Set| space.contains(set, packet);
            prop_assert_eq!((has(first), has(second)), (a, b));
            prop_assert_eq!((has(union), has(both), has(only), has(not)), (a || b, a && b, a && !b, !a));
        }
        for set in [first, union, both, only, not] {
            let (cover, whole) = space.cover(set);
            prop_assert!(whole);
            for packet in &packets {
                let times = cover.iter().filter(|own| is_in(std::slice::from_ref(own), packet)).count();
                prop_assert_eq!(times, usize::from(space.contains(set, packet)), "{:?}", cover);
            }
            prop_assert_eq!(space.set(&cover), set);
        }
    }

    #[test]
    fn equal_sets_are_one(one in boxes(), other in boxes(), third in boxes()) {
        let mut space = Space::new(Family::V4);
        let [a, b, c] = [&one, &other, &third].map(|boxes| space.set(boxes));
        let reversed: Vec<Known> = one.iter().rev().cloned().collect();
        prop_assert_eq!(space.set(&reversed), a);
        // De Morgan, distribution, and taking away twice.
        let union = space.union(a, b);
        let neither = space.complement(union);
        let (not_a, not_b) = (space.complement(a), space.complement(b));
        prop_assert_eq!(neither, space.intersection(not_a, not_b));
        let (ac, bc) = (space.intersection(a, c), space.intersection(b, c));
        let left = space.intersection(union, c);
        prop_assert_eq!(left, space.union(ac, bc));
        let rest = space.difference(a, b);
        prop_assert!(space.intersection(rest, b).is_empty());
        prop_assert_eq!(space.complement(not_a), a);
        prop_assert_eq!(space.union(a, not_a), Set::EVERYTHING);
    }
}
