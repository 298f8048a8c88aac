//! What a rule does, from its options.

use std::net::IpAddr;

use rancher_topology::netfilter::{Target, TranslatedTo, Translation};
use rancher_topology::packet::Field;

use super::options::{Given, Options};
use super::values;

/// The target of a rule in a table with these chains; what is not understood is told, and may do anything.
pub(super) fn target(
    options: &Options,
    is_chain: impl Fn(&str) -> bool,
    unclear: &mut Vec<String>,
) -> Target {
    let Some((name, given, goes)) = &options.target else {
        return Target::Nothing;
    };
    if is_chain(name) {
        return if *goes { Target::Goto(name.clone()) } else { Target::Jump(name.clone()) };
    }
    known(name, given, may_be_icmp(options)).unwrap_or_else(|| {
        let text = format!("-j {}", words(name, given));
        unclear.push(text.clone());
        Target::Unknown(text)
    })
}

/// A target with its options, as it was written.
fn words(name: &str, given: &[Given]) -> String {
    let words: Vec<String> = given.iter().map(ToString::to_string).collect();
    format!("{name} {}", words.join(" ")).trim_end().to_owned()
}

/// Whether a rule may be for messages of ICMP.
fn may_be_icmp(options: &Options) -> bool {
    let protocol = options.own.iter().find(|own| matches!(own.name.as_str(), "-p" | "--protocol"));
    let other = |own: &Given| values::protocol(own.value()?).filter(|number| !matches!(number, 0 | 1 | 58));
    protocol.is_none_or(|own| own.negated || other(own).is_none())
}

fn known(name: &str, given: &[Given], may_be_icmp: bool) -> Option<Target> {
    // `--to-destination`, `--to-ports` and `--to`: each has one of them, however short it is cut.
    let is_to = |given: &Given| {
        let mut names = ["--to-destination", "--to-ports"].into_iter();
        given.name.starts_with("--to") && names.any(|whole| whole.starts_with(&given.name))
    };
    let to = || given.iter().find(|given| is_to(given)).and_then(Given::value);
    Some(match name {
        // These have no options: what stands here belongs to a match that is not seen.
        "ACCEPT" | "DROP" | "RETURN" | "NOTRACK" if !given.is_empty() => return None,
        "ACCEPT" => Target::Accept,
        "DROP" => Target::Drop,
        // So it is answered where nothing is said of it.
        "REJECT"
            if given
                .iter()
                .all(|given| given.value().is_some_and(|value| value.contains("port-unreach"))) =>
        {
            Target::Reject { text: name.to_owned(), closes: false }
        }
        "REJECT" | "TARPIT" | "DELUDE" => {
            // It may be cut short, and letters are as good as others (`REJECT_parse`).
            let is_reset = |value: &str| {
                let value = value.to_ascii_lowercase();
                "tcp-reset".starts_with(&value) || "tcp-rst".starts_with(&value)
            };
            let closes = given.iter().any(|given| given.value().is_some_and(is_reset));
            Target::Reject { text: words(name, given), closes }
        }
        "RETURN" => Target::Return,
        "QUEUE" | "NFQUEUE" => Target::Queue(words(name, given)),
        "NOTRACK" => Target::Untrack,
        "CT" if given.iter().any(|given| given.name.starts_with("--notr")) => Target::Untrack,
        "CT" => Target::Track(words(name, given)),
        // None of these ends a table.
        "LOG" | "ULOG" | "NFLOG" | "TRACE" | "AUDIT" | "IDLETIMER" | "LED" => Target::Nothing,
        // What these change no match asks for that is known here.
        "CLASSIFY" | "TCPMSS" | "CHECKSUM" | "DSCP" | "TOS" | "TTL" | "HL" | "ECN" | "TCPOPTSTRIP"
        | "SECMARK" | "CONNSECMARK" | "RATEEST" => Target::Alter(words(name, given)),
        "TEE" => Target::Copy(words(name, given)),
        "HMARK" => Target::MarkUnknown { field: Field::Mark, text: words(name, given) },
        "MARK" => mark(Field::Mark, given)?,
        "CONNMARK" => connection_mark(given)?,
        "SET" => changed_set(given, &words(name, given))?,
        "SNAT" | "MASQUERADE" => Target::Masquerade(words(name, given)),
        "DNAT" | "REDIRECT" | "NETMAP"
            if given.iter().any(|given| !is_to(given) && !CHOICE.contains(&given.name.as_str())) =>
        {
            return None;
        }
        // Old kernels took several, and chose one.
        "DNAT" | "REDIRECT" | "NETMAP" if given.iter().filter(|given| is_to(given)).count() > 1 => {
            return None;
        }
        "DNAT" => {
            let (address, ports) = destination(to()?)?;
            translate(address, ports, given, may_be_icmp)
        }
        "REDIRECT" => {
            let ports = if given.iter().any(is_to) { Some(ports(to()?)?) } else { None };
            translate(Some(TranslatedTo::Host), ports, given, may_be_icmp)
        }
        "NETMAP" => {
            let network = TranslatedTo::Network(values::network(to()?)?.trunc());
            translate(Some(network), None, &[], false)
        }
        _ => return None,
    })
}

