//! Conditions: where each is met, may be, and is not.

use super::{Lowering, MAYBE, NO, Parts, View, YES};
use crate::netfilter::facts::{AddressSet, Dimension, Entry};
use crate::netfilter::rule_set::{Condition, FrameKind, InterfacePattern, Memory};
use crate::packet::diagram::Diagram;
use crate::packet::{Field, Intervals, Space, State, Values};

/// Where a rule is met, may be, and is not.
#[derive(Debug, Clone, Copy)]
pub(in crate::netfilter) struct Met(Diagram);

impl<'a> Lowering<'a> {
    /// A condition on one field, as the set of its values.
    pub(super) fn single(&self, condition: &Condition, view: View) -> Option<(Field, Intervals)> {
        match condition {
            Condition::Within(field, set) => {
                let field = match field {
                    Field::SentTo if !view.translated.is_some_and(|new| new.address) => Field::Destination,
                    Field::SentToPort if !view.translated.is_some_and(|new| new.port) => {
                        Field::DestinationPort
                    }
                    field => *field,
                };
                Some((field, self.whole(field, set)))
            }
            Condition::Interface(field, pattern) => Some((*field, self.shared.interfaces.matching(pattern))),
            Condition::Not(inner) => {
                let (field, set) = self.single(inner, view)?;
                Some((field, self.shared.space.layout.all(field).difference(&set)))
            }
            _ => None,
        }
    }

    /// A set without numbers that a field cannot have. What is no state counts as the last one.
    fn whole(&self, field: Field, set: &Intervals) -> Intervals {
        let all = self.shared.space.layout.all(field);
        let last = State::Untracked.number();
        if field == Field::State && set.contains(last) {
            return set.union(&Intervals::from_to(last, self.shared.space.layout.last(field)));
        }
        set.intersection(&all)
    }

    /// Where a condition is met, may be, and is not.
    fn condition(&mut self, condition: &Condition, view: View) -> Diagram {
        if let Some((field, set)) = self.single(condition, view) {
            return match self.given(field, view) {
                Some(given) if set.intersection(given).is_empty() => NO,
                Some(given) if given.difference(&set).is_empty() => YES,
                _ => self.shared.within(field, &set, YES, NO),
            };
        }
        match condition {
            Condition::Masked { field, mask, value } => {
                let Space { diagrams, layout } = &mut self.shared.space;
                layout.masked(diagrams, *field, (*mask, *value), YES, NO)
            }
            Condition::AddressKind(field, kinds) => self.address_kind(*field, kinds),
            Condition::Set { name, sides } => {
                let key = (name.clone(), sides.clone(), view);
                if let Some(&known) = self.sets.get(&key) {
                    return known;
                }
                let set = self.set(name, sides, view, &mut Vec::new());
                self.sets.insert(key, set);
                set
            }
            Condition::Frame(kind) => match frame(*kind, view) {
                MAYBE => self.unknown(condition),
                known => known,
            },
            Condition::OfConnection(first) => {
                let unknown = self.unknown(&Condition::unseen(&format!("of its connection {first:?}")));
                if self.alone.is_some() {
                    return unknown;
                }
                let first = self.condition(first, view);
                let is = |state: State| Intervals::points([state.number()]);
                let later = is(State::Established).union(&is(State::Related));
                let later = self.shared.within(Field::State, &later, unknown, NO);
                let new = self.shared.within(Field::State, &is(State::New), YES, NO);
                self.shared.space.diagrams.choose(new, first, later)
            }
            Condition::Translated if self.alone.is_some() => self.unknown(condition),
            Condition::Translated => {
                let told = match (view.translated.is_some(), view.may_be_translated) {
                    (true, _) => YES,
                    (false, true) => MAYBE,
                    (false, false) => NO,
                };
                // What was translated when a connection began, its later packets do not tell.
                let later = [State::Established, State::Related].map(State::number);
                let may_be = self.unknown(condition);
                self.shared.within(Field::State, &Intervals::points(later), may_be, told)
            }
            Condition::SenderTranslated => {
                let is_so = self.unknown(condition);
                if self.alone.is_some() {
                    return is_so;
                }
                let without = [State::New, State::Invalid, State::Untracked].map(State::number);
                let without = self.whole(Field::State, &Intervals::points(without));
                self.shared.within(Field::State, &without, NO, is_so)
            }
            Condition::Not(inner) => {
                let inner = self.condition(inner, view);
                self.not(inner)
            }
            Condition::All(all) => self.all(all, view),
            Condition::Any(any) => {
                let any = any.iter().map(|one| self.condition(one, view)).collect::<Vec<_>>();
                self.any(any)
            }
            Condition::Fragment if self.alone == Some(Parts::Fragments) => YES,
            // A packet that is asked about is whole. Connection tracking puts together what is forwarded, and the host what
            // is for it (`ip_local_deliver`); what the host sends need not be whole (`IP_NODEFRAG`).
            Condition::Fragment if self.alone.is_none() || ["FORWARD", "INPUT"].contains(&self.base.1) => NO,
            Condition::Fragment => self.unknown(condition),
            Condition::Remembered { by: Memory::Met, .. } => YES,
            Condition::Unseen { .. } | Condition::Counted { .. } | Condition::Remembered { .. } => {
                self.unknown(condition)
            }
            Condition::Within(..) | Condition::Interface(..) | Condition::Unknown(_) => MAYBE,
        }
    }

