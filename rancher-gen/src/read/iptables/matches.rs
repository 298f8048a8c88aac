//! The conditions of a rule, from its options.

use rancher_topology::netfilter::{AddressKind, Condition, Counted, FrameKind, InterfacePattern, Memory};
use rancher_topology::packet::{Family, Field, Intervals, number};

use super::options::{Given, Options};
use super::{conntrack, values};
use crate::read::icmp_names;

/// The conditions of a rule; what is not understood is told, and may be met or not. `has` says which words the whole text has.
pub(super) fn conditions(
    options: &Options,
    family: Family,
    has: &dyn Fn(&str) -> bool,
    unclear: &mut Vec<String>,
) -> Vec<Condition> {
    let mut all = Vec::new();
    for given in options.own.iter().filter(|given| !matches!(given.name.as_str(), "-c" | "--set-counters")) {
        if let Some(condition) = own(given, family) {
            all.push(signed(given.negated, condition));
        } else {
            unclear.push(given.to_string());
            all.push(Condition::Unknown(given.to_string()));
        }
    }
    for (name, given) in &options.modules {
        if let Some(conditions) = module(name, given, family, has) {
            all.extend(conditions);
        } else {
            let text = text(name, given);
            unclear.push(text.clone());
            all.push(Condition::Unknown(text));
        }
    }
    all
}

/// A module as it was written.
fn text(name: &str, given: &[Given]) -> String {
    let words: Vec<String> = given.iter().map(ToString::to_string).collect();
    format!("-m {name} {}", words.join(" ")).trim_end().to_owned()
}

fn unknown(name: &str, given: &[Given]) -> Vec<Condition> {
    vec![Condition::Unknown(text(name, given))]
}

/// What every packet meets.
const fn always() -> Condition {
    Condition::All(Vec::new())
}

/// What no packet meets.
const fn never() -> Condition {
    Condition::Any(Vec::new())
}

pub(super) fn signed(negated: bool, condition: Condition) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}

/// An option that no module has.
fn own(given: &Given, family: Family) -> Option<Condition> {
    let value = given.value();
    Some(match given.name.as_str() {
        "-s" | "--source" | "--src" => addresses(Field::Source, value?, family)?,
        "-d" | "--destination" | "--dst" => addresses(Field::Destination, value?, family)?,
        "-i" | "--in-interface" => interface(Field::Inbound, value?),
        "-o" | "--out-interface" => interface(Field::Outbound, value?),
        "-p" | "--protocol" => match values::protocol(value?)? {
            0 => always(),
            // Of these v6 asks for what comes after them (`ipv6_find_hdr`, `man ip6tables`, -p).
            43 | 44 | 51 | 60 if family == Family::V6 => never(),
            protocol => protocol_is(protocol),
        },
        "-f" | "--fragment" => Condition::Fragment,
        _ => return None,
    })
}

fn addresses(field: Field, word: &str, family: Family) -> Option<Condition> {
    let mut all: Vec<Condition> =
        word.split(',').map(|word| values::address(field, word, family)).collect::<Option<_>>()?;
    if all.len() == 1 { all.pop() } else { Some(Condition::Any(all)) }
}

fn interface(field: Field, word: &str) -> Condition {
    let pattern = match word.strip_suffix('+') {
        Some(prefix) => InterfacePattern::Prefix(prefix.to_owned()),
        None => InterfacePattern::Name(word.to_owned()),
    };
    Condition::Interface(field, pattern)
}

pub(super) fn protocol_is(protocol: u8) -> Condition {
    Condition::Within(Field::Protocol, Intervals::from_to(protocol.into(), protocol.into()))
}

/// What something depends on that a packet has or has not, whichever rule asks.
struct Dependence {
    /// Fields that rules may change.
    fields: &'static [Field],
    /// Words that stand in a text where rules may change it otherwise.
    words: &'static [&'static str],
}

const ON_NOTHING: Dependence = Dependence { fields: &[], words: &[] };

/// On where a packet goes.
const ON_ROUTE: Dependence = Dependence {
    fields: &[Field::Destination, Field::DestinationPort, Field::Mark],
    words: &["TOS", "DSCP", "TPROXY"],
};

/// On what connection tracking knows of its connection.
const fn on_connection(words: &'static [&'static str]) -> Dependence {
    Dependence { fields: &[Field::State], words }
}

/// On any of its bytes.
const ON_BYTES: Dependence = Dependence {
    fields: &[Field::Destination, Field::DestinationPort],
    words: &["TOS", "DSCP", "ECN", "TTL", "HL", "TCPMSS", "TCPOPTSTRIP", "CHECKSUM"],
};

const fn on(words: &'static [&'static str]) -> Dependence {
    Dependence { fields: &[], words }
}

