//! The conditions of a rule, from its options.

use rancher_topology::netfilter::{AddressKind, Condition, FrameKind, InterfacePattern};
use rancher_topology::packet::{Family, Field, Intervals, State, number};

use super::options::{Given, Options};
use super::values;

/// The conditions of a rule; what is not understood is told, and may be met or not.
pub(super) fn conditions(options: &Options, family: Family, unclear: &mut Vec<String>) -> Vec<Condition> {
    let mut all = Vec::new();
    for given in &options.own {
        match own(given, family) {
            Some(condition) => all.extend(condition.map(|condition| signed(given.negated, condition))),
            None => {
                unclear.push(given.to_string());
                all.push(Condition::Unknown(given.to_string()));
            }
        }
    }
    for (name, given) in &options.modules {
        match module(name, given, family) {
            Some(conditions) => all.extend(conditions),
            None => {
                let words: Vec<String> = given.iter().map(ToString::to_string).collect();
                let text = format!("-m {name} {}", words.join(" "));
                unclear.push(text.trim_end().to_owned());
                all.push(Condition::Unknown(text));
            }
        }
    }
    all
}

fn signed(negated: bool, condition: Condition) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}

/// An option that no module has; `Some(None)` if it asks for nothing.
fn own(given: &Given, family: Family) -> Option<Option<Condition>> {
    let value = given.value();
    Some(match given.name.as_str() {
        "-s" | "--source" | "--src" => Some(addresses(Field::Source, value?, family)?),
        "-d" | "--destination" | "--dst" => Some(addresses(Field::Destination, value?, family)?),
        "-i" | "--in-interface" => Some(interface(Field::Inbound, value?)),
        "-o" | "--out-interface" => Some(interface(Field::Outbound, value?)),
        "-p" | "--protocol" => match values::protocol(value?)? {
            0 => None,
            protocol => Some(protocol_is(protocol)),
        },
        // Connection tracking puts fragments together before any rule sees them.
        "-f" | "--fragment" => Some(Condition::Any(Vec::new())),
        "-c" | "--set-counters" | "-4" | "-6" => None,
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

fn protocol_is(protocol: u8) -> Condition {
    Condition::Within(Field::Protocol, Intervals::from_to(protocol.into(), protocol.into()))
}

/// The conditions of a module; `None` if it, or one of its options, is not understood.
fn module(name: &str, given: &[Given], family: Family) -> Option<Vec<Condition>> {
    match name {
        "comment" => Some(Vec::new()),
        "tcp" | "udp" | "udplite" | "sctp" | "dccp" => each(given, transport),
        "icmp" | "icmp6" | "icmpv6" | "ipv6-icmp" => each(given, icmp),
        "multiport" => each(given, multiport),
        "state" | "conntrack" => conntrack(given, family),
        "iprange" => each(given, |given| iprange(given, family)),
        "addrtype" => addrtype(given),
        "set" => set(given),
        "mark" => each(given, |given| mark(Field::Mark, given)),
        "connmark" => each(given, |given| mark(Field::ConnectionMark, given)),
        "pkttype" => each(given, frame),
        "recent" => recent(given),
        // What these ask for changes from packet to packet, or is not in one that a person can name.
        "mac" | "limit" | "hashlimit" | "connlimit" | "owner" | "physdev" | "length" | "statistic"
        | "time" | "quota" | "connbytes" | "cpu" | "helper" | "socket" | "rpfilter" => {
            let words: Vec<String> = given.iter().map(ToString::to_string).collect();
            Some(vec![Condition::Unknown(format!("-m {name} {}", words.join(" ")))])
        }
        _ => None,
    }
}

fn each(given: &[Given], read: impl Fn(&Given) -> Option<Condition>) -> Option<Vec<Condition>> {
    given.iter().map(|given| Some(signed(given.negated, read(given)?))).collect()
}

fn transport(given: &Given) -> Option<Condition> {
    let ports = |field| Some(Condition::Within(field, Intervals::of(vec![values::ports(given.value()?)?])));
    match given.name.as_str() {
        "--sport" | "--source-port" => ports(Field::SourcePort),
        "--dport" | "--destination-port" => ports(Field::DestinationPort),
        "--syn" => Some(flags_are(0b01_0111, 0b00_0010)),
        "--tcp-flags" => match given.values.as_slice() {
            [mask, set] => {
                let (mask, set) = (values::flags(mask)?, values::flags(set)?);
                // A flag that has to be set and is not looked at can never be.
                Some(if set & !mask == 0 { flags_are(mask, set) } else { Condition::Any(Vec::new()) })
            }
            _ => None,
        },
        "--tcp-option" | "--chunk-types" | "--dccp-types" | "--dccp-option" => {
            Some(Condition::Unknown(given.to_string()))
        }
        _ => None,
    }
}

fn flags_are(mask: u128, set: u128) -> Condition {
    let matching = (0..64).filter(|flags| flags & mask == set).map(|flags| (flags, flags));
    Condition::Within(Field::TcpFlags, Intervals::of(matching.collect()))
}

fn icmp(given: &Given) -> Option<Condition> {
    if !matches!(given.name.as_str(), "--icmp-type" | "--icmpv6-type") {
        return None;
    }
    let value = given.value()?;
    if value == "any" || value == "255" || value == "255/0:255" {
        return Some(Condition::All(Vec::new()));
    }
    let (kind, code) = match value.split_once('/') {
        Some((kind, code)) => (kind, Some(values::range(code, 255)?)),
        None => (value, None),
    };
    let kind = match kind {
        "echo-request" if given.name == "--icmp-type" => 8,
        "echo-request" => 128,
        "echo-reply" if given.name == "--icmp-type" => 0,
        "echo-reply" => 129,
        number => number.parse::<u8>().ok()?.into(),
    };
    let mut all = vec![Condition::Within(Field::IcmpType, Intervals::from_to(kind, kind))];
    all.extend(code.map(|code| Condition::Within(Field::IcmpCode, code)));
    Some(Condition::All(all))
}

fn multiport(given: &Given) -> Option<Condition> {
    let ports = values::port_list(given.value()?)?;
    match given.name.as_str() {
        "--sports" | "--source-ports" => Some(Condition::Within(Field::SourcePort, ports)),
        "--dports" | "--destination-ports" => Some(Condition::Within(Field::DestinationPort, ports)),
        "--ports" => Some(Condition::Any(vec![
            Condition::Within(Field::SourcePort, ports.clone()),
            Condition::Within(Field::DestinationPort, ports),
        ])),
        _ => None,
    }
}

fn states(states: &[State]) -> Condition {
    Condition::Within(
        Field::State,
        Intervals::of(states.iter().map(|state| (state.number(), state.number())).collect()),
    )
}

fn state_list(value: &str) -> Option<Condition> {
    let mut any = Vec::new();
    for word in value.split(',') {
        any.push(match word {
            "NEW" => states(&[State::New]),
            "ESTABLISHED" => states(&[State::Established]),
            "RELATED" => states(&[State::Related]),
            "INVALID" => states(&[State::Invalid]),
            "UNTRACKED" => states(&[State::Untracked]),
            "DNAT" => Condition::Translated,
            // The sender is changed after every filter has seen the first packet.
            "SNAT" => Condition::All(vec![
                Condition::Not(Box::new(states(&[State::New, State::Invalid, State::Untracked]))),
                Condition::Unknown("--ctstate SNAT".to_owned()),
            ]),
            _ => return None,
        });
    }
    Some(if any.len() == 1 { any.pop()? } else { merged(any) })
}

/// States as one set where that can be.
fn merged(any: Vec<Condition>) -> Condition {
    let mut set = Intervals::default();
    let mut rest = Vec::new();
    for one in any {
        match one {
            Condition::Within(Field::State, states) => set = set.union(&states),
            other => rest.push(other),
        }
    }
    let states = Condition::Within(Field::State, set);
    if rest.is_empty() {
        return states;
    }
    rest.push(states);
    Condition::Any(rest)
}

/// Both modules: `xt_conntrack` is asked for either. What is not tracked meets nothing but its state.
fn conntrack(given: &[Given], family: Family) -> Option<Vec<Condition>> {
    let (mut of_state, mut others) = (Vec::new(), Vec::new());
    for one in given {
        let value = one.value()?;
        let port = |field| Some(Condition::Within(field, Intervals::of(vec![values::ports(value)?])));
        let unknown = || Some(Condition::Unknown(one.to_string()));
        let condition = match one.name.as_str() {
            "--state" | "--ctstate" => {
                of_state.push(signed(one.negated, state_list(value)?));
                continue;
            }
            "--ctproto" => protocol_is(values::protocol(value)?),
            "--ctorigsrc" => values::address(Field::Source, value, family)?,
            "--ctorigdst" => values::address(Field::SentTo, value, family)?,
            "--ctorigsrcport" => port(Field::SourcePort)?,
            "--ctorigdstport" => port(Field::SentToPort)?,
            // The first packet goes the way that the connection was asked for.
            "--ctdir" if value == "ORIGINAL" => Condition::Any(vec![states(&[State::New]), unknown()?]),
            "--ctdir" => Condition::All(vec![Condition::Not(Box::new(states(&[State::New]))), unknown()?]),
            "--ctreplsrc" | "--ctrepldst" | "--ctreplsrcport" | "--ctrepldstport" | "--ctstatus"
            | "--ctexpire" => unknown()?,
            _ => return None,
        };
        others.push(signed(one.negated, condition));
    }
    if others.is_empty() {
        return Some(of_state);
    }
    let untracked = states(&[State::Invalid, State::Untracked]);
    if of_state.is_empty() {
        others.push(Condition::Not(Box::new(untracked)));
        return Some(others);
    }
    of_state.push(Condition::Any(vec![untracked, Condition::All(others)]));
    Some(of_state)
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
        let kinds = one.value()?.split(',').map(kind).collect::<Option<Vec<_>>>()?;
        all.push(signed(one.negated, Condition::AddressKind(field, kinds)));
    }
    if limited {
        let words: Vec<String> = given.iter().map(ToString::to_string).collect();
        return Some(vec![Condition::Unknown(format!("-m addrtype {}", words.join(" ")))]);
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
        return Some(vec![condition]);
    }
    let words: Vec<String> = given.iter().map(ToString::to_string).collect();
    Some(vec![Condition::Unknown(format!("-m set {}", words.join(" ")))])
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
    Some(Condition::Frame(match (given.name.as_str(), given.value()?) {
        ("--pkt-type", "unicast" | "host") => FrameKind::Unicast,
        ("--pkt-type", "broadcast" | "bcast") => FrameKind::Broadcast,
        ("--pkt-type", "multicast" | "mcast") => FrameKind::Multicast,
        _ => return None,
    }))
}

/// `--set` puts the address on the list and is always met; the rest depends on what is on the list.
fn recent(given: &[Given]) -> Option<Vec<Condition>> {
    let sets = given.iter().find(|option| option.name == "--set");
    if let Some(set) = sets {
        let others = ["--set", "--name", "--rsource", "--rdest", "--mask"];
        if given.iter().all(|option| others.contains(&option.name.as_str())) {
            return Some(vec![signed(set.negated, Condition::All(Vec::new()))]);
        }
    }
    let words: Vec<String> = given.iter().map(ToString::to_string).collect();
    Some(vec![Condition::Unknown(format!("-m recent {}", words.join(" ")))])
}
