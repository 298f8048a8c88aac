//! What a host's rule set does with packets, as netfilter runs it.
//!
//! A packet goes through the chains of its way in the order of the kernel's priorities (`hook`), each chain
//! from its first rule on, until a rule decides. The tables see what those before them changed: marks, the destination,
//! whether the connection is tracked. Nothing here reads a text or sends a packet.
//!
//! What a rule asks for and a packet does not tell (a rate, a counter, who owns the socket) may be met or not; so may
//! what is not known here. Then both ways are followed, and the answer is "possible". Two such conditions of one rule
//! set are taken to be independent of each other; of two rule sets that are compared, the same is the same in both.

mod apart;
mod change;
mod comparison;
mod conntrack;
mod example;
mod facts;
mod filter;
mod hook;
mod interfaces;
mod lower;
mod matrix;
mod outcome;
mod remembered;
mod rule_set;
mod sent;
mod trace;
mod unfolded;
mod verdict;

pub use change::{Change, Sent, Unfollowed};
pub use comparison::{Comparison, Difference, Kind, Refusals};
pub use facts::{AddressSet, Dimension, Entry, HostFacts, HostInterface, HostRoute};
pub use filter::{Filter, Packet};
pub use hook::Hook;
pub use matrix::Matrix;
pub use rule_set::{
    AddressKind, Chain, Condition, Counted, FrameKind, InterfacePattern, Loaded, Memory, Policy, Rule,
    RuleSet, Table, Target, TranslatedTo, Translation,
};
pub use sent::SentTo;
pub use trace::{Decision, Trace, Tracer};
pub use verdict::Verdict;

pub(crate) use conntrack::questions;

pub use crate::packet::Known;
use crate::packet::{Field, Intervals, State};
use crate::scalar::{Ports, Protocol};

/// The first packets of new connections to some ports, as they arrive: without marks, and for TCP a lone SYN (RFC 9293,
/// section 3.5).
#[must_use]
pub fn openings(ports: Ports) -> Known {
    let one = |value| Intervals::points([value]);
    let mut known = Known::from([
        (Field::Protocol, one(ports.protocol.number().into())),
        (Field::DestinationPort, Intervals::from_to(ports.range.first().into(), ports.range.last().into())),
        (Field::State, one(State::New.number())),
        (Field::Mark, one(0)),
        (Field::ConnectionMark, one(0)),
    ]);
    if ports.protocol == Protocol::Tcp {
        known.insert(Field::TcpFlags, one(0b10));
    }
    known
}
