//! A rule set that can be asked about packets.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use hashbrown::HashMap;

use super::facts::{HostFacts, HostInterface};
use super::hook::Hook;
use super::lower::{Join, Lowering, Shared};
use super::rule_set::RuleSet;
use super::{Known, Verdict, conntrack};
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals, Set, Space, State, Values, number};

/// What a rule set does with packets on one way.
pub struct Filter {
    pub(super) shared: Shared,
    /// For each packet of those that it was made for.
    pub(super) verdicts: Diagram,
    carried: Option<Vec<Carried>>,
    /// The host's own addresses, if its interfaces are known.
    own: Intervals,
    hook: Hook,
    family: Family,
    /// The verdicts of packets of which some fields are not known, and that have one of some states.
    partly: HashMap<(Vec<Field>, Vec<State>), Diagram>,
}

/// An interface, and the networks behind it.
struct Carried {
    class: u128,
    loopback: bool,
    networks: Intervals,
    /// The addresses that mean all on them.
    broadcasts: Intervals,
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
}

impl Filter {
    /// A rule set as far as some packets go through it.
    #[must_use]
    pub fn new(rules: &RuleSet, facts: &HostFacts, hook: Hook, known: &Known) -> Self {
        Self::sharing(shared(rules, facts), rules, facts, hook, known)
    }

    /// A rule set as far as packets of a list go through it, which have no marks yet: what none of them is, is left out.
    #[must_use]
    pub fn for_packets(rules: &RuleSet, facts: &HostFacts, hook: Hook, packets: &[Packet]) -> Self {
        /// What more parts than this would save costs more.
        const MOST: usize = 64;
        let shared = shared(rules, facts);
        let mut all: BTreeMap<Field, BTreeSet<u128>> = BTreeMap::new();
        let mut unknown: BTreeSet<Field> = BTreeSet::from([Field::Outbound]);
        for packet in packets {
            for (field, value) in packet.fields(&shared) {
                match value {
                    Some(value) => _ = all.entry(field).or_default().insert(value),
                    // What a packet cannot have, no rule for it asks for.
                    None if packet.may_have(field) => _ = unknown.insert(field),
                    None => {}
                }
            }
            all.entry(Field::State).or_default().extend(packet.states().into_iter().map(State::number));
        }
        let known: Known = all
            .into_iter()
            .filter(|(field, _)| {
                !unknown.contains(field) && !matches!(field, Field::SentTo | Field::SentToPort)
            })
            .map(|(field, values)| {
                let set = Intervals::points(values.iter().copied());
                match (values.first(), values.last()) {
                    (Some(&first), Some(&last)) if set.iter().len() > MOST => {
                        (field, Intervals::from_to(first, last))
                    }
                    _ => (field, set),
                }
            })
            .collect();
        Self::sharing(shared, rules, facts, hook, &known)
    }

    fn sharing(shared: Shared, rules: &RuleSet, facts: &HostFacts, hook: Hook, known: &Known) -> Self {
        let (shared, verdicts) = Lowering::verdicts(shared, (rules, facts), hook, known);
        let carried = facts.interfaces.as_ref().map(|all| {
            let carried = |interface: &HostInterface| Carried {
                class: shared.interfaces.class(&interface.name),
                loopback: interface.loopback,
                networks: interface.networks(rules.family),
                broadcasts: rules.family.points(interface.broadcasts.iter().copied()),
            };
            all.iter().map(carried).collect()
        });
        let family = rules.family;
        let own = facts.addresses(family).unwrap_or_default().union(&family.loopback());
        Self { shared, verdicts, carried, own, hook, family, partly: HashMap::new() }
    }

