//! The tables of a packet's way, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::chains::DROPPED;
use super::unknown::places;
use super::{Join, Lowered, Lowering, MAYBE, NO, Parts, Replaced, Shared, View, YES};
use crate::netfilter::facts::HostFacts;
use crate::netfilter::hook::{self, ChainOf, Hook, Step};
use crate::netfilter::outcome::{Change, Changes, Outcome};
use crate::netfilter::rule_set::{Chain, Condition, Policy, RuleSet, TranslatedTo};
use crate::netfilter::{Known, verdict};
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals, Space, State, number};

impl<'a> Lowering<'a> {
    /// What becomes of some packets on their way, as [`Verdict`](crate::netfilter::Verdict)s. Others cannot be.
    pub(in crate::netfilter) fn verdicts(
        shared: Shared,
        (rules, facts): (&'a RuleSet, &'a HostFacts),
        hook: Hook,
        known: &Known,
    ) -> (Shared, Diagram) {
        let mut lowering = Self::on_way(shared, (rules, facts), hook, known);
        let mut way = lowering.steps(hook.steps(), lowering.first_view(hook));
        way = lowering.coming_in(way, hook);
        let mut shared = lowering.shared;
        let inside = shared.one_of(known);
        let verdicts = shared.space.diagrams.choose(inside, way, Diagram::leaf(0));
        (shared, verdicts)
    }

    /// Where packets are sent on their way: the outcomes of the tables up to `nat`, one after the other.
    pub(in crate::netfilter) fn translations(
        shared: Shared,
        (rules, facts): (&'a RuleSet, &'a HostFacts),
        hook: Hook,
        known: &Known,
    ) -> (Shared, Diagram) {
        let mut lowering = Self::on_way(shared, (rules, facts), hook, known);
        let mut way = Lowered { diagram: lowering.shared.one(Outcome::Next(0)), changes: false };
        for step in hook.steps() {
            let Step::Table(table, name) = *step else { break };
            if let Some(chain) = lowering.chain_of(table, name) {
                let view = View { before_tracking: table == "raw", ..lowering.first_view(hook) };
                let here = lowering.base(table, name, chain, view);
                let goes_on = lowering.each(here.diagram, |outcome| match outcome {
                    Outcome::Accept(changes) => Outcome::Next(changes),
                    decided => decided,
                });
                way = lowering.then(way, Lowered { diagram: goes_on, ..here });
            }
            if table == "nat" {
                break;
            }
        }
        let diagram = lowering.coming_in(way.diagram, hook);
        (lowering.shared, diagram)
    }

    /// What a built-in chain does with packets, whatever they are and whatever came before it: all that it changes of them, and
    /// notes. Those that it refuses are accepted here as well, with a note.
    pub(in crate::netfilter) fn alone(
        shared: Shared,
        (rules, facts): (&'a RuleSet, &'a HostFacts),
        (table, name): ChainOf,
        parts: Parts,
    ) -> (Shared, Diagram) {
        let mut lowering = Self::new(shared, rules, facts, &Known::new());
        lowering.alone = Some(parts);
        if lowering.shared.unknowns.is_some() {
            lowering.once = places(rules);
        }
        let passes = lowering.shared.one(Outcome::Accept(0));
        let Some((name, chain)) = rules.tables.get(table).and_then(|table| table.chains.get_key_value(name))
        else {
            return (lowering.shared, passes);
        };
        let translated = Some(Replaced { address: true, port: true });
        let view = View { before_tracking: table == "raw", translated, ..View::default() };
        lowering.base = (table, name);
        let diagram = lowering.chain(table, name, chain, view).diagram;
        let mut ends: BTreeMap<Changes, Changes> = BTreeMap::new();
        for made in lowering.changes_in(diagram, |_| true) {
            let refused = (chain.policy == Some(Policy::Drop)).then(|| lowering.noted(DROPPED)).flatten();
            ends.insert(made, lowering.shared.outcomes.after(made, refused.unwrap_or_default()));
        }
        let diagram = lowering.each(diagram, |outcome| match outcome {
            Outcome::Next(made) | Outcome::Return(made) => Outcome::Accept(ends[&made]),
            decided => decided,
        });
        (lowering.shared, diagram)
    }

    /// What becomes of packets on a way, by the interfaces that they come in on there. What a process sends comes in on none.
    /// None is forwarded that comes in on the loopback interface, as it has its route from when it was sent
    /// (`ip_rcv_finish_core`): of these the same is said as of others.
    fn coming_in(&mut self, way: Diagram, hook: Hook) -> Diagram {
        let loopback = self.shared.interfaces.loopback();
        match (hook, loopback) {
            (Hook::Output, _) => self.without_interface(way, Field::Inbound),
            (Hook::Forward, Some(class)) => {
                let others = self.without_interface(way, Field::Inbound);
                let is = self.shared.within(Field::Inbound, &Intervals::points([class]), YES, NO);
                self.shared.space.diagrams.choose(is, others, way)
            }
            _ => way,
        }
    }

