//! Ports, protocols and ranges of ports.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Refusal;

/// A transport protocol with ports.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Transmission Control Protocol (RFC 9293); what a port means when nothing else is said.
    #[default]
    Tcp,
    /// User Datagram Protocol (RFC 768).
    Udp,
}

impl Protocol {
    /// The name as iptables, Docker and AWS write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// Its number (IANA, "Assigned Internet Protocol Numbers").
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }

    /// The one that this is not.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Tcp => Self::Udp,
            Self::Udp => Self::Tcp,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a word is no port or range of ports.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidPort {
    /// No number from 1 to 65535.
    #[error("`{0}` is no port: that is a number from 1 to 65535")]
    Number(String),
    /// The last port is before the first one.
    #[error("the range {0}-{1} is reversed")]
    Reversed(u16, u16),
    /// A protocol that is not known here.
    #[error("`{0}` is no protocol that is known here: those are `tcp` and `udp`")]
    Protocol(String),
    /// Both sides of a published port must be equally long.
    #[error("{0} ports cannot be published as {1}: both ranges need the same length")]
    Unequal(u32, u32),
    /// Not of the form that is asked for.
    #[error("`{0}` is not of the form `{1}`")]
    Form(String, &'static str),
}

impl Refusal for InvalidPort {
    fn instead(&self) -> Option<String> {
        match self {
            Self::Reversed(first, last) => Some(format!("the lower port first: `{last}-{first}`")),
            _ => None,
        }
    }
}

/// One or more consecutive ports; never empty, never reversed, never port 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: NonZeroU16,
    last: NonZeroU16,
}

impl PortRange {
    /// The range from one port to another, both in it.
    ///
    /// # Errors
    /// When a bound is 0 or the last port is before the first.
    pub fn new(first: u16, last: u16) -> Result<Self, InvalidPort> {
        if last < first {
            return Err(InvalidPort::Reversed(first, last));
        }
        let port =
            |number: u16| NonZeroU16::new(number).ok_or_else(|| InvalidPort::Number(number.to_string()));
        Ok(Self { first: port(first)?, last: port(last)? })
    }

    /// A single port.
    ///
    /// # Errors
    /// When it is 0.
    pub fn single(port: u16) -> Result<Self, InvalidPort> {
        Self::new(port, port)
    }

    /// The first port.
    #[must_use]
    pub const fn first(self) -> u16 {
        self.first.get()
    }

    /// The last port.
    #[must_use]
    pub const fn last(self) -> u16 {
        self.last.get()
    }

    /// How many ports it holds: 1 to 65535.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub fn len(self) -> u32 {
        u32::from(self.last()) - u32::from(self.first()) + 1
    }

    /// Whether a port is in it.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        self.first() <= port && port <= self.last()
    }

    /// Whether the two have a port in common.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.first() <= other.last() && other.first() <= self.last()
    }

    /// The ports in it, in order.
    pub fn iter(self) -> impl Iterator<Item = u16> {
        self.first()..=self.last()
    }
}

impl FromStr for PortRange {
    type Err = InvalidPort;

    fn from_str(word: &str) -> Result<Self, InvalidPort> {
        let number = |text: &str| {
            // `parse` would take "+22".
            match text.parse() {
                Ok(number) if text.bytes().all(|b| b.is_ascii_digit()) && number != 0 => Ok(number),
                _ => Err(InvalidPort::Number(text.to_owned())),
            }
        };
        match word.split_once('-') {
            Some((first, last)) => Self::new(number(first)?, number(last)?),
            None => Self::single(number(word)?),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// Ports of one protocol: `22`, `22/tcp`, `8000-8100/udp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports {
    /// The protocol.
    pub protocol: Protocol,
    /// The ports.
    pub range: PortRange,
}

/// Takes the protocol off the end of a word; none means TCP.
pub(super) fn split_protocol(word: &str) -> Result<(&str, Protocol), InvalidPort> {
    match word.rsplit_once('/') {
        None => Ok((word, Protocol::Tcp)),
        Some((rest, "tcp")) => Ok((rest, Protocol::Tcp)),
        Some((rest, "udp")) => Ok((rest, Protocol::Udp)),
        Some((_, other)) => Err(InvalidPort::Protocol(other.to_owned())),
    }
}

impl FromStr for Ports {
    type Err = InvalidPort;

    fn from_str(word: &str) -> Result<Self, InvalidPort> {
        let (range, protocol) = split_protocol(word)?;
        Ok(Self { protocol, range: range.parse()? })
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.range, self.protocol)
    }
}

super::one_word!(
    Ports,
    ["string", "integer"],
    "^[0-9]+(-[0-9]+)?(/(tcp|udp))?$",
    "a port or a range of ports, with its protocol where it is not TCP: `22`, `8000-8100`, `500/udp`"
);

/// What a security rule is about: ports of a protocol, ICMP, or everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Traffic {
    /// Ports of TCP or UDP.
    Ports(Ports),
    /// All of ICMP and, for v6 peers, ICMPv6.
    Icmp,
    /// Every protocol and port.
    Any,
}

impl Traffic {
    /// Whether some of a protocol's ports are among it.
    #[must_use]
    pub fn admits(self, protocol: Protocol, range: PortRange) -> bool {
        match self {
            Self::Any => true,
            Self::Icmp => false,
            Self::Ports(ports) => ports.protocol == protocol && ports.range.overlaps(range),
        }
    }
}

impl FromStr for Traffic {
    type Err = InvalidPort;

    fn from_str(word: &str) -> Result<Self, InvalidPort> {
        match word {
            "icmp" => Ok(Self::Icmp),
            "any" => Ok(Self::Any),
            _ => word.parse().map(Self::Ports),
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ports(ports) => ports.fmt(f),
            Self::Icmp => f.write_str("icmp"),
            Self::Any => f.write_str("any"),
        }
    }
}

super::one_word!(
    Traffic,
    ["string", "integer"],
    "^([0-9]+(-[0-9]+)?(/(tcp|udp))?|icmp|any)$",
    "ports with their protocol (`22/tcp`, `8000-8100`, `500/udp`), `icmp` or `any`"
);

#[cfg(test)]
mod tests {
    use super::{InvalidPort, PortRange, Ports, Protocol, Traffic};

    #[test]
    fn a_port_without_a_protocol_is_tcp() {
        assert_eq!(
            "3306".parse::<Ports>().map(|p| (p.protocol, p.to_string())),
            Ok((Protocol::Tcp, "3306/tcp".into()))
        );
        assert_eq!("500/udp".parse::<Ports>().map(|p| p.protocol), Ok(Protocol::Udp));
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for word in ["", "0", "65536", "-1", "+22", "22-", "22/sctp", "a", "1-2-3", "22:22"] {
            assert!(word.parse::<Ports>().is_err(), "{word}");
        }
        assert_eq!("90-80".parse::<PortRange>(), Err(InvalidPort::Reversed(90, 80)));
    }

    #[test]
    fn ranges_overlap_when_they_share_a_port() {
        let range = |word: &str| word.parse::<PortRange>().unwrap();
        assert!(range("80-81").overlaps(range("81")));
        assert!(!range("80-81").overlaps(range("82-90")));
        assert_eq!(range("80-81").len(), 2);
    }

    #[test]
    fn traffic_is_ports_icmp_or_anything() {
        assert_eq!("icmp".parse(), Ok(Traffic::Icmp));
        assert_eq!("any".parse(), Ok(Traffic::Any));
        assert!(matches!("22".parse(), Ok(Traffic::Ports(_))));
    }
}
