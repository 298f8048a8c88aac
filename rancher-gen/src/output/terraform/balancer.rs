//! Load balancers: listeners, health check, and the policies that put a PROXY header before each connection.

use std::collections::{BTreeMap, BTreeSet};

use rancher_topology::document::Scheme;
use rancher_topology::policy::Member;
use rancher_topology::scalar::{HealthTarget, Name};
use rancher_topology::topology::{LoadBalancerId, NodeId};
use serde::Serialize;

use super::label::{label, raw};
use super::{Taken, groups};
use crate::output::Context;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Balancer {
    name: String,
    label: Raw,
    title: Option<String>,
    internal: Taken<bool>,
    subnets: Taken<Vec<Raw>>,
    groups: Vec<Raw>,
    health: Taken<String>,
    idle_seconds: Taken<u64>,
    listeners: Vec<Listener>,
    targets: Vec<Targets>,
    policies: Vec<Policy>,
    /// Per port of the targets, the labels of the policies on it.
    ports: Vec<(u16, Vec<Raw>)>,
    certificates: Vec<Raw>,
    host_name: String,
}

#[derive(Serialize)]
struct Listener {
    port: u16,
    protocol: &'static str,
    to_port: u16,
    to_protocol: &'static str,
    certificate: Option<Raw>,
}

/// Nodes of a pool that are targets: all of them, or the named ones.
#[derive(Serialize)]
struct Targets {
    pool: Raw,
    names: Option<Vec<String>>,
}

#[derive(Clone, Serialize)]
struct Policy {
    name: String,
    label: Raw,
    ports: Vec<u16>,
}

pub(super) fn views(cx: &Context<'_>) -> Vec<Balancer> {
    cx.topology.load_balancer_ids().map(|id| view(cx, id)).collect()
}

fn view(cx: &Context<'_>, id: LoadBalancerId) -> Balancer {
    let topology = cx.topology;
    let balancer = &topology[id];
    let own = label(&balancer.name);
    let mut policies: BTreeMap<&Name, Vec<u16>> = BTreeMap::new();
    let mut ports: BTreeMap<u16, Vec<&Name>> = BTreeMap::new();
    for listener in &balancer.listeners {
        let Some(policy) = &listener.proxy_protocol else { continue };
        let of_port = ports.entry(listener.forward.port).or_default();
        if !of_port.contains(&policy) {
            of_port.push(policy);
            policies.entry(policy).or_default().push(listener.forward.port);
        }
    }
    let policy_label = |policy: &Name| raw(&format!("{own}_{}", label(policy)));
    let certificates: BTreeSet<&Name> =
        balancer.listeners.iter().filter_map(|listener| listener.certificate.as_ref()).collect();
    Balancer {
        name: balancer.name.to_string(),
        label: raw(&own),
        title: balancer.title.as_ref().map(ToString::to_string),
        internal: Taken::of(&balancer.scheme, |scheme| *scheme == Scheme::Internal),
        subnets: Taken::of(&balancer.subnets, |ids| {
            ids.iter().map(|id| raw(&label(&topology[*id].name))).collect()
        }),
        groups: groups::of(cx, Member::LoadBalancer(id)),
        health: Taken::of(&balancer.health_check, HealthTarget::to_string),
        idle_seconds: Taken::of(&balancer.idle_timeout, |time| time.milliseconds.div_ceil(1_000)),
        listeners: balancer
            .listeners
            .iter()
            .map(|listener| Listener {
                port: listener.listen.port,
                protocol: listener.listen.protocol.as_str(),
                to_port: listener.forward.port,
                to_protocol: listener.forward.protocol.as_str(),
                certificate: listener.certificate.as_ref().map(certificate),
            })
            .collect(),
        targets: targets(cx, &balancer.targets),
        ports: ports
            .iter()
            .map(|(port, all)| (*port, all.iter().map(|name| policy_label(name)).collect()))
            .collect(),
        policies: policies
            .into_iter()
            .map(|(name, ports)| Policy { name: name.to_string(), label: policy_label(name), ports })
            .collect(),
        certificates: certificates.into_iter().map(certificate).collect(),
        host_name: balancer.host_name(&topology.network),
    }
}

/// The variable that holds a certificate's ARN. Several load balancers may name one certificate.
fn certificate(name: &Name) -> Raw {
    raw(&format!("certificate_{}", label(name)))
}

/// The variables of all load balancers' certificates, each once.
pub(super) fn certificates(cx: &Context<'_>) -> Vec<Raw> {
    let listeners = cx.topology.load_balancers.iter().flat_map(|balancer| &balancer.listeners);
    let names: BTreeSet<&Name> = listeners.filter_map(|listener| listener.certificate.as_ref()).collect();
    names.into_iter().map(certificate).collect()
}

fn targets(cx: &Context<'_>, nodes: &[NodeId]) -> Vec<Targets> {
    let mut of_pools: BTreeMap<_, Vec<NodeId>> = BTreeMap::new();
    for node in nodes {
        of_pools.entry(cx.topology[*node].pool).or_default().push(*node);
    }
    let all = of_pools.into_iter().map(|(pool, own)| {
        let whole = own.len() == cx.topology[pool].nodes.len();
        Targets {
            pool: raw(&label(&cx.topology[pool].name)),
            names: (!whole).then(|| own.iter().map(|node| cx.topology[*node].name.to_string()).collect()),
        }
    });
    all.collect()
}

/// The AWS CLI's way to the policies of a load balancer.
#[derive(Serialize)]
pub(super) struct Script {
    name: String,
    policies: Vec<Policy>,
}

impl Script {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

pub(super) fn policy_scripts(balancers: &[Balancer]) -> impl Iterator<Item = Script> {
    let with_policies = balancers.iter().filter(|balancer| !balancer.policies.is_empty());
    with_policies.map(|balancer| Script { name: balancer.name.clone(), policies: balancer.policies.clone() })
}
