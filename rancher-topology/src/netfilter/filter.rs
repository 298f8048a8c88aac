//! A rule set that can be asked about packets.

use std::net::IpAddr;

use super::facts::{HostFacts, HostInterface};
use super::lower::{Join, Lowering, Shared};
use super::rule_set::RuleSet;
use super::{Hook, Known, Verdict};
use crate::packet::diagram::Diagram;
use crate::packet::{Field, Intervals, State, number};

/// What a rule set does with packets on one way.
pub struct Filter {
    pub(super) shared: Shared,
    pub(super) verdicts: Diagram,
    carried: Option<Vec<Carried>>,
}

/// An interface, and the networks behind it.
struct Carried {
    class: u128,
    loopback: bool,
    networks: Intervals,
}

/// The first packet of a connection, as it arrives. What is `None` is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The interface that it comes in on.
    pub inbound: Option<String>,
    /// The interface that it goes out on.
    pub outbound: Option<String>,
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it was sent to.
    pub destination: IpAddr,
    /// The protocol's number.
    pub protocol: u8,
    /// Source port.
    pub source_port: Option<u16>,
    /// Destination port.
    pub destination_port: Option<u16>,
    /// The type of an ICMP message.
    pub icmp_type: Option<u8>,
    /// Its code.
    pub icmp_code: Option<u8>,
    /// The flags of a TCP segment, FIN in the lowest bit.
    pub tcp_flags: Option<u8>,
    /// What connection tracking says of it.
    pub state: Option<State>,
}

impl Filter {
    /// A rule set as far as some packets go through it.
    #[must_use]
    pub fn new(rules: &RuleSet, facts: &HostFacts, hook: Hook, known: &Known) -> Self {
        let names = facts.interfaces.iter().flatten().map(|interface| interface.name.as_str());
        let mut shared = Shared::new(rules.family, &[rules], names);
        let mut verdicts = Lowering::new(&mut shared, rules, facts, known, hook).path();
        for (field, set) in known {
            verdicts = shared.only(verdicts, *field, set);
        }
        let carried = facts.interfaces.as_ref().map(|all| {
            let carried = |interface: &HostInterface| Carried {
                class: shared.interfaces.class(&interface.name),
                loopback: interface.loopback,
                networks: interface.networks(rules.family),
            };
            all.iter().map(carried).collect()
        });
        Self { shared, verdicts, carried }
    }

    /// The verdicts, without packets that no interface carries: what comes from a network behind some interfaces comes
    /// in there; what comes from elsewhere comes in on any that leads out.
    pub(super) fn arriving(&mut self) -> Diagram {
        let Some(carried) = &self.carried else { return self.verdicts };
        let behind = carried.iter().fold(Intervals::default(), |all, one| all.union(&one.networks));
        let elsewhere = self.shared.layout.all(Field::Source).difference(&behind);
        let mut arriving = Diagram::leaf(0);
        for one in carried {
            let mut from = one.networks.clone();
            if !one.loopback {
                from = from.union(&elsewhere);
            }
            let class = Intervals::from_to(one.class, one.class);
            let here = self.shared.only(self.verdicts, Field::Inbound, &class);
            let here = self.shared.only(here, Field::Source, &from);
            arriving = self.shared.either(arriving, here, Join::Verdicts);
        }
        arriving
    }

    /// How many nodes the diagrams have that were made on the way.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.shared.diagrams.len()
    }

    /// What becomes of a packet.
    pub fn verdict(&mut self, packet: &Packet) -> Verdict {
        let fields = packet.fields(&self.shared);
        let bits = usize::from(self.shared.layout.bits());
        let mut words = vec![0_u64; bits.div_ceil(64)];
        for (field, value) in &fields {
            let Some(value) = value else { continue };
            for bit in self.shared.layout.bits_of(*field) {
                if self.shared.layout.bit_of(*field, bit, *value) {
                    words[usize::from(bit) / 64] |= 1 << (bit % 64);
                }
            }
        }
        let mut asked = self.verdicts;
        for (field, value) in &fields {
            if value.is_none() {
                asked = self.shared.forget(asked, *field, Join::Verdicts);
            }
        }
        Verdict::of(
            self.shared.diagrams.eval(asked, |bit| words[usize::from(bit) / 64] >> (bit % 64) & 1 == 1),
        )
    }
}

impl Packet {
    fn fields(&self, shared: &Shared) -> [(Field, Option<u128>); 15] {
        let class = |name: &Option<String>| name.as_ref().map(|name| shared.interfaces.class(name));
        [
            (Field::Source, Some(number(self.source))),
            (Field::Destination, Some(number(self.destination))),
            (Field::SentTo, Some(number(self.destination))),
            (Field::Protocol, Some(self.protocol.into())),
            (Field::SourcePort, self.source_port.map(Into::into)),
            (Field::DestinationPort, self.destination_port.map(Into::into)),
            (Field::SentToPort, self.destination_port.map(Into::into)),
            (Field::IcmpType, self.icmp_type.map(Into::into)),
            (Field::IcmpCode, self.icmp_code.map(Into::into)),
            (Field::TcpFlags, self.tcp_flags.map(|flags| (flags & 0x3F).into())),
            (Field::State, self.state.map(State::number)),
            (Field::Inbound, class(&self.inbound)),
            (Field::Outbound, class(&self.outbound)),
            (Field::Mark, Some(0)),
            (Field::ConnectionMark, Some(0)),
        ]
    }
}
