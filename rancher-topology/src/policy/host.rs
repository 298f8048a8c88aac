//! The policy as a node's own firewall can hold it: groups become addresses.
//!
//! A host firewall knows no groups, so it is wider than the groups where addresses are not fixed: a load balancer
//! and a database become their subnets. Each such widening is said in [`PeerSet::widened`].

use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};

use super::groups::{GroupRef, Member, RulePeer, SecurityPolicy};
use crate::scalar::{Name, Text, Traffic};
use crate::topology::{SubnetId, Topology};

/// What the firewalls of a pool's nodes admit. The nodes of a pool are in the same groups, so it is one for all.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HostPolicy {
    /// The interfaces towards the network.
    pub interfaces: Vec<Name>,
    /// Networks of containers on the node: closed from outside but for what is established or routed.
    pub container_networks: Vec<Ipv4Net>,
    /// Networks whose hosts may open connections to containers' addresses.
    pub routed: Vec<Ipv4Net>,
    /// What is admitted, in the order of the groups.
    pub rules: Vec<HostRule>,
}

/// Something that a host firewall admits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostRule {
    /// What is admitted.
    pub traffic: Traffic,
    /// From where.
    pub peers: Arc<PeerSet>,
    /// What for.
    pub purpose: Option<Text>,
}

/// Addresses that a rule admits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerSet {
    /// Whose addresses they are: a group's name, or the network itself.
    pub name: String,
    /// The addresses, v4 before v6, aggregated and sorted.
    pub networks: Vec<IpNet>,
    /// Why they are more than the rule says, where they are.
    pub widened: Option<String>,
}

/// Lowers a security policy for the nodes of each pool, in the order of the pools.
#[must_use]
pub fn host_policies(topology: &Topology, policy: &SecurityPolicy) -> Vec<HostPolicy> {
    let sets: Vec<Arc<PeerSet>> =
        policy.group_refs().map(|group| Arc::new(members(topology, policy, group))).collect();
    let overlays = topology.overlays.iter().map(|overlay| overlay.cidr);
    topology
        .pool_ids()
        .map(|id| {
            let pool = &topology[id];
            let rules = policy.groups_of(Member::Pool(id)).iter().flat_map(|group| &policy[*group].inbound);
            HostPolicy {
                interfaces: pool.interfaces.value.clone(),
                container_networks: pool.container_networks.iter().copied().chain(overlays.clone()).collect(),
                routed: pool.routed.clone(),
                rules: rules
                    .map(|rule| HostRule {
                        traffic: rule.traffic,
                        peers: match rule.peer {
                            RulePeer::Group(group) => Arc::clone(&sets[group.0]),
                            RulePeer::Network(net) => Arc::new(PeerSet {
                                name: net.to_string(),
                                networks: vec![net],
                                widened: None,
                            }),
                        },
                        purpose: rule.purpose.clone(),
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The addresses of a group's members.
fn members(topology: &Topology, policy: &SecurityPolicy, group: GroupRef) -> PeerSet {
    let mut networks = Vec::new();
    let mut widened = Vec::new();
    let mut widen = |subnets: &[SubnetId], name: &Name, networks: &mut Vec<Ipv4Net>| {
        networks.extend(subnets.iter().map(|subnet| topology[*subnet].cidr));
        widened.push(format!("the addresses of {name} change, so all of its subnets are admitted"));
    };
    for member in &policy[group].members {
        match member {
            Member::Pool(id) => {
                networks
                    .extend(topology[*id].nodes.iter().map(|node| Ipv4Net::from(topology[*node].address)));
            }
            Member::LoadBalancer(id) => widen(&topology[*id].subnets, &topology[*id].name, &mut networks),
            Member::Database(id) => widen(&topology[*id].subnets, &topology[*id].name, &mut networks),
        }
    }
    PeerSet {
        name: policy[group].name.to_string(),
        networks: Ipv4Net::aggregate(&networks).into_iter().map(IpNet::V4).collect(),
        widened: (!widened.is_empty()).then(|| widened.join("; ")),
    }
}
