//! The fields of a packet that a filter asks for.

use std::fmt;
use std::net::IpAddr;

use super::Intervals;

/// A version of the internet protocol. A rule set is for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4: `iptables`.
    V4,
    /// IPv6: `ip6tables`.
    V6,
}

impl Family {
    /// How many bits an address has.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The address with this number.
    #[must_use]
    pub fn address(self, number: u128) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
            Self::V6 => IpAddr::V6(number.into()),
        }
    }

    /// Addresses that mean a host itself, on every host (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3).
    #[must_use]
    pub fn loopback(self) -> Intervals {
        match self {
            Self::V4 => Intervals::from_to(0x7F00_0000, 0x7FFF_FFFF),
            Self::V6 => Intervals::from_to(1, 1),
        }
    }

    /// The address of every host's loopback interface: 127.0.0.1 or `::1`.
    #[must_use]
    pub fn own(self) -> IpAddr {
        self.address(match self {
            Self::V4 => 0x7F00_0001,
            Self::V6 => 1,
        })
    }

    /// Addresses of groups (RFC 5771, RFC 4291 section 2.7).
    #[must_use]
    pub fn multicast(self) -> Intervals {
        match self {
            Self::V4 => Intervals::from_to(0xE000_0000, 0xEFFF_FFFF),
            Self::V6 => Intervals::from_to(0xFF << 120, u128::MAX),
        }
    }

    /// The address that means all on a network, whichever it is (RFC 919). v6 has none.
    #[must_use]
    pub fn everyone(self) -> Intervals {
        match self {
            Self::V4 => Intervals::from_to(0xFFFF_FFFF, 0xFFFF_FFFF),
            Self::V6 => Intervals::default(),
        }
    }

    /// Those of some addresses that are of this family.
    #[must_use]
    pub fn points(self, addresses: impl IntoIterator<Item = IpAddr>) -> Intervals {
        Intervals::points(addresses.into_iter().filter(|address| Self::of(*address) == self).map(number))
    }

    /// The number of the protocol that carries errors and echoes: ICMP or ICMPv6.
    #[must_use]
    pub const fn icmp(self) -> u8 {
        match self {
            Self::V4 => 1,
            Self::V6 => 58,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "v4",
            Self::V6 => "v6",
        })
    }
}

/// The number of an address: 32 bits of it for v4.
#[must_use]
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// What a filter may ask a packet for. Each is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The address that it comes from.
    Source,
    /// The address that it goes to, as the table that asks sees it: after a translation the new one.
    Destination,
    /// The protocol's number (IANA, "Assigned Internet Protocol Numbers").
    Protocol,
    /// The source port of TCP, UDP, UDP-Lite, SCTP and DCCP.
    SourcePort,
    /// The destination port of these.
    DestinationPort,
    /// The type of an ICMP message.
    IcmpType,
    /// Its code.
    IcmpCode,
    /// FIN, SYN, RST, PSH, ACK, URG from the lowest bit up (RFC 9293, section 3.1).
    TcpFlags,
    /// What connection tracking says of it: a [`State`].
    State,
    /// The class of the interface that it came in on.
    Inbound,
    /// The class of the interface that it goes out on.
    Outbound,
    /// The kernel's mark on the packet.
    Mark,
    /// The kernel's mark on its connection.
    ConnectionMark,
    /// The address that it was sent to, before any translation.
    SentTo,
    /// The port that it was sent to, before any translation.
    SentToPort,
}

impl Field {
    /// All of them, in the order in which diagrams ask for them. It was chosen by measurement: ports come before addresses, as
    /// of rules for one port there are few, and of rules that a network is part of there may be many. That where a packet was
    /// sent to comes right after where it goes to is needed by [`Layout::renamed`](super::Layout::renamed).
    pub(crate) const ORDER: [Self; 15] = [
        Self::State,
        Self::Inbound,
        Self::Protocol,
        Self::DestinationPort,
        Self::SentToPort,
        Self::Source,
        Self::Outbound,
        Self::Destination,
        Self::SentTo,
        Self::SourcePort,
        Self::IcmpType,
        Self::IcmpCode,
        Self::TcpFlags,
        Self::Mark,
        Self::ConnectionMark,
    ];
}

/// What connection tracking says of a packet (`man iptables-extensions`, conntrack).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The first of a connection, or one of a connection that has seen packets in one direction only.
    New,
    /// Of a connection that has seen packets in both directions.
    Established,
    /// The first of a connection that another one announced, or an error about one.
    Related,
    /// Of no connection that could be.
    Invalid,
    /// Not tracked: somebody said so in the table `raw`.
    Untracked,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::New, Self::Established, Self::Related, Self::Invalid, Self::Untracked];

    /// Its number in [`Field::State`].
    #[must_use]
    pub const fn number(self) -> u128 {
        self as u128
    }
}