    fn first_view(&self, hook: Hook) -> View {
        View { forwarded: self.fields.frames && hook == Hook::Forward, ..View::default() }
    }

    fn on_way(
        shared: Shared,
        (rules, facts): (&'a RuleSet, &'a HostFacts),
        hook: Hook,
        known: &Known,
    ) -> Self {
        let mut given = known.clone();
        given.retain(|field, _| !(hook == Hook::Output && *field == Field::Inbound));
        let mut lowering = Self::new(shared, rules, facts, &given);
        if lowering.shared.unknowns.is_some() {
            lowering.once = places(rules);
        }
        lowering
    }

    fn steps(&mut self, steps: &'static [Step], view: View) -> Diagram {
        let Some((step, rest)) = steps.split_first() else {
            return verdict::ADMITTED;
        };
        if let Some(&known) = self.steps.get(&(*step, view)) {
            return known;
        }
        let diagram = match *step {
            Step::Here => self.steps(hook::INPUT, view),
            Step::Through => self.steps(hook::FORWARD, view),
            Step::Route => self.route(view),
            Step::Table(table, name) => match self.chain_of(table, name) {
                None => self.steps(rest, view),
                Some(chain) => {
                    let here = View { before_tracking: table == "raw", ..view };
                    let lowered = self.base(table, name, chain, here);
                    self.table(lowered, rest, view)
                }
            },
        };
        self.steps.insert((*step, view), diagram);
        diagram
    }

    /// What becomes of packets in a table, and after it.
    fn table(&mut self, lowered: Lowered, rest: &'static [Step], view: View) -> Diagram {
        let next = self.steps(rest, view);
        if !lowered.changes {
            let Shared { space: Space { diagrams, .. }, outcomes, .. } = &mut self.shared;
            return diagrams.apply(lowered.diagram, next, &mut |here, next| {
                verdict_of(outcomes.get(here.as_leaf()?), next)
            });
        }
        let mut after: BTreeMap<Changes, Diagram> = BTreeMap::new();
        for changes in self.changes_in(lowered.diagram, |_| true) {
            let diagram = if self.leaves_way(rest, changes) {
                verdict::REFUSED
            } else {
                let view = self.view_after(view, changes);
                let next = self.steps(rest, view);
                self.before(changes, next, Join::Verdicts)
            };
            after.insert(changes, diagram);
        }
        self.graft(
            lowered.diagram,
            |_, outcome| match outcome.made() {
                Some(changes) => after[&changes],
                None => verdict::REFUSED,
            },
            Join::Verdicts,
        )
    }

    /// Whether packets are sent, by some changes, where the way that they are asked about does not lead: to the host, where they
    /// were to be forwarded; to another address than its own, where they were to come to it.
    fn leaves_way(&self, rest: &[Step], changes: Changes) -> bool {
        let to = self.shared.outcomes.change(changes).iter().rev().find_map(|change| match change {
            Change::Sent(to) => to.address.as_ref(),
            _ => None,
        });
        match (rest.first(), to) {
            (Some(Step::Through), Some(TranslatedTo::Host)) => true,
            (Some(step @ (Step::Through | Step::Here)), Some(TranslatedTo::Addresses(first, last))) => {
                let Some(own) = self.facts.own(self.rules.family) else { return false };
                let own = own.union(&self.rules.family.multicast());
                let to = Intervals::from_to(number(*first), number(*last));
                if *step == Step::Here { !own.meets(&to) } else { to.is_subset(&own) }
            }
            _ => false,
        }
    }

    /// What is for the host goes to its processes, the rest is forwarded: by the routes, where they are known.
    fn route(&mut self, view: View) -> Diagram {
        let family = self.rules.family;
        let forwarded = View { forwarded: self.fields.frames, ..view };
        let input = self.steps(hook::INPUT, view);
        let mut forward = self.steps(hook::FORWARD, forwarded);
        if let Some(routes) = &self.facts.routes {
            let mut routes: Vec<_> =
                routes.iter().filter(|route| Family::of(route.to.addr()) == family).collect();
            routes.sort_by_key(|route| (route.to.prefix_len(), route.to));
            let all = forward;
            forward = verdict::REFUSED;
            for routes in routes.chunk_by(|one, other| one.to == other.to) {
                let classes: BTreeSet<u128> =
                    routes.iter().map(|route| self.shared.interfaces.class(&route.interface)).collect();
                let by = classes.into_iter().fold(Diagram::leaf(0), |by, class| {
                    let one = self.with_bits(all, Field::Outbound, u128::MAX, class);
                    self.shared.either(by, one, Join::Verdicts)
                });
                let to = routes[0].to;
                let to = Intervals::from_to(number(to.network()), number(to.broadcast()));
                let there = self.shared.within(Field::Destination, &to, YES, NO);
                forward = self.shared.space.diagrams.choose(there, by, forward);
            }
        }
        let Some(own) = self.facts.own(family) else {
            return self.shared.either(input, forward, Join::Verdicts);
        };
        // What is for a group is for a process of the host that is in it.
        let own = own.union(&family.multicast());
        let here = self.shared.within(Field::Destination, &own, YES, NO);
        self.shared.space.diagrams.choose(here, input, forward)
    }