    /// How many nodes the diagrams have that were made on the way: what the answers cost in memory.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.shared.space.diagrams.len()
    }

    /// The packets that it was made for, and what can be made of sets of them.
    pub const fn space(&mut self) -> &mut Space {
        &mut self.shared.space
    }

    /// The packets that it admits for certain, and those that it may admit: what is not known or not understood is bounded
    /// from both sides.
    pub fn bounds(&mut self) -> [Set; 2] {
        let verdicts = self.arriving();
        let diagrams = &mut self.shared.space.diagrams;
        let mut set = |is_in: fn(Verdict) -> bool| {
            Set(diagrams.map(verdicts, &mut |leaf| u32::from(is_in(Verdict::of(leaf)))))
        };
        [
            set(|verdict| verdict == Verdict::Admitted),
            set(|verdict| matches!(verdict, Verdict::Admitted | Verdict::Possible)),
        ]
    }

    /// The packets that one may be of which some values are not known.
    pub fn set_of(&mut self, packet: &Packet) -> Set {
        let values = packet.fields(&self.shared).into_iter();
        let mut known: Known =
            values.filter_map(|(field, value)| Some((field, Intervals::points([value?])))).collect();
        known.insert(Field::State, Intervals::points(packet.states().into_iter().map(State::number)));
        self.shared.space.set(&[known])
    }

    /// The verdicts, without packets that no interface carries: what comes from a network behind some interfaces comes
    /// in there; what comes from elsewhere comes in on any that leads out. What the host sends to itself comes in on the
    /// loopback interface, and its addresses come in on no other one (`fib_validate_source`, `ip_route_input_slow`), but for
    /// what it sends to all or to a group, of which it gets a copy (`ip_mc_output`).
    pub(super) fn arriving(&mut self) -> Diagram {
        let (Some(carried), true) = (&self.carried, self.hook != Hook::Output) else { return self.verdicts };
        let all = self.shared.space.layout.all(Field::Source);
        let behind = carried.iter().fold(Intervals::default(), |all, one| all.union(&one.networks));
        let elsewhere = all.difference(&behind);
        let of_others = all.difference(&self.family.loopback());
        let mut ways: Vec<(u128, Intervals, Intervals)> = Vec::new();
        for one in carried {
            let from = if one.loopback { one.networks.clone() } else { one.networks.union(&elsewhere) };
            if self.hook == Hook::Forward {
                ways.push((one.class, from, all.clone()));
            } else if one.loopback {
                ways.push((one.class, self.own.clone(), self.own.clone()));
            } else {
                ways.push((one.class, from.difference(&self.own), of_others.clone()));
                let groups = one.broadcasts.union(&self.family.multicast()).union(&self.family.everyone());
                ways.push((one.class, self.own.difference(&self.family.loopback()), groups));
            }
        }
        let mut arriving = Diagram::leaf(0);
        for (class, from, to) in ways {
            let here = self.shared.only(self.verdicts, Field::Inbound, &Intervals::points([class]));
            let here = self.shared.only(here, Field::Source, &from);
            let here = self.shared.only(here, Field::Destination, &to);
            arriving = self.shared.either(arriving, here, Join::Verdicts);
        }
        arriving
    }

    /// What becomes of a packet.
    pub fn verdict(&mut self, packet: &Packet) -> Verdict {
        let (mut values, mut unknown) = (Values::default(), Vec::new());
        for (field, value) in packet.fields(&self.shared) {
            match value {
                Some(_) => self.shared.space.layout.assign(&mut values, field, value),
                None => unknown.push(field),
            }
        }
        let asked = self.partly(unknown, packet.states());
        let leaf = self.shared.space.diagrams.eval(asked, |bit| values.get(bit) == Some(true));
        Verdict::of(leaf)
    }

    fn partly(&mut self, unknown: Vec<Field>, states: Vec<State>) -> Diagram {
        let key = (unknown, states);
        if let Some(&known) = self.partly.get(&key) {
            return known;
        }
        let states = Intervals::points(key.1.iter().map(|state| state.number()));
        let mut asked = self.shared.only(self.verdicts, Field::State, &states);
        asked = self.shared.forget(asked, Field::State, Join::Verdicts);
        for field in &key.0 {
            asked = self.shared.forget(asked, *field, Join::Verdicts);
        }
        self.partly.insert(key, asked);
        asked
    }
}

fn shared(rules: &RuleSet, facts: &HostFacts) -> Shared {
    Shared::new(rules.family, &[rules], facts.names())
}

impl Packet {
    pub(super) fn fields(&self, shared: &Shared) -> [(Field, Option<u128>); 14] {
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
            (Field::Inbound, class(&self.inbound)),
            (Field::Outbound, class(&self.outbound)),
            (Field::Mark, Some(0)),
            (Field::ConnectionMark, Some(0)),
        ]
    }

    /// Whether packets of its protocol have a field.
    fn may_have(&self, field: Field) -> bool {
        match field {
            Field::SourcePort | Field::DestinationPort | Field::SentToPort => {
                matches!(self.protocol, 6 | 17 | 33 | 132 | 136)
            }
            Field::IcmpType | Field::IcmpCode => self.protocol == Family::of(self.source).icmp(),
            Field::TcpFlags => self.protocol == 6,
            _ => true,
        }
    }

    /// What connection tracking may say of it, if no rule keeps it from looking.
    fn states(&self) -> Vec<State> {
        let family = Family::of(self.source);
        match (self.protocol, self.tcp_flags, self.icmp_type) {
            (6, Some(flags), _) => vec![conntrack::tcp(flags)],
            // These are looked into as well, at more than a packet here has.
            (6 | 33 | 132 | 136, ..) => vec![State::New, State::Invalid],
            (protocol, _, Some(kind)) if protocol == family.icmp() => conntrack::icmp(family, kind)
                .map_or_else(|| vec![State::Related, State::Invalid], |state| vec![state]),
            (protocol, ..) if protocol == family.icmp() => {
                vec![State::New, State::Related, State::Invalid, State::Untracked]
            }
            _ => vec![State::New],
        }
    }
}
