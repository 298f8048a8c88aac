//! The ways of a packet through a host, and the chains that can refuse it there, in the order in which they are asked
//! (`include/uapi/linux/netfilter_ipv4.h`, `enum nf_ip_hook_priorities`).

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

/// A step on the way of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// A table's chain is asked.
    Table(&'static str, &'static str),
    /// It is decided where it goes.
    Route,
}

use Step::{Route, Table};

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
            Self::Input => &[
                Table("raw", "PREROUTING"),
                Table("mangle", "PREROUTING"),
                Table("nat", "PREROUTING"),
                Table("mangle", "INPUT"),
                Table("filter", "INPUT"),
                Table("security", "INPUT"),
            ],
            Self::Forward => &[
                Table("raw", "PREROUTING"),
                Table("mangle", "PREROUTING"),
                Table("nat", "PREROUTING"),
                Table("mangle", "FORWARD"),
                Table("filter", "FORWARD"),
                Table("security", "FORWARD"),
                Table("mangle", "POSTROUTING"),
            ],
            Self::Output => &[
                Table("raw", "OUTPUT"),
                Table("mangle", "OUTPUT"),
                Table("nat", "OUTPUT"),
                Table("filter", "OUTPUT"),
                Table("security", "OUTPUT"),
                Table("mangle", "POSTROUTING"),
            ],
            Self::Arriving => &[
                Table("raw", "PREROUTING"),
                Table("mangle", "PREROUTING"),
                Table("nat", "PREROUTING"),
                Route,
            ],
        }
    }
}