    /// Where every one of some conditions is met, may be, and is not.
    pub(super) fn all<'c>(&mut self, all: impl IntoIterator<Item = &'c Condition>, view: View) -> Diagram {
        all.into_iter().fold(YES, |met, one| {
            let one = self.condition(one, view);
            self.both(met, one)
        })
    }

    /// Where a rule with these conditions is met.
    pub(in crate::netfilter) fn met(&mut self, conditions: &[Condition], view: View) -> Met {
        Met(self.all(conditions, view))
    }

    /// Whether it is met by a packet of which some fields are known; `None` where that is not.
    pub(in crate::netfilter) fn is_met(&mut self, met: Met, values: &Values) -> Option<bool> {
        let diagrams = &mut self.shared.space.diagrams;
        // Nearly all rules end here, at a field that is known.
        let left = diagrams.descend(met.0, |bit| values.get(bit));
        match left.as_leaf().map_or_else(|| diagrams.assign(left, &|bit| values.get(bit)), |_| left) {
            YES => Some(true),
            NO => Some(false),
            _ => None,
        }
    }

    fn not(&mut self, condition: Diagram) -> Diagram {
        self.shared.space.diagrams.map(condition, &mut |leaf| match leaf {
            0 => 1,
            1 => 0,
            maybe => maybe,
        })
    }

    fn both(&mut self, one: Diagram, other: Diagram) -> Diagram {
        self.shared.space.diagrams.apply(one, other, &mut |one, other| match (one, other) {
            (NO, _) | (_, NO) => Some(NO),
            (YES, both) | (both, YES) => Some(both),
            (MAYBE, MAYBE) => Some(MAYBE),
            _ => None,
        })
    }

    pub(super) fn any(&mut self, mut any: Vec<Diagram>) -> Diagram {
        while any.len() > 1 {
            let pairs = any.chunks(2).map(|pair| match *pair {
                [one, other] => {
                    self.shared.space.diagrams.apply(one, other, &mut |one, other| match (one, other) {
                        (YES, _) | (_, YES) => Some(YES),
                        (NO, either) | (either, NO) => Some(either),
                        (MAYBE, MAYBE) => Some(MAYBE),
                        _ => None,
                    })
                }
                _ => pair[0],
            });
            any = pairs.collect();
        }
        any.pop().unwrap_or(NO)
    }

    fn set(&mut self, name: &str, sides: &[Field], view: View, asked: &mut Vec<String>) -> Diagram {
        if self.fields.changed_sets.iter().any(|changed| changed == name)
            || asked.iter().any(|one| one == name)
        {
            return MAYBE;
        }
        match self.facts.sets.get(name) {
            // What has several dimensions may ask for a mark, or for an interface that there is not everywhere.
            None | Some(AddressSet::Unknown(_)) if sides.len() > 1 && self.alone.is_none() => MAYBE,
            // It may be a list of sets, and one that rules change among them.
            None if !self.fields.changed_sets.is_empty() => MAYBE,
            None | Some(AddressSet::Unknown(_)) => {
                self.unknown(&Condition::Set { name: name.to_owned(), sides: sides.to_vec() })
            }
            Some(AddressSet::List(names)) => {
                asked.push(name.to_owned());
                let any = names.iter().map(|name| self.set(name, sides, view, asked)).collect();
                asked.pop();
                self.any(any)
            }
            Some(AddressSet::Entries(entries)) => self.entries(entries, sides, view),
        }
    }

    fn entries(&mut self, entries: &'a [Entry], sides: &[Field], view: View) -> Diagram {
        // With fewer sides than a set has dimensions, the kernel finds nothing in it (`ip_set_test`).
        if entries.iter().any(|entry| entry.dimensions.len() > sides.len()) {
            return NO;
        }
        if let [side, ..] = sides {
            let addresses = |entry: &'a Entry| match entry.dimensions.as_slice() {
                [Dimension::Addresses(addresses)] => Some((addresses, entry.not)),
                _ => None,
            };
            if let Some(all) = entries.iter().map(addresses).collect::<Option<Vec<_>>>() {
                return self.shared.within(*side, &most_exact(all), YES, NO);
            }
        }
        let with_interface = |entry: &Entry| {
            entry.dimensions.iter().any(|dimension| matches!(dimension, Dimension::Interface(_)))
        };
        if !entries.iter().any(|entry| entry.not || with_interface(entry)) {
            return self.any_entry(entries, sides, view);
        }
        // The smallest networks that have a packet have the last word (`mtype_test_cidrs`), and those with an interface
        // have it for every interface (`hash_netiface4_data_equal`).
        let mut entries: Vec<&Entry> = entries.iter().collect();
        entries.sort_by_cached_key(|entry| std::cmp::Reverse(sizes(entry)));
        entries.chunk_by(|one, other| sizes(one) == sizes(other)).fold(NO, |found, same| {
            let in_any = same.iter().map(|entry| {
                let mut entry = Entry { dimensions: entry.dimensions.clone(), not: false };
                entry.dimensions.truncate(if with_interface(&entry) { 1 } else { usize::MAX });
                entry
            });
            let around = self.any_entry(in_any.collect::<Vec<_>>().iter(), sides, view);
            let is = self.any_entry(same.iter().copied().filter(|entry| !entry.not), sides, view);
            self.shared.space.diagrams.choose(around, is, found)
        })
    }

    /// Where one of some entries has a packet.
    fn any_entry<'e>(
        &mut self,
        entries: impl IntoIterator<Item = &'e Entry>,
        sides: &[Field],
        view: View,
    ) -> Diagram {
        let any = entries.into_iter().map(|entry| {
            let all =
                entry.dimensions.iter().zip(sides).map(|(dimension, side)| dimension_of(dimension, *side));
            self.condition(&Condition::All(all.collect()), view)
        });
        let any = any.collect();
        self.any(any)
    }
}

