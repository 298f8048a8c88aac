//! What a host's rule set does with packets, as netfilter runs it.
//!
//! A packet goes through the chains of its way in the order of the kernel's priorities ([`Hook::tables`]), each chain
//! from its first rule on, until a rule decides. The tables see what those before them changed: marks, the destination,
//! whether the connection is tracked. Nothing here reads a text or sends a packet.
//!
//! What a rule asks for and a packet does not tell (a rate, a counter, who owns the socket) may be met or not; so may
//! what is not known here. Then both ways are followed, and the answer is "possible". Two such conditions are taken to
//! be independent of each other.

mod comparison;
mod cover;
mod facts;
mod filter;
mod interfaces;
mod lower;
mod matrix;
mod outcome;
mod routing;
mod rule_set;
mod trace;
mod verdict;

use std::collections::BTreeMap;

pub use comparison::{Comparison, Difference, Kind};
pub use facts::{AddressSet, Dimension, Entry, HostFacts, HostInterface};
pub use filter::{Filter, Packet};
pub use matrix::Matrix;
pub use rule_set::{
    AddressKind, Chain, Condition, FrameKind, InterfacePattern, Policy, Rule, RuleSet, Table, Target,
    TranslatedTo, Translation,
};
pub use trace::{Decision, Trace, trace};
pub use verdict::Verdict;

use crate::packet::{Field, Intervals};

/// What is known of the packets that are asked for: some values of some fields.
pub type Known = BTreeMap<Field, Intervals>;

/// The way of a packet through a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// From outside to a process of the host.
    Input,
    /// From outside through the host.
    Forward,
    /// From a process of the host to outside.
    Output,
    /// From outside to where its address leads once it is translated: to a process of the host, or through it.
    Arriving,
}

impl Hook {
    /// The tables and chains that can refuse a packet on this way, in the order in which they are asked
    /// (`include/uapi/linux/netfilter_ipv4.h`, `enum nf_ip_hook_priorities`).
    #[must_use]
    pub const fn tables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Input => &[
                ("raw", "PREROUTING"),
                ("mangle", "PREROUTING"),
                ("nat", "PREROUTING"),
                ("mangle", "INPUT"),
                ("filter", "INPUT"),
                ("security", "INPUT"),
            ],
            Self::Forward => &[
                ("raw", "PREROUTING"),
                ("mangle", "PREROUTING"),
                ("nat", "PREROUTING"),
                ("mangle", "FORWARD"),
                ("filter", "FORWARD"),
                ("security", "FORWARD"),
                ("mangle", "POSTROUTING"),
            ],
            // Then those of one of the two ways above.
            Self::Arriving => &[("raw", "PREROUTING"), ("mangle", "PREROUTING"), ("nat", "PREROUTING")],
            Self::Output => &[
                ("raw", "OUTPUT"),
                ("mangle", "OUTPUT"),
                ("nat", "OUTPUT"),
                ("filter", "OUTPUT"),
                ("security", "OUTPUT"),
                ("mangle", "POSTROUTING"),
            ],
        }
    }
}
