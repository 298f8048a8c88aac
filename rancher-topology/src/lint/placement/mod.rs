//! Placement: which nodes run what, and what one failure takes.

mod etcd_size;
mod even_quorum;
mod nodes_in_one_zone;
mod observed_node_absent;
mod quorum_majority_in_one_zone;
mod quorum_shares_node;
mod quorum_unstated;
mod quorum_without_redundancy;
mod replicas_share_node;
mod single_instance;
mod starts_after_absent;
mod stated_count;

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Family, Lint};
use crate::diagnostic::{Diagnostic, MOST_PLACES, Span};
use crate::document::Quorum;
use crate::topology::{NodeId, Service, ServiceId};

/// Lints about placement and quorums.
pub const FAMILY: Family = Family {
    name: "Placement and quorums",
    lints: &[
        &even_quorum::LINT,
        &nodes_in_one_zone::LINT,
        &quorum_majority_in_one_zone::LINT,
        &quorum_shares_node::LINT,
        &etcd_size::LINT,
        &quorum_without_redundancy::LINT,
        &quorum_unstated::LINT,
        &observed_node_absent::LINT,
        &replicas_share_node::LINT,
        &single_instance::LINT,
        &starts_after_absent::LINT,
        &stated_count::LINT,
    ],
};

/// A service whose members have to agree.
struct Majority<'a> {
    id: ServiceId,
    service: &'a Service,
}

/// Every service whose members have to agree, and that the document itself states.
fn quorums<'a>(cx: &Context<'a>) -> impl Iterator<Item = Majority<'a>> + use<'a> {
    let topology = cx.topology;
    let declared = topology.service_ids().take(cx.document.services.len());
    declared
        .map(|id| Majority { id, service: &topology[id] })
        .filter(|quorum| *quorum.service.quorum == Quorum::Majority && !quorum.service.placement.is_empty())
}

/// The quorums that have their number of members from the same nodes: one cause, however many they are. A stated scale is
/// its service's own, and so is what is allowed at a service.
fn by_size<'a>(cx: &Context<'a>, lint: &Lint) -> Vec<Vec<Majority<'a>>> {
    let mut all: Vec<Vec<Majority<'a>>> = Vec::new();
    let mut known: BTreeMap<(&[NodeId], Option<usize>), usize> = BTreeMap::new();
    for quorum in quorums(cx) {
        let said = cx.document.services.get_index(quorum.id.position());
        let scaled = said.is_some_and(|(_, said)| said.scale.is_some());
        let own = (&quorum.service.placement[..], cx.allowed(lint, quorum.placement_place(cx)));
        let position = if scaled { None } else { known.get(&own).copied() };
        if let Some(position) = position {
            all[position].push(quorum);
            continue;
        }
        if !scaled {
            known.insert(own, all.len());
        }
        all.push(vec![quorum]);
    }
    all
}

/// A finding about the number of members of quorums that have it from the same nodes.
fn about_size(
    cx: &Context<'_>,
    lint: &Lint,
    quorums: &[Majority<'_>],
    what: impl Fn(&str) -> String,
) -> Diagnostic {
    let first = &quorums[0];
    let places = quorums[1..]
        .iter()
        .map(|other| (other.placement_place(cx), format!("so has the quorum of `{}`", other.service.name)));
    let own = first.placement_place(cx);
    let place = if cx.allowed(lint, own).is_some() { own } else { first.size_place(cx) };
    lint.finding(what(&first.service.name), place).also_up_to(MOST_PLACES, places)
}

impl Majority<'_> {
    fn members(&self) -> usize {
        self.service.placement.len()
    }

    fn nodes(&self) -> usize {
        self.service.placement.iter().collect::<BTreeSet<_>>().len()
    }

    /// Where the number of members comes from: its scale, the count of the one pool that it is placed on, or its placement.
    fn size_place(&self, cx: &Context<'_>) -> Span {
        let said = cx.document.services.get_index(self.id.position()).map(|(_, said)| said);
        let count = || match said.map(|said| &said.placement[..]) {
            Some([pool]) => cx.document.nodes.get(pool)?.count.as_ref().map(|count| count.span),
            _ => None,
        };
        let scale = said.and_then(|said| said.scale.as_ref()).map(|scale| scale.span);
        scale.or_else(count).unwrap_or_else(|| self.placement_place(cx))
    }

    /// Where its nodes are named.
    fn placement_place(&self, cx: &Context<'_>) -> Span {
        placement_of(cx, self.id)
    }
}

/// Where a service's nodes are named.
fn placement_of(cx: &Context<'_>, id: ServiceId) -> Span {
    let said = cx.document.services.get_index(id.position()).map(|(_, said)| said);
    let names = said.map_or(&[][..], |said| &said.placement);
    match (names.first(), names.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => cx.topology[id].span,
    }
}
