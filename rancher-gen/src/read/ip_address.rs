//! What `ip address` prints, as text or as JSON (`ip -j address`; `man ip-address`).
//!
//! The addresses of an interface that is down are the host's all the same; only its broadcast addresses are not (the
//! kernel's `fib_add_ifaddr`, `net/ipv4/fib_frontend.c`). Kernels before 5.14 also take the lowest address of a network
//! for a broadcast address; here it is not one.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use rancher_topology::netfilter::HostInterface;
use rancher_topology::{Diagnostic, Span};
use serde_json::Value;

use super::{CUT, Note};

/// The id of everything that keeps addresses from being read.
const UNREADABLE: &str = "unreadable-addresses";

/// Interfaces as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The interfaces, in the order of the text.
    pub interfaces: Vec<HostInterface>,
    /// Whether the host may have addresses that are not among them, or otherwise: an address was not understood.
    pub has_more: bool,
    /// What was not understood, and is left out.
    pub notes: Vec<Note>,
}

/// Reads what `ip address` or `ip -j address` printed.
///
/// # Errors
/// Lines that stand before any interface, or JSON that is not of this form: then this is another program's text.
pub fn read(text: &str) -> Result<Read, Vec<Diagnostic>> {
    let read = if text.trim_start().starts_with(['[', '{']) { json(text)? } else { lines(text)? };
    if read.interfaces.is_empty() {
        return Err(vec![unreadable("no interface is in this text", Span::default())]);
    }
    Ok(read)
}

fn unreadable(message: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::error(UNREADABLE, message, span).help("give what `ip address` or `ip -j address` printed")
}

/// An address as it stands in either form.
struct Address {
    local: IpAddr,
    /// The address at the other end, where it is not a network of many.
    peer: Option<IpAddr>,
    prefix: u8,
    broadcast: Option<IpAddr>,
}

fn lines(text: &str) -> Result<Read, Vec<Diagnostic>> {
    let mut read = Read::default();
    let mut errors = Vec::new();
    let mut up = false;
    let cut = super::cut_line(text);
    for (number, whole, span) in super::lines(text) {
        let line = whole.trim();
        if cut == Some(number) {
            read.has_more = true;
            read.notes.push(Note { line: number, text: format!("{CUT}: `{line}`") });
            continue;
        }
        if line.is_empty() {
            continue;
        }
        if let Some((name, flags)) = heading(whole) {
            up = flags.contains(&"UP");
            read.interfaces.push(interface(name, flags.contains(&"LOOPBACK")));
            continue;
        }
        let Some(interface) = read.interfaces.last_mut() else {
            errors.push(unreadable("this line belongs to no interface", span));
            continue;
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let notes = &mut read.notes;
        let mut note = |text: String| notes.push(Note { line: number, text });
        match words.as_slice() {
            // Layer 2, and how long an address stays.
            [first, ..]
                if first.starts_with("link/")
                    || matches!(*first, "valid_lft" | "altname" | "alias" | "link-netns") => {}
            ["inet" | "inet6", address, rest @ ..] => {
                let address = of_line(address, rest);
                if let Some((address, _)) = &address {
                    add(interface, up, address);
                }
                let unknown = address.map(|(_, unknown)| unknown);
                if unknown.as_ref().is_none_or(|unknown| !unknown.is_empty()) {
                    read.has_more = true;
                    note(unknown.map_or_else(
                        || line.to_owned(),
                        |unknown| format!("`{}` of `{line}`", unknown.join(" ")),
                    ));
                }
            }
            _ => {
                read.has_more |= words.first().is_some_and(|word| word.starts_with("inet"));
                note(line.to_owned());
            }
        }
    }
    if errors.is_empty() { Ok(read) } else { Err(errors) }
}

/// `2: eth0@if5: <BROADCAST,UP> mtu 1500 …`: the name and the flags.
fn heading(line: &str) -> Option<(&str, Vec<&str>)> {
    let (number, rest) = line.split_once(": ")?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (name, rest) = rest.split_once(": <")?;
    let (flags, _) = rest.split_once('>')?;
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    Some((name, flags.split(',').collect()))
}

fn interface(name: &str, loopback: bool) -> HostInterface {
    HostInterface {
        name: name.to_owned(),
        addresses: Vec::new(),
        peers: Vec::new(),
        broadcasts: Vec::new(),
        loopback,
    }
}

/// An address, and the words after it that are not understood.
fn of_line<'l>(first: &str, rest: &[&'l str]) -> Option<(Address, Vec<&'l str>)> {
    let with_prefix = |word: &str| match word.split_once('/') {
        Some((address, prefix)) => Some((address.parse::<IpAddr>().ok()?, Some(prefix.parse::<u8>().ok()?))),
        None => Some((word.parse::<IpAddr>().ok()?, None)),
    };
    let (local, mut prefix) = with_prefix(first)?;
    let (mut peer, mut broadcast) = (None, None);
    let mut unknown = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match *word {
            "peer" => {
                let (address, length) = with_prefix(words.next()?)?;
                peer = Some(address);
                prefix = length.or(prefix);
            }
            "brd" => broadcast = Some(words.next()?.parse().ok()?),
            // What follows the scope and the flags is the label.
            "scope" | "metric" | "proto" => {
                words.next();
            }
            "secondary" | "dynamic" | "noprefixroute" | "deprecated" | "tentative" | "dadfailed"
            | "temporary" | "mngtmpaddr" | "nodad" | "stable-privacy" | "optimistic" | "home"
            | "autojoin" | "permanent" => {}
            label if words.as_slice().is_empty() && !label.contains('/') => {}
            word => unknown.push(word),
        }
    }
    let host = if local.is_ipv4() { 32 } else { 128 };
    Some((Address { local, peer, prefix: prefix.unwrap_or(host), broadcast }, unknown))
        .filter(|(address, _)| address.prefix <= host)
}

