//! What a Classic Load Balancer is refused for. Source: its API Reference and User Guide, by the names given here.

use std::collections::{BTreeMap, BTreeSet};

use super::place;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{self, Spanned};
use crate::scalar::{ListenerPort, ListenerProtocol};
use crate::topology::{LoadBalancer, PoolId, Topology};

pub(super) fn refuse(
    topology: &Topology,
    balancer: &LoadBalancer,
    said: &document::LoadBalancer,
    names_are_known: bool,
    overfull: &BTreeSet<PoolId>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    name(balancer, diagnostics);
    subnets(topology, balancer, said, names_are_known, diagnostics);
    room(topology, balancer, overfull, diagnostics);
    idle_timeout(balancer, said, diagnostics);
    proxy_protocol(said, diagnostics);
    shared_ports(said, diagnostics);
}

fn dashed(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn name(balancer: &LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    let name = &balancer.name;
    if name.len() > 32 || !dashed(name) || name.ends_with('-') || name.starts_with("internal-") {
        diagnostics.push(
            Diagnostic::error("aws-load-balancer-name", format!("AWS takes no load balancer called `{name}`"), balancer.span)
                .why("its name is at most 32 letters, digits and hyphens, and neither begins with `internal-` nor ends in a hyphen (CreateLoadBalancer)")
                .help("choose such a name"),
        );
    }
}

/// One subnet of a zone at most (AttachLoadBalancerToSubnets).
fn subnets(
    topology: &Topology,
    balancer: &LoadBalancer,
    said: &document::LoadBalancer,
    names_are_known: bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    // A name that points at nothing would shift the others.
    let names = said.subnets.iter().filter(|_| names_are_known).flat_map(|names| names.iter());
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for (id, name) in balancer.subnets.iter().zip(names) {
        let Some(zone) = topology[*id].zone.as_deref() else { continue };
        let Some(other) = first.insert(zone, name.span) else { continue };
        diagnostics.push(
            Diagnostic::error(
                "aws-load-balancer-zones",
                format!("`{}` has two subnets of one zone", balancer.name),
                name.span,
            )
            .here(format!("in {zone}"))
            .also(other, "so is this one")
            .why("a Classic Load Balancer stands in one subnet of a zone at most (AttachLoadBalancerToSubnets)")
            .help("name one subnet of each zone under `subnets`"),
        );
    }
}

/// A /27 or wider with eight free addresses (User Guide, "Prepare your VPC"). A subnet that is no subnet of AWS's, or whose
/// nodes do not fit into it, is refused for that.
fn room(
    topology: &Topology,
    balancer: &LoadBalancer,
    overfull: &BTreeSet<PoolId>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let is_overfull = |subnet| {
        let nodes = |pool: &PoolId| topology[*pool].nodes.iter();
        overfull.iter().flat_map(nodes).any(|node| topology[*node].subnet == subnet)
    };
    for id in balancer.subnets.iter() {
        let subnet = &topology[*id];
        if subnet.cidr.prefix_len() > 28 || is_overfull(*id) {
            continue;
        }
        let nodes = topology.nodes.iter().filter(|node| node.subnet == *id).count();
        let addresses = 1_usize << (32 - subnet.cidr.prefix_len());
        let free = addresses.saturating_sub(5).saturating_sub(nodes);
        if subnet.cidr.prefix_len() > 27 || free < 8 {
            diagnostics.push(
                Diagnostic::error(
                    "aws-load-balancer-room",
                    format!("subnet `{}` has no room for `{}`", subnet.name, balancer.name),
                    subnet.span,
                )
                .here(format!("{} with {free} free addresses", subnet.cidr))
                .also(balancer.span, "stands in it")
                .why("a Classic Load Balancer's subnet is a /27 or wider and has eight free addresses")
                .help("make the subnet wider, or name another one of its zone under `subnets`"),
            );
        }
    }
}

/// ConnectionSettings: 1 to 4000 seconds.
fn idle_timeout(balancer: &LoadBalancer, said: &document::LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    let time = balancer.idle_timeout.milliseconds;
    if !time.is_multiple_of(1_000) || !(1_000..=4_000_000).contains(&time) {
        diagnostics.push(
            Diagnostic::error(
                "aws-idle-timeout",
                format!("`{}` cannot keep a silent connection for {}", balancer.name, *balancer.idle_timeout),
                place(said.idle_timeout.as_ref(), balancer.span),
            )
            .why("a Classic Load Balancer takes 1 to 4000 whole seconds (ConnectionSettings)")
            .help("write whole seconds up to an hour: `idle-timeout: 60s`"),
        );
    }
}

/// User Guide, "Configure proxy protocol support": TCP and SSL only. CreateLoadBalancerPolicy: letters, digits, hyphens.
fn proxy_protocol(said: &document::LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    for listener in &said.listeners {
        let Some(policy) = &listener.proxy_protocol else { continue };
        if matches!(listener.forward.protocol, ListenerProtocol::Http | ListenerProtocol::Https) {
            diagnostics.push(
                Diagnostic::error(
                    "aws-proxy-protocol",
                    format!("no PROXY header can go before {}", listener.forward.value),
                    listener.forward.span,
                )
                .also(policy.span, "the policy")
                .why(
                    "a Classic Load Balancer puts it before TCP and SSL only; requests carry X-Forwarded-For",
                )
                .help("leave `proxy-protocol` out, or forward to `PORT/tcp`"),
            );
        }
        if !dashed(policy) {
            diagnostics.push(
                Diagnostic::error(
                    "aws-policy-name",
                    format!("AWS takes no load balancer policy called `{}`", policy.value),
                    policy.span,
                )
                .why("its name is letters, digits and hyphens (CreateLoadBalancerPolicy)")
                .help("choose such a name, as in `front-proxy`"),
            );
        }
    }
}

/// Listener, `InstanceProtocol`: listeners with one port of the targets are all encrypted there, or none is.
fn shared_ports(said: &document::LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<u16, &Spanned<ListenerPort>> = BTreeMap::new();
    for listener in &said.listeners {
        let forward = &listener.forward;
        let other = *first.entry(forward.port).or_insert(forward);
        if other.protocol.needs_certificate() != forward.protocol.needs_certificate() {
            diagnostics.push(
                Diagnostic::error(
                    "aws-instance-protocol",
                    format!("{} and {} are one port of the targets", forward.value, other.value),
                    forward.span,
                )
                .also(other.span, "the other one")
                .why("listeners that share a port of the targets are all encrypted there, or none is (Listener, InstanceProtocol)")
                .help("write one protocol for both, or forward to ports of their own"),
            );
        }
    }
}