/// How targets that send packets elsewhere choose one of several places.
const CHOICE: [&str; 3] = ["--random", "--random-fully", "--persistent"];

/// `--set-xmark` and its other names (`man iptables-extensions`, MARK).
fn mark(field: Field, given: &[Given]) -> Option<Target> {
    let [only] = given else { return None };
    let value = only.value()?;
    let all = u128::from(u32::MAX);
    let (mask, value) = match only.name.as_str() {
        "--set-xmark" => {
            let (value, mask) = values::masked(value)?;
            (mask, value)
        }
        "--set-mark" => {
            let (value, mask) = values::masked(value)?;
            (mask | value, value)
        }
        "--and-mark" => (all & !values::unsigned(value)?, 0),
        "--or-mark" => {
            let value = values::unsigned(value)?;
            (value, value)
        }
        "--xor-mark" => (0, values::unsigned(value)?),
        _ => return None,
    };
    Some(Target::Mark { field, mask, value })
}

/// One set that the packet's addresses go into or out of, or that says its mark.
fn changed_set(given: &[Given], text: &str) -> Option<Target> {
    let mut target = None;
    for one in given {
        let new = match one.name.as_str() {
            "--add-set" | "--del-set" => {
                Target::ChangeSet { name: one.values.first()?.clone(), text: text.to_owned() }
            }
            "--map-set" => Target::Alter(text.to_owned()),
            "--map-mark" => {
                target = None;
                Target::MarkUnknown { field: Field::Mark, text: text.to_owned() }
            }
            "--exist" | "--timeout" | "--map-prio" | "--map-queue" => continue,
            _ => return None,
        };
        if target.replace(new).is_some() {
            return None;
        }
    }
    target
}

fn connection_mark(given: &[Given]) -> Option<Target> {
    let [first, masks @ ..] = given else { return None };
    let to = match first.name.as_str() {
        "--restore-mark" => Field::Mark,
        "--save-mark" => Field::ConnectionMark,
        _ => return mark(Field::ConnectionMark, given),
    };
    let (mut own, mut other) = (u128::from(u32::MAX), u128::from(u32::MAX));
    for mask in masks {
        let value = values::unsigned(mask.value()?)?;
        match mask.name.as_str() {
            "--mask" => (own, other) = (value, value),
            "--nfmask" => own = value,
            "--ctmask" => other = value,
            _ => return None,
        }
    }
    Some(if own == other {
        Target::CopyMark { to, mask: own }
    } else {
        Target::MarkUnknown { field: to, text: words("CONNMARK", given) }
    })
}

/// An address and ports, as far as a rule says them.
type Place = (Option<TranslatedTo>, Option<(u16, u16)>);

/// `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `:8080`, `[2001:db8::1]:80`.
fn destination(word: &str) -> Option<Place> {
    let (addresses, port) = match word.strip_prefix('[') {
        Some(rest) => {
            let (addresses, port) = rest.split_once(']')?;
            (addresses, port.strip_prefix(':'))
        }
        // A v6 address without brackets has no port.
        None if word.matches(':').count() > 1 => (word, None),
        None => word.split_once(':').map_or((word, None), |(addresses, port)| (addresses, Some(port))),
    };
    let address = if addresses.is_empty() {
        None
    } else {
        let (first, last) = addresses.split_once('-').unwrap_or((addresses, addresses));
        Some(TranslatedTo::Addresses(bare(first)?, bare(last)?))
    };
    let ports = match port {
        Some(port) => Some(ports(port)?),
        None => None,
    };
    Some((address, ports))
}

/// Of several places, how one is chosen is kept: `/1000` says where counting ports begins. So it is where the number of an
/// echo may be chosen by chance (`nf_nat_l4proto_unique_tuple`).
fn translate(
    address: Option<TranslatedTo>,
    ports: Option<(u16, u16)>,
    given: &[Given],
    may_be_icmp: bool,
) -> Target {
    let is_random = may_be_icmp && given.iter().any(|given| given.name.starts_with("--random"));
    let is_one = !matches!(&address, Some(TranslatedTo::Addresses(first, last)) if first != last)
        && ports.is_none_or(|(first, last)| first == last);
    let words = given.iter().filter_map(|given| match given.value() {
        None => Some(given.to_string()),
        Some(to) => to.split_once('/').map(|(_, first)| format!("from {first}")),
    });
    let choice = if is_one && !is_random { String::new() } else { words.collect::<Vec<_>>().join(" ") };
    Target::Translate(Translation { address, ports, choice })
}

fn bare(word: &str) -> Option<IpAddr> {
    word.trim_matches(['[', ']']).parse().ok()
}

/// Ports; what follows a slash only says where counting begins.
fn ports(word: &str) -> Option<(u16, u16)> {
    values::dashed_ports(word.split_once('/').map_or(word, |(ports, _)| ports))
}
