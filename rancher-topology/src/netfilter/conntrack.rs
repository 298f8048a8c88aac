//! What connection tracking says of the first packet that it sees of a connection.
//!
//! Sources: `net/netfilter/nf_conntrack_proto_tcp.c` (`tcp_valid_flags`, `tcp_conntracks`), `nf_conntrack_proto_icmp.c`,
//! `nf_conntrack_proto_icmpv6.c` of Linux.

use crate::packet::{Family, Field, Intervals, Known, State};

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;
const URG: u8 = 32;

/// A segment: SYN opens a connection, and a lone ACK takes up one that was there before (`nf_conntrack_tcp_loose`, which
/// is on unless somebody switches it off). Everything else belongs to a connection that there must be.
pub(super) const fn tcp(flags: u8) -> State {
    match flags & !PSH & 0x3F & !URG {
        SYN | ACK => State::New,
        _ => State::Invalid,
    }
}

/// The messages of ICMP that ask something and so begin a connection: echo, timestamp, information and address mask; of
/// ICMPv6 echo and node information.
pub(crate) const fn questions(family: Family) -> &'static [u8] {
    match family {
        Family::V4 => &[8, 13, 15, 17],
        Family::V6 => &[128, 139],
    }
}

/// A message of ICMP or ICMPv6; `None` for an error, which may be about a connection.
pub(super) fn icmp(family: Family, kind: u8) -> Option<State> {
    if questions(family).contains(&kind) {
        return Some(State::New);
    }
    Some(match (family, kind) {
        (Family::V4, 3 | 4 | 5 | 11 | 12) | (Family::V6, 0..=127) => return None,
        // Neighbour discovery and multicast listeners.
        (Family::V6, 130..=136 | 143) => State::Untracked,
        _ => State::Invalid,
    })
}

/// The flags of a segment that connection tracking takes at all (`tcp_valid_flags`).
fn may_be_of_connection(flags: u8) -> bool {
    const VALID: [u8; 9] =
        [SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG];
    VALID.contains(&(flags & !PSH & 0x3F))
}

/// The packets that begin connections (`tcp_new`, `icmp_new`): only these ask the table `nat`.
pub(super) fn first(family: Family) -> Vec<Known> {
    let begins = |flags: &u8| may_be_of_connection(*flags) && tcp(*flags) == State::New;
    let flags = Intervals::points((0..64).filter(begins).map(u128::from));
    let mut all = possible(family);
    for one in &mut all {
        if one.contains_key(&Field::TcpFlags) {
            one.entry(Field::TcpFlags).and_modify(|known| *known = known.intersection(&flags));
        }
        let new = Intervals::points([State::New.number()]);
        one.entry(Field::State).and_modify(|states| *states = states.intersection(&new));
    }
    all.retain(|one| one.values().all(|set| !set.is_empty()));
    all
}

/// The packets that there are, by what connection tracking says of them. Until an answer is seen, every packet of a
/// connection is [`State::New`].
pub(super) fn possible(family: Family) -> Vec<Known> {
    let states = |all: &[State]| (Field::State, Intervals::points(all.iter().map(|state| state.number())));
    let protocols = |all: &[u8]| Intervals::points(all.iter().map(|&protocol| protocol.into()));
    // Over v6 a protocol is what comes after these headers (`ipv6_ext_hdr`).
    let headers: &[u8] = if family == Family::V6 { &[0, 43, 44, 51, 60] } else { &[] };
    let there = (Field::Protocol, Intervals::from_to(0, 255).difference(&protocols(headers)));
    let of_icmp = |state: State, is_one: &dyn Fn(u8) -> bool| {
        let kinds = (0..=255).filter(|kind| is_one(*kind)).map(u128::from);
        Known::from([
            (Field::Protocol, protocols(&[family.icmp()])),
            (Field::IcmpType, Intervals::points(kinds)),
            states(&[state]),
        ])
    };
    let is_question = |kind: u8| questions(family).contains(&kind);
    // An answer is the next number, but to an echo of v4 it is 0.
    let answers = |kind: u8| match (family, kind) {
        (Family::V4, 0) => true,
        (Family::V4, 9) => false,
        _ => kind > 0 && is_question(kind - 1),
    };
    let is_error = |kind: u8| icmp(family, kind).is_none();
    let unmarked = (Field::ConnectionMark, Intervals::from_to(0, 0));
    let with_connection = [State::New, State::Established, State::Related];
    let flags = (0..64).filter(|flags| may_be_of_connection(*flags));
    let opening = flags.clone().filter(|flags| flags & !PSH & !URG & 0x3F != SYN | ACK);
    let of_tcp = |flags: Vec<u8>, of: &[State]| {
        let flags = Intervals::points(flags.into_iter().map(u128::from));
        Known::from([(Field::Protocol, protocols(&[6])), (Field::TcpFlags, flags), states(of)])
    };
    let untracked = of_icmp(State::Untracked, &|kind| icmp(family, kind) == Some(State::Untracked));
    let looked_into = protocols(&[6, family.icmp()]);
    vec![
        Known::from([(Field::Protocol, there.1.difference(&looked_into)), states(&with_connection)]),
        of_tcp(opening.collect(), &[State::New]),
        of_tcp(flags.collect(), &with_connection[1..]),
        of_icmp(State::New, &is_question),
        of_icmp(State::Established, &|kind| is_question(kind) || answers(kind)),
        of_icmp(State::Related, &|kind| is_question(kind) || is_error(kind)),
        Known::from([there, states(&[State::Invalid]), unmarked.clone()]),
        untracked.into_iter().chain([unmarked]).collect(),
    ]
}