    /// What comes in on the loopback interface and was tracked as it was sent: it keeps its connection, and what is said of
    /// that has been said (`nf_conntrack_in`, `xt_ct_target`, `nf_nat_inet_fn`).
    pub(super) fn seen_before(&mut self) -> Diagram {
        let Some(class) = self.shared.interfaces.loopback() else { return NO };
        let invalid = Intervals::points([State::Invalid.number()]);
        let tracked = self.shared.within(Field::State, &invalid, NO, YES);
        let here = self.shared.within(Field::Inbound, &Intervals::points([class]), YES, NO);
        self.shared.space.diagrams.choose(here, tracked, NO)
    }

    /// Where something is so that a packet does not tell, one thing; elsewhere another.
    pub(super) fn if_so(&mut self, words: &str, this: Diagram, other: Diagram) -> Diagram {
        match self.unknown(&Condition::unseen(words)) {
            MAYBE => self.shared.either(this, other, Join::Outcomes),
            is_so => self.shared.space.diagrams.choose(is_so, this, other),
        }
    }

    /// One thing for packets of a state, another for all others.
    fn where_state(&mut self, state: State, this: Diagram, other: Diagram) -> Diagram {
        let is = self.shared.within(Field::State, &Intervals::points([state.number()]), YES, NO);
        self.shared.space.diagrams.choose(is, this, other)
    }

    /// What becomes of packets that have no interface on a side: its name is empty then, which only `+` matches
    /// (`ip_packet_match`, `nft_meta_store_ifname`).
    fn without_interface(&mut self, diagram: Diagram, side: Field) -> Diagram {
        let none = self.shared.interfaces.class("");
        self.with_bits(diagram, side, u128::MAX, none)
    }

    /// A built-in chain with its policy: every outcome accepts or drops.
    fn base(&mut self, table: &'a str, name: &'a str, chain: &'a Chain, view: View) -> Lowered {
        self.base = (table, name);
        let lowered = self.chain(table, name, chain, view);
        let policy = chain.policy.unwrap_or(Policy::Accept);
        let end = |outcome| match (outcome, policy) {
            (Outcome::Next(changes) | Outcome::Return(changes), Policy::Accept) => Outcome::Accept(changes),
            (Outcome::Next(_) | Outcome::Return(_), Policy::Drop) => Outcome::Drop,
            (decided, _) => decided,
        };
        let mut diagram = self.each(lowered.diagram, end);
        if matches!(name, "PREROUTING" | "INPUT") {
            diagram = self.without_interface(diagram, Field::Outbound);
        }
        let seen = if name == "PREROUTING" { self.seen_before() } else { NO };
        if view.before_tracking {
            let seen_there = diagram;
            // What has no connection and is not untracked is invalid (`conntrack_mt`).
            diagram = self.with_bits(diagram, Field::State, u128::MAX, State::Invalid.number());
            diagram = self.shared.space.diagrams.choose(seen, seen_there, diagram);
        }
        if table == "nat" {
            // Only what begins a connection asks this table (`man iptables`, nat). What is related to another one may be an
            // error about it, which does not; and later packets go where the first one was sent, by these rules or by those
            // that there were then.
            let passes = self.shared.one(Outcome::Accept(0));
            // As its first packet was asked for, whatever rules say of the states of others.
            let first = self.with_bits(diagram, Field::State, u128::MAX, State::New.number());
            let sent = self.each(first, |outcome| match outcome.made() {
                Some(_) => outcome,
                None => Outcome::Accept(0),
            });
            let later = [
                (State::Related, "an error about another connection", passes, diagram),
                (State::Established, "of a connection that was sent elsewhere", sent, passes),
            ];
            let mut all = passes;
            for (state, words, yes, no) in later {
                let either = self.if_so(words, yes, no);
                all = self.where_state(state, either, all);
            }
            diagram = self.where_state(State::New, diagram, all);
            diagram = self.shared.space.diagrams.choose(seen, passes, diagram);
        }
        Lowered { diagram, ..lowered }
    }
}

/// What the tables that follow make of a packet whose outcomes in one are known, if that is decided.
fn verdict_of(outcomes: &[Outcome], next: Diagram) -> Option<Diagram> {
    let dropped = outcomes.contains(&Outcome::Drop);
    let accepted = outcomes.iter().any(|outcome| outcome.made().is_some());
    match (accepted, dropped) {
        (false, false) => Some(verdict::IMPOSSIBLE),
        (false, true) => Some(verdict::REFUSED),
        (true, false) => Some(next),
        (true, true) => {
            let refused = verdict::REFUSED.as_leaf()?;
            Some(Diagram::leaf(next.as_leaf()? | refused))
        }
    }
}
