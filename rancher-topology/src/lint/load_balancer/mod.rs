//! Load balancers: what their listeners lead to, and how they learn that a target is well.

/// The rest of an example in which `front` leads to three web servers on 8080.
macro_rules! web_on_8080 {
    ($example:literal) => {
        concat!(
            $example,
            "\
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
"
        )
    };
}

mod health_check_not_http;
mod health_check_path;
mod health_check_proxy;
mod health_check_ssh;
mod health_check_unanswered;
mod health_check_unstated;
mod internal_open;
mod listener_one_target;
mod listener_partly_served;
mod listener_unserved;
mod load_balancer_one_zone;
mod proxy_protocol_mixed;

use std::collections::BTreeSet;

use super::{Context, Family};
use crate::diagnostic::Span;
use crate::document;
use crate::flow::{Flow, Party, Reason, Route};
use crate::lint::rules::Written;
use crate::policy::{Direction, RulePeer, Usage};
use crate::scalar::{PortRange, Protocol};
use crate::topology::{LoadBalancer, LoadBalancerId, NodeId};

/// Lints about load balancers.
pub const FAMILY: Family = Family {
    name: "Load balancers",
    lints: &[
        &listener_unserved::LINT,
        &listener_partly_served::LINT,
        &listener_one_target::LINT,
        &internal_open::LINT,
        &proxy_protocol_mixed::LINT,
        &health_check_unanswered::LINT,
        &health_check_not_http::LINT,
        &health_check_path::LINT,
        &health_check_proxy::LINT,
        &health_check_ssh::LINT,
        &health_check_unstated::LINT,
        &load_balancer_one_zone::LINT,
    ],
};

/// The rules that no flow uses and that are for a port between a load balancer and its targets: they are there for what it
/// was to ask or to forward to.
pub(crate) fn spare_rules(cx: &Context<'_>, balancer: &LoadBalancer, port: u16) -> Vec<Span> {
    let topology = cx.topology;
    let own: BTreeSet<usize> = balancer.groups.iter().map(|group| group.position()).collect();
    let pools: BTreeSet<_> = balancer.targets.iter().map(|node| topology[*node].pool).collect();
    let targets: BTreeSet<usize> =
        pools.iter().flat_map(|pool| &topology[*pool].groups).map(|group| group.position()).collect();
    let Ok(range) = PortRange::single(port) else { return Vec::new() };
    let rules = cx.admission.rules().iter().filter(|rule| {
        let (inside, other) = match rule.direction {
            Direction::Inbound => (&targets, &own),
            Direction::Outbound => (&own, &targets),
        };
        let meets = |peer: &RulePeer| match peer {
            RulePeer::Group(group) => other.contains(&group.position()),
            RulePeer::Network(_) => true,
        };
        matches!(rule.usage, Usage::Unused | Usage::Nobody)
            && rule.traffic.admits(Protocol::Tcp, range)
            && inside.contains(&rule.group.position())
            && rule.peers.iter().any(meets)
    });
    rules.filter_map(|rule| Some(Written::of(cx, rule)?.span)).collect()
}

/// A load balancer, and what a person wrote of it.
pub(super) struct Balancer<'a> {
    pub(super) id: LoadBalancerId,
    pub(super) is: &'a LoadBalancer,
    pub(super) said: &'a document::LoadBalancer,
}

/// Every load balancer, in the order of the document.
pub(super) fn balancers<'a>(cx: &Context<'a>) -> impl Iterator<Item = Balancer<'a>> + use<'a> {
    let (topology, document) = (cx.topology, cx.document);
    topology.load_balancer_ids().filter_map(move |id| {
        let (_, said) = document.load_balancers.get_index(id.position())?;
        Some(Balancer { id, is: &topology[id], said: &said.value })
    })
}

impl Balancer<'_> {
    /// The flows to a port of the targets.
    fn towards<'c>(&self, cx: &'c Context<'_>, port: u16, reason: Reason) -> impl Iterator<Item = &'c Flow> {
        cx.flows.from(Party::LoadBalancer(self.id)).filter(move |flow| {
            let there = match &flow.route {
                Route::Published(range) => range.contains(port),
                _ => flow.ports.range.contains(port),
            };
            flow.reason == reason && there
        })
    }

    /// Whether no target has that port.
    fn leads_nowhere(&self, cx: &Context<'_>, port: u16, reason: Reason) -> bool {
        self.towards(cx, port, reason).any(|flow| flow.route == Route::Nowhere)
    }

    /// The targets on which a service has that port.
    fn served_on(&self, cx: &Context<'_>, port: u16, reason: Reason) -> BTreeSet<NodeId> {
        let served = |flow: &&Flow| flow.route != Route::Nowhere;
        let nodes = self.towards(cx, port, reason).filter(served).flat_map(|flow| match flow.server {
            Party::Service(service) => &cx.topology[service].placement[..],
            _ => &[],
        });
        let nodes: BTreeSet<NodeId> = nodes.copied().collect();
        self.is.targets.iter().copied().filter(|node| nodes.contains(node)).collect()
    }

    /// The first place where a PROXY policy stands on a port of the targets.
    fn policy_on(&self, port: u16) -> Option<Span> {
        let listeners = self.said.listeners.iter().filter(|listener| listener.forward.port == port);
        listeners.filter_map(|listener| listener.proxy_protocol.as_ref()).map(|policy| policy.span).next()
    }

    /// Where its subnets are named; `None` when the document leaves them to the tool.
    pub(super) fn subnets_place(&self) -> Option<Span> {
        let names = self.said.subnets.as_ref()?;
        Some(names.first()?.span.to(names.last()?.span))
    }

    /// The pools and nodes behind it, as they are written.
    fn targets_in_words(&self) -> String {
        let names: Vec<String> = self.said.targets.iter().map(|name| format!("`{}`", name.value)).collect();
        names.join(", ")
    }
}