/// How many addresses an entry has in each dimension that has some.
fn sizes(entry: &Entry) -> Vec<u128> {
    let count = |dimension: &Dimension| match dimension {
        Dimension::Addresses(addresses) => Some(addresses.count()),
        _ => None,
    };
    entry.dimensions.iter().filter_map(count).collect()
}

/// Only frames to the host are forwarded (`ip_forward` of the kernel); to whom others are is not in a packet.
const fn frame(kind: FrameKind, view: View) -> Diagram {
    match kind {
        FrameKind::Unicast if view.forwarded => YES,
        _ if view.forwarded => NO,
        _ => MAYBE,
    }
}

/// The addresses of a set in which a smaller network has the last word.
fn most_exact(entries: Vec<(&Intervals, bool)>) -> Intervals {
    if entries.iter().all(|(_, not)| !not) {
        return Intervals::of(entries.iter().flat_map(|(addresses, _)| addresses.iter()).collect());
    }
    let mut entries = entries;
    entries.sort_by_key(|(addresses, _)| std::cmp::Reverse(addresses.count()));
    entries.into_iter().fold(Intervals::default(), |set, (addresses, not)| {
        if not { set.difference(addresses) } else { set.union(addresses) }
    })
}

fn dimension_of(dimension: &Dimension, side: Field) -> Condition {
    let port = if side == Field::Source { Field::SourcePort } else { Field::DestinationPort };
    match dimension {
        Dimension::Addresses(addresses) => Condition::Within(side, addresses.clone()),
        Dimension::AnyPorts(ports) => Condition::Within(port, ports.clone()),
        Dimension::Ports { protocol, ports } => {
            let is = Intervals::from_to((*protocol).into(), (*protocol).into());
            let mut all = vec![Condition::Within(Field::Protocol, is)];
            match protocol {
                1 | 58 => all.push(Condition::Any(ports.iter().map(Condition::messages).collect())),
                6 | 17 | 132 | 136 => all.push(Condition::Within(port, ports.clone())),
                // Protocols without ports have port 0 here (`ip_set_get_ip_port`, `net/netfilter/ipset/ip_set_getport.c`).
                _ if ports.contains(0) => {}
                _ => all.push(Condition::Any(Vec::new())),
            }
            Condition::All(all)
        }
        Dimension::Interface(name) => {
            let side = if side == Field::Source { Field::Inbound } else { Field::Outbound };
            Condition::Interface(side, InterfacePattern::Name(name.clone()))
        }
        Dimension::Mark(marks) => Condition::Within(Field::Mark, marks.clone()),
    }
}
