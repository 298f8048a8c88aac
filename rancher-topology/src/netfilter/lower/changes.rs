//! What rules change of a packet: a later table sees it changed, and is asked about it as it was.

use super::{Join, Lowering, NO, View, YES};
use crate::netfilter::outcome::{Change, Changes, copied_from};
use crate::netfilter::rule_set::{TranslatedTo, Translation};
use crate::packet::diagram::Diagram;
use crate::packet::{Field, Intervals, Space, State, number};

impl Lowering<'_> {
    /// What a diagram says of packets before some changes are made.
    pub(super) fn before(&mut self, changes: Changes, mut diagram: Diagram, join: Join) -> Diagram {
        let all = self.shared.outcomes.change(changes).to_vec();
        for change in all.into_iter().rev() {
            diagram = self.unknowns_before(diagram, &change, join);
            diagram = match change {
                Change::Bits { field, mask, value } => self.with_bits(diagram, field, mask, value),
                // The table that says so sees a new connection; later ones see what tracking makes of it.
                Change::Tracked if join == Join::Outcomes => {
                    self.with_bits(diagram, Field::State, u128::MAX, State::New.number())
                }
                Change::Tracked | Change::Noted(_) => diagram,
                Change::Copied { to, mask } => self.copied(diagram, to, mask),
                Change::Anything(field) => self.shared.forget(diagram, field, join),
                Change::Sent(to) => self.sent(diagram, &to, join),
            };
        }
        diagram
    }

    pub(super) fn with_bits(&mut self, diagram: Diagram, field: Field, mask: u128, value: u128) -> Diagram {
        let Space { diagrams, layout } = &mut self.shared.space;
        let bits = layout.bits_of(field);
        diagrams.assign(diagram, &|bit| {
            (bits.contains(&bit) && layout.bit_of(field, bit, mask)).then(|| layout.bit_of(field, bit, value))
        })
    }

    /// Asks the other mark for the bits of one that are copied from there.
    fn copied(&mut self, mut diagram: Diagram, to: Field, mask: u128) -> Diagram {
        let from = copied_from(to);
        let Space { diagrams, layout } = &mut self.shared.space;
        let bits = layout.bits_of(to);
        let asked = diagrams.bits(diagram);
        for bit in asked.into_iter().filter(|bit| bits.contains(bit) && layout.bit_of(to, *bit, mask)) {
            let [no, yes] =
                [false, true].map(|so| diagrams.assign(diagram, &|one| (one == bit).then_some(so)));
            let which = diagrams.node(layout.renamed(to, from, bit), NO, YES);
            diagram = diagrams.choose(which, yes, no);
        }
        diagram
    }

    fn sent(&mut self, mut diagram: Diagram, to: &Translation, join: Join) -> Diagram {
        let all = u128::MAX;
        if let Some(address) = &to.address {
            let replaced = match address {
                TranslatedTo::Addresses(first, last) => {
                    Some(Intervals::from_to(number(*first), number(*last)))
                }
                TranslatedTo::Host => self.facts.addresses(self.rules.family),
                TranslatedTo::Network(net) => {
                    let mask = number(net.netmask());
                    diagram = self.with_bits(diagram, Field::Destination, mask, number(net.network()));
                    return self.shared.forget(diagram, Field::SentTo, join);
                }
            };
            diagram = match replaced.as_ref().map(|set| (set, set.single())) {
                Some((_, Some(only))) => self.with_bits(diagram, Field::Destination, all, only),
                Some((set, None)) => self.one_of(diagram, Field::Destination, set, join),
                None => self.shared.forget(diagram, Field::Destination, join),
            };
            diagram = self.rename(diagram, Field::SentTo, Field::Destination);
        }
        if let Some((first, last)) = to.ports {
            diagram = if first == last {
                self.with_bits(diagram, Field::DestinationPort, all, first.into())
            } else {
                let set = Intervals::from_to(first.into(), last.into());
                self.one_of(diagram, Field::DestinationPort, &set, join)
            };
            diagram = self.rename(diagram, Field::SentToPort, Field::DestinationPort);
        }
        diagram
    }

    fn one_of(&mut self, diagram: Diagram, field: Field, set: &Intervals, join: Join) -> Diagram {
        let here = self.shared.only(diagram, field, set);
        self.shared.forget(here, field, join)
    }

    fn rename(&mut self, diagram: Diagram, from: Field, to: Field) -> Diagram {
        if !self.fields.original {
            return diagram;
        }
        let Space { diagrams, layout } = &mut self.shared.space;
        let bits = layout.bits_of(from);
        diagrams.rename(diagram, &|bit| if bits.contains(&bit) { layout.renamed(from, to, bit) } else { bit })
    }

    pub(super) fn view_after(&self, view: View, changes: Changes) -> View {
        let mut view = view;
        for change in self.shared.outcomes.change(changes) {
            view.may_be_translated |=
                self.fields.translated && *change == Change::Anything(Field::Destination);
            let Change::Sent(to) = change else { continue };
            if self.fields.translated || self.fields.original {
                let new = view.translated.get_or_insert_default();
                new.address |= to.address.is_some();
                new.port |= to.ports.is_some();
            }
        }
        view
    }
}
