//! Chains: rules in their order, and what each does.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::unknown::Stage;
use super::{Join, Lowered, Lowering, MAYBE, NO, Parts, Shared, View, YES};
use crate::netfilter::apart::may_drop_parts;
use crate::netfilter::outcome::{Change, Changes, Outcome};
use crate::netfilter::rule_set::{ANYTHING, Chain, Rule, Target, TranslatedTo, Translation};
use crate::packet::diagram::Diagram;
use crate::packet::{Field, Intervals, Space, State, number};

/// That connection tracking is taken away.
const UNTRACKED: Change =
    Change::Bits { field: Field::State, mask: u128::MAX, value: State::Untracked.number() };

/// What is noted of packets that are gone: what was done with them before may stay.
pub(super) const DROPPED: &str = "DROP";

impl<'a> Lowering<'a> {
    pub(in crate::netfilter) fn chain_of(&self, table: &str, chain: &str) -> Option<&'a Chain> {
        self.rules.tables.get(table)?.chains.get(chain)
    }

    /// A chain, as those see it who call it.
    pub(super) fn chain(&mut self, table: &'a str, name: &'a str, chain: &'a Chain, view: View) -> Lowered {
        let place = (table, name, view, Stage::of(self.base));
        if let Some(&known) = self.chains.get(&place) {
            return known;
        }
        self.open.push(name);
        let rules: Vec<Lowered> =
            chain.rules.iter().filter_map(|rule| self.rule(table, rule, view)).collect();
        let next = Lowered { diagram: self.shared.one(Outcome::Next(0)), changes: false };
        let lowered = self.in_turn(&rules).unwrap_or(next);
        self.open.pop();
        self.chains.insert(place, lowered);
        lowered
    }

    /// Rules in their order, as one. Halves are put together, so that big diagrams are rarely touched.
    fn in_turn(&mut self, rules: &[Lowered]) -> Option<Lowered> {
        match rules {
            [] => None,
            [only] => Some(*only),
            _ => {
                let (first, second) = rules.split_at(rules.len() / 2);
                let (first, second) = (self.in_turn(first)?, self.in_turn(second)?);
                Some(self.then(first, second))
            }
        }
    }

    /// One after another: where the first leads on, the second is asked.
    pub(super) fn then(&mut self, first: Lowered, second: Lowered) -> Lowered {
        let changes = first.changes || second.changes;
        if !first.changes {
            let Shared { space: Space { diagrams, .. }, outcomes, .. } = &mut self.shared;
            let diagram = diagrams.apply(first.diagram, second.diagram, &mut |first, second| {
                let here = first.as_leaf()?;
                let set = outcomes.get(here);
                if !set.iter().any(|outcome| matches!(outcome, Outcome::Next(_))) {
                    return Some(first);
                }
                if set.len() == 1 {
                    return Some(second);
                }
                let decided = set.iter().copied().filter(|outcome| !matches!(outcome, Outcome::Next(_)));
                let decided = decided.collect();
                let decided = outcomes.set(decided);
                Some(Diagram::leaf(outcomes.union(decided, second.as_leaf()?)))
            });
            return Lowered { diagram, changes };
        }
        let mut after: BTreeMap<Changes, Diagram> = BTreeMap::new();
        for made in self.changes_in(first.diagram, |outcome| matches!(outcome, Outcome::Next(_))) {
            let next = self.before(made, second.diagram, Join::Outcomes);
            let next = self.each_after(next, made);
            after.insert(made, next);
        }
        let follows = |shared: &mut Shared, outcome| match outcome {
            Outcome::Next(made) => after[&made],
            decided => shared.one(decided),
        };
        let diagram = self.graft(first.diagram, follows, Join::Outcomes);
        Lowered { diagram, changes }
    }

    /// The diagram in which the changes of each outcome come after others.
    fn each_after(&mut self, diagram: Diagram, first: Changes) -> Diagram {
        if first == 0 {
            return diagram;
        }
        let Shared { space: Space { diagrams, .. }, outcomes, .. } = &mut self.shared;
        diagrams.map(diagram, &mut |leaf| {
            let set = outcomes.get(leaf).to_vec();
            let set = set.into_iter().map(|outcome| match outcome.made() {
                Some(then) => outcome.with(outcomes.after(first, then)),
                None => outcome,
            });
            let set = set.collect();
            outcomes.set(set)
        })
    }

    pub(super) fn each(&mut self, diagram: Diagram, become_: impl Fn(Outcome) -> Outcome) -> Diagram {
        let Shared { space: Space { diagrams, .. }, outcomes, .. } = &mut self.shared;
        diagrams.map(diagram, &mut |leaf| outcomes.each(leaf, &become_))
    }

    /// All changes with which packets leave by some outcomes.
    pub(super) fn changes_in(&mut self, diagram: Diagram, of: fn(&Outcome) -> bool) -> Vec<Changes> {
        let Shared { space: Space { diagrams, .. }, outcomes, .. } = &mut self.shared;
        let leaves = diagrams.leaves(diagram);
        let outcomes = leaves.iter().flat_map(|leaf| outcomes.get(*leaf)).filter(|outcome| of(outcome));
        let mut all: Vec<Changes> = outcomes.filter_map(|outcome| outcome.made()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The diagram that has, where some outcomes are possible, what follows each of them.
    pub(super) fn graft(
        &mut self,
        diagram: Diagram,
        follows: impl Fn(&mut Shared, Outcome) -> Diagram,
        join: Join,
    ) -> Diagram {
        let shared = &mut self.shared;
        // What follows where nothing was changed asks for all that the diagram does, and more than the rest: it is put in
        // once, from the top down, or it would be put together anew for each of the diagram's leaves.
        let mut unchanged: Option<(Outcome, Diagram)> = None;
        let mut changed: HashMap<u32, Diagram> = HashMap::new();
        let leaves = shared.space.diagrams.leaves(diagram);
        for leaf in &leaves {
            let mut rest: Option<Diagram> = None;
            for outcome in shared.outcomes.get(*leaf).to_vec() {
                let then = follows(shared, outcome);
                let is_it = unchanged.is_none_or(|(known, _)| known == outcome);
                if is_it && outcome.made() == Some(0) && then.as_leaf().is_none() {
                    unchanged = Some((outcome, then));
                } else {
                    rest = Some(rest.map_or(then, |rest| shared.either(rest, then, join)));
                }
            }
            changed.insert(*leaf, rest.unwrap_or(Diagram::leaf(0)));
        }
        let changed = shared.space.diagrams.graft(diagram, &mut |leaf| changed[&leaf]);
        let Some((outcome, then)) = unchanged else { return changed };
        let Shared { space: Space { diagrams, .. }, outcomes, .. } = shared;
        let here = diagrams.map(diagram, &mut |leaf| u32::from(outcomes.get(leaf).contains(&outcome)));
        let unchanged = diagrams.choose(here, then, Diagram::leaf(0));
        self.shared.either(unchanged, changed, join)
    }

    /// A rule, or `None` if it decides nothing.
    fn rule(&mut self, table: &'a str, rule: &'a Rule, view: View) -> Option<Lowered> {
        if self.alone == Some(Parts::Fragments) {
            let others = if rule.asks_for_transport() { None } else { self.whole_rule(table, rule, view) };
            return if may_drop_parts(self.rules.family, rule) {
                Some(self.without_protocol(rule, others))
            } else {
                others
            };
        }
        self.whole_rule(table, rule, view)
    }

    fn whole_rule(&mut self, table: &'a str, rule: &'a Rule, view: View) -> Option<Lowered> {
        let next = self.shared.outcomes.set(vec![Outcome::Next(0)]);
        let may_drop = rule.may_drop().filter(|_| self.alone.is_some());
        let target = match self.target(table, &rule.target, view) {
            None if may_drop.is_some() => Lowered { diagram: Diagram::leaf(next), changes: false },
            target => target?,
        };
        let mut fields: BTreeMap<usize, (Field, Intervals)> = BTreeMap::new();
        let mut rest = Vec::new();
        for condition in &rule.conditions {
            if let Some((field, set)) = self.single(condition, view) {
                let place = usize::from(self.shared.space.layout.bits_of(field).start);
                fields
                    .entry(place)
                    .and_modify(|(_, known)| *known = known.intersection(&set))
                    .or_insert((field, set));
            } else {
                rest.push(condition);
            }
        }
        for (field, set) in fields.values_mut() {
            if let Some(given) = self.given(*field, view) {
                if set.intersection(given).is_empty() {
                    return None;
                }
                if given.difference(set).is_empty() {
                    *set = self.shared.space.layout.all(*field);
                }
            }
        }
        self.asking = Some(rule);
        let met = self.all(rest, view);
        self.asking = None;
        let mut diagram =
            if met == YES { target.diagram } else { self.shared.guard(met, target.diagram, next) };
        if let (Some(text), Some(dropped)) = (may_drop, self.noted(DROPPED)) {
            let dropped = self.shared.one(Outcome::Accept(dropped));
            let full = self.if_so(&format!("no room for {text}"), dropped, diagram);
            // It is asked by packets that meet the rest.
            let others = rule.conditions.iter().filter(|one| !one.may_drop());
            let asked = self.all(others, view);
            let [is, may_be] = [YES, MAYBE].map(|of| {
                self.shared.space.diagrams.map(asked, &mut |leaf| u32::from(Diagram::leaf(leaf) == of))
            });
            let either = self.shared.either(full, diagram, Join::Outcomes);
            diagram = self.shared.space.diagrams.choose(may_be, either, diagram);
            diagram = self.shared.space.diagrams.choose(is, full, diagram);
        }
        if diagram.as_leaf().is_some() {
            for (field, set) in fields.values().rev() {
                diagram = self.shared.within(*field, set, diagram, Diagram::leaf(next));
            }
        } else {
            let inside = fields
                .values()
                .rev()
                .fold(YES, |inside, (field, set)| self.shared.within(*field, set, inside, NO));
            diagram = self.shared.guard(inside, diagram, next);
        }
        Some(Lowered { diagram, changes: target.changes })
    }

    /// What a rule does that asks for the protocol. Of a part of a packet over v6 that begins with another header, nobody
    /// finds it (`ipv6_find_hdr`): it meets no such rule, nor one for all other protocols (`nft_meta_get_eval`), or it is
    /// dropped as it is asked about (`ip6_packet_match`).
    fn without_protocol(&mut self, rule: &Rule, others: Option<Lowered>) -> Lowered {
        let next = self.shared.one(Outcome::Next(0));
        let others = others.unwrap_or(Lowered { diagram: next, changes: false });
        let dropped = Outcome::Accept(self.noted(DROPPED).unwrap_or_default());
        let dropped = self.shared.one(dropped);
        let asked = self.if_so(&format!("dropped by {:?}", rule.conditions), dropped, next);
        Lowered { diagram: self.if_so("it begins with another header", asked, others.diagram), ..others }
    }

    /// What a target does with every packet; `None` if that is nothing.
    fn target(&mut self, table: &'a str, target: &'a Target, view: View) -> Option<Lowered> {
        let outcome = match target {
            Target::Nothing => return None,
            Target::Alter(text) | Target::Copy(text) | Target::ChangeSet { text, .. } => {
                Outcome::Next(self.noted(text)?)
            }
            Target::Accept => Outcome::Accept(0),
            Target::Masquerade(text) => Outcome::Accept(self.noted(text).unwrap_or_default()),
            Target::Drop => self.noted(DROPPED).map_or(Outcome::Drop, Outcome::Accept),
            Target::Reject { text, .. } => self.noted(text).map_or(Outcome::Drop, Outcome::Accept),
            Target::Return => Outcome::Return(0),
            Target::Jump(name) | Target::Goto(name) => {
                let back = matches!(target, Target::Jump(_));
                return Some(self.call(table, name, back, view));
            }
            Target::Translate(to) => return Some(self.translated(to)),
            // Before it is tracked, a packet has no connection that could be marked, or the template of one.
            Target::Mark { field: field @ Field::ConnectionMark, mask, value } if view.before_tracking => {
                let made = if value & !mask == 0 {
                    self.made(Change::Bits { field: *field, mask: *mask, value: *value })
                } else {
                    self.unknown_mark(*field, &format!("{mask:#x} {value:#x}"))
                };
                return Some(self.of_seen(made, 0));
            }
            Target::Mark { field, mask, value } if value & !mask == 0 => {
                Outcome::Next(self.made(Change::Bits { field: *field, mask: *mask, value: *value }))
            }
            Target::Mark { field, mask, value } => {
                Outcome::Next(self.unknown_mark(*field, &format!("{mask:#x} {value:#x}")))
            }
            Target::MarkUnknown { field, text } => Outcome::Next(self.unknown_mark(*field, text)),
            Target::CopyMark { to, mask } => return Some(self.copies(*to, *mask, view)),
            Target::Untrack | Target::Track(_) => return Some(self.told_of_connection(target, view)),
            Target::Queue(_) => {
                let changed = self.changed_anyhow();
                let all = [Outcome::Accept(0), Outcome::Accept(changed), Outcome::Drop];
                return Some(Lowered { changes: true, ..self.any_of(&all) });
            }
            Target::Unknown(_) => return Some(self.anything(view)),
        };
        // Nothing comes after what is decided in a chain that is looked at by itself.
        let goes_on = self.alone.is_none() || matches!(outcome, Outcome::Next(_) | Outcome::Return(_));
        let changes = goes_on && outcome.made().is_some_and(|changes| changes != 0);
        Some(Lowered { diagram: self.shared.one(outcome), changes })
    }

    /// What `DNAT` and the like do. `REDIRECT` sends what comes in on an interface to that interface's address, and what a
    /// process sends to that of the loopback interface (`nf_nat_redirect_ipv4`, `nf_nat_redirect_ipv6`).
    fn translated(&mut self, to: &'a Translation) -> Lowered {
        if to.address == Some(TranslatedTo::Host) && self.base.1 == "OUTPUT" {
            let address = self.rules.family.own();
            let address = Some(TranslatedTo::Addresses(address, address));
            let diagram = self.sent_to(&Translation { address, ..to.clone() });
            return Lowered { diagram, changes: true };
        }
        let mut diagram = self.sent_to(to);
        if to.address == Some(TranslatedTo::Host) {
            for interface in self.facts.interfaces.iter().flatten().filter(|one| !one.loopback) {
                let Some(address) = interface.redirects_to(self.rules.family).single() else { continue };
                let address = self.rules.family.address(address);
                let address = Some(TranslatedTo::Addresses(address, address));
                let here = self.sent_to(&Translation { address, ..to.clone() });
                let class = Intervals::points([self.shared.interfaces.class(&interface.name)]);
                let inside = self.shared.within(Field::Inbound, &class, YES, NO);
                diagram = self.shared.space.diagrams.choose(inside, here, diagram);
            }
        }
        Lowered { diagram, changes: true }
    }

    /// What is sent to where it goes anyway is not translated (`nf_nat_setup_info`), as far as a rule asks.
    fn sent_to(&mut self, to: &Translation) -> Diagram {
        let sent = Outcome::Accept(self.made(Change::Sent(to.clone())));
        let elsewhere = self.shared.one(sent);
        if !self.fields.translated || self.alone.is_some() {
            return elsewhere;
        }
        let all = |lowering: &Self, field| lowering.shared.space.layout.all(field);
        let (addresses, kept) = match &to.address {
            None => (all(self, Field::Destination), true),
            Some(TranslatedTo::Addresses(first, last)) => {
                (Intervals::from_to(number(*first), number(*last)), first == last)
            }
            Some(TranslatedTo::Network(net)) => {
                (Intervals::from_to(number(net.network()), number(net.broadcast())), true)
            }
            Some(TranslatedTo::Host) => match self.facts.addresses(self.rules.family) {
                Some(own) => (own, false),
                None => (all(self, Field::Destination), false),
            },
        };
        let (ports, kept) = match to.ports {
            None => (all(self, Field::DestinationPort), kept),
            Some((first, last)) => (Intervals::from_to(first.into(), last.into()), kept && first == last),
        };
        let same = if kept { vec![Outcome::Accept(0)] } else { vec![Outcome::Accept(0), sent] };
        let same = Diagram::leaf(self.shared.outcomes.set(same));
        let same = self.shared.within(Field::Destination, &addresses, same, elsewhere);
        self.shared.within(Field::DestinationPort, &ports, same, elsewhere)
    }

    /// What is done with a packet that no rule asks for later, where that counts.
    pub(super) fn noted(&mut self, text: &str) -> Option<Changes> {
        self.alone?;
        Some(self.made(Change::Noted(text.to_owned())))
    }

    /// A mark that is made something which is not known, in these words.
    fn unknown_mark(&mut self, field: Field, text: &str) -> Changes {
        let (made, words) = (self.made(Change::Anything(field)), self.noted(text));
        self.shared.outcomes.after(made, words.unwrap_or_default())
    }

    fn made(&mut self, change: Change) -> Changes {
        self.shared.outcomes.changes(vec![change])
    }

    /// What is said of a packet's connection, if nothing was: it may have been tracked as it was sent, or an earlier rule has
    /// said something (`xt_ct_target`). Before it is tracked, a packet of which nothing was said has no valid state.
    fn told_of_connection(&mut self, target: &Target, view: View) -> Lowered {
        let mut made = self.made(if *target == Target::Untrack { UNTRACKED } else { Change::Tracked });
        if let Target::Track(words) = target {
            let words = self.noted(words).unwrap_or_default();
            made = self.shared.outcomes.after(made, words);
        }
        let (mut told, same) = (self.shared.one(Outcome::Next(made)), self.shared.one(Outcome::Next(0)));
        if self.alone.is_some() {
            // What `REJECT` answers and the kernel's errors may have a connection, also one that is invalid (`nf_ct_attach`).
            told = self.if_so("something was said of its connection", same, told);
        }
        let diagram = if view.before_tracking {
            let nothing = Intervals::points([State::Invalid.number()]);
            self.shared.within(Field::State, &nothing, told, same)
        } else {
            told
        };
        Lowered { diagram, changes: true }
    }

    /// A mark of a connection is copied where there is one (`connmark_tg`). Before it is tracked, a packet has none, or the
    /// template of one that has no mark.
    fn copies(&mut self, to: Field, mask: u128, view: View) -> Lowered {
        let copied = Change::Copied { to, mask };
        let there = if view.before_tracking && self.alone.is_none() {
            let of_template = match to {
                Field::Mark => self.made(Change::Bits { field: to, mask, value: 0 }),
                _ => 0,
            };
            let made = self.made(copied);
            self.of_seen(made, of_template)
        } else {
            let made = self.made(copied);
            Lowered { diagram: self.shared.one(Outcome::Next(made)), changes: true }
        };
        let same = self.shared.one(Outcome::Next(0));
        let connected = self.has_connection();
        Lowered { diagram: self.shared.space.diagrams.choose(connected, there.diagram, same), changes: true }
    }

    /// The packets that have a connection.
    fn has_connection(&mut self) -> Diagram {
        let without = [State::Invalid, State::Untracked].map(State::number);
        let last = self.shared.space.layout.last(Field::State);
        let without = Intervals::points(without).union(&Intervals::from_to(without[1], last));
        self.shared.within(Field::State, &without, NO, YES)
    }

    /// What a rule of the table raw changes of packets that were seen before, and of others.
    fn of_seen(&mut self, made: Changes, of_others: Changes) -> Lowered {
        let [made, others] = [made, of_others].map(|made| self.shared.one(Outcome::Next(made)));
        let seen = if self.alone.is_some() { self.has_connection() } else { self.seen_before() };
        Lowered { diagram: self.shared.space.diagrams.choose(seen, made, others), changes: true }
    }

    fn changed_anyhow(&mut self) -> Changes {
        self.shared.outcomes.changes(ANYTHING.map(Change::Anything).to_vec())
    }

    /// What a target does that is not known here: with the packet whatever a target can, and to it too.
    fn anything(&mut self, view: View) -> Lowered {
        let mut ways = vec![0, self.changed_anyhow()];
        if view.before_tracking {
            let untracked = self.made(UNTRACKED);
            ways.push(self.shared.outcomes.after(ways[1], untracked));
        }
        let mut all = vec![Outcome::Drop];
        for changes in ways {
            all.extend([Outcome::Accept(changes), Outcome::Next(changes)]);
        }
        Lowered { changes: true, ..self.any_of(&all) }
    }

    fn any_of(&mut self, outcomes: &[Outcome]) -> Lowered {
        let set = self.shared.outcomes.set(outcomes.to_vec());
        Lowered { diagram: Diagram::leaf(set), changes: false }
    }

    fn call(&mut self, table: &'a str, name: &'a str, back: bool, view: View) -> Lowered {
        let Some(chain) = self.chain_of(table, name) else {
            return self.anything(view);
        };
        if self.open.contains(&name) {
            // The kernel refuses a rule set with a loop; who reads one tells so before.
            return self.any_of(&[Outcome::Accept(0), Outcome::Drop]);
        }
        let called = self.chain(table, name, chain, view);
        let diagram = self.each(called.diagram, |outcome| match outcome {
            Outcome::Next(changes) | Outcome::Return(changes) if back => Outcome::Next(changes),
            Outcome::Next(changes) => Outcome::Return(changes),
            decided => decided,
        });
        Lowered { diagram, ..called }
    }
}
