//! One packet of many, as ordinary as there is one.

use super::Known;
use super::filter::Packet;
use crate::packet::{Family, Field, Intervals};

impl Packet {
    /// One of some packets, as ordinary as there is one: the first of a connection, with the port and the sender that
    /// say most. `None` if there are none.
    #[must_use]
    pub fn among(family: Family, packets: &Known, inbound: Option<String>) -> Option<Self> {
        if packets.values().any(Intervals::is_empty) {
            return None;
        }
        let of = |field: Field, liked: &[u128]| {
            let Some(set) = packets.get(&field) else { return liked.first().copied().unwrap_or_default() };
            let liked = liked.iter().copied().find(|value| set.contains(*value));
            liked.or_else(|| set.iter().next().map(|(first, _)| first)).unwrap_or_default()
        };
        // The first address of a network is nobody's.
        let host = |field: Field, liked: u128| {
            let first = of(field, &[liked]);
            let next = first.saturating_add(1);
            let is_there = packets.get(&field).is_some_and(|set| set.contains(next));
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
        let echo = if family == Family::V4 { 8 } else { 128 };
        Some(Self {
            inbound,
            outbound: None,
            source: host(Field::Source, stranger),
            destination: host(Field::Destination, other),
            protocol,
            source_port: has_ports.then(|| small(Field::SourcePort, &[40_000])),
            destination_port: has_ports.then(|| small(Field::DestinationPort, &[443, 80])),
            icmp_type: is_icmp.then(|| byte(Field::IcmpType, &[echo])),
            icmp_code: is_icmp.then(|| byte(Field::IcmpCode, &[0])),
            tcp_flags: (protocol == 6).then(|| byte(Field::TcpFlags, &[0b10])),
        })
    }
}
