//! One packet on its way: which rule decides. What may be met or not is told and passed by.

use std::collections::BTreeMap;
use std::rc::Rc;

use hashbrown::HashMap;

use super::facts::{HostFacts, HostInterface};
use super::filter::Packet;
use super::hook::{self, Step};
use super::lower::{Lowering, Met, Replaced, Shared, View};
use super::outcome::copied_from;
use super::rule_set::{Policy, Rule, RuleSet, Target, TranslatedTo, Translation};
use super::{Hook, Known, Verdict};
use crate::packet::{Field, Intervals, State, Values, number};

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

/// Follows packets through a rule set, one by one.
pub struct Tracer<'a> {
    lowering: Lowering<'a>,
    /// What the rules of chains ask for, in their order.
    asked: HashMap<(&'static str, &'a str, View), Rc<[Met]>>,
}

impl<'a> Tracer<'a> {
    /// For the packets of a rule set.
    #[must_use]
    pub fn new(rules: &'a RuleSet, facts: &'a HostFacts) -> Self {
        let shared = Shared::new(rules.family, &[rules], facts.names());
        Self { lowering: Lowering::new(shared, rules, facts, &Known::new()), asked: HashMap::new() }
    }

    /// Follows the first packet of a connection that arrives from outside, in [`Hook::Arriving`].
    pub fn follow(&mut self, packet: &Packet) -> Trace {
        let fields = packet.fields(&self.lowering.shared);
        let mut fields: BTreeMap<Field, u128> =
            fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect();
        fields.insert(Field::State, State::New.number());
        fields.insert(Field::Outbound, self.lowering.shared.interfaces.class(""));
        let mut values = Values::default();
        for (field, value) in &fields {
            self.lowering.shared.space.layout.assign(&mut values, *field, Some(*value));
        }
        let mut way = Way {
            tracer: self,
            fields,
            values,
            view: View::default(),
            found: Trace { verdict: Verdict::Admitted, decisions: Vec::new(), unclear: Vec::new() },
        };
        let admitted = way.steps(Hook::Arriving.steps());
        way.found.verdict = match (way.found.unclear.is_empty(), admitted) {
            (false, _) => Verdict::Possible,
            (true, true) => Verdict::Admitted,
            (true, false) => Verdict::Refused,
        };
        way.found
    }
}

/// What a chain comes to.
enum End {
    Accepts,
    Drops,
    Returns,
}

/// A packet on its way.
struct Way<'t, 'a> {
    tracer: &'t mut Tracer<'a>,
    /// What is known of it now.
    fields: BTreeMap<Field, u128>,
    /// The same, as rules are asked with it.
    values: Values,
    view: View,
    found: Trace,
}

