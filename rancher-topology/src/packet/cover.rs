//! What a set of packets is made of, so that a person can read it: boxes, as few as are found.
//!
//! The boxes of a diagram are exact and do not overlap. They are put together again where they differ in one field, ports
//! of different senders before senders of different ports.

use std::collections::{BTreeMap, BTreeSet};

use super::diagram::Diagram;
use super::{Field, Intervals, Known, Set, Space};

/// More boxes than this nobody reads, and they take long to find.
const MOST: usize = 4_096;

/// The boxes of a set, and whether these are all.
pub(super) fn boxes(space: &Space, set: Set) -> (Vec<Known>, bool) {
    let mut found = Vec::new();
    let whole = find(space, set.0, &Field::ORDER, &Known::new(), &mut found);
    (joined(found), whole)
}

fn find(space: &Space, set: Diagram, fields: &[Field], above: &Known, found: &mut Vec<Known>) -> bool {
    match set.as_leaf() {
        Some(0) => return true,
        Some(_) => {
            found.push(above.clone());
            return true;
        }
        None => {}
    }
    let Some((field, rest)) = fields.split_first() else { return true };
    let bits = space.layout.bits_of(*field);
    if space.diagrams.bit(set) >= bits.end {
        return find(space, set, rest, above, found);
    }
    let Some(parts) = space.diagrams.parts(set, &bits, MOST * 16) else { return false };
    let mut alike: BTreeMap<Diagram, Vec<(u128, u128)>> = BTreeMap::new();
    let mut order = Vec::new();
    for (at, (first, below)) in parts.iter().enumerate() {
        let last = parts.get(at + 1).map_or(space.layout.last(*field), |(next, _)| next - 1);
        let intervals = alike.entry(*below).or_default();
        if intervals.is_empty() {
            order.push(*below);
        }
        intervals.push((*first, last));
    }
    for below in order {
        if found.len() >= MOST {
            return false;
        }
        let mut own = above.clone();
        own.insert(*field, Intervals::of(alike.remove(&below).unwrap_or_default()));
        if !find(space, below, rest, &own, found) {
            return false;
        }
    }
    true
}

fn joined(boxes: Vec<Known>) -> Vec<Known> {
    let mut boxes = by_ports(boxes);
    loop {
        let before = boxes.len();
        for field in Field::ORDER {
            boxes = along(boxes, field);
        }
        if boxes.len() == before {
            boxes.sort_by(|one, other| key(one).cmp(&key(other)));
            return boxes;
        }
    }
}

/// What a list of boxes is read by: the protocol and the port before the addresses.
fn key(one: &Known) -> impl Ord + '_ {
    let of = |field| one.get(&field);
    (of(Field::Protocol), of(Field::DestinationPort), of(Field::Source), of(Field::Destination), one)
}

/// Boxes that differ only in senders and ports: who sends to each port, then ports with the same senders.
fn by_ports(boxes: Vec<Known>) -> Vec<Known> {
    let mut groups: BTreeMap<Known, Vec<(Intervals, Intervals)>> = BTreeMap::new();
    let mut rest = Vec::new();
    for mut one in boxes {
        match (one.get(&Field::Source).cloned(), one.get(&Field::DestinationPort).cloned()) {
            (Some(source), Some(ports)) => {
                one.remove(&Field::Source);
                one.remove(&Field::DestinationPort);
                groups.entry(one).or_default().push((source, ports));
            }
            _ => rest.push(one),
        }
    }
    for (common, pairs) in groups {
        let mut starts: BTreeSet<u128> = BTreeSet::new();
        for (first, last) in pairs.iter().flat_map(|(_, ports)| ports.iter()) {
            starts.extend([first, last + 1]);
        }
        let starts: Vec<u128> = starts.into_iter().collect();
        let mut by_source: BTreeMap<Intervals, Vec<(u128, u128)>> = BTreeMap::new();
        for pair in starts.windows(2) {
            let senders = pairs.iter().filter(|(_, ports)| ports.contains(pair[0]));
            let senders: Vec<(u128, u128)> = senders.flat_map(|(source, _)| source.iter()).collect();
            if !senders.is_empty() {
                by_source.entry(Intervals::of(senders)).or_default().push((pair[0], pair[1] - 1));
            }
        }
        for (source, ports) in by_source {
            let mut one = common.clone();
            one.insert(Field::Source, source);
            one.insert(Field::DestinationPort, Intervals::of(ports));
            rest.push(one);
        }
    }
    rest
}

/// Boxes that differ in one field only, as one.
fn along(boxes: Vec<Known>, field: Field) -> Vec<Known> {
    let mut groups: BTreeMap<Known, Option<Vec<(u128, u128)>>> = BTreeMap::new();
    for mut one in boxes {
        let own = one.remove(&field);
        let all = groups.entry(one).or_insert_with(|| Some(Vec::new()));
        match (all.as_mut(), own) {
            (Some(all), Some(own)) => all.extend(own.iter()),
            _ => *all = None,
        }
    }
    let join = |(mut one, all): (Known, Option<Vec<(u128, u128)>>)| {
        one.extend(all.map(|all| (field, Intervals::of(all))));
        one
    };
    groups.into_iter().map(join).collect()
}
