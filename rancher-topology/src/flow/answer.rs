//! What a port of a node leads to.

use crate::scalar::{PortRange, Ports, Protocol};
use crate::topology::{Destination, MeshId, NodeId, PoolId, ServiceId, ServiceNetwork, Topology};

/// What answers on ports of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The node's ports: those that were asked for and lead there.
    pub ports: Ports,
    /// Who answers.
    pub by: Answerer,
}

/// Who answers on ports of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answerer {
    /// A service in the node's own network.
    Host(ServiceId),
    /// A service behind a published port. Of those that share its network namespace, the one that listens there.
    Published {
        /// The service.
        service: ServiceId,
        /// The container's ports, as many as the node's.
        container: PortRange,
        /// Whether the document knows of a listener there.
        listens: bool,
    },
    /// The way into a mesh of tunnels.
    Tunnel(MeshId),
    /// The node itself: its sshd on 22/tcp, or what declared traffic to its pool asks for.
    Node,
}

/// Everything that answers on some ports of a pool's nodes, in the order of the document; empty when nothing does.
///
/// A port that is published on a loopback address is no port of the node's to others.
///
/// ```
/// use rancher_topology::flow::answers_at;
///
/// let topology = rancher_topology::load("
/// name: tiny
/// network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
/// nodes: {box: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1}}
/// services: {web: {image: nginx:1.27.2, placement: box, publish: [8080:80]}}
/// ")?;
/// let pool = topology.pool_ids().next().ok_or(vec![])?;
/// let count = |port: &str| port.parse().map(|ports| answers_at(&topology, pool, ports).len());
/// assert_eq!(count("8080"), Ok(1));
/// assert_eq!(count("80"), Ok(0));
/// # Ok::<(), Vec<rancher_topology::Diagnostic>>(())
/// ```
#[must_use]
pub fn answers_at(topology: &Topology, pool: PoolId, ports: Ports) -> Vec<Answer> {
    let mut answers = services_at(topology, |node| topology[node].pool == pool, ports);
    let declared = declared_of_nodes(topology).filter(|(of, _)| *of == pool).map(|(_, ports)| ports);
    let sshd = PortRange::single(22).ok().map(|range| Ports { protocol: Protocol::Tcp, range });
    for own in sshd.into_iter().chain(declared) {
        let shared = shared(own, ports).map(|range| Ports { range, ..ports });
        let answer = shared.map(|ports| Answer { ports, by: Answerer::Node });
        answers.extend(answer.filter(|answer| !answers.contains(answer)));
    }
    answers
}

/// The ports that nodes themselves have, as traffic to their pools says.
pub(crate) fn declared_of_nodes(topology: &Topology) -> impl Iterator<Item = (PoolId, Ports)> {
    let by_services = topology.services.iter().flat_map(|service| &service.traffic_to);
    let by_nodes = topology.pools.iter().flat_map(|pool| pool.traffic_to.iter());
    by_services.chain(by_nodes).filter_map(|traffic| match traffic.to {
        Destination::Pool(pool) => traffic.ports.map(|ports| (pool, ports)),
        _ => None,
    })
}

/// The services that answer on ports of some nodes.
pub(crate) fn services_at(topology: &Topology, on: impl Fn(NodeId) -> bool, ports: Ports) -> Vec<Answer> {
    let mut answers = Vec::new();
    for id in topology.service_ids() {
        let service = &topology[id];
        let open_here = || service.placement.iter().any(|node| on(*node));
        if service.network == ServiceNetwork::Host {
            for range in service.listen.iter().filter_map(|own| shared(*own, ports)) {
                if open_here() {
                    answers.push(Answer { ports: Ports { range, ..ports }, by: Answerer::Host(id) });
                }
            }
        }
        for publish in &service.publish {
            let host = Ports { protocol: publish.protocol, range: publish.host };
            let Some(range) = shared(host, ports) else { continue };
            if publish.is_on_loopback() || !open_here() {
                continue;
            }
            let start = publish.container.first();
            let inside = |port: u16| start + (port - publish.host.first());
            let Ok(container) = PortRange::new(inside(range.first()), inside(range.last())) else { continue };
            let container = Ports { range: container, ..ports };
            for (own, by) in behind(topology, id, container) {
                let outside = |port: u16| publish.host.first() + (port - start);
                let range = PortRange::new(outside(own.first()), outside(own.last()));
                answers.extend(range.ok().map(|range| Answer { ports: Ports { range, ..ports }, by }));
            }
        }
    }
    answers
}

/// Who has ports of a service's network namespace: what listens there, the ways into meshes; else the service itself.
fn behind(topology: &Topology, owner: ServiceId, ports: Ports) -> Vec<(PortRange, Answerer)> {
    let mut found = Vec::new();
    for other in topology.service_ids().filter(|other| topology.namespace_service(*other) == owner) {
        for container in topology[other].listen.iter().filter_map(|own| shared(*own, ports)) {
            found.push((container, Answerer::Published { service: other, container, listens: true }));
        }
    }
    for id in topology.mesh_ids().filter(|id| topology[*id].namespace == owner) {
        let entry = topology[id].entry;
        if ports.protocol == Protocol::Tcp && ports.range.contains(entry) {
            found.extend(PortRange::single(entry).ok().map(|entry| (entry, Answerer::Tunnel(id))));
        }
    }
    if found.is_empty() {
        let container = ports.range;
        found.push((container, Answerer::Published { service: owner, container, listens: false }));
    }
    found
}

fn shared(one: Ports, other: Ports) -> Option<PortRange> {
    let (first, last) =
        (one.range.first().max(other.range.first()), one.range.last().min(other.range.last()));
    (one.protocol == other.protocol && first <= last).then(|| PortRange::new(first, last).ok()).flatten()
}
