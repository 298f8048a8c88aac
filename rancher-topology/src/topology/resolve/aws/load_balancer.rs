//! What a Classic Load Balancer is refused for. Source: its API Reference and User Guide, by the names given here.

use std::collections::BTreeMap;

use super::zones_of;
use crate::diagnostic::Diagnostic;
use crate::scalar::{ListenerPort, ListenerProtocol};
use crate::topology::{LoadBalancer, Topology};

pub(super) fn refuse(topology: &Topology, balancer: &LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    name(balancer, diagnostics);
    subnets(topology, balancer, diagnostics);
    idle_timeout(balancer, diagnostics);
    proxy_protocol(balancer, diagnostics);
    shared_ports(balancer, diagnostics);
}

fn dashed(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn name(balancer: &LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    let name = &balancer.name;
    if name.len() > 32 || !dashed(name) || name.ends_with('-') || name.starts_with("internal-") {
        diagnostics.push(
            Diagnostic::error("aws-load-balancer-name", format!("AWS takes no load balancer called `{name}`"), balancer.span)
                .why("its name is at most 32 letters, digits and hyphens, and neither begins with `internal-` nor ends in a hyphen (CreateLoadBalancer)"),
        );
    }
}

/// One subnet of a zone at most (AttachLoadBalancerToSubnets), each with room (User Guide, "Prepare your VPC").
fn subnets(topology: &Topology, balancer: &LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    if zones_of(topology, &balancer.subnets).is_some_and(|zones| zones.len() < balancer.subnets.len()) {
        diagnostics.push(
            Diagnostic::error(
                "aws-load-balancer-zones",
                format!("`{}` has two subnets of one zone", balancer.name),
                balancer.span,
            )
            .why("a Classic Load Balancer stands in one subnet of a zone at most (AttachLoadBalancerToSubnets)")
            .help("name one subnet of each zone under `subnets`"),
        );
    }
    for id in balancer.subnets.iter() {
        let subnet = &topology[*id];
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
                .why("a Classic Load Balancer's subnet is a /27 or wider and has eight free addresses"),
            );
        }
    }
}

/// ConnectionSettings: 1 to 4000 seconds.
fn idle_timeout(balancer: &LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    let time = balancer.idle_timeout.milliseconds;
    if !time.is_multiple_of(1_000) || !(1_000..=4_000_000).contains(&time) {
        diagnostics.push(
            Diagnostic::error(
                "aws-idle-timeout",
                format!("`{}` cannot keep a silent connection for {}", balancer.name, *balancer.idle_timeout),
                balancer.span,
            )
            .why("a Classic Load Balancer takes 1 to 4000 whole seconds (ConnectionSettings)"),
        );
    }
}

/// User Guide, "Configure proxy protocol support": TCP and SSL only. CreateLoadBalancerPolicy: letters, digits, hyphens.
fn proxy_protocol(balancer: &LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    for listener in &balancer.listeners {
        let Some(policy) = &listener.proxy_protocol else { continue };
        if matches!(listener.forward.protocol, ListenerProtocol::Http | ListenerProtocol::Https) {
            diagnostics.push(
                Diagnostic::error(
                    "aws-proxy-protocol",
                    format!("no PROXY header can go before {}", listener.forward),
                    listener.span,
                )
                .why(
                    "a Classic Load Balancer puts it before TCP and SSL only; requests carry X-Forwarded-For",
                ),
            );
        }
        if !dashed(policy) {
            diagnostics.push(
                Diagnostic::error(
                    "aws-policy-name",
                    format!("AWS takes no load balancer policy called `{policy}`"),
                    listener.span,
                )
                .why("its name is letters, digits and hyphens (CreateLoadBalancerPolicy)"),
            );
        }
    }
}

/// Listener, `InstanceProtocol`: listeners with one port of the targets are all encrypted there, or none is.
fn shared_ports(balancer: &LoadBalancer, diagnostics: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<u16, (ListenerPort, crate::diagnostic::Span)> = BTreeMap::new();
    for listener in &balancer.listeners {
        let (other, span) = *first.entry(listener.forward.port).or_insert((listener.forward, listener.span));
        if other.protocol.needs_certificate() != listener.forward.protocol.needs_certificate() {
            diagnostics.push(
                Diagnostic::error(
                    "aws-instance-protocol",
                    format!("{} and {other} are one port of the targets", listener.forward),
                    listener.span,
                )
                .also(span, "the other one")
                .why("listeners that share a port of the targets are all encrypted there, or none is (Listener, InstanceProtocol)"),
            );
        }
    }
}