/// Adds an address, what is behind it, and what the kernel makes a broadcast address for it.
fn add(interface: &mut HostInterface, up: bool, address: &Address) {
    let host = if address.local.is_ipv4() { 32 } else { 128 };
    let own = if address.peer.is_some() { host } else { address.prefix };
    interface.addresses.extend(IpNet::new(address.local, own).ok());
    interface.peers.extend(address.peer.and_then(|peer| IpNet::new(peer, address.prefix).ok()));
    if !up {
        return;
    }
    let mut broadcasts: Vec<IpAddr> = address.broadcast.into_iter().collect();
    if let IpAddr::V4(of) = address.peer.unwrap_or(address.local)
        && address.prefix < 31
        && let Ok(network) = Ipv4Net::new(of, address.prefix)
        && network.network().octets()[0] != 0
    {
        broadcasts.push(network.broadcast().into());
    }
    for broadcast in broadcasts {
        if broadcast != IpAddr::V4(Ipv4Addr::BROADCAST) && !interface.broadcasts.contains(&broadcast) {
            interface.broadcasts.push(broadcast);
        }
    }
}

fn json(text: &str) -> Result<Read, Vec<Diagnostic>> {
    let whole = Span { start: 0, end: text.len() };
    let value: Value = serde_json::from_str(text)
        .map_err(|error| vec![unreadable(format!("this is no JSON: {error}"), whole)])?;
    let Value::Array(all) = value else {
        return Err(vec![unreadable("this JSON is no list of interfaces", whole)]);
    };
    let mut read = Read::default();
    for one in &all {
        // Some versions print `{}` for what was filtered out.
        if one.as_object().is_some_and(serde_json::Map::is_empty) {
            continue;
        }
        let Some(name) = one["ifname"].as_str() else {
            return Err(vec![unreadable("this JSON is no list of interfaces: `ifname` is missing", whole)]);
        };
        let flag = |flag: &str| {
            one["flags"].as_array().is_some_and(|flags| flags.iter().any(|one| one.as_str() == Some(flag)))
        };
        let mut interface = interface(name, flag("LOOPBACK"));
        for info in one["addr_info"].as_array().into_iter().flatten() {
            match of_json(info) {
                Some(address) => add(&mut interface, flag("UP"), &address),
                None if info.as_object().is_some_and(serde_json::Map::is_empty) => {}
                None => {
                    read.has_more = true;
                    read.notes.push(Note { line: 1, text: format!("an address of `{name}`: {info}") });
                }
            }
        }
        if !one["addr_info"].is_array() {
            read.has_more = true;
            read.notes.push(Note { line: 1, text: format!("`{name}` has no `addr_info`") });
        }
        read.interfaces.push(interface);
    }
    Ok(read)
}

