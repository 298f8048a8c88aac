//! What a rule asks connection tracking for: `-m state` and `-m conntrack` (`net/netfilter/xt_conntrack.c`).

use rancher_topology::netfilter::Condition;
use rancher_topology::packet::{Family, Field, Intervals, State};

use super::matches::{protocol_is, signed};
use super::options::Given;
use super::values;

/// What connection tracking knows no connection of.
pub(super) fn untracked() -> Condition {
    states(&[State::Invalid, State::Untracked])
}

fn states(states: &[State]) -> Condition {
    Condition::Within(Field::State, Intervals::points(states.iter().map(|state| state.number())))
}

fn state_list(value: &str) -> Option<Condition> {
    let mut any = Vec::new();
    for word in value.split(',') {
        any.push(match word.to_ascii_uppercase().as_str() {
            "NEW" => states(&[State::New]),
            "ESTABLISHED" => states(&[State::Established]),
            "RELATED" => states(&[State::Related]),
            "INVALID" => states(&[State::Invalid]),
            "UNTRACKED" => states(&[State::Untracked]),
            "DNAT" => Condition::Translated,
            "SNAT" => Condition::SenderTranslated,
            _ => return None,
        });
    }
    Some(if any.len() == 1 { any.pop()? } else { merged(any) })
}

fn unseen(text: String) -> Condition {
    Condition::Unseen { text, fields: Vec::new() }
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
pub(super) fn conditions(given: &[Given], family: Family) -> Option<Vec<Condition>> {
    let (mut of_state, mut others) = (Vec::new(), Vec::new());
    for one in given {
        let value = one.value()?;
        let port = |field| Some(tracked_port(field, values::tracked_ports(value)?, family, &one.name));
        // For whom a connection was opened stays; where its answers come from and what became of it does not.
        let varies =
            one.name.starts_with("--ctrepl") || ["--ctstatus", "--ctexpire"].contains(&one.name.as_str());
        let unknown = || if varies { Condition::Unknown(one.to_string()) } else { unseen(one.to_string()) };
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
            "--ctdir" if value == "ORIGINAL" => Condition::Any(vec![states(&[State::New]), unknown()]),
            "--ctdir" => Condition::All(vec![Condition::Not(Box::new(states(&[State::New]))), unknown()]),
            "--ctreplsrc" | "--ctrepldst" | "--ctreplsrcport" | "--ctrepldstport" | "--ctstatus"
            | "--ctexpire" => unknown(),
            _ => return None,
        };
        others.push(if varies {
            let untracked = untracked();
            Condition::All(vec![Condition::Not(Box::new(untracked)), unknown()])
        } else {
            Condition::OfConnection(Box::new(signed(one.negated, condition)))
        });
    }
    if others.is_empty() {
        return Some(of_state);
    }
    let untracked = untracked();
    if of_state.is_empty() {
        others.push(Condition::Not(Box::new(untracked)));
        return Some(others);
    }
    of_state.push(Condition::Any(vec![untracked, Condition::All(others)]));
    Some(of_state)
}

/// A port of a connection. To connection tracking a protocol without ports has port 0; ICMP has its identifier and its type
/// and code there, GRE the numbers of its calls (`union nf_conntrack_man_proto`, `struct nf_conntrack_tuple`).
fn tracked_port(field: Field, (first, last): (u128, u128), family: Family, name: &str) -> Condition {
    let protocols =
        |all: &[u8]| Condition::Within(Field::Protocol, Intervals::points(all.iter().map(|&one| one.into())));
    let (with_ports, icmp, gre) =
        (protocols(&[6, 17, 33, 132, 136]), protocols(&[family.icmp()]), protocols(&[47]));
    let unknown = || unseen(format!("{name} {first}:{last}"));
    let of_icmp = if field == Field::SentToPort { Condition::messages((first, last)) } else { unknown() };
    let others = Condition::Any(vec![with_ports.clone(), icmp.clone(), gre.clone()]);
    let mut any = vec![
        Condition::All(vec![with_ports, Condition::Within(field, Intervals::of(vec![(first, last)]))]),
        Condition::All(vec![icmp, of_icmp]),
        Condition::All(vec![gre, unknown()]),
    ];
    any.extend((first == 0).then(|| Condition::Not(Box::new(others))));
    Condition::Any(any)
}
