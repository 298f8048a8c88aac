//! What a rule set does not say and its answers depend on: the host's interfaces, addresses and sets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::packet::{Family, Intervals, number};

/// What is known of the host whose rule set it is. What is not known is not guessed: an answer that depends on it is
/// "possibly".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostFacts {
    /// Every interface of the host, if they are known.
    pub interfaces: Option<Vec<HostInterface>>,
    /// The routes of the host, if they are known: of those that lead to an address, the longest prefix rules. Where
    /// several with one prefix lead there on several interfaces, it is not known which of these is taken.
    pub routes: Option<Vec<HostRoute>>,
    /// The sets of `ipset`, by name.
    pub sets: BTreeMap<String, AddressSet>,
}

/// An interface of a host, as `ip address` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostInterface {
    /// `eth0`.
    pub name: String,
    /// Its addresses, each with the length of its network's prefix.
    pub addresses: Vec<IpNet>,
    /// The networks at the other end of its addresses, where these have no network of their own (`peer`).
    pub peers: Vec<IpNet>,
    /// The addresses with which all on its networks are meant.
    pub broadcasts: Vec<IpAddr>,
    /// Whether it leads nowhere (`lo`).
    pub loopback: bool,
}

/// A route of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRoute {
    /// The addresses that it leads to.
    pub to: IpNet,
    /// The interface on which packets to them leave.
    pub interface: String,
}

/// A set of `ipset`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressSet {
    /// Its entries are all known.
    Entries(Vec<Entry>),
    /// It is a list of other sets, which are asked in turn (`list:set`).
    List(Vec<String>),
    /// What it has is not known here, and why.
    Unknown(String),
}

/// An entry of a set: a value for each of its dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In the order of the set's type.
    pub dimensions: Vec<Dimension>,
    /// Whether what is in it is *not* in the set (`nomatch`).
    pub not: bool,
}

/// A dimension of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Addresses.
    Addresses(Intervals),
    /// Ports of a protocol.
    Ports {
        /// The protocol's number.
        protocol: u8,
        /// Ports, or types and codes of ICMP (the type times 256 and the code).
        ports: Intervals,
    },
    /// Ports of any protocol that has them (`bitmap:port`).
    AnyPorts(Intervals),
    /// The name of an interface.
    Interface(String),
    /// A mark.
    Mark(Intervals),
}

impl HostFacts {
    /// The names of all interfaces that are told apart.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let interfaces = self.interfaces.iter().flatten().map(|interface| interface.name.as_str());
        let routes = self.routes.iter().flatten().map(|route| route.interface.as_str());
        let entries = self.sets.values().filter_map(|set| match set {
            AddressSet::Entries(entries) => Some(entries),
            _ => None,
        });
        let dimensions = entries.flatten().flat_map(|entry| &entry.dimensions);
        let in_sets = dimensions.filter_map(|dimension| match dimension {
            Dimension::Interface(name) => Some(name.as_str()),
            _ => None,
        });
        interfaces.chain(routes).chain(in_sets)
    }

    /// The facts of a host with these interfaces and no others. Packets to a network of the host leave on its interface;
    /// where several interfaces are in that network, on one of them. Everything else leaves on any: by which gateway, a
    /// list of addresses does not say.
    #[must_use]
    pub fn of_interfaces(interfaces: Vec<HostInterface>, sets: BTreeMap<String, AddressSet>) -> Self {
        let mut routes: Vec<HostRoute> = Vec::new();
        for interface in interfaces.iter().filter(|interface| !interface.loopback) {
            let networks = interface.addresses.iter().chain(&interface.peers).map(IpNet::trunc);
            let elsewhere = [IpNet::V4(ipnet::Ipv4Net::default()), IpNet::V6(ipnet::Ipv6Net::default())];
            let all = networks.chain(elsewhere);
            routes.extend(all.map(|to| HostRoute { to, interface: interface.name.clone() }));
        }
        Self { interfaces: Some(interfaces), routes: Some(routes), sets }
    }

    /// The host's own addresses of a family, if its interfaces are known.
    pub(super) fn addresses(&self, family: Family) -> Option<Intervals> {
        let interfaces = self.interfaces.as_ref()?;
        let all = interfaces.iter().flat_map(|interface| &interface.addresses);
        let own = family.points(all.map(IpNet::addr));
        // Of a v4 network on the loopback interface every address is the host's (`fib_add_ifaddr`).
        let on_loopback = interfaces.iter().filter(|one| one.loopback && family == Family::V4);
        Some(on_loopback.fold(own, |own, one| own.union(&one.networks(family))))
    }

    /// What the host takes for itself: its own addresses, loopback, and what means all on one of its networks.
    pub(super) fn own(&self, family: Family) -> Option<Intervals> {
        let own = self.addresses(family)?.union(&self.broadcasts(family)?).union(&family.loopback());
        Some(own.union(&family.everyone()))
    }

    /// The addresses of a family that mean all on a network of the host, if its interfaces are known.
    pub(super) fn broadcasts(&self, family: Family) -> Option<Intervals> {
        let all = self.interfaces.as_ref()?.iter().flat_map(|interface| &interface.broadcasts);
        Some(family.points(all.copied()))
    }
}

impl HostInterface {
    /// The networks of a family that it is in.
    pub(super) fn networks(&self, family: Family) -> Intervals {
        let networks =
            self.addresses.iter().chain(&self.peers).filter(|net| Family::of(net.addr()) == family);
        Intervals::of(networks.map(|net| (number(net.network()), number(net.broadcast()))).collect())
    }

    /// What `REDIRECT` may send to what comes in on it: its first address. Which one of several of v6 is the first, their
    /// order does not say (`net/netfilter/nf_nat_redirect.c`).
    pub(super) fn redirects_to(&self, family: Family) -> Intervals {
        let own = self.addresses.iter().map(IpNet::addr).filter(|address| Family::of(*address) == family);
        match family {
            Family::V4 => Intervals::points(own.take(1).map(number)),
            Family::V6 => Intervals::points(own.map(number)),
        }
    }
}
