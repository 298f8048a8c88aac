//! Packets in words: networks, ports, protocols.

use std::fmt::Write as _;
use std::net::IpAddr;

use ipnet::{Ipv4Subnets, Ipv6Subnets};
use rancher_topology::netfilter::{Known, Packet};
use rancher_topology::packet::{Family, Field, Intervals, State};
use schemars::JsonSchema;
use serde::Serialize;

/// More ranges than this are not read in a line.
const MOST_IN_A_LINE: usize = 8;

/// The networks that together are a set of addresses, as few as possible.
pub(super) fn networks(family: Family, set: &Intervals) -> Vec<String> {
    set.iter().flat_map(|(first, last)| of_range(family, first, last)).collect()
}

fn of_range(family: Family, first: u128, last: u128) -> Vec<String> {
    match (family.address(first), family.address(last)) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            Ipv4Subnets::new(first, last, 0).map(|net| net.to_string()).collect()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            Ipv6Subnets::new(first, last, 0).map(|net| net.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// The same for a line: single addresses without a prefix, ranges where they are shorter than their networks.
pub(super) fn addresses(family: Family, set: &Intervals) -> String {
    let words = set.iter().map(|(first, last)| {
        let nets = of_range(family, first, last);
        match nets.as_slice() {
            _ if first == last => family.address(first).to_string(),
            [only] => only.clone(),
            _ => format!("{}-{}", family.address(first), family.address(last)),
        }
    });
    in_a_line(&words.collect::<Vec<_>>())
}

fn in_a_line(words: &[String]) -> String {
    if words.len() <= MOST_IN_A_LINE {
        return words.join(", ");
    }
    format!("{} and {} more", words[..MOST_IN_A_LINE].join(", "), words.len() - MOST_IN_A_LINE)
}

/// Numbers and ranges of them: `22`, `5000-5001`.
pub(super) fn ranges(set: &Intervals) -> Vec<String> {
    let word = |(first, last)| if first == last { format!("{first}") } else { format!("{first}-{last}") };
    set.iter().map(word).collect()
}

/// A protocol's name, or its number where it has none that everybody knows.
pub(super) fn protocol(number: u8) -> String {
    match number {
        1 => "icmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        58 => "icmpv6".to_owned(),
        132 => "sctp".to_owned(),
        number => format!("protocol {number}"),
    }
}

/// The protocols of some packets; none if it may be any.
pub(super) fn protocols(packets: &Known) -> Vec<String> {
    let Some(set) = packets.get(&Field::Protocol) else { return Vec::new() };
    let others = Intervals::from_to(0, 255).difference(set);
    if others.count() < 8 {
        let others = others.iter().flat_map(|(first, last)| first..=last);
        let others: Vec<String> =
            others.filter_map(|number| Some(protocol(u8::try_from(number).ok()?))).collect();
        return vec![format!("every protocol but {}", others.join(" and "))];
    }
    set.iter()
        .map(|(first, last)| match (u8::try_from(first), u8::try_from(last)) {
            (Ok(first), Ok(last)) if first == last => protocol(first),
            _ => format!("protocols {first}-{last}"),
        })
        .collect()
}

/// `5000-5001/tcp from 198.51.100.0/24 to 172.22.1.210`.
pub(super) fn line(family: Family, packets: &Known) -> String {
    let protocols = protocols(packets);
    let mut text = match packets.get(&Field::DestinationPort) {
        Some(ports) => {
            let slash =
                if protocols.is_empty() { String::new() } else { format!("/{}", protocols.join(" or ")) };
            format!("{}{slash}", in_a_line(&ranges(ports)))
        }
        None if protocols.is_empty() => "everything".to_owned(),
        None => in_a_line(&protocols),
    };
    let mut and = |words: String| {
        text.push(' ');
        text.push_str(&words);
    };
    match packets.get(&Field::Source) {
        Some(set) => and(format!("from {}", addresses(family, set))),
        None => and("from anywhere".to_owned()),
    }
    if let Some(set) = packets.get(&Field::Destination) {
        and(format!("to {}", addresses(family, set)));
    }
    if let Some(set) = packets.get(&Field::State) {
        and(format!("state {}", states(set).join(" or ")));
    }
    for (field, word) in
        [(Field::SourcePort, "source port"), (Field::IcmpType, "type"), (Field::IcmpCode, "code")]
    {
        if let Some(set) = packets.get(&field) {
            and(format!("{word} {}", in_a_line(&ranges(set))));
        }
    }
    if let Some(set) = packets.get(&Field::TcpFlags) {
        and(format!("flags {}", flags(set)));
    }
    for (field, word) in [(Field::Mark, "mark"), (Field::ConnectionMark, "connection mark")] {
        if let Some(set) = packets.get(&field) {
            and(format!("{word} {}", in_a_line(&marks(set))));
        }
    }
    text
}

/// Marks and ranges of them, as `iptables` prints them: `0x1`.
fn marks(set: &Intervals) -> Vec<String> {
    let word =
        |(first, last)| if first == last { format!("{first:#x}") } else { format!("{first:#x}-{last:#x}") };
    set.iter().map(word).collect()
}

/// `SYN without FIN, RST and ACK` where some flags are set, some are not and the rest may be anything; else one by one.
fn flags(set: &Intervals) -> String {
    const NAMES: [&str; 6] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
    let all: Vec<u8> = (0..64).filter(|flags| set.contains((*flags).into())).collect();
    let names = |flags: u8| -> Vec<&str> {
        NAMES.into_iter().enumerate().filter(|(at, _)| flags >> at & 1 == 1).map(|(_, name)| name).collect()
    };
    let (on, some) = all.iter().fold((63, 0), |(on, some), flags| (on & flags, some | flags));
    let off = 63 & !some;
    if all.len() == 1 << (6 - (on | off).count_ones()) {
        return match (names(on).join(", "), names(off).join(", ")) {
            (on, off) if on.is_empty() => format!("without {off}"),
            (on, off) if off.is_empty() => on,
            (on, off) => format!("{on} without {off}"),
        };
    }
    let one = |flags: &u8| if *flags == 0 { "none".to_owned() } else { names(*flags).join("+") };
    in_a_line(&all.iter().map(one).collect::<Vec<_>>())
}

/// What connection tracking may say of some packets.
fn states(set: &Intervals) -> Vec<&'static str> {
    let word = |state| match state {
        State::New => "NEW",
        State::Established => "ESTABLISHED",
        State::Related => "RELATED",
        State::Invalid => "INVALID",
        State::Untracked => "UNTRACKED",
    };
    State::ALL.into_iter().filter(|state| set.contains(state.number())).map(word).collect()
}

/// Some packets as programs read them: every combination of these values. What is null may be anything.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Packets {
    /// Networks.
    sources: Option<Vec<String>>,
    /// Networks.
    destinations: Option<Vec<String>>,
    protocols: Option<Vec<String>>,
    /// Numbers and ranges of them, as all that follow.
    ports: Option<Vec<String>>,
    source_ports: Option<Vec<String>>,
    icmp_types: Option<Vec<String>>,
    icmp_codes: Option<Vec<String>>,
    tcp_flags: Option<Vec<String>>,
    /// What connection tracking says: `NEW`, `ESTABLISHED`, `RELATED`, `INVALID`, `UNTRACKED`.
    states: Option<Vec<&'static str>>,
    /// Of the packet: hexadecimal numbers and ranges of them.
    marks: Option<Vec<String>>,
    /// Of its connection.
    connection_marks: Option<Vec<String>>,
}

