//! From rules to diagrams: what may become of each packet in a chain.

mod asked;
mod chains;
mod changes;
mod conditions;
mod kinds;
mod shared;
mod tables;
mod unknown;

use hashbrown::HashMap;

pub(super) use conditions::Met;
pub(super) use shared::{Join, Shared};
pub(super) use unknown::Unknowns;

use super::Known;
use super::facts::HostFacts;
use super::hook::Step;
use super::rule_set::{Rule, RuleSet};
use crate::packet::diagram::Diagram;
use crate::packet::{Field, Intervals, State};
use asked::Asked;
use unknown::{Once, Place, Stage};

/// A rule set on its way to diagrams.
pub(super) struct Lowering<'a> {
    pub(super) shared: Shared,
    pub(super) rules: &'a RuleSet,
    pub(super) facts: &'a HostFacts,
    /// Fields of which only some values are asked for, and which no rule changes.
    given: Known,
    chains: HashMap<(&'a str, &'a str, View, Stage), Lowered>,
    /// Where sets have a packet, by name and the fields that are asked for.
    sets: HashMap<(String, Vec<Field>, View), Diagram>,
    /// What becomes of packets from a step on.
    steps: HashMap<(Step, View), Diagram>,
    /// The chains that are being lowered, outermost first.
    open: Vec<&'a str>,
    fields: Asked,
    /// The table and the name of the built-in chain that is being lowered.
    base: (&'a str, &'a str),
    /// Whether a chain is looked at by itself: whatever came before it, packets may be anything.
    alone: Option<Parts>,
    /// The rule that is being lowered.
    asking: Option<&'a Rule>,
    /// The places of rules, where what is not known has bits.
    once: HashMap<Place, Once<'a>>,
}

/// What a rule can ask of a packet's way until now, as far as the rule set asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct View {
    /// Its destination was translated.
    pub(super) translated: Option<Replaced>,
    /// A rule that is not understood may have translated it.
    pub(super) may_be_translated: bool,
    /// It is for another host.
    pub(super) forwarded: bool,
    /// Connection tracking has not seen it yet: it is asked for in the table `raw`.
    pub(super) before_tracking: bool,
}

/// Which packets come to a chain that is looked at by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::netfilter) enum Parts {
    /// Whole ones.
    Whole,
    /// Parts of packets but the first, which have no ports, flags or messages (`tcp_mt`, `udp_mt`, `icmp_match`).
    Fragments,
}

/// What a packet has that it was not sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Replaced {
    pub(super) address: bool,
    pub(super) port: bool,
}

/// What a chain, or some rules of one, make of packets.
#[derive(Debug, Clone, Copy)]
struct Lowered {
    /// Its leaves are sets of [`Outcome`]s.
    diagram: Diagram,
    /// Whether some packets go on changed.
    changes: bool,
}

pub(super) use crate::packet::{NO, YES};

const MAYBE: Diagram = Diagram::leaf(2);

/// All rules of a rule set.
pub(in crate::netfilter) fn all_rules(rules: &RuleSet) -> impl Iterator<Item = &Rule> {
    rules.tables.values().flat_map(|table| table.chains.values()).flat_map(|chain| &chain.rules)
}

impl<'a> Lowering<'a> {
    pub(super) fn new(shared: Shared, rules: &'a RuleSet, facts: &'a HostFacts, given: &Known) -> Self {
        let fields = Asked::of(rules, facts);
        let mut given = given.clone();
        // Not every chain of a way has an interface on which a packet goes out.
        given.retain(|field, _| {
            *field == Field::State || *field != Field::Outbound && !fields.changed.contains(field)
        });
        if fields.changed.contains(&Field::State) {
            // A rule can only take the state away. What is no state counts as the last one.
            let untracked =
                Intervals::from_to(State::Untracked.number(), shared.space.layout.last(Field::State));
            given.entry(Field::State).and_modify(|states| *states = states.union(&untracked));
        }
        Self {
            shared,
            rules,
            facts,
            given,
            chains: HashMap::new(),
            sets: HashMap::new(),
            steps: HashMap::new(),
            open: Vec::new(),
            fields,
            base: ("", ""),
            alone: None,
            asking: None,
            once: HashMap::new(),
        }
    }

    /// The values of a field that are asked for, if only some are. Before it is tracked, a packet has another state.
    fn given(&self, field: Field, view: View) -> Option<&Intervals> {
        if field == Field::State && view.before_tracking {
            return None;
        }
        self.given.get(&field)
    }
}
