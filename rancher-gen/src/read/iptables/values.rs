//! The values of options: addresses, ports, protocols, numbers.

use std::net::IpAddr;

use ipnet::IpNet;
use rancher_topology::netfilter::Condition;
use rancher_topology::packet::{Family, Field, Intervals, number};

use super::protocols;
use crate::read::service_names;

/// An address with or without the length of a prefix.
pub(in crate::read) fn network(word: &str) -> Option<IpNet> {
    let (address, length) = word.split_once('/').map_or((word, None), |(net, length)| (net, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    length.map_or_else(|| Some(address.into()), |length| IpNet::new(address, prefix(length)?).ok())
}

fn prefix(word: &str) -> Option<u8> {
    unsigned(word)?.try_into().ok()
}

/// `10.1/16`, `0/0`, `10`: the bytes that are not there are 0 (`xtables_numeric_to_ipaddr`).
fn short_network(word: &str) -> Option<IpNet> {
    let (address, length) = word.split_once('/').unwrap_or((word, "32"));
    let mut bytes = [0; 4];
    for (at, part) in address.split('.').enumerate() {
        *bytes.get_mut(at)? = unsigned(part)?.try_into().ok()?;
    }
    IpNet::new(bytes.into(), prefix(length)?).ok()
}

/// An address, a network, or an address and a mask, as a condition on a field.
pub(super) fn address(field: Field, word: &str, family: Family) -> Option<Condition> {
    if let Some(net) = network(word).or_else(|| short_network(word)) {
        if Family::of(net.addr()) != family {
            return None;
        }
        return Some(Condition::Within(
            field,
            Intervals::from_to(number(net.network()), number(net.broadcast())),
        ));
    }
    let (value, mask) = word.split_once('/')?;
    let (value, mask) = (value.parse::<IpAddr>().ok()?, mask.parse::<IpAddr>().ok()?);
    if Family::of(value) != family || Family::of(mask) != family {
        return None;
    }
    let mask_number = number(mask);
    if let Ok(net) = IpNet::with_netmask(value, mask) {
        return Some(Condition::Within(
            field,
            Intervals::from_to(number(net.network()), number(net.broadcast())),
        ));
    }
    Some(Condition::Masked { field, mask: mask_number, value: number(value) & mask_number })
}

/// `80`, `0x50`, `http`.
fn port(word: &str) -> Option<u16> {
    unsigned(word).map_or_else(|| service_names::port(word), |number| number.try_into().ok())
}

/// `80`, `80-90`, `http`.
pub(in crate::read) fn dashed_ports(word: &str) -> Option<(u16, u16)> {
    // A name may have a dash in it.
    if let Some(only) = port(word) {
        return Some((only, only));
    }
    let (first, last) = word.split_once('-')?;
    let ports = (port(first)?, port(last)?);
    (ports.0 <= ports.1).then_some(ports)
}

/// `80`, `1024:65535`, `:1023`, `1024:`, `ssh:http`. No port is from a higher one to a lower one (`port_match`).
pub(super) fn ports(word: &str) -> Option<(u128, u128)> {
    ports_by(word, port)
}

/// The same of a connection: numbers are decimal there, whatever they begin with.
pub(super) fn tracked_ports(word: &str) -> Option<(u128, u128)> {
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    ports_by(word, |word| if is_number(word) { word.parse().ok() } else { service_names::port(word) })
}

fn ports_by(word: &str, port: impl Fn(&str) -> Option<u16>) -> Option<(u128, u128)> {
    let Some((first, last)) = word.split_once(':') else {
        let only = port(word)?;
        return Some((only.into(), only.into()));
    };
    let first = if first.is_empty() { 0 } else { port(first)? };
    let last = if last.is_empty() { u16::MAX } else { port(last)? };
    Some((first.into(), last.into()))
}

/// `22,80,1024:65535`.
pub(super) fn port_list(word: &str) -> Option<Intervals> {
    word.split(',').map(ports).collect::<Option<Vec<_>>>().map(Intervals::of)
}

/// `5:6`, of numbers up to 32 bits.
pub(super) fn range(word: &str, last: u128) -> Option<Intervals> {
    let number = |word: &str, otherwise: u128| {
        if word.is_empty() { Some(otherwise) } else { unsigned(word) }
    };
    let (first, end) = word.split_once(':').unwrap_or((word, word));
    Some(Intervals::from_to(number(first, 0)?, number(end, last)?))
}

/// A number: decimal, after `0x` to the base of sixteen, after `0` to that of eight (`xtables_strtoul`).
pub(in crate::read) fn unsigned(word: &str) -> Option<u128> {
    let (digits, base) = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if word.len() > 1 && word.starts_with('0') => (word, 8),
        None => (word, 10),
    };
    u128::from_str_radix(digits, base).ok()
}

/// `0x1/0xff`, or a number, whose mask is all ones: value and mask.
pub(super) fn masked(word: &str) -> Option<(u128, u128)> {
    let (value, mask) = word.split_once('/').unwrap_or((word, "0xffffffff"));
    let (value, mask) = (unsigned(value)?, unsigned(mask)?);
    let all = u128::from(u32::MAX);
    (value <= all && mask <= all).then_some((value, mask))
}

/// A protocol by name or number. 0 is any.
pub(in crate::read) fn protocol(word: &str) -> Option<u8> {
    unsigned(word).map_or_else(|| protocols::number(word), |number| number.try_into().ok())
}

/// TCP flags as `FIN,SYN`, `ALL`, `NONE`: FIN in the lowest bit.
pub(in crate::read) fn flags(word: &str) -> Option<u128> {
    let flag = |name: &str| {
        Some(match name.to_ascii_uppercase().as_str() {
            "FIN" => 1,
            "SYN" => 2,
            "RST" => 4,
            "PSH" => 8,
            "ACK" => 16,
            "URG" => 32,
            "ALL" => 63,
            "NONE" => 0,
            _ => return None,
        })
    };
    word.split(',').map(flag).try_fold(0, |all, one| Some(all | one?))
}
