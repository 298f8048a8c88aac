//! One packet of many, as ordinary as there is one.

use super::Known;
use super::filter::Packet;
use super::lower::Shared;
use crate::packet::{Family, Field};

/// A packet of those that are every combination of some values.
pub(super) fn of(shared: &Shared, family: Family, packets: &Known) -> Packet {
    let of = |field: Field, liked: &[u128]| {
        let all = shared.layout.all(field);
        let set = packets.get(&field).unwrap_or(&all);
        let liked = liked.iter().copied().find(|value| set.contains(*value));
        liked.or_else(|| set.iter().next().map(|(first, _)| first)).unwrap_or_default()
    };
    // The first address of a network is nobody's.
    let host = |field: Field, liked: u128| {
        let first = of(field, &[liked]);
        let next = first + u128::from(first < shared.layout.last(field));
        let is_there = packets.get(&field).is_none_or(|set| set.contains(next));
        family.address(if first != liked && is_there { next } else { first })
    };
    // Addresses that are in no real network (RFC 5737, RFC 3849).
    let (stranger, other) = match family {
        Family::V4 => (0xC633_6401, 0xCB00_7101),
        Family::V6 => (0x2001_0DB8 << 96 | 1, 0x2001_0DB8 << 96 | 2),
    };
    let small = |field, liked: &[u128]| u16::try_from(of(field, liked)).unwrap_or_default();
    let byte = |field, liked: &[u128]| u8::try_from(of(field, liked)).unwrap_or_default();
    let protocol = byte(Field::Protocol, &[6, 17, u128::from(family.icmp())]);
    let has_ports = matches!(protocol, 6 | 17 | 33 | 132 | 136);
    let is_icmp = protocol == family.icmp();
    Packet {
        inbound: packets.get(&Field::Inbound).and_then(|set| shared.interfaces.name_in(set)),
        outbound: packets.get(&Field::Outbound).and_then(|set| shared.interfaces.name_in(set)),
        source: host(Field::Source, stranger),
        destination: host(Field::Destination, other),
        protocol,
        source_port: has_ports.then(|| small(Field::SourcePort, &[40_000])),
        destination_port: has_ports.then(|| small(Field::DestinationPort, &[443, 80])),
        icmp_type: is_icmp.then(|| byte(Field::IcmpType, &[8, 128])),
        icmp_code: is_icmp.then(|| byte(Field::IcmpCode, &[0])),
        tcp_flags: (protocol == 6).then(|| byte(Field::TcpFlags, &[0b10])),
    }
}