fn of_json(info: &Value) -> Option<Address> {
    // A key that is not known may change what the address means.
    let known = |key: &String| {
        matches!(
            key.as_str(),
            "family"
                | "local"
                | "address"
                | "prefixlen"
                | "broadcast"
                | "scope"
                | "label"
                | "metric"
                | "protocol"
                | "valid_life_time"
                | "preferred_life_time"
                | "secondary"
                | "dynamic"
                | "noprefixroute"
                | "deprecated"
                | "tentative"
                | "dadfailed"
                | "temporary"
                | "mngtmpaddr"
                | "nodad"
                | "stable-privacy"
                | "optimistic"
                | "home"
                | "autojoin"
                | "permanent"
        )
    };
    if !info.as_object()?.keys().all(known) {
        return None;
    }
    let address = |key: &str| match &info[key] {
        Value::Null => Some(None),
        Value::String(word) => Some(Some(word.parse::<IpAddr>().ok()?)),
        _ => None,
    };
    let local = address("local")??;
    let host = if local.is_ipv4() { 32 } else { 128 };
    let prefix = u8::try_from(info["prefixlen"].as_u64()?).ok().filter(|prefix| *prefix <= host)?;
    Some(Address { local, peer: address("address")?, prefix, broadcast: address("broadcast")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc mq state UP group default qlen 1000
    link/ether 02:42:ac:16:01:d2 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 172.22.1.210/24 brd 172.22.1.255 scope global dynamic eth0
       valid_lft 3412sec preferred_lft 3412sec
    inet6 fe80::42:acff:fe16:1d2/64 scope link 
       valid_lft forever preferred_lft forever
3: tun0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1500 qdisc noqueue state UNKNOWN group default qlen 500
    link/none 
    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0
       valid_lft forever preferred_lft forever
";

    #[test]
    fn names_addresses_and_ends_are_read() {
        let read = read(TEXT).unwrap();
        assert!(read.notes.is_empty(), "{:?}", read.notes);
        let [lo, eth, tun] = read.interfaces.as_slice() else { panic!("{:?}", read.interfaces) };
        assert!(lo.loopback && !eth.loopback);
        assert_eq!(eth.name, "eth0");
        assert_eq!(
            eth.addresses,
            ["172.22.1.210/24", "fe80::42:acff:fe16:1d2/64"].map(|net| net.parse().unwrap())
        );
        assert_eq!(eth.broadcasts, ["172.22.1.255".parse::<IpAddr>().unwrap()]);
        assert_eq!(tun.addresses, ["10.8.0.1/32".parse().unwrap()]);
        assert_eq!(tun.peers, ["10.8.0.2/32".parse().unwrap()]);
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_line() {
        let text = TEXT
            .replace(
                "    link/none \n",
                "    vf 0     link/ether 00:00\n    inet 10.8.0.x/32 scope global tun0\n",
            )
            .replace("scope global dynamic eth0", "scope global dynamic nomore eth0");
        let notes: Vec<(usize, String)> =
            read(&text).unwrap().notes.into_iter().map(|note| (note.line, note.text)).collect();
        assert_eq!(
            notes,
            [
                (
                    7,
                    "`nomore` of `inet 172.22.1.210/24 brd 172.22.1.255 scope global dynamic nomore eth0`"
                        .to_owned()
                ),
                (12, "vf 0     link/ether 00:00".to_owned()),
                (13, "inet 10.8.0.x/32 scope global tun0".to_owned()),
            ]
        );
    }

    #[test]
    fn another_program_is_not_taken_for_this_one() {
        for text in [
            "",
            "eth0: flags=4163<UP> mtu 1500",
            "*filter\n:INPUT ACCEPT\nCOMMIT",
            "{}",
            "[1]",
            "[{\"a\": 1}]",
            "[{]",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
