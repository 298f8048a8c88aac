//! What `ipset save` prints (`man ipset`).
//!
//! How long an entry stays and how often it matched is not read: what is in a set now is. Of hashes that mask addresses
//! (`netmask`, `bitmask`) an entry stands for all addresses that it is the mask of.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use rancher_topology::Diagnostic;
use rancher_topology::netfilter::{AddressSet, Dimension, Entry};
use rancher_topology::packet::{Family, Intervals, number};

use super::iptables::values;
use super::{CUT, Note, icmp_names};

/// The id of everything that keeps sets from being read.
const UNREADABLE: &str = "unreadable-sets";

/// Sets as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// By name.
    pub sets: BTreeMap<String, AddressSet>,
    /// What was not understood: the sets that have it are [`AddressSet::Unknown`].
    pub notes: Vec<Note>,
}

/// Reads sets for a rule set of a family. A set of the other family has nothing in it for that one: the kernel matches
/// no packet with it (`ip_set_test`, `net/netfilter/ipset/ip_set_core.c`).
///
/// # Errors
/// Lines that are not of this format.
pub fn read(text: &str, family: Family) -> Result<Read, Vec<Diagnostic>> {
    let mut read = Read::default();
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    let mut errors = Vec::new();
    let (cut, mut printed) = (super::cut_line(text), None);
    for (number, whole, span) in super::lines(text) {
        let words: Vec<&str> = whole.split_whitespace().collect();
        if cut == Some(number) {
            let text = format!("{CUT}: `{}`", whole.trim());
            read.notes.push(Note { line: number, text });
            // What is in the set that was being printed is not known.
            if let Some(name) = printed.take() {
                read.sets.insert(name, AddressSet::Unknown(CUT.to_owned()));
            }
            continue;
        }
        printed = words.get(1).map(|name| (*name).to_owned()).or(printed);
        let mut wrong = |message: String| {
            let help = "give what `ipset save` printed: `create NAME TYPE …` and `add NAME ENTRY` lines";
            errors.push(Diagnostic::error(UNREADABLE, message, span).help(help));
        };
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["create" | "-N" | "n", name, kind, options @ ..] => {
                let (kind, set) = match Kind::of(kind, options) {
                    Ok(kind) => {
                        let set = if kind.columns == [Column::List] {
                            AddressSet::List(Vec::new())
                        } else {
                            AddressSet::Entries(Vec::new())
                        };
                        (kind, set)
                    }
                    Err(reason) => {
                        read.notes.push(Note { line: number, text: format!("set `{name}`: {reason}") });
                        (Kind::default(), AddressSet::Unknown(reason))
                    }
                };
                kinds.insert((*name).to_owned(), kind);
                read.sets.insert((*name).to_owned(), set);
            }
            ["add" | "-A" | "a", name, entry, options @ ..] => {
                let (Some(kind), Some(set)) = (kinds.get(*name), read.sets.get_mut(*name)) else {
                    wrong(format!("set `{name}` was not created"));
                    continue;
                };
                if let Err(reason) = add(set, kind, entry, options, family) {
                    let reason = format!("{reason} (`{}`)", whole.trim());
                    read.notes.push(Note { line: number, text: format!("set `{name}`: {reason}") });
                    *set = AddressSet::Unknown(reason);
                }
            }
            _ => wrong("this line creates no set and adds nothing to one".to_owned()),
        }
    }
    if errors.is_empty() { Ok(read) } else { Err(errors) }
}

/// What a set's type and options say of its entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Kind {
    columns: Vec<Column>,
    /// `None` where a set is for both.
    family: Option<Family>,
    /// The addresses that one entry of a masking set stands for have the first bits of it.
    netmask: Option<u8>,
    markmask: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Address,
    Port,
    /// Of TCP or UDP, as the type `bitmap:port` holds it.
    BarePort,
    Interface,
    Mark,
    List,
}

