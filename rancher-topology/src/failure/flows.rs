//! Which flows are still possible: whether at least one of their connections is, and whether one between two nodes is.

use super::Simulation;
use super::wiring::Step;
use crate::document::Scope;
use crate::flow::{Flow, Party, Route};
use crate::topology::{NodeId, ServiceId};

/// What is up.
pub(super) struct Live<'s> {
    pub(super) simulation: &'s Simulation<'s>,
    /// Whether each node is.
    pub(super) up: &'s [bool],
    /// Why a service's instances are down on every node.
    pub(super) closed: &'s [Option<Step>],
    pub(super) databases_lost: &'s [bool],
    pub(super) balancers_lost: &'s [bool],
    /// How many targets of each entry point answer.
    pub(super) answering: &'s [usize],
}

/// The ends of a flow that are up.
enum Ends {
    /// One beside the nodes.
    Beside,
    /// The node of each, sorted; several on one node stand there several times.
    On(Vec<NodeId>),
}

/// How much of a flow is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// No connection is.
    Shut,
    /// Only connections on one and the same node are, though both ends are up on several: what carries them from node to
    /// node is down.
    WithinNodes,
    /// At least one is, and nothing that carries it keeps the others from being.
    Open,
}

impl Live<'_> {
    pub(super) fn possible(&self, flow: &Flow) -> bool {
        self.passage(flow) != Passage::Shut
    }

    pub(super) fn passage(&self, flow: &Flow) -> Passage {
        let open = |is_open| if is_open { Passage::Open } else { Passage::Shut };
        let (Some(client), Some(server)) = (self.ends(flow.client), self.ends(flow.server)) else {
            return Passage::Shut;
        };
        match (client, server) {
            (_, _) if flow.route == Route::Nowhere => Passage::Shut,
            (Ends::Beside, Ends::Beside) => Passage::Open,
            (Ends::On(_), Ends::Beside) => open(flow.scope != Scope::OwnNode),
            (Ends::Beside, Ends::On(servers)) => match flow.client {
                Party::LoadBalancer(id) => {
                    let targets = &self.simulation.targets[id.position()];
                    open(servers.iter().any(|node| targets.contains(node)))
                }
                _ => open(flow.scope != Scope::OwnNode),
            },
            (Ends::On(clients), Ends::On(servers)) => self.between(flow, &clients, &servers),
        }
    }

    /// The ends of a party that are up; `None` when there are none.
    fn ends(&self, party: Party) -> Option<Ends> {
        let topology = self.simulation.topology;
        let on = |nodes: &[NodeId]| {
            let mut up: Vec<NodeId> = nodes.iter().copied().filter(|node| self.up[node.position()]).collect();
            up.sort_unstable();
            (!up.is_empty()).then_some(Ends::On(up))
        };
        match party {
            Party::Internet => Some(Ends::Beside),
            Party::LoadBalancer(id) => (!self.balancers_lost[id.position()]).then_some(Ends::Beside),
            Party::Database(id) => (!self.databases_lost[id.position()]).then_some(Ends::Beside),
            Party::Pool(id) => on(&topology[id].nodes),
            Party::Service(id) if self.is_open(id) => on(&topology[id].placement),
            Party::Service(_) => None,
        }
    }

    /// Whether a service's instances are up where their node is.
    fn is_open(&self, service: ServiceId) -> bool {
        self.closed[service.position()].is_none()
    }

    /// How much passes between the nodes of clients and those of servers.
    fn between(&self, flow: &Flow, clients: &[NodeId], servers: &[NodeId]) -> Passage {
        if let Route::Balanced { balancer, listen, .. } = flow.route {
            let enters = self.enters(balancer.position(), listen);
            return if enters { Passage::Open } else { Passage::Shut };
        }
        let own_party = flow.client == flow.server;
        let here = servers.iter().enumerate().any(|(position, server)| {
            // On its own node an end has another one of its own party only where there are two.
            let twice = servers.get(position + 1) == Some(server);
            flow.scope != Scope::OtherNodes && clients.binary_search(server).is_ok() && (!own_party || twice)
        });
        let mut from = clients.to_vec();
        from.dedup();
        let leaving: Vec<NodeId> =
            from.iter().copied().filter(|node| self.passes_overlay(flow, *node)).collect();
        let may_cross = flow.scope != Scope::OwnNode && flow.route != Route::Loopback;
        let other = |from: &[NodeId], server: &NodeId| from.iter().take(2).any(|client| client != server);
        let mut apart = servers.iter().filter(|server| may_cross && other(&from, server)).peekable();
        let is_apart = apart.peek().is_some();
        let across = apart.any(|server| {
            other(&leaving, server)
                && self.passes_overlay(flow, *server)
                && self.passes_tunnels(flow, *server)
        });
        match (across, here) {
            (false, false) => Passage::Shut,
            (false, true) if is_apart => Passage::WithinNodes,
            _ => Passage::Open,
        }
    }

    /// Whether the overlay that a flow is inside of is carried from and to a node.
    fn passes_overlay(&self, flow: &Flow, node: NodeId) -> bool {
        let topology = self.simulation.topology;
        let Route::Overlay(overlay) = flow.route else { return true };
        let carriers = &topology[overlay].carried_by;
        let carries = |id: &ServiceId| self.is_open(*id) && topology.instance_on(*id, node).is_some();
        carriers.is_empty() || carriers.iter().any(carries)
    }

    /// Whether the tunnels to a node are up on both sides: they are of one service, on nodes that are up.
    fn passes_tunnels(&self, flow: &Flow, server: NodeId) -> bool {
        let topology = self.simulation.topology;
        let Route::Tunnels(mesh) = flow.route else { return true };
        let tunnel = topology[mesh].services.get(topology[server].index - 1);
        tunnel.is_some_and(|id| self.is_open(*id))
    }

    fn enters(&self, balancer: usize, listen: u16) -> bool {
        self.simulation.entries.iter().zip(self.answering).any(|(entry, answering)| {
            entry.balancer.position() == balancer && entry.listen == listen && *answering > 0
        })
    }
}
