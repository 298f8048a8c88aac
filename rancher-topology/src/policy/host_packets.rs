//! What a node's firewall admits, as packets: the lowered policy, so that a real rule set can be compared with it.
//!
//! It is about the first packets of connections that the network opens: those that arrive on an outside interface for an
//! address of the node, UDP for everybody on its networks (a socket that is bound to no address takes it), and those for
//! its container networks. Answers and errors belong to connections that are open, and pass. Sources: the kernel's
//! `nf_conntrack_proto_icmp.c` and `nf_conntrack_proto_icmpv6.c` (`valid_new`: which messages begin something),
//! `ip_route_input_slow` in `net/ipv4/route.c` (senders that nobody is).

use super::host::HostPolicy;
use crate::netfilter::{HostInterface, Known, questions};
use crate::packet::{Family, Field, Intervals, number};
use crate::scalar::Traffic;

/// What is admitted of which packets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostAdmission {
    /// The packets that are asked about, as a union.
    pub space: Vec<Known>,
    /// Who is admitted with what, in the order of the policy's rules.
    pub permissions: Vec<Permission>,
}

/// Packets that are admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// They, as a union.
    pub packets: Vec<Known>,
    /// Why.
    pub reason: Reason,
}

/// Why packets are admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// This rule of [`HostPolicy::rules`], by its position.
    Rule(usize),
    /// Answers of DHCP, without which a node has no address.
    Dhcp,
    /// The network is routed to containers ([`HostPolicy::routed`]).
    Routed,
}

impl HostAdmission {
    /// All that is admitted, as a union.
    #[must_use]
    pub fn admitted(&self) -> Vec<Known> {
        self.permissions.iter().flat_map(|permission| permission.packets.iter().cloned()).collect()
    }
}

impl HostPolicy {
    /// The packets of a family that the firewall of a node with these interfaces admits.
    #[must_use]
    pub fn admission(&self, interfaces: &[HostInterface], family: Family) -> HostAdmission {
        let outward = || interfaces.iter().filter(|interface| !interface.loopback);
        let local =
            family.points(outward().flat_map(|interface| interface.addresses.iter().map(ipnet::IpNet::addr)));
        let broadcasts = family.points(outward().flat_map(|interface| interface.broadcasts.iter().copied()));
        let containers = match family {
            Family::V4 => networks(&self.container_networks),
            Family::V6 => Intervals::default(),
        };
        let places = Places { local, everybody: broadcasts.union(&everybody(family)), containers, family };
        HostAdmission { space: places.space(), permissions: self.permissions(&places) }
    }

    fn permissions(&self, places: &Places) -> Vec<Permission> {
        let family = places.family;
        let routed = match family {
            Family::V4 => networks(&self.routed),
            Family::V6 => Intervals::default(),
        };
        let mut all =
            vec![Permission { packets: places.reached(&routed, &dhcp(family)), reason: Reason::Dhcp }];
        for (position, rule) in self.rules.iter().enumerate() {
            let peers = rule.peers.networks.iter().filter(|net| Family::of(net.addr()) == family);
            let peers = peers.map(|net| (number(net.network()), number(net.broadcast())));
            let mut packets = of_traffic(rule.traffic, family);
            packets.insert(Field::Source, Intervals::of(peers.collect()));
            all.push(Permission {
                packets: places.reached(&routed, &packets),
                reason: Reason::Rule(position),
            });
        }
        let only_containers = places.containers.difference(&places.local);
        let to_one = only_containers.difference(&places.everybody);
        let to_all = only_containers.intersection(&places.everybody);
        let other_than_udp = Intervals::of(vec![(0, 16), (18, 255)]);
        let mut packets = Vec::new();
        if !routed.is_empty() && !to_one.is_empty() {
            packets.push(Known::from([(Field::Source, routed.clone()), (Field::Destination, to_one)]));
        }
        if !routed.is_empty() && !to_all.is_empty() {
            packets.push(Known::from([
                (Field::Source, routed),
                (Field::Destination, to_all),
                (Field::Protocol, other_than_udp),
            ]));
        }
        all.push(Permission { packets, reason: Reason::Routed });
        all.retain(|permission| !permission.packets.is_empty());
        all
    }
}

/// Where packets go that are asked about.
struct Places {
    local: Intervals,
    everybody: Intervals,
    containers: Intervals,
    family: Family,
}

