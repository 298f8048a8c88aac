//! Two rule sets beside each other, and what is said of them.

use std::fs;

use rancher_gen::read::iptables;
use rancher_topology::netfilter::{
    Change, Hook, HostFacts, InterfacePattern, Kind, Known, Packet, RuleSet, Target,
};
use rancher_topology::packet::{self, Field, Intervals, State, number};

use super::cli::rancher_gen;
use super::rule_sets::INTERFACES;

pub const MAC: &str = "-m mac --mac-source 00:0F:54:0C:11:04";
pub const LIMIT: &str = "-m limit --limit 1/sec";

pub fn read(text: &str) -> RuleSet {
    iptables::read(text, Some(packet::Family::V4)).unwrap().rules
}

/// What the change from one text to another is: which kinds of differences there are, and whether more may be unseen.
pub fn change(old: &str, new: &str) -> (Vec<Kind>, bool) {
    let facts = HostFacts::default();
    let (old, new) = (read(old), read(new));
    let mut change = Change::of((&old, &facts), (&new, &facts), Hook::Forward);
    let kinds: Vec<Kind> =
        Kind::ALL.into_iter().filter(|kind| !change.differences(*kind).0.is_empty()).collect();
    assert!(!change.is_equal() || kinds.is_empty());
    (kinds, change.may_differ_unseen())
}

pub fn forward(rules: &str) -> String {
    let chains = if rules.contains("seldom") { ":seldom - [0:0]\n" } else { "" };
    format!("*filter\n:FORWARD DROP [0:0]\n{chains}{rules}COMMIT\n")
}

/// What `diff --rules` says of forwarded packets.
pub fn exit(old: &str, new: &str) -> Option<i32> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), old).unwrap();
    fs::write(folder.path().join("new"), new).unwrap();
    rancher_gen(folder.path(), &["diff", "--rules", "old", "new", "--chain", "FORWARD"]).code
}

/// An example of a difference, if it is of the first packets of connections. Where it says no interface, any will do.
pub fn example(packets: &Known, example: &Packet) -> Option<Packet> {
    let mut packet = example.clone();
    let states = packets.get(&Field::State);
    let sides = [(Field::Inbound, &mut packet.inbound), (Field::Outbound, &mut packet.outbound)];
    for ((side, name), any) in sides.into_iter().zip(INTERFACES) {
        if name.is_none() && packets.contains_key(&side) {
            return None;
        }
        name.get_or_insert_with(|| any.to_owned());
    }
    states.is_none_or(|set| set.contains(State::New.number())).then_some(packet)
}

/// Whether a packet that begins a connection is among others; `None` if that is a question of where it goes out.
pub fn has(change: &Change, packets: &Known, packet: &Packet) -> Option<bool> {
    if packet.outbound.is_none() && packets.contains_key(&Field::Outbound) {
        return None;
    }
    let port = |port: Option<u16>| port.map(u128::from);
    let class = |name: &Option<String>| name.as_ref().map(|name| class(change, name));
    Some(packets.iter().all(|(field, set)| {
        let value = match field {
            Field::State => Some(State::New.number()),
            Field::Inbound => class(&packet.inbound),
            Field::Outbound => class(&packet.outbound),
            Field::Source => Some(number(packet.source)),
            Field::Destination | Field::SentTo => Some(number(packet.destination)),
            Field::Protocol => Some(packet.protocol.into()),
            Field::SourcePort => port(packet.source_port),
            Field::DestinationPort | Field::SentToPort => port(packet.destination_port),
            Field::TcpFlags => packet.tcp_flags.map(u128::from),
            Field::IcmpType | Field::IcmpCode => None,
            _ => Some(0),
        };
        value.is_none_or(|value| set.contains(value))
    }))
}

/// The number that stands for an interface: that of its name, of the longest prefix of it, or of all others.
pub fn class(change: &Change, name: &str) -> u128 {
    let mut best = None;
    for number in 0.. {
        let (patterns, is_others) = change.interfaces(&Intervals::points([number]));
        if is_others {
            return best.map_or(number, |(_, number)| number);
        }
        let length = match patterns[0] {
            InterfacePattern::Name(own) => (own == name).then_some(usize::MAX),
            InterfacePattern::Prefix(own) => name.starts_with(own).then_some(own.len()),
        };
        if let Some(length) = length {
            best = best.max(Some((length, number)));
        }
    }
    unreachable!("after the last one there are others")
}

/// A rule set in which a person changed something.
pub fn edited(rng: &mut fastrand::Rng, rules: &RuleSet, table: &str) -> RuleSet {
    let mut new = rules.clone();
    let chains = &mut new.tables.get_mut(table).unwrap().chains;
    for _ in 0..rng.usize(1..6) {
        let chain = chains.iter_mut().filter(|(name, chain)| *name != "INPUT" && !chain.rules.is_empty());
        let mut chain: Vec<_> = chain.map(|(_, chain)| chain).collect();
        if chain.is_empty() {
            break;
        }
        let chain = chain.swap_remove(rng.usize(0..chain.len()));
        let last = chain.rules.len() - 1;
        let at = rng.usize(0..=last);
        match rng.u8(0..4) {
            0 => _ = chain.rules.remove(at),
            1 => chain.rules.insert(rng.usize(0..=at), chain.rules[at].clone()),
            2 => chain.rules.swap(at, last),
            _ => {
                let target = &mut chain.rules[at].target;
                *target = if *target == Target::Accept { Target::Drop } else { Target::Accept };
            }
        }
    }
    // A line for each rule, also for those that stand there twice.
    let all = new
        .tables
        .values_mut()
        .flat_map(|table| table.chains.values_mut())
        .flat_map(|chain| &mut chain.rules);
    all.enumerate().for_each(|(at, rule)| rule.line = at);
    new
}
