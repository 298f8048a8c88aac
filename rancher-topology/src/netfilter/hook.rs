//! The ways of a packet through a host, and the chains that can refuse it there, in the order in which they are asked
//! (`include/uapi/linux/netfilter_ipv4.h`, `enum nf_ip_hook_priorities`).

use crate::packet::{Field, Intervals, Known};

/// The way of a packet through a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// From outside to a process of the host.
    Input,
    /// From outside through the host.
    Forward,
    /// From a process of the host to outside.
    Output,
    /// From outside: to a process of the host if it is for one of its addresses, through the host if it is not.
    Arriving,
}

/// A built-in chain: its table and its name.
pub(super) type ChainOf = (&'static str, &'static str);

/// A step on the way of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// A table's chain is asked.
    Table(&'static str, &'static str),
    /// It is for a process of the host: [`INPUT`].
    Here,
    /// It is for another host: [`FORWARD`].
    Through,
    /// It is decided which of these it is.
    Route,
}

use Step::{Here, Route, Table, Through};

const RAW: Step = Table("raw", "PREROUTING");
const MANGLE: Step = Table("mangle", "PREROUTING");
const NAT: Step = Table("nat", "PREROUTING");

pub(super) const INPUT: &[Step] =
    &[Table("mangle", "INPUT"), Table("filter", "INPUT"), Table("security", "INPUT")];
pub(super) const FORWARD: &[Step] = &[
    Table("mangle", "FORWARD"),
    Table("filter", "FORWARD"),
    Table("security", "FORWARD"),
    Table("mangle", "POSTROUTING"),
];

impl Hook {
    pub(super) const fn steps(self) -> &'static [Step] {
        match self {
            Self::Input => &[RAW, MANGLE, NAT, Here],
            Self::Forward => &[RAW, MANGLE, NAT, Through],
            Self::Arriving => &[RAW, MANGLE, NAT, Route],
            Self::Output => &[
                Table("raw", "OUTPUT"),
                Table("mangle", "OUTPUT"),
                Table("nat", "OUTPUT"),
                Table("filter", "OUTPUT"),
                Table("security", "OUTPUT"),
                Table("mangle", "POSTROUTING"),
            ],
        }
    }

    /// What a packet has on its way before any rule: no mark, unless a process of the host gave it one.
    pub(super) fn unmarked(self) -> Known {
        let none = Intervals::from_to(0, 0);
        if self == Self::Output { Known::new() } else { Known::from([(Field::Mark, none)]) }
    }

    /// The chains up to the one that may send packets elsewhere.
    pub(super) fn until_nat(self) -> Vec<ChainOf> {
        let mut chains = self.chains();
        let until = chains.iter().position(|(table, _)| *table == "nat").map_or(0, |at| at + 1);
        chains.truncate(until);
        chains
    }

    /// The same with those that change senders, after every filter.
    pub(super) fn all_chains(self) -> Vec<ChainOf> {
        let last: &[ChainOf] = match self {
            Self::Input => &[("nat", "INPUT")],
            Self::Forward | Self::Output => &[("nat", "POSTROUTING")],
            Self::Arriving => &[("nat", "INPUT"), ("nat", "POSTROUTING")],
        };
        [&self.chains(), last].concat()
    }

    /// The chains that packets may be asked for on the way, in their order.
    pub(super) fn chains(self) -> Vec<ChainOf> {
        let mut chains = Vec::new();
        for step in self.steps() {
            let further = match step {
                Table(..) => std::slice::from_ref(step),
                Here => INPUT,
                Through => FORWARD,
                Route => &[INPUT, FORWARD].concat(),
            };
            chains.extend(further.iter().filter_map(|step| match *step {
                Table(table, chain) => Some((table, chain)),
                Here | Through | Route => None,
            }));
        }
        chains
    }
}
