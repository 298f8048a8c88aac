//! One packet on its way: which rule decides. What may be met or not is told and passed by.

use std::collections::BTreeMap;

use super::facts::{AddressSet, Dimension, Entry, HostFacts};
use super::filter::Packet;
use super::hook::{self, Step};
use super::rule_set::{
    AddressKind, Condition, InterfacePattern, Policy, Rule, RuleSet, Target, TranslatedTo,
};
use super::{Hook, Verdict};
use crate::packet::{Family, Field, State, number};

/// The way of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What becomes of it; [`Verdict::Possible`] where a rule that may be met could change that.
    pub verdict: Verdict,
    /// What decided in each table, the last one last.
    pub decisions: Vec<Decision>,
    /// The lines of the rules that may be met or not and would decide or change something, in the order of the way.
    pub unclear: Vec<usize>,
}

/// What decides about a packet in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The table.
    pub table: &'static str,
    /// The chain in which it is decided.
    pub chain: String,
    /// The line of the rule and its text; `None` if no rule decides, so the chain's policy does.
    pub rule: Option<(usize, String)>,
    /// Whether the packet goes on.
    pub admits: bool,
}

/// Follows the first packet of a connection that arrives from outside, in [`Hook::Arriving`].
#[must_use]
pub fn trace(rules: &RuleSet, facts: &HostFacts, packet: &Packet) -> Trace {
    let mut way = Way {
        rules,
        facts,
        fields: fields(packet),
        inbound: packet.inbound.clone(),
        outbound: None,
        translated: false,
        found: Trace { verdict: Verdict::Admitted, decisions: Vec::new(), unclear: Vec::new() },
        depth: 0,
    };
    let admitted = way.steps(Hook::Arriving.steps());
    way.found.verdict = match (way.found.unclear.is_empty(), admitted) {
        (false, _) => Verdict::Possible,
        (true, true) => Verdict::Admitted,
        (true, false) => Verdict::Refused,
    };
    way.found
}

fn fields(packet: &Packet) -> BTreeMap<Field, u128> {
    let mut all = BTreeMap::from([
        (Field::Source, number(packet.source)),
        (Field::Destination, number(packet.destination)),
        (Field::SentTo, number(packet.destination)),
        (Field::Protocol, packet.protocol.into()),
        (Field::Mark, 0),
        (Field::ConnectionMark, 0),
        (Field::State, State::New.number()),
    ]);
    let ports = [
        (Field::SourcePort, packet.source_port),
        (Field::DestinationPort, packet.destination_port),
        (Field::SentToPort, packet.destination_port),
    ];
    all.extend(ports.into_iter().filter_map(|(field, port)| Some((field, port?.into()))));
    let bytes = [
        (Field::IcmpType, packet.icmp_type),
        (Field::IcmpCode, packet.icmp_code),
        (Field::TcpFlags, packet.tcp_flags),
    ];
    all.extend(bytes.into_iter().filter_map(|(field, byte)| Some((field, byte?.into()))));
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Yes,
    No,
    Maybe,
}

impl Met {
    fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
        }
    }

    fn all(all: impl IntoIterator<Item = Self>) -> Self {
        let mut met = Self::Yes;
        for one in all {
            match one {
                Self::No => return Self::No,
                Self::Maybe => met = Self::Maybe,
                Self::Yes => {}
            }
        }
        met
    }

    fn any(any: impl IntoIterator<Item = Self>) -> Self {
        Self::all(any.into_iter().map(Self::not)).not()
    }
}

/// What a chain comes to.
enum End {
    Accepts,
    Drops,
    Returns,
}

struct Way<'a> {
    rules: &'a RuleSet,
    facts: &'a HostFacts,
    fields: BTreeMap<Field, u128>,
    inbound: Option<String>,
    outbound: Option<String>,
    translated: bool,
    found: Trace,
    depth: usize,
}

impl<'a> Way<'a> {
    fn steps(&mut self, steps: &'static [Step]) -> bool {
        for step in steps {
            let (table, name) = match step {
                Step::Table(table, name) => (*table, *name),
                Step::Route => {
                    let next = self.route();
                    return self.steps(next);
                }
            };
            let Some(chain) = self.rules.tables.get(table).and_then(|table| table.chains.get(name)) else {
                continue;
            };
            let end = self.chain(table, name);
            let by_policy = |admits| Decision { table, chain: name.to_owned(), rule: None, admits };
            match end {
                End::Accepts => {}
                End::Drops => return false,
                End::Returns if chain.policy == Some(Policy::Drop) => {
                    self.found.decisions.push(by_policy(false));
                    return false;
                }
                End::Returns => self.found.decisions.push(by_policy(true)),
            }
        }
        true
    }