/// What a module asks for that a packet has or has not, by what it depends on.
fn dependence(name: &str, given: &[Given]) -> Option<Dependence> {
    let only = |options: &[&str]| given.iter().all(|given| options.contains(&given.name.as_str()));
    let is_inbound = || {
        given.iter().any(|given| given.name == "--dir" && given.values == ["in"])
            || only(&["--physdev-in", "--physdev-is-in", "--src-group"])
    };
    Some(match name {
        "ah" | "cgroup" | "cpu" | "dst" | "esp" | "eui64" | "frag" | "hbh" | "ipcomp" | "ipv6header"
        | "mh" | "owner" | "rt" | "srh" | "time" => ON_NOTHING,
        "cluster" | "connbytes" => on_connection(&[]),
        "length" => on(&["TCPMSS"]),
        "devgroup" | "physdev" | "policy" if is_inbound() => ON_NOTHING,
        // It is asked before packets are sent elsewhere (`rpfilter_check`).
        "rpfilter" if only(&["--loose", "--accept-local", "--invert"]) => on(&["TOS", "DSCP"]),
        "devgroup" | "physdev" | "policy" | "realm" | "rpfilter" => ON_ROUTE,
        "string" | "u32" => ON_BYTES,
        "socket" => {
            Dependence { fields: &[Field::Destination, Field::DestinationPort, Field::State], words: &[] }
        }
        "connlabel" => on_connection(&["--set"]),
        "dscp" | "ecn" | "tos" => on(&["DSCP", "ECN", "TOS"]),
        "helper" => on_connection(&["CT"]),
        "hl" | "ttl" => on(&["HL", "TTL"]),
        "osf" => on(&["TTL", "TCPMSS", "TCPOPTSTRIP"]),
        "tcpmss" => on(&["TCPMSS", "TCPOPTSTRIP"]),
        _ => return None,
    })
}

/// `limit` as it is kept: by the time for each packet, in ten thousandths of a second, and the burst (`libxt_limit.c`).
fn rate(given: &[Given]) -> Option<String> {
    let (mut time, mut burst) = (3_600 * 10_000 / 3, 5);
    for one in given {
        match one.name.as_str() {
            "--limit" => {
                let (count, unit) = one.value()?.split_once('/').unwrap_or((one.value()?, "second"));
                let seconds = [("second", 1_u128), ("minute", 60), ("hour", 3_600), ("day", 86_400)];
                let (_, seconds) = seconds
                    .into_iter()
                    .find(|(whole, _)| !unit.is_empty() && whole.starts_with(&unit.to_ascii_lowercase()))?;
                time = (10_000 * seconds).checked_div(count.parse().ok()?)?;
            }
            "--limit-burst" => burst = values::unsigned(one.value()?)?,
            _ => return None,
        }
    }
    Some(format!("-m limit {time} {burst}"))
}

/// Those of which `!` asks for all other packets.
const COMPLEMENTED: [&str; 9] =
    ["devgroup", "dscp", "helper", "hl", "length", "owner", "realm", "tos", "ttl"];

/// What only its own rule counts, by the module that asks for it.
fn counted(name: &str, given: &[Given]) -> Option<Counted> {
    let is_random = |given: &Given| given.name == "--mode" && given.values == ["random"];
    Some(match name {
        "connlimit" => Counted::Connections,
        "statistic" if given.iter().any(is_random) => Counted::Chance,
        "limit" | "quota" | "statistic" => Counted::Packets,
        _ => return None,
    })
}

/// Modules that ask for what else is going on.
const UNTOLD: [&str; 4] = ["bpf", "ipvs", "nfacct", "rateest"];

/// The conditions of a module; `None` if it, or one of its options, is not understood.
fn module(name: &str, given: &[Given], family: Family, has: &dyn Fn(&str) -> bool) -> Option<Vec<Condition>> {
    match name {
        "comment" => given.iter().all(|given| given.name == "--comment").then(Vec::new),
        "tcp" | "udp" | "udplite" | "sctp" | "dccp" => {
            with_any(Field::SourcePort, each(given, |given| transport(given, has)))
        }
        "icmp" | "icmp6" | "icmpv6" | "ipv6-icmp" => {
            with_any(Field::IcmpType, each(given, |given| icmp(given, family)))
        }
        "multiport" => each(given, multiport),
        "state" | "conntrack" => conntrack::conditions(given, family),
        "iprange" => each(given, |given| iprange(given, family)),
        "addrtype" => addrtype(given),
        "set" => set(given),
        "mark" => each(given, |given| mark(Field::Mark, given)),
        "connmark" => {
            // What is not tracked has no connection, and meets this neither way (`net/netfilter/xt_connmark.c`).
            let mut all = each(given, |given| mark(Field::ConnectionMark, given))?;
            all.push(signed(true, conntrack::untracked()));
            Some(all)
        }
        "pkttype" => each(given, frame),
        "recent" => Some(recent(given)),
        "hashlimit" => Some(vec![Condition::Remembered { text: text(name, given), by: Memory::Table }]),
        _ if UNTOLD.contains(&name) => Some(unknown(name, given)),
        // Letters are as good as others (`xtopt_parse_ethermac`).
        "mac" => {
            let address = |given: &Given| Given {
                values: given.values.iter().map(|value| value.to_ascii_uppercase()).collect(),
                ..given.clone()
            };
            let given: Vec<Given> = given.iter().map(address).collect();
            Some(vec![unseen(text(name, &given), &ON_NOTHING, has)])
        }
        _ => {
            if let Some(of) = counted(name, given) {
                let text =
                    if name == "limit" { rate(given) } else { None }.unwrap_or_else(|| text(name, given));
                return Some(vec![Condition::Counted { text, of }]);
            }
            let on = dependence(name, given)?;
            let [only] = given else { return Some(vec![unseen(text(name, given), &on, has)]) };
            if !only.negated || !COMPLEMENTED.contains(&name) {
                return Some(vec![unseen(text(name, given), &on, has)]);
            }
            let asked = Given { negated: false, ..only.clone() };
            Some(vec![signed(true, unseen(text(name, &[asked]), &on, has))])
        }
    }
}