impl Packets {
    pub(super) fn of(family: Family, packets: &Known) -> Self {
        let addresses = |field| packets.get(&field).map(|set| networks(family, set));
        let numbers = |field| packets.get(&field).map(ranges);
        Self {
            sources: addresses(Field::Source),
            destinations: addresses(Field::Destination),
            protocols: Some(protocols(packets)).filter(|all| !all.is_empty()),
            ports: numbers(Field::DestinationPort),
            source_ports: numbers(Field::SourcePort),
            icmp_types: numbers(Field::IcmpType),
            icmp_codes: numbers(Field::IcmpCode),
            tcp_flags: numbers(Field::TcpFlags),
            states: packets.get(&Field::State).map(states),
            marks: packets.get(&Field::Mark).map(marks),
            connection_marks: packets.get(&Field::ConnectionMark).map(marks),
        }
    }
}

/// A packet as programs read it; null is what it does not have.
#[derive(Serialize, JsonSchema)]
pub(super) struct OnePacket {
    /// The interface that it comes in on.
    iif: Option<String>,
    /// The interface that it goes out on.
    oif: Option<String>,
    src: IpAddr,
    dst: IpAddr,
    proto: String,
    sport: Option<u16>,
    dport: Option<u16>,
    /// The type of ICMP.
    r#type: Option<u8>,
    /// The code of ICMP.
    code: Option<u8>,
}

impl OnePacket {
    pub(super) fn of(packet: &Packet) -> Self {
        Self {
            iif: packet.inbound.clone(),
            oif: packet.outbound.clone(),
            src: packet.source,
            dst: packet.destination,
            proto: protocol(packet.protocol),
            sport: packet.source_port,
            dport: packet.destination_port,
            r#type: packet.icmp_type,
            code: packet.icmp_code,
        }
    }
}

/// `tcp 198.51.100.1:40000 → 172.22.1.210:5000 on eth0`.
pub(super) fn packet(packet: &Packet) -> String {
    let side = |address: IpAddr, port: Option<u16>| match (address, port) {
        (address, None) => address.to_string(),
        (IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
        (IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
    };
    let mut text = format!(
        "{} {} → {}",
        protocol(packet.protocol),
        side(packet.source, packet.source_port),
        side(packet.destination, packet.destination_port)
    );
    if let Some(kind) = packet.icmp_type {
        let _ = write!(text, " type {kind} code {}", packet.icmp_code.unwrap_or_default());
    }
    if let Some(flags) = packet.tcp_flags.filter(|flags| *flags != 0b10) {
        let _ = write!(text, " {}", self::flags(&Intervals::points([flags.into()])));
    }
    if let Some(interface) = &packet.inbound {
        let _ = write!(text, " on {interface}");
    }
    text
}
