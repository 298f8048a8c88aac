//! A Rancher 1.x as the lints look at it: what is said of it beside what it is.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, MOST_PLACES, Span};
use crate::document::{self, Spanned};
use crate::flow::answers_at;
use crate::lint::Context;
use crate::lint::load_balancer::spare_rules;
use crate::rancher::Release;
use crate::scalar::{Image, PortRange, Protocol};
use crate::topology::{Listener, LoadBalancer, NodeId, PoolId, Rancher1, SecurityRule, Service, ServiceId};

/// A Rancher 1.x with the document that states it.
pub(super) struct Cluster<'a> {
    pub(super) cx: &'a Context<'a>,
    /// What is said of it.
    pub(super) said: &'a Spanned<document::Rancher1>,
    /// What it is.
    pub(super) is: &'a Rancher1,
}

/// A service that the document states, with its name and all that is said of it.
pub(super) struct Stated<'a> {
    pub(super) id: ServiceId,
    pub(super) name: Span,
    pub(super) said: &'a document::Service,
    pub(super) is: &'a Service,
}

impl<'a> Cluster<'a> {
    pub(super) fn of(cx: &'a Context<'a>) -> Option<Self> {
        Some(Self { cx, said: cx.document.rancher_1.as_ref()?, is: cx.topology.rancher_1.as_ref()? })
    }

    /// The services that the document states.
    pub(super) fn services(&self) -> impl Iterator<Item = Stated<'a>> + use<'a> {
        let cx = self.cx;
        cx.document.services.iter().zip(cx.topology.service_ids()).map(|((name, said), id)| Stated {
            id,
            name: name.span,
            said: &said.value,
            is: &cx.topology[id],
        })
    }

    /// The stated services that run the server's image.
    pub(super) fn servers(&self) -> impl Iterator<Item = (Stated<'a>, Image<'a>)> + use<'a> {
        let with_image = self.services().map(|service| {
            let image = Image::of(&service.said.image.value);
            (service, image)
        });
        with_image.filter(|(_, image)| image.is("rancher/server"))
    }

    /// The cluster manager.
    pub(super) fn manager(&self) -> Option<Stated<'a>> {
        let manager = self.is.cluster_manager;
        self.services().find(|service| service.id == manager)
    }

    /// The release that the cluster manager's image says it is.
    pub(super) fn release(&self) -> Option<Release> {
        Image::of(&self.cx.topology[self.is.cluster_manager].image).release()
    }

    /// The nodes with a cluster manager.
    pub(super) fn nodes(&self) -> BTreeSet<NodeId> {
        self.cx.topology[self.is.cluster_manager].placement.iter().copied().collect()
    }

    /// The pools of these nodes.
    pub(super) fn pools(&self) -> BTreeSet<PoolId> {
        self.nodes().into_iter().map(|node| self.cx.topology[node].pool).collect()
    }

    /// A port of the nodes by the last words of its variable: `HTTP`, `PP_HTTPS`.
    pub(super) fn ports(&self) -> Ports {
        let ports = self.is.ports(self.cx.topology);
        let port = |name: &str| {
            let of = |(variable, _): &&(&str, u16)| variable.strip_prefix("CATTLE_HA_PORT_") == Some(name);
            ports.iter().find(of).map_or(0, |(_, port)| *port)
        };
        Ports {
            http: port("HTTP"),
            https: port("HTTPS"),
            proxy_http: port("PP_HTTP"),
            proxy_https: port("PP_HTTPS"),
            swarm: port("SWARM"),
        }
    }

    /// The load balancers in front of its nodes.
    pub(super) fn balancers(
        &self,
    ) -> Vec<(&'a Spanned<crate::scalar::Name>, &'a document::LoadBalancer, &'a LoadBalancer)> {
        let nodes = self.nodes();
        let all = self.cx.document.load_balancers.iter().zip(&self.cx.topology.load_balancers);
        all.filter(|(_, balancer)| balancer.targets.iter().any(|node| nodes.contains(node)))
            .map(|((name, said), balancer)| (name, &said.value, balancer))
            .collect()
    }

    /// Their listeners.
    pub(super) fn listeners(&self) -> Vec<(&'a Spanned<document::Listener>, &'a Listener)> {
        let of = |(_, said, is): (_, &'a document::LoadBalancer, &'a LoadBalancer)| {
            said.listeners.iter().zip(&is.listeners)
        };
        self.balancers().into_iter().flat_map(of).collect()
    }

    /// What its nodes' groups let in.
    pub(super) fn inbound(&self) -> Vec<(&'a Spanned<document::InboundRule>, &'a SecurityRule)> {
        let topology = self.cx.topology;
        let groups: BTreeSet<_> =
            self.pools().into_iter().flat_map(|pool| topology[pool].groups.iter().copied()).collect();
        let said = |position| self.cx.document.security_groups.get_index(position);
        groups
            .into_iter()
            .filter_map(|group| Some((&said(group.position())?.1.value, &topology[group])))
            .flat_map(|(said, group)| said.inbound.iter().zip(&group.inbound))
            .collect()
    }

    /// Whether something answers on a TCP port of its nodes.
    pub(super) fn answers(&self, port: u16) -> bool {
        let Ok(range) = PortRange::single(port) else { return false };
        let asked = crate::scalar::Ports { protocol: Protocol::Tcp, range };
        self.pools().into_iter().any(|pool| !answers_at(self.cx.topology, pool, asked).is_empty())
    }
}

/// The ports of the nodes that Rancher's own load balancer listens on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) http: u16,
    pub(super) https: u16,
    /// HTTP behind a PROXY header.
    pub(super) proxy_http: u16,
    /// HTTPS behind a PROXY header.
    pub(super) proxy_https: u16,
    pub(super) swarm: u16,
}

impl Ports {
    pub(super) fn expects_proxy_header(&self, port: u16) -> bool {
        [self.proxy_http, self.proxy_https].contains(&port)
    }

    /// Whether people and agents come in by this port.
    pub(super) fn is_entry(&self, port: u16) -> bool {
        self.expects_proxy_header(port) || [self.http, self.https].contains(&port)
    }
}

/// Shows the rules that are there for a port which a load balancer was to ask or to forward to, and does not.
pub(super) fn with_spare_rules(
    cx: &Context<'_>,
    finding: Diagnostic,
    balancer: &LoadBalancer,
    port: u16,
) -> Diagnostic {
    let labels = finding.labels.len() + MOST_PLACES;
    let places = spare_rules(cx, balancer, port).into_iter();
    finding.also_up_to(labels, places.map(|span| (span, format!("is there for {port}"))))
}

/// Labels all places of one finding; the main one is there already.
pub(super) fn at_all(finding: Diagnostic, others: impl IntoIterator<Item = Span>, text: &str) -> Diagnostic {
    let labels = finding.labels.len() + MOST_PLACES - 1;
    finding.also_up_to(labels, others.into_iter().map(|span| (span, text.to_owned())))
}
