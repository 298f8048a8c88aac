//! Where packets come from or go to: addresses, and members whose addresses are not fixed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::packet::Intervals;

use crate::policy::Member;
use crate::topology::{DatabaseId, LoadBalancerId, PoolId};

const LAST_V4: u128 = u32::MAX as u128;

/// Something whose address is not known before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unfixed {
    /// A load balancer or a database, inside the network: it is somewhere in its subnets.
    Inside(Member),
    /// The public address of a member, or of the gateway through which it talks to the internet.
    Public(Member),
}

/// A set of sources or destinations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Endpoints {
    v4: Intervals,
    v6: Intervals,
    unfixed: Intervals,
}

/// A part of [`Endpoints`] as a person reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointRange {
    /// Consecutive addresses of one family, from the first to the last.
    Addresses(IpAddr, IpAddr),
    /// Something whose address is not fixed.
    Unfixed(Unfixed),
    /// All that have no fixed address, but for those that are elsewhere.
    OtherUnfixed,
}

impl Endpoints {
    /// Every address and everything whose address is not fixed.
    #[must_use]
    pub fn everything() -> Self {
        Self { unfixed: Intervals::from_to(0, u128::MAX), ..Self::addresses() }
    }

    /// Every address, v4 and v6.
    #[must_use]
    pub fn addresses() -> Self {
        Self {
            v4: Intervals::from_to(0, LAST_V4),
            v6: Intervals::from_to(0, u128::MAX),
            unfixed: Intervals::default(),
        }
    }

    /// The addresses of networks.
    #[must_use]
    pub fn networks(networks: impl IntoIterator<Item = IpNet>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                IpNet::V4(net) => v4.push((number_v4(net.network()), number_v4(net.broadcast()))),
                IpNet::V6(net) => v6.push((u128::from(net.network()), u128::from(net.broadcast()))),
            }
        }
        Self { v4: Intervals::of(v4), v6: Intervals::of(v6), unfixed: Intervals::default() }
    }

    /// Single v4 addresses. Consecutive ones become one interval.
    #[must_use]
    pub fn hosts(addresses: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        Self { v4: Intervals::points(addresses.into_iter().map(number_v4)), ..Self::default() }
    }

    /// V4 addresses, as numbers.
    #[must_use]
    pub fn v4(addresses: &Intervals) -> Self {
        Self { v4: addresses.intersection(&Intervals::from_to(0, LAST_V4)), ..Self::default() }
    }

    /// Something whose address is not fixed.
    #[must_use]
    pub fn unfixed(one: Unfixed) -> Self {
        let at = code(one);
        Self { unfixed: Intervals::from_to(at, at), ..Self::default() }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty() && self.unfixed.is_empty()
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.contains(number_v4(address)),
            IpAddr::V6(address) => self.v6.contains(u128::from(address)),
        }
    }

    /// What is in one of the two, or in both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.with(other, Intervals::union)
    }

    /// What is in any of many.
    #[must_use]
    pub fn union_of(many: impl IntoIterator<Item = Self>) -> Self {
        let (mut v4, mut v6, mut unfixed) = (Vec::new(), Vec::new(), Vec::new());
        for one in many {
            v4.extend(one.v4.iter());
            v6.extend(one.v6.iter());
            unfixed.extend(one.unfixed.iter());
        }
        Self { v4: Intervals::of(v4), v6: Intervals::of(v6), unfixed: Intervals::of(unfixed) }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.with(other, Intervals::intersection)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.with(other, Intervals::difference)
    }

    /// Whether all of it is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        let parts = [(&self.v4, &other.v4), (&self.v6, &other.v6), (&self.unfixed, &other.unfixed)];
        parts.into_iter().all(|(own, other)| own.is_subset(other))
    }

    fn with(&self, other: &Self, combine: impl Fn(&Intervals, &Intervals) -> Intervals) -> Self {
        Self {
            v4: combine(&self.v4, &other.v4),
            v6: combine(&self.v6, &other.v6),
            unfixed: combine(&self.unfixed, &other.unfixed),
        }
    }

    /// How many v4 addresses are in it.
    #[must_use]
    pub fn count_v4(&self) -> u128 {
        self.v4.count()
    }

    /// How many v6 addresses are in it, at most `u128::MAX`.
    #[must_use]
    pub fn count_v6(&self) -> u128 {
        self.v6.count()
    }

    /// The addresses in it, without what has no fixed one.
    #[must_use]
    pub fn fixed(&self) -> Self {
        Self { unfixed: Intervals::default(), ..self.clone() }
    }

    /// Its addresses as networks, as few as possible, v4 before v6.
    #[must_use]
    pub fn as_networks(&self) -> Vec<IpNet> {
        let v4 = self.v4.iter().flat_map(|(first, last)| {
            ipnet::Ipv4Subnets::new(address_v4(first), address_v4(last), 0).map(IpNet::V4)
        });
        let v6 = self.v6.iter().flat_map(|(first, last)| {
            ipnet::Ipv6Subnets::new(Ipv6Addr::from(first), Ipv6Addr::from(last), 0).map(IpNet::V6)
        });
        v4.chain(v6).collect()
    }

    /// What is in it without a fixed address; those that it holds by holding everything are not told one by one.
    #[must_use]
    pub fn unfixed_members(&self) -> Vec<Unfixed> {
        let named = |range| match range {
            EndpointRange::Unfixed(one) => Some(one),
            EndpointRange::Addresses(..) | EndpointRange::OtherUnfixed => None,
        };
        self.ranges().into_iter().filter_map(named).collect()
    }

    /// Its parts, v4 before v6 before what has no fixed address; each in order.
    #[must_use]
    pub fn ranges(&self) -> Vec<EndpointRange> {
        let v4 = self.v4.iter().map(|(first, last)| {
            EndpointRange::Addresses(IpAddr::V4(address_v4(first)), IpAddr::V4(address_v4(last)))
        });
        let v6 = self
            .v6
            .iter()
            .map(|(first, last)| EndpointRange::Addresses(IpAddr::V6(first.into()), IpAddr::V6(last.into())));
        let mut ranges: Vec<_> = v4.chain(v6).collect();
        let mut others = false;
        for (first, last) in self.unfixed.iter() {
            // Only "everything", or what is left of it, reaches further than members can be counted.
            if last - first > LAST_V4 {
                others = true;
            } else {
                ranges.extend((first..=last).filter_map(decode).map(EndpointRange::Unfixed));
            }
        }
        ranges.extend(others.then_some(EndpointRange::OtherUnfixed));
        ranges
    }
}