impl Kind {
    fn of(kind: &str, options: &[&str]) -> Result<Self, String> {
        let Some((method, columns)) = kind.split_once(':') else {
            return Err(format!("type `{kind}` is not known"));
        };
        let columns = match (method, columns) {
            ("list", "set") => vec![Column::List],
            ("bitmap", "port") => vec![Column::BarePort],
            ("bitmap", "ip") => vec![Column::Address],
            ("hash", columns) => {
                let column = |word: &str| match word {
                    "ip" | "net" => Some(Column::Address),
                    "port" => Some(Column::Port),
                    "iface" => Some(Column::Interface),
                    "mark" => Some(Column::Mark),
                    _ => None,
                };
                let all: Option<Vec<Column>> = columns.split(',').map(column).collect();
                all.ok_or_else(|| format!("type `{kind}` asks for what no packet here has"))?
            }
            _ => return Err(format!("type `{kind}` asks for what no packet here has")),
        };
        let mut read = Self {
            family: matches!(method, "hash" | "bitmap").then_some(Family::V4),
            columns,
            netmask: None,
            markmask: u32::MAX,
        };
        if read.columns == [Column::BarePort] {
            read.family = None;
        }
        let mut bitmask = None;
        let mut words = options.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().copied().ok_or_else(|| format!("`{word}` has no value"));
            match *word {
                "family" => {
                    read.family = Some(match value()? {
                        "inet" => Family::V4,
                        "inet6" => Family::V6,
                        other => return Err(format!("family `{other}` is not known")),
                    });
                }
                "netmask" => {
                    let word = value()?;
                    read.netmask = Some(word.parse().map_err(|_| format!("netmask `{word}` is no length"))?);
                }
                "bitmask" => bitmask = Some(value()?),
                "markmask" => {
                    let word = value()?;
                    read.markmask = values::unsigned(word)
                        .and_then(|mask| u32::try_from(mask).ok())
                        .ok_or_else(|| format!("markmask `{word}` is no number"))?;
                }
                "hashsize" | "maxelem" | "timeout" | "size" | "range" | "bucketsize" | "initval"
                | "probes" | "resize" => {
                    value()?;
                }
                "counters" | "comment" | "skbinfo" | "forceadd" => {}
                other => return Err(format!("option `{other}` is not known")),
            }
        }
        if let Some(mask) = bitmask {
            let length = mask.parse::<IpAddr>().ok().and_then(|mask| ipnet::ip_mask_to_prefix(mask).ok());
            read.netmask = Some(length.ok_or_else(|| format!("bitmask `{mask}` is no length of a prefix"))?);
        }
        Ok(read)
    }
}

fn add(
    set: &mut AddressSet,
    kind: &Kind,
    entry: &str,
    options: &[&str],
    family: Family,
) -> Result<(), String> {
    let mut not = false;
    let mut words = options.iter();
    while let Some(word) = words.next() {
        match *word {
            "nomatch" => not = true,
            "timeout" | "packets" | "bytes" | "skbmark" | "skbprio" | "skbqueue" => {
                words.next();
            }
            // It ends the line, or another option follows its last quote.
            "comment" => {
                let mut quotes = 0;
                while quotes < 2 {
                    match words.next() {
                        Some(word) => quotes += word.matches('"').count(),
                        None => break,
                    }
                }
            }
            other => return Err(format!("`{other}` is not known")),
        }
    }
    match set {
        AddressSet::Unknown(_) => Ok(()),
        AddressSet::List(sets) => {
            sets.push(entry.to_owned());
            Ok(())
        }
        AddressSet::Entries(_) if kind.family.is_some_and(|own| own != family) => Ok(()),
        AddressSet::Entries(entries) => {
            let words: Vec<&str> = entry.split(',').collect();
            if words.len() != kind.columns.len() {
                return Err("the entry is not of the set's type".to_owned());
            }
            let unclear = || "the entry is not understood".to_owned();
            if kind.columns == [Column::BarePort] {
                let ports = port_range(entry).ok_or_else(unclear)?;
                // `bitmap_port_kadt` asks for no other protocols.
                entries.extend([6, 17].map(|protocol| Entry {
                    dimensions: vec![Dimension::Ports { protocol, ports: ports.clone() }],
                    not,
                }));
                return Ok(());
            }
            let dimensions = kind.columns.iter().zip(words).map(|(column, word)| match column {
                Column::Address => addresses(word, kind).map(Dimension::Addresses),
                Column::Port => ports(word),
                Column::Interface if word.starts_with("physdev:") => None,
                Column::Interface => Some(Dimension::Interface(word.trim_matches('"').to_owned())),
                Column::Mark => mark(word, kind.markmask),
                Column::BarePort | Column::List => None,
            });
            let dimensions = dimensions.collect::<Option<Vec<_>>>().ok_or_else(unclear)?;
            entries.push(Entry { dimensions, not });
            Ok(())
        }
    }
}

/// `10.0.0.1`, `10.0.0.0/24`, `10.0.0.1-10.0.0.9`.
fn addresses(word: &str, kind: &Kind) -> Option<Intervals> {
    let of_family = |address: IpAddr| kind.family.is_none_or(|family| Family::of(address) == family);
    if let Some((first, last)) = word.split_once('-') {
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        return (of_family(first) && of_family(last) && kind.netmask.is_none())
            .then(|| Intervals::of(vec![(number(first), number(last))]));
    }
    let mut net = values::network(word)?;
    if let Some(length) = kind.netmask
        && length < net.prefix_len()
    {
        net = IpNet::new(net.addr(), length).ok()?;
    }
    of_family(net.addr()).then(|| Intervals::from_to(number(net.network()), number(net.broadcast())))
}

fn port_range(word: &str) -> Option<Intervals> {
    let (first, last) = values::dashed_ports(word)?;
    Some(Intervals::of(vec![(first.into(), last.into())]))
}

/// `tcp:80`, `udp:53-60`, `icmp:echo-request`, `icmp:8/0`, `gre:0`, `80` for TCP.
fn ports(word: &str) -> Option<Dimension> {
    let (protocol, ports) = word.split_once(':').unwrap_or(("tcp", word));
    let protocol = values::protocol(protocol)?;
    let ports = match protocol {
        1 => icmp(ports, Family::V4)?,
        58 => icmp(ports, Family::V6)?,
        _ => port_range(ports)?,
    };
    Some(Dimension::Ports { protocol, ports })
}

