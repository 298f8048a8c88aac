//! Load balancers: a Classic Load Balancer each, with its listeners, its targets and its policies.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use rancher_topology::Topology;
use rancher_topology::document::Scheme;
use rancher_topology::policy::Member;
use rancher_topology::scalar::Name;
use rancher_topology::topology::{self, LoadBalancerId, NodeId, PoolId};
use serde::Serialize;

use super::assumed::{Assumed, assumed};
use super::label::{aligned, label, variable};
use super::{groups_of, heading, names_of};
use crate::output::Context;
use crate::quote::Unquotable;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct LoadBalancer {
    label: Raw,
    name: String,
    heading: String,
    host_name: String,
    internal: bool,
    subnets: Vec<String>,
    groups: Vec<Raw>,
    health_check: String,
    idle_timeout: u64,
    listeners: Vec<Listener>,
    targets: Vec<Target>,
    certificates: Vec<Certificate>,
    policies: Vec<Policy>,
    /// For each port of the targets that has policies, these: a set of one port can have several.
    ports: Vec<(Raw, Vec<String>)>,
    assumed: Vec<Assumed>,
}

#[derive(Serialize)]
struct Listener {
    lb_port: u16,
    lb_protocol: &'static str,
    instance_port: u16,
    instance_protocol: &'static str,
    certificate: Option<Raw>,
}

/// All nodes of a pool, or one of them.
#[derive(Serialize)]
struct Target {
    pool: Raw,
    node: Option<String>,
}

/// A variable that holds a certificate's ARN.
#[derive(Serialize, Clone)]
pub(super) struct Certificate {
    variable: Raw,
    description: String,
}

/// A policy that puts a PROXY header before each connection, and the ports of the targets that it is for.
#[derive(Serialize)]
struct Policy {
    name: String,
    ports: Vec<u16>,
}

impl LoadBalancer {
    pub(super) fn has_policies(&self) -> bool {
        !self.policies.is_empty()
    }
}

pub(super) fn view(cx: &Context<'_>, id: LoadBalancerId) -> Result<LoadBalancer, Unquotable> {
    let topology = cx.topology;
    let balancer = &topology[id];
    let mut ports: IndexMap<u16, Vec<String>> = IndexMap::new();
    let mut policies: IndexMap<&Name, Vec<u16>> = IndexMap::new();
    for listener in &balancer.listeners {
        let Some(policy) = &listener.proxy_protocol else { continue };
        let own = policies.entry(policy).or_default();
        if !own.contains(&listener.forward.port) {
            own.push(listener.forward.port);
            ports.entry(listener.forward.port).or_default().push(policy.to_string());
        }
    }
    let keys: Vec<String> = ports.keys().map(ToString::to_string).collect();
    let keys = aligned(keys.iter().map(String::as_str))?;
    Ok(LoadBalancer {
        label: label(&balancer.name),
        name: balancer.name.to_string(),
        heading: heading(&balancer.name, balancer.title.as_ref()),
        host_name: balancer.host_name(&topology.network),
        internal: *balancer.scheme == Scheme::Internal,
        subnets: names_of(topology, &balancer.subnets),
        groups: groups_of(cx, Member::LoadBalancer(id)),
        health_check: balancer.health_check.to_string(),
        idle_timeout: balancer.idle_timeout.milliseconds / 1_000,
        listeners: balancer.listeners.iter().map(listener).collect(),
        targets: targets(topology, &balancer.targets),
        certificates: distinct(std::slice::from_ref(balancer)),
        policies: policies
            .into_iter()
            .map(|(name, ports)| Policy { name: name.to_string(), ports })
            .collect(),
        ports: keys.into_iter().zip(ports.into_values()).collect(),
        assumed: assumed([
            ("internal", balancer.scheme.origin),
            ("subnets", balancer.subnets.origin),
            ("health_check", balancer.health_check.origin),
            ("idle_timeout", balancer.idle_timeout.origin),
        ]),
    })
}

/// The variables of all certificates, each once.
pub(super) fn certificates(topology: &Topology) -> Vec<Certificate> {
    distinct(&topology.load_balancers)
}

fn distinct(balancers: &[topology::LoadBalancer]) -> Vec<Certificate> {
    let names: BTreeSet<&Name> = balancers
        .iter()
        .flat_map(|balancer| &balancer.listeners)
        .filter_map(|listener| listener.certificate.as_ref())
        .collect();
    names
        .into_iter()
        .map(|name| Certificate {
            variable: variable(name),
            description: format!(
                "The ARN of the certificate {name}, in ACM or IAM, for the listeners that TLS ends at."
            ),
        })
        .collect()
}

fn listener(listener: &topology::Listener) -> Listener {
    Listener {
        lb_port: listener.listen.port,
        lb_protocol: listener.listen.protocol.as_str(),
        instance_port: listener.forward.port,
        instance_protocol: listener.forward.protocol.as_str(),
        certificate: listener.certificate.as_ref().map(variable),
    }
}

/// The targets, pool by pool; one node more in a pool that is a target as a whole changes nothing here.
fn targets(topology: &Topology, nodes: &[NodeId]) -> Vec<Target> {
    let mut pools: IndexMap<PoolId, Vec<NodeId>> = IndexMap::new();
    for node in nodes {
        pools.entry(topology[*node].pool).or_default().push(*node);
    }
    let mut targets = Vec::new();
    for (pool, nodes) in pools {
        let pool = &topology[pool];
        let whole = nodes.len() == pool.nodes.len();
        let single = |node: &NodeId| Some(topology[*node].name.to_string());
        let members = if whole { vec![None] } else { nodes.iter().map(single).collect() };
        targets.extend(members.into_iter().map(|node| Target { pool: label(&pool.name), node }));
    }
    targets
}