fn number_v4(address: Ipv4Addr) -> u128 {
    u128::from(u32::from(address))
}

fn address_v4(number: u128) -> Ipv4Addr {
    u32::try_from(number).map_or(Ipv4Addr::BROADCAST, Ipv4Addr::from)
}

/// Each kind has numbers of its own, so that equal kinds of consecutive members are one interval.
fn code(one: Unfixed) -> u128 {
    let (public, member) = match one {
        Unfixed::Inside(member) => (0, member),
        Unfixed::Public(member) => (1, member),
    };
    let (kind, position) = match member {
        Member::Pool(id) => (0, id.position()),
        Member::LoadBalancer(id) => (1, id.position()),
        Member::Database(id) => (2, id.position()),
    };
    (kind << 65) | (public << 64) | position as u128
}

fn decode(code: u128) -> Option<Unfixed> {
    let position = usize::try_from(code & u128::from(u64::MAX)).ok()?;
    let member = match code >> 65 {
        0 => Member::Pool(PoolId(position)),
        1 => Member::LoadBalancer(LoadBalancerId(position)),
        2 => Member::Database(DatabaseId(position)),
        _ => return None,
    };
    Some(if (code >> 64) & 1 == 0 { Unfixed::Inside(member) } else { Unfixed::Public(member) })
}

impl fmt::Display for EndpointRange {
    /// `10.0.0.0/24`, `10.0.0.7`, `10.0.0.7-10.0.0.9`. What has no fixed address is told by its kind and position;
    /// a caller that knows the topology has its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Addresses(first, last) if first == last => first.fmt(f),
            Self::Addresses(IpAddr::V4(first), IpAddr::V4(last)) => {
                let mut nets = ipnet::Ipv4Subnets::new(first, last, 0);
                match (nets.next(), nets.next()) {
                    (Some(net), None) => Ipv4Net::fmt(&net, f),
                    _ => write!(f, "{first}-{last}"),
                }
            }
            Self::Addresses(IpAddr::V6(first), IpAddr::V6(last)) => {
                let mut nets = ipnet::Ipv6Subnets::new(first, last, 0);
                match (nets.next(), nets.next()) {
                    (Some(net), None) => Ipv6Net::fmt(&net, f),
                    _ => write!(f, "{first}-{last}"),
                }
            }
            Self::Addresses(first, last) => write!(f, "{first}-{last}"),
            Self::Unfixed(Unfixed::Inside(member)) => write!(f, "{member:?}"),
            Self::Unfixed(Unfixed::Public(member)) => write!(f, "public {member:?}"),
            Self::OtherUnfixed => f.write_str("others"),
        }
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.ranges().iter().map(ToString::to_string).collect();
        f.write_str(if words.is_empty() { "nobody" } else { "" })?;
        f.write_str(&words.join(", "))
    }
}
