//! What connection tracking says of the first packet that it sees of a connection.
//!
//! Sources: `net/netfilter/nf_conntrack_proto_tcp.c` (`tcp_valid_flags`, `tcp_conntracks`), `nf_conntrack_proto_icmp.c`,
//! `nf_conntrack_proto_icmpv6.c` of Linux.

use crate::packet::{Family, Field, Intervals, Known, State};

const SYN: u8 = 2;
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

/// The packets that there are, by what connection tracking says of them. What begins a connection, and what belongs to none,
/// has no connection's mark yet.
pub(super) fn possible(family: Family) -> Vec<Known> {
    let states = |all: &[State]| (Field::State, Intervals::points(all.iter().map(|state| state.number())));
    let unmarked = || (Field::ConnectionMark, Intervals::from_to(0, 0));
    let protocols = |all: &[u8]| Intervals::points(all.iter().map(|&protocol| protocol.into()));
    let looked_into = protocols(&[6, family.icmp()]);
    let of = |protocol: u8, field, values: Vec<u128>, state| {
        Known::from([
            (Field::Protocol, protocols(&[protocol])),
            (field, Intervals::points(values)),
            states(&[state]),
            unmarked(),
        ])
    };
    let opening = (0..64).filter(|flags| tcp(*flags) == State::New).map(u128::from);
    let asking = questions(family).iter().map(|&kind| kind.into());
    let untracked = (0..=255).filter(|kind| icmp(family, *kind) == Some(State::Untracked)).map(u128::from);
    vec![
        Known::from([states(&[State::Established, State::Related])]),
        Known::from([states(&[State::Invalid]), unmarked()]),
        Known::from([
            (Field::Protocol, Intervals::from_to(0, 255).difference(&looked_into)),
            states(&[State::New]),
            unmarked(),
        ]),
        of(6, Field::TcpFlags, opening.collect(), State::New),
        of(family.icmp(), Field::IcmpType, asking.collect(), State::New),
        of(family.icmp(), Field::IcmpType, untracked.collect(), State::Untracked),
    ]
}