/// The conditions of a module that looks at a field: what has none, as a part of a packet, does not meet it.
fn with_any(field: Field, conditions: Option<Vec<Condition>>) -> Option<Vec<Condition>> {
    let mut conditions = conditions?;
    let is_asked = |one: &Condition| matches!(one, Condition::Within(..));
    if !conditions.iter().any(is_asked) {
        conditions.push(Condition::Within(field, Intervals::from_to(0, u16::MAX.into())));
    }
    Some(conditions)
}

/// What a packet has or has not, unless rules may change it otherwise than they change fields.
fn unseen(text: String, on: &Dependence, has: &dyn Fn(&str) -> bool) -> Condition {
    if on.words.iter().any(|word| has(word)) {
        Condition::Unknown(text)
    } else {
        Condition::Unseen { text, fields: on.fields.to_vec() }
    }
}

fn each(given: &[Given], read: impl Fn(&Given) -> Option<Condition>) -> Option<Vec<Condition>> {
    given.iter().map(|given| Some(signed(given.negated, read(given)?))).collect()
}

fn transport(given: &Given, has: &dyn Fn(&str) -> bool) -> Option<Condition> {
    let ports = |field| Some(Condition::Within(field, Intervals::of(vec![values::ports(given.value()?)?])));
    let asked = || Given { negated: false, ..given.clone() }.to_string();
    match given.name.as_str() {
        "--sport" | "--source-port" => ports(Field::SourcePort),
        "--dport" | "--destination-port" => ports(Field::DestinationPort),
        "--syn" => Some(flags_are(0b01_0111, 0b00_0010)),
        "--tcp-flags" => match given.values.as_slice() {
            [mask, set] => {
                let (mask, set) = (values::flags(mask)?, values::flags(set)?);
                // A flag that has to be set and is not looked at can never be.
                Some(if set & !mask == 0 { flags_are(mask, set) } else { never() })
            }
            _ => None,
        },
        "--tcp-option" => Some(unseen(asked(), &on(&["TCPMSS", "TCPOPTSTRIP"]), has)),
        "--chunk-types" | "--dccp-types" | "--dccp-option" => Some(unseen(asked(), &ON_NOTHING, has)),
        _ => None,
    }
}

fn flags_are(mask: u128, set: u128) -> Condition {
    Condition::Within(Field::TcpFlags, Intervals::points((0..64).filter(|flags| flags & mask == set)))
}

fn icmp(given: &Given, family: Family) -> Option<Condition> {
    if !matches!(given.name.as_str(), "--icmp-type" | "--icmpv6-type") {
        return None;
    }
    let value = given.value()?;
    // 255 is any message of ICMP, whatever its code; of ICMPv6 it is a type (`icmp_type_code_match`,
    // `icmp6_type_code_match`).
    if family == Family::V4 && ["any", "255"].contains(&value) {
        return Some(always());
    }
    if family == Family::V4 && value.starts_with("255/") {
        return values::range(&value[4..], 255).map(|_| always());
    }
    let (kind, code): (u8, Intervals) = if value.starts_with(|first: char| first.is_ascii_digit()) {
        let (kind, code) = value.split_once('/').unwrap_or((value, "0:255"));
        (values::unsigned(kind)?.try_into().ok()?, values::range(code, 255)?)
    } else {
        let (kind, code) = icmp_names::message(value, family)?;
        let all = Intervals::from_to(0, 255);
        (kind, code.map_or(all, |code| Intervals::points([code.into()])))
    };
    Some(Condition::All(vec![
        Condition::Within(Field::IcmpType, Intervals::points([u128::from(kind)])),
        Condition::Within(Field::IcmpCode, code),
    ]))
}