impl<'a> Way<'_, 'a> {
    /// Makes the value of a field known, or unknown.
    fn set(&mut self, field: Field, value: Option<u128>) {
        self.tracer.lowering.shared.space.layout.assign(&mut self.values, field, value);
        match value {
            Some(value) => _ = self.fields.insert(field, value),
            None => _ = self.fields.remove(&field),
        }
    }

    fn steps(&mut self, steps: &'static [Step]) -> bool {
        for step in steps {
            let (table, name) = match *step {
                Step::Table(table, name) => (table, name),
                Step::Here => return self.steps(hook::INPUT),
                Step::Through => return self.steps(hook::FORWARD),
                Step::Route => {
                    let next = self.route();
                    return self.steps(next);
                }
            };
            let Some(chain) = self.tracer.lowering.chain_of(table, name) else { continue };
            // Only what begins a connection asks this table.
            if table == "nat" && self.fields.get(&Field::State) != Some(&State::New.number()) {
                continue;
            }
            // What the host sends to itself keeps its connection.
            let seen = self.is_looped();
            if table == "nat" && seen {
                continue;
            }
            let by_policy = |admits| Decision { table, chain: name.to_owned(), rule: None, admits };
            let tracked = self.fields.get(&Field::State).copied();
            self.view.before_tracking = table == "raw";
            if self.view.before_tracking && !seen {
                self.set(Field::State, Some(State::Invalid.number()));
            }
            let end = self.chain(table, name);
            if self.view.before_tracking && self.fields.get(&Field::State) != Some(&State::Untracked.number())
            {
                self.set(Field::State, tracked);
            }
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

    fn is_looped(&self) -> bool {
        let inbound = self.fields.get(&Field::Inbound).copied();
        inbound.is_some() && inbound == self.tracer.lowering.shared.interfaces.loopback()
    }

    fn route(&mut self) -> &'static [Step] {
        let Lowering { facts, rules, shared, .. } = &self.tracer.lowering;
        let family = rules.family;
        // Only what is sent to some address of the host has an unknown one.
        let Some(&to) = self.fields.get(&Field::Destination) else { return hook::INPUT };
        if facts.own(family).unwrap_or_default().union(&family.multicast()).contains(to) {
            return hook::INPUT;
        }
        let address = family.address(to);
        let leading = || facts.routes.iter().flatten().filter(|route| route.to.contains(&address));
        let longest = leading().map(|route| route.to.prefix_len()).max();
        let mut ways = leading().filter(|route| Some(route.to.prefix_len()) == longest);
        let way = ways.next().filter(|first| ways.all(|other| other.interface == first.interface));
        let outbound = way.map(|route| shared.interfaces.class(&route.interface));
        self.set(Field::Outbound, outbound);
        self.view.forwarded = true;
        hook::FORWARD
    }

    fn chain(&mut self, table: &'static str, name: &'a str) -> End {
        let Some(chain) = self.tracer.lowering.chain_of(table, name) else { return End::Returns };
        let key = (table, name, self.view);
        let Tracer { lowering, asked } = &mut *self.tracer;
        let asked = asked.entry(key).or_insert_with(|| {
            chain.rules.iter().map(|rule| lowering.met(&rule.conditions, key.2)).collect()
        });
        let asked = Rc::clone(asked);
        for (rule, met) in chain.rules.iter().zip(asked.iter()) {
            if rule.target.is_passive() {
                continue;
            }
            match self.tracer.lowering.is_met(*met, &self.values) {
                Some(false) => continue,
                None => {
                    self.found.unclear.push(rule.line);
                    continue;
                }
                Some(true) => {}
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
            Target::Nothing | Target::Alter(_) | Target::Copy(_) | Target::ChangeSet { .. } => None,
            Target::Accept | Target::Masquerade(_) => {
                self.found.decisions.push(decided(true));
                Some(End::Accepts)
            }
            Target::Drop | Target::Reject { .. } => {
                self.found.decisions.push(decided(false));
                Some(End::Drops)
            }
            Target::Return => {
                self.found.decisions.push(decided(true));
                Some(End::Returns)
            }
            Target::Jump(to) | Target::Goto(to) => match (self.chain(table, to), &rule.target) {
                (End::Returns, Target::Jump(_)) => None,
                (end, _) => Some(end),
            },
            Target::Translate(to) => {
                self.translate(to, rule.line);
                self.found.decisions.push(decided(true));
                Some(End::Accepts)
            }
            // Before it is tracked, a packet has no connection, or the template of one that has no mark.
            Target::Mark { field: Field::ConnectionMark, .. }
            | Target::CopyMark { to: Field::ConnectionMark, .. }
                if table == "raw" && !self.is_looped() =>
            {
                None
            }
            Target::CopyMark { to, mask } if table == "raw" && !self.is_looped() => {
                if self.fields.get(&Field::State) == Some(&State::New.number()) {
                    let old = self.fields.get(to).copied();
                    self.set(*to, old.map(|old| old & !mask));
                }
                None
            }
            Target::Mark { field, mask, value } => {
                let old = self.fields.get(field).copied().unwrap_or_default();
                self.set(*field, Some((old & !mask) ^ value));
                None
            }
            Target::CopyMark { to, mask } => {
                let from = copied_from(*to);
                let without = [State::Invalid, State::Untracked].map(State::number);
                if !self.fields.get(&Field::State).is_some_and(|state| without.contains(state)) {
                    let old = self.fields.get(to).copied().zip(self.fields.get(&from).copied());
                    self.set(*to, old.map(|(old, other)| old & !mask | other & mask));
                }
                None
            }
            Target::MarkUnknown { field, .. } => {
                self.set(*field, None);
                None
            }
            // What was said first of its connection counts.
            Target::Untrack | Target::Track(_) => {
                let state = if rule.target == Target::Untrack { State::Untracked } else { State::New };
                if self.fields.get(&Field::State) == Some(&State::Invalid.number()) {
                    self.set(Field::State, Some(state.number()));
                }
                None
            }
            Target::Queue(_) | Target::Unknown(_) => {
                self.found.unclear.push(rule.line);
                None
            }
        }
    }

    fn translate(&mut self, to: &Translation, line: usize) {
        let before =
            [Field::Destination, Field::DestinationPort].map(|field| self.fields.get(&field).copied());
        let [address, port] = before;
        if let Some((first, last)) = to.ports {
            self.set(Field::DestinationPort, Some(first.into()));
            self.found.unclear.extend((first != last).then_some(line));
        }
        let addresses = match &to.address {
            Some(TranslatedTo::Addresses(first, last)) => {
                self.found.unclear.extend((first != last).then_some(line));
                Some(Intervals::points([number(*first)]))
            }
            Some(TranslatedTo::Host) => Some(self.redirected()),
            Some(TranslatedTo::Network(net)) => {
                address.map(|to| Intervals::points([number(net.network()) | to & number(net.hostmask())]))
            }
            None => None,
        };
        let mut may_be = false;
        let mut is = to.ports.is_some() && self.fields.get(&Field::DestinationPort).copied() != port;
        if let Some(new) = addresses {
            let same = address.is_some_and(|address| new.contains(address));
            is |= !same;
            may_be = same && new.single().is_none();
            self.set(Field::Destination, new.single());
        }
        if is {
            let new = self.view.translated.get_or_insert_default();
            *new =
                Replaced { address: new.address | to.address.is_some(), port: new.port | to.ports.is_some() };
        }
        self.view.may_be_translated |= may_be;
    }

    /// What `REDIRECT` may send the packet to.
    fn redirected(&self) -> Intervals {
        let Lowering { facts, rules, shared, .. } = &self.tracer.lowering;
        let inbound = self.fields.get(&Field::Inbound);
        let of = |one: &&HostInterface| inbound == Some(&shared.interfaces.class(&one.name));
        let interface = facts.interfaces.iter().flatten().find(of);
        let own = interface.map(|one| one.redirects_to(rules.family)).unwrap_or_default();
        if own.is_empty() { facts.addresses(rules.family).unwrap_or_default() } else { own }
    }
}