    fn route(&mut self) -> &'static [Step] {
        let family = self.rules.family;
        let to = self.fields[&Field::Destination];
        if self.facts.own(family).unwrap_or_default().union(&family.multicast()).contains(to) {
            return hook::INPUT;
        }
        let address = family.address(to);
        let leading = self.facts.routes.iter().flatten().filter(|route| route.to.contains(&address));
        self.outbound =
            leading.max_by_key(|route| route.to.prefix_len()).map(|route| route.interface.clone());
        hook::FORWARD
    }

    fn chain(&mut self, table: &'static str, name: &str) -> End {
        let rules = self.rules;
        let Some(chain) = rules.tables.get(table).and_then(|table| table.chains.get(name)) else {
            return End::Returns;
        };
        // Who reads a rule set refuses circles; this only ends one.
        if self.depth > rules.tables.values().map(|table| table.chains.len()).sum() {
            return End::Returns;
        }
        for rule in &chain.rules {
            if matches!(rule.target, Target::Nothing | Target::ChangeSet(_)) {
                continue;
            }
            match Met::all(rule.conditions.iter().map(|condition| self.condition(condition))) {
                Met::No => continue,
                Met::Maybe => {
                    self.found.unclear.push(rule.line);
                    continue;
                }
                Met::Yes => {}
            }
            if let Some(end) = self.target(table, name, rule) {
                return end;
            }
        }
        End::Returns
    }

    /// What a rule that is met does; `None` if the next one is asked.
    fn target(&mut self, table: &'static str, chain: &str, rule: &'a Rule) -> Option<End> {
        let decided = |admits| Decision {
            table,
            chain: chain.to_owned(),
            rule: Some((rule.line, rule.text.clone())),
            admits,
        };
        match &rule.target {
            Target::Nothing | Target::ChangeSet(_) => None,
            Target::Accept | Target::Masquerade => {
                self.found.decisions.push(decided(true));
                Some(End::Accepts)
            }
            Target::Drop => {
                self.found.decisions.push(decided(false));
                Some(End::Drops)
            }
            Target::Return => {
                self.found.decisions.push(decided(true));
                Some(End::Returns)
            }
            Target::Jump(to) | Target::Goto(to) => {
                self.depth += 1;
                let end = self.chain(table, to);
                self.depth -= 1;
                match (end, &rule.target) {
                    (End::Returns, Target::Jump(_)) => None,
                    (end, _) => Some(end),
                }
            }
            Target::Translate(to) => {
                self.translated = true;
                if let Some(port) = to.ports {
                    self.fields.insert(Field::DestinationPort, port.0.into());
                    if port.0 != port.1 {
                        self.found.unclear.push(rule.line);
                    }
                }
                match &to.address {
                    Some(TranslatedTo::Addresses(first, last)) => {
                        self.fields.insert(Field::Destination, number(*first));
                        if first != last {
                            self.found.unclear.push(rule.line);
                        }
                    }
                    Some(TranslatedTo::Host) => {
                        let own = self.facts.addresses(self.rules.family).unwrap_or_default();
                        if let Some((first, _)) = own.iter().next() {
                            self.fields.insert(Field::Destination, first);
                        }
                    }
                    Some(TranslatedTo::Network(net)) => {
                        let mask = number(net.hostmask());
                        let host = self.fields[&Field::Destination] & mask;
                        self.fields.insert(Field::Destination, number(net.network()) | host);
                    }
                    None => {}
                }
                self.found.decisions.push(decided(true));
                Some(End::Accepts)
            }
            Target::Mark { field, mask, value } => {
                let old = self.fields.get(field).copied().unwrap_or_default();
                self.fields.insert(*field, (old & !mask) ^ value);
                None
            }
            Target::MarkUnknown(field) => {
                self.fields.remove(field);
                None
            }
            Target::Untrack => {
                self.fields.insert(Field::State, State::Untracked.number());
                None
            }
            Target::Queue | Target::Unknown(_) => {
                self.found.unclear.push(rule.line);
                None
            }
        }
    }

    fn condition(&self, condition: &Condition) -> Met {
        match condition {
            Condition::Within(field, set) => match self.fields.get(field) {
                Some(value) => Met::of(set.contains(*value)),
                // A port of a protocol that has none, or a mark that is not known.
                None if matches!(field, Field::Mark | Field::ConnectionMark) => Met::Maybe,
                None => Met::No,
            },
            Condition::Masked { field, mask, value } => {
                self.fields.get(field).map_or(Met::Maybe, |own| Met::of(own & mask == *value))
            }
            Condition::Interface(field, pattern) => {
                let name = if *field == Field::Inbound { &self.inbound } else { &self.outbound };
                match (name, pattern) {
                    (Some(name), InterfacePattern::Name(wanted)) => Met::of(name == wanted),
                    (Some(name), InterfacePattern::Prefix(wanted)) => Met::of(name.starts_with(wanted)),
                    (None, InterfacePattern::Prefix(wanted)) if wanted.is_empty() => Met::Yes,
                    (None, _) => Met::Maybe,
                }
            }
            Condition::AddressKind(field, kinds) => {
                let address = self.fields.get(field).copied().unwrap_or_default();
                self.address_kinds(address, kinds)
            }
            Condition::Set { name, sides } => self.set(name, sides, 0),
            Condition::Translated => Met::of(self.translated),
            Condition::Not(inner) => self.condition(inner).not(),
            Condition::All(all) => Met::all(all.iter().map(|one| self.condition(one))),
            Condition::Any(any) => Met::any(any.iter().map(|one| self.condition(one))),
            // To whom a frame was addressed is not in a packet.
            Condition::Frame(_) | Condition::Unknown(_) => Met::Maybe,
        }
    }

    /// As `lower::kinds` takes them: of v4 one is enough; of v6 what the address tells itself must be so, and one of
    /// those that a route tells.
    fn address_kinds(&self, address: u128, kinds: &[AddressKind]) -> Met {
        let is = |kind: &AddressKind| self.address_kind(address, *kind);
        if self.rules.family == Family::V4 {
            return Met::any(kinds.iter().map(is));
        }
        let by_route = |kind: &&AddressKind| matches!(kind, AddressKind::Local | AddressKind::Other);
        let route = if kinds.iter().any(|kind| by_route(&kind)) {
            Met::any(kinds.iter().filter(by_route).map(is))
        } else {
            Met::Yes
        };
        let multicast = Family::V6.multicast().contains(address);
        let itself = kinds.iter().map(|kind| match kind {
            AddressKind::Multicast => Met::of(multicast),
            AddressKind::Unicast => Met::of(!multicast && address != 0),
            AddressKind::Unspecified => Met::of(address == 0),
            AddressKind::Broadcast | AddressKind::Local | AddressKind::Other => Met::Yes,
        });
        Met::all(itself.chain([route]))
    }

    fn address_kind(&self, address: u128, kind: AddressKind) -> Met {
        let family = self.rules.family;
        let multicast = family.multicast().contains(address);
        let known = self.facts.addresses(family).zip(self.facts.broadcasts(family));
        let Some((own, broadcasts)) = known else {
            return if kind == AddressKind::Multicast { Met::of(multicast) } else { Met::Maybe };
        };
        let local = own.union(&family.loopback()).contains(address);
        let broadcast = broadcasts.union(&family.everyone()).contains(address);
        match kind {
            AddressKind::Local => Met::of(local),
            AddressKind::Broadcast => Met::of(broadcast),
            AddressKind::Multicast => Met::of(multicast),
            AddressKind::Unicast => Met::of(!local && !broadcast && !multicast),
            AddressKind::Unspecified => Met::of(address == 0),
            AddressKind::Other if local || broadcast || multicast => Met::No,
            AddressKind::Other => Met::Maybe,
        }
    }

    fn set(&self, name: &str, sides: &[Field], depth: usize) -> Met {
        match self.facts.sets.get(name) {
            Some(AddressSet::List(names)) if depth < 8 => {
                Met::any(names.iter().map(|name| self.set(name, sides, depth + 1)))
            }
            None | Some(AddressSet::Unknown(_) | AddressSet::List(_)) => Met::Maybe,
            Some(AddressSet::Entries(entries)) => {
                // The smallest entry has the last word.
                let inside = entries.iter().filter(|entry| self.entry(entry, sides));
                let size = |entry: &&Entry| {
                    entry.dimensions.iter().fold(0_u128, |sum, dimension| match dimension {
                        Dimension::Addresses(addresses) => sum.saturating_add(addresses.count()),
                        _ => sum,
                    })
                };
                Met::of(inside.min_by_key(size).is_some_and(|entry| !entry.not))
            }
        }
    }

    fn entry(&self, entry: &Entry, sides: &[Field]) -> bool {
        let own = |field: Field| self.fields.get(&field).copied();
        entry.dimensions.len() <= sides.len()
            && entry.dimensions.iter().zip(sides).all(|(dimension, side)| {
                let is_source = *side == Field::Source;
                let port = own(if is_source { Field::SourcePort } else { Field::DestinationPort });
                match dimension {
                    Dimension::Addresses(addresses) => own(*side).is_some_and(|at| addresses.contains(at)),
                    Dimension::AnyPorts(ports) => port.is_some_and(|port| ports.contains(port)),
                    Dimension::Ports { protocol, ports } => {
                        let message = own(Field::IcmpType).zip(own(Field::IcmpCode));
                        let value = match protocol {
                            1 | 58 => message.map(|(kind, code)| kind << 8 | code),
                            6 | 17 | 132 | 136 => port,
                            _ => Some(0),
                        };
                        own(Field::Protocol) == Some((*protocol).into())
                            && value.is_some_and(|value| ports.contains(value))
                    }
                    Dimension::Interface(name) => {
                        (if is_source { &self.inbound } else { &self.outbound }).as_ref() == Some(name)
                    }
                    Dimension::Mark(marks) => own(Field::Mark).is_some_and(|mark| marks.contains(mark)),
                }
            })
    }
}