fn multiport(given: &Given) -> Option<Condition> {
    let ports = values::port_list(given.value()?)?;
    match given.name.as_str() {
        "--sports" | "--source-ports" => Some(Condition::Within(Field::SourcePort, ports)),
        "--dports" | "--destination-ports" => Some(Condition::Within(Field::DestinationPort, ports)),
        "--ports" | "--port" => Some(Condition::Any(vec![
            Condition::Within(Field::SourcePort, ports.clone()),
            Condition::Within(Field::DestinationPort, ports),
        ])),
        _ => None,
    }
}

fn iprange(given: &Given, family: Family) -> Option<Condition> {
    let field = match given.name.as_str() {
        "--src-range" => Field::Source,
        "--dst-range" => Field::Destination,
        _ => return None,
    };
    let value = given.value()?;
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    if Family::of(first) != family || Family::of(last) != family {
        return None;
    }
    Some(Condition::Within(field, Intervals::of(vec![(number(first), number(last))])))
}

fn addrtype(given: &[Given]) -> Option<Vec<Condition>> {
    let mut all = Vec::new();
    let mut limited = false;
    for one in given {
        let field = match one.name.as_str() {
            "--src-type" => Field::Source,
            "--dst-type" => Field::Destination,
            "--limit-iface-in" | "--limit-iface-out" => {
                limited = true;
                continue;
            }
            _ => return None,
        };
        let kind = |word: &str| {
            Some(match word {
                "UNICAST" => AddressKind::Unicast,
                "LOCAL" => AddressKind::Local,
                "BROADCAST" => AddressKind::Broadcast,
                "MULTICAST" => AddressKind::Multicast,
                "UNSPEC" => AddressKind::Unspecified,
                "ANYCAST" | "BLACKHOLE" | "UNREACHABLE" | "PROHIBIT" | "THROW" | "NAT" | "XRESOLVE" => {
                    AddressKind::Other
                }
                _ => return None,
            })
        };
        let mut kinds = one.value()?.split(',').map(kind).collect::<Option<Vec<_>>>()?;
        kinds.sort_unstable();
        kinds.dedup();
        all.push(signed(one.negated, Condition::AddressKind(field, kinds)));
    }
    if limited {
        return Some(unknown("addrtype", given));
    }
    Some(all)
}

fn set(given: &[Given]) -> Option<Vec<Condition>> {
    let (first, rest) = given.split_first()?;
    if !matches!(first.name.as_str(), "--match-set" | "--set") {
        return None;
    }
    let [name, sides] = first.values.as_slice() else { return None };
    let side = |word: &str| match word {
        "src" => Some(Field::Source),
        "dst" => Some(Field::Destination),
        _ => None,
    };
    let sides = sides.split(',').map(side).collect::<Option<Vec<_>>>()?;
    let condition = signed(first.negated, Condition::Set { name: name.clone(), sides });
    if rest.iter().all(|option| matches!(option.name.as_str(), "--update-counters" | "--update-subcounters"))
    {
        // What the set counts then is another thing to those who ask for that, so it is not the same rule.
        let counts = !rest.iter().any(|option| option.negated);
        return Some(vec![if counts { condition } else { Condition::All(vec![condition, always()]) }]);
    }
    Some(unknown("set", given))
}

fn mark(field: Field, given: &Given) -> Option<Condition> {
    if given.name != "--mark" {
        return None;
    }
    let (value, mask) = values::masked(given.value()?)?;
    // A bit that has to be set and is not looked at can never be.
    Some(if value & !mask == 0 {
        Condition::Masked { field, mask, value }
    } else {
        Condition::Any(Vec::new())
    })
}

fn frame(given: &Given) -> Option<Condition> {
    let kind = given.value()?.to_ascii_lowercase();
    Some(Condition::Frame(match (given.name.as_str(), kind.as_str()) {
        ("--pkt-type", "unicast" | "host") => FrameKind::Unicast,
        ("--pkt-type", "broadcast" | "bcast") => FrameKind::Broadcast,
        ("--pkt-type", "multicast" | "mcast") => FrameKind::Multicast,
        _ => return None,
    }))
}

/// `--set` puts the address on the list and is always met; the rest depends on what is on the list.
fn recent(given: &[Given]) -> Vec<Condition> {
    let others = ["--set", "--name", "--rsource", "--rdest", "--mask"];
    let set = given.iter().find(|option| option.name == "--set");
    let set = set.filter(|_| given.iter().all(|option| others.contains(&option.name.as_str())));
    let by = if set.is_some() { Memory::Met } else { Memory::List };
    let remembered = Condition::Remembered { text: text("recent", given), by };
    vec![signed(set.is_some_and(|set| set.negated), remembered)]
}
