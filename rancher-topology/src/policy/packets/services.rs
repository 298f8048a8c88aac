//! Protocols and destination ports as one line.

use std::fmt;

use crate::packet::Intervals;
use crate::scalar::{PortRange, Ports, Protocol, Traffic};

const UDP: u128 = 65_535;
const ICMP: u128 = 131_070;
const OTHERS: u128 = ICMP + 1;

/// A set of what packets are for: TCP ports, UDP ports, ICMP, and all other protocols as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Services(pub(super) Intervals);

/// A part of [`Services`] as a person reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceRange {
    /// Consecutive ports of a protocol.
    Ports(Ports),
    /// All of ICMP and ICMPv6.
    Icmp,
    /// Every protocol other than TCP, UDP and ICMP.
    OtherProtocols,
}

impl ServiceRange {
    /// The first port of several; what is no port is itself.
    #[must_use]
    pub fn first(self) -> Self {
        let Self::Ports(ports) = self else { return self };
        let range = PortRange::single(ports.range.first()).unwrap_or(ports.range);
        Self::Ports(Ports { range, ..ports })
    }
}

impl Services {
    /// Every protocol and port.
    #[must_use]
    pub fn everything() -> Self {
        Self(Intervals::from_to(0, OTHERS))
    }

    /// Every TCP and UDP port.
    #[must_use]
    pub fn every_port() -> Self {
        Self(Intervals::from_to(0, ICMP - 1))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is in one of the two, or in both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0))
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0))
    }

    /// Whether something is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.meets(&other.0)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0))
    }

    /// Whether all of it is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Its parts: TCP, UDP, ICMP, the rest; each in order.
    #[must_use]
    pub fn ranges(&self) -> Vec<ServiceRange> {
        let ports = |protocol, before: u128| {
            let line = Intervals::from_to(before, before + UDP - 1);
            let number = move |at: u128| u16::try_from(at - before + 1).unwrap_or(u16::MAX);
            let parts: Vec<_> = self.0.intersection(&line).iter().collect();
            parts.into_iter().filter_map(move |(first, last)| {
                let range = PortRange::new(number(first), number(last)).ok()?;
                Some(ServiceRange::Ports(Ports { protocol, range }))
            })
        };
        let mut ranges: Vec<_> = ports(Protocol::Tcp, 0).chain(ports(Protocol::Udp, UDP)).collect();
        ranges.extend(self.0.contains(ICMP).then_some(ServiceRange::Icmp));
        ranges.extend(self.0.contains(OTHERS).then_some(ServiceRange::OtherProtocols));
        ranges
    }

    /// Where one part of the line ends and the next begins, for whoever walks over several sets at once.
    pub(crate) fn cut_at_bounds_of<'a>(sets: impl Iterator<Item = &'a Self>) -> Vec<Self> {
        let mut starts: Vec<u128> = sets.flat_map(|set| set.0.iter()).flat_map(|(a, b)| [a, b + 1]).collect();
        starts.sort_unstable();
        starts.dedup();
        starts.windows(2).map(|pair| Self(Intervals::from_to(pair[0], pair[1] - 1))).collect()
    }

    /// Which of the parts into which it and others were cut are in it.
    pub(crate) fn parts_of(&self, cut: &[Self]) -> impl Iterator<Item = usize> {
        let starts_before = |bound: u128| {
            cut.partition_point(|part| part.0.iter().next().is_some_and(|(first, _)| first < bound))
        };
        self.0.iter().flat_map(move |(first, last)| starts_before(first)..starts_before(last + 1))
    }
}

impl From<Traffic> for Services {
    fn from(traffic: Traffic) -> Self {
        match traffic {
            Traffic::Ports(ports) => ports.into(),
            Traffic::Icmp => Self(Intervals::from_to(ICMP, ICMP)),
            Traffic::Any => Self::everything(),
        }
    }
}

impl From<Ports> for Services {
    fn from(ports: Ports) -> Self {
        let before = match ports.protocol {
            Protocol::Tcp => 0,
            Protocol::Udp => UDP,
        };
        let at = |port: u16| before + u128::from(port) - 1;
        Self(Intervals::from_to(at(ports.range.first()), at(ports.range.last())))
    }
}

impl fmt::Display for ServiceRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ports(ports) => ports.fmt(f),
            Self::Icmp => f.write_str("icmp"),
            Self::OtherProtocols => f.write_str("other protocols"),
        }
    }
}

impl fmt::Display for Services {
    /// `2181/tcp, 8000-8100/udp`, `any` for everything, `nothing` for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::everything() {
            return f.write_str("any");
        }
        let words: Vec<String> = self.ranges().iter().map(ToString::to_string).collect();
        f.write_str(if words.is_empty() { "nothing" } else { "" })?;
        f.write_str(&words.join(", "))
    }
}