impl Places {
    /// What a rule for the node admits: to its addresses, and of UDP what is for everybody. Of these, what
    /// lies in a network of containers has to be let through a second time, as everything that goes there.
    fn reached(&self, routed: &Intervals, packets: &Known) -> Vec<Known> {
        let mut all = Vec::new();
        let mut add = |destinations: Intervals, only: &[(Field, &Intervals)]| {
            let mut own = packets.clone();
            own.insert(Field::Destination, destinations);
            for (field, set) in only {
                let set = own.get(field).map_or_else(|| (*set).clone(), |known| known.intersection(set));
                own.insert(*field, set);
            }
            if own.values().all(|set| !set.is_empty()) {
                all.push(own);
            }
        };
        let routed = (Field::Source, routed);
        let udp = Intervals::from_to(17, 17);
        let udp = (Field::Protocol, &udp);
        add(self.local.difference(&self.containers), &[]);
        add(self.local.intersection(&self.containers), &[routed]);
        add(self.everybody.difference(&self.containers), &[udp]);
        add(self.everybody.intersection(&self.containers), &[udp, routed]);
        all
    }

    fn space(&self) -> Vec<Known> {
        let family = self.family;
        let one = |protocol: u8| Intervals::from_to(protocol.into(), protocol.into());
        let nobody = nobody(family).union(&self.local);
        let all = match family {
            Family::V4 => Intervals::from_to(0, u128::from(u32::MAX)),
            Family::V6 => Intervals::from_to(0, u128::MAX),
        };
        let sources = all.difference(&nobody);
        let mut tcp = Known::from([(Field::Protocol, one(6))]);
        tcp.insert(Field::TcpFlags, opening());
        let mut icmp = Known::from([(Field::Protocol, one(family.icmp()))]);
        icmp.insert(
            Field::IcmpType,
            Intervals::points(questions(family).iter().map(|kind| u128::from(*kind))),
        );
        let others = Intervals::from_to(0, 255).difference(&one(6).union(&one(family.icmp())));
        let others = Known::from([(Field::Protocol, others)]);
        let here = self.local.union(&self.containers);
        let mut space = Vec::new();
        for (packets, to) in [(tcp, &here), (icmp, &here), (others, &here)] {
            space.push((packets, to.clone()));
        }
        let everybody = self.everybody.difference(&here);
        space.push((Known::from([(Field::Protocol, one(17))]), everybody));
        let whole = |(mut packets, to): (Known, Intervals)| {
            packets.insert(Field::Destination, to);
            packets.insert(Field::Source, sources.clone());
            packets
        };
        space.into_iter().filter(|(_, to)| !to.is_empty()).map(whole).collect()
    }
}

fn networks(list: &[ipnet::Ipv4Net]) -> Intervals {
    let number = |address: std::net::Ipv4Addr| u128::from(u32::from(address));
    Intervals::of(list.iter().map(|net| (number(net.network()), number(net.broadcast()))).collect())
}

fn of_traffic(traffic: Traffic, family: Family) -> Known {
    let protocol = |number: u8| (Field::Protocol, Intervals::from_to(number.into(), number.into()));
    match traffic {
        Traffic::Any => Known::new(),
        Traffic::Icmp => Known::from([protocol(family.icmp())]),
        Traffic::Ports(ports) => {
            let number = ports.protocol.number();
            let range = Intervals::from_to(ports.range.first().into(), ports.range.last().into());
            Known::from([protocol(number), (Field::DestinationPort, range)])
        }
    }
}

/// Answers of DHCP (RFC 2131, section 4.1; RFC 8415, section 7.2).
fn dhcp(family: Family) -> Known {
    let port = |port: u128| Intervals::from_to(port, port);
    let mut packets = Known::from([(Field::Protocol, Intervals::from_to(17, 17))]);
    match family {
        Family::V4 => {
            packets.insert(Field::SourcePort, port(67));
            packets.insert(Field::DestinationPort, port(68));
        }
        Family::V6 => {
            packets.insert(Field::Source, Intervals::from_to(0xFE80 << 112, (0xFEC0 << 112) - 1));
            packets.insert(Field::DestinationPort, port(546));
        }
    }
    packets
}

/// The flags of a segment that opens a connection: SYN, and neither ACK nor RST nor FIN.
fn opening() -> Intervals {
    let opens = |flags: &u128| flags & 0b01_0111 == 0b00_0010;
    Intervals::points((0..64).filter(opens))
}

/// Addresses with which all are meant on every network.
fn everybody(family: Family) -> Intervals {
    match family {
        Family::V4 => Intervals::of(vec![(0xE000_0000, 0xEFFF_FFFF), (0xFFFF_FFFF, 0xFFFF_FFFF)]),
        Family::V6 => Intervals::from_to(0xFF << 120, u128::MAX),
    }
}

/// Senders whose packets the kernel drops before any chain of INPUT or FORWARD.
fn nobody(family: Family) -> Intervals {
    let own = match family {
        Family::V4 => Intervals::of(vec![(0, 0x00FF_FFFF), (0x7F00_0000, 0x7FFF_FFFF)]),
        Family::V6 => Intervals::from_to(0, 1),
    };
    own.union(&everybody(family))
}