fn icmp(word: &str, family: Family) -> Option<Intervals> {
    let at = |kind: u8, code: u8| {
        let both = u128::from(kind) << 8 | u128::from(code);
        Intervals::from_to(both, both)
    };
    if let Some((kind, code)) = icmp_names::message(word, family) {
        return Some(at(kind, code.unwrap_or(0)));
    }
    if let Some((kind, code)) = word.split_once('/') {
        return Some(at(kind.parse().ok()?, code.parse().ok()?));
    }
    port_range(word)
}

fn mark(word: &str, mask: u32) -> Option<Dimension> {
    let value = u32::try_from(values::unsigned(word)?).ok()?;
    let free = !mask;
    // The marks that are this one under the mask are one range only if the mask leaves the lowest bits free.
    if free & free.wrapping_add(1) != 0 || value & free != 0 {
        return None;
    }
    Some(Dimension::Mark(Intervals::from_to(value.into(), (value | free).into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, family: Family) -> AddressSet {
        read(text, family).unwrap().sets.remove("s").unwrap()
    }

    #[test]
    fn a_masking_hash_stands_for_the_networks_of_its_entries() {
        let set = one(
            "create s hash:ip family inet hashsize 1024 netmask 24\nadd s 10.0.1.0 timeout 99\n",
            Family::V4,
        );
        let AddressSet::Entries(entries) = set else { panic!("{set:?}") };
        assert_eq!(
            entries[0].dimensions,
            [Dimension::Addresses(Intervals::from_to(0x0A00_0100, 0x0A00_01FF))]
        );
    }

    #[test]
    fn a_comment_is_no_option() {
        let text = "create s hash:net family inet comment\nadd s 10.0.0.0/8 comment \"not nomatch add\" packets 0 bytes 9 nomatch\n\
                    add s 10.1.0.0/16 comment \"nomatch\"\n";
        let AddressSet::Entries(entries) = one(text, Family::V4) else { panic!() };
        assert_eq!(entries.iter().map(|entry| entry.not).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn pairs_of_networks_are_read_with_what_is_taken_out_of_them() {
        let text = "create s hash:net,port,net family inet6 counters timeout 600 skbinfo bucketsize 12 initval 0x1\n\
                    add s fd00::/8,tcp:80,fd01::/16 timeout 599 packets 1 bytes 2 skbmark 0x1/0xff nomatch\n\
                    create t hash:net,net family inet6\nadd t fd00::/8,fd01::/16\n";
        let read = read(text, Family::V6).unwrap();
        assert_eq!(read.notes, []);
        let net = |first: u128, bits: u32| {
            Dimension::Addresses(Intervals::from_to(first, first | (u128::MAX >> bits)))
        };
        let (from, to) = (net(0xFD00 << 112, 8), net(0xFD01 << 112, 16));
        let port = Dimension::Ports { protocol: 6, ports: Intervals::from_to(80, 80) };
        let entry = |dimensions, not| AddressSet::Entries(vec![Entry { dimensions, not }]);
        assert_eq!(read.sets["s"], entry(vec![from.clone(), port, to.clone()], true));
        assert_eq!(read.sets["t"], entry(vec![from, to], false));
    }

    #[test]
    fn a_set_of_the_other_family_has_nothing() {
        let text = "create s hash:ip family inet6\nadd s 2001:db8::1\n";
        assert_eq!(one(text, Family::V4), AddressSet::Entries(Vec::new()));
        assert!(matches!(one(text, Family::V6), AddressSet::Entries(entries) if entries.len() == 1));
    }

    #[test]
    fn what_is_not_understood_makes_the_set_unknown_and_is_told() {
        for text in [
            "create s hash:mac hashsize 1024\nadd s 02:03:04:05:06:07\n",
            "create s hash:ip,mac family inet\nadd s 10.0.0.1,02:03:04:05:06:07\n",
            "create s bitmap:ip,mac range 10.0.0.0/24\nadd s 10.0.0.1,02:03:04:05:06:07\n",
            "create s hash:ip family inet bitmask 255.0.255.0\nadd s 10.0.2.0\n",
            "create s hash:net,iface family inet\nadd s 10.0.0.0/8,eth wildcard\n",
            "create s hash:net,iface family inet\nadd s 10.0.0.0/8,physdev:eth1\n",
            "create s hash:ip family inet\nadd s 2001:db8::1\n",
            "create s hash:ip,mark family inet markmask 0xff00ff00\nadd s 10.0.0.1,0x00001200\n",
            "create s hash:ip family inet brandnew\n",
        ] {
            let read = read(text, Family::V4).unwrap();
            assert!(matches!(read.sets["s"], AddressSet::Unknown(_)), "{text}: {:?}", read.sets);
            assert_eq!(read.notes.len(), 1, "{text}: {:?}", read.notes);
        }
        assert!(read("add nothing 10.0.0.1\n", Family::V4).is_err());
        assert!(read("*filter\n", Family::V4).is_err());
    }
}
