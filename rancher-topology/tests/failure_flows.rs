//! Which flows are possible, against unfolding every connection and looking at all that it passes.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rancher_topology::document::Scope;
use rancher_topology::failure::{Failure, Outcome, Simulation, Thing};
use rancher_topology::flow::{Connection, End, Flow, FlowGraph, Route};
use rancher_topology::topology::{NodeId, ServiceId};
use rancher_topology::{Topology, load};

const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");

/// Whether a service has an instance that is up on a node.
fn up(topology: &Topology, outcome: &Outcome, service: ServiceId, node: NodeId) -> bool {
    let left = outcome.services[service.position()].left;
    left > 0
        && !outcome.losses.contains_key(&Thing::Node(node))
        && topology.instance_on(service, node).is_some()
}

fn end_is_up(topology: &Topology, outcome: &Outcome, end: End) -> bool {
    match end {
        End::Internet => true,
        End::LoadBalancer(id) => !outcome.losses.contains_key(&Thing::LoadBalancer(id)),
        End::Database(id) => !outcome.losses.contains_key(&Thing::Database(id)),
        End::Node(id) => !outcome.losses.contains_key(&Thing::Node(id)),
        End::Instance(id) => up(topology, outcome, topology[id].service, topology[id].node),
    }
}

fn passes(
    topology: &Topology,
    simulation: &Simulation<'_>,
    outcome: &Outcome,
    flow: &Flow,
    one: &Connection,
) -> bool {
    let (here, there) = (one.client.node(topology), one.server.node(topology));
    if let (End::LoadBalancer(id), Some(there)) = (one.client, there)
        && !topology[id].targets.contains(&there)
    {
        return false;
    }
    match (&flow.route, here, there) {
        (Route::Nowhere, ..) => false,
        (Route::Tunnels(mesh), Some(here), Some(there)) if here != there => {
            let to = topology[*mesh].services[topology[there].index - 1];
            up(topology, outcome, to, here) && up(topology, outcome, to, there)
        }
        (Route::Overlay(overlay), Some(here), Some(there)) if here != there => {
            let carried =
                |node| topology[*overlay].carried_by.iter().any(|id| up(topology, outcome, *id, node));
            carried(here) && carried(there)
        }
        (Route::Balanced { balancer, listen, .. }, ..) => {
            let entry = simulation.entry_ids().find(|id| {
                let entry = simulation.entry(*id);
                (entry.balancer, entry.listen) == (*balancer, *listen)
            });
            entry.is_some_and(|entry| outcome.entries.iter().any(|state| state.entry == entry && state.works))
        }
        _ => true,
    }
}

fn possible(topology: &Topology, simulation: &Simulation<'_>, outcome: &Outcome) -> Vec<Flow> {
    let graph = FlowGraph::of(topology);
    let is_possible = |flow: &&Flow| {
        FlowGraph::connections(topology, flow).any(|one| {
            end_is_up(topology, outcome, one.client)
                && end_is_up(topology, outcome, one.server)
                && passes(topology, simulation, outcome, flow, &one)
        })
    };
    graph.flows().filter(is_possible).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_flow_is_possible_when_one_of_its_connections_is(
        hardened in any::<bool>(),
        own_node in any::<bool>(),
        count in prop_oneof![Just(3), Just(5)],
        nodes_down in proptest::collection::vec(proptest::bool::weighted(0.4), 5),
        others_down in proptest::collection::vec(proptest::bool::weighted(0.08), 64),
    ) {
        let mut text = if hardened { HARDENED } else { AS_WRITTEN }.replace("count: 3 ", &format!("count: {count} "));
        if own_node {
            text = text.replace(
                "traffic-to: [websocket-proxy, \"cattle:8080\"]",
                "traffic-to: [{to: websocket-proxy, scope: own-node}, {to: \"cattle:8080\", scope: other-nodes}]",
            );
        }
        let topology = load(&text).unwrap();
        let simulation = Simulation::of(&topology);
        let nodes = topology.node_ids().map(Failure::Node).zip(&nodes_down);
        let others = topology
            .service_ids()
            .map(Failure::Service)
            .chain(topology.load_balancer_ids().map(Failure::LoadBalancer))
            .chain(topology.database_ids().map(Failure::Database));
        let failures: Vec<Failure> =
            nodes.chain(others.zip(&others_down)).filter(|(_, pick)| **pick).map(|(failure, _)| failure).collect();
        let outcome = simulation.outcome(&failures);
        let expected = possible(&topology, &simulation, &outcome);
        prop_assert_eq!(&outcome.possible, &expected);
        let before = possible(&topology, &simulation, &simulation.outcome(&[]));
        prop_assert_eq!(outcome.lost_flows.len() + expected.len(), before.len());
        let scoped = before.iter().any(|flow| flow.scope == Scope::OtherNodes && flow.client != flow.server);
        prop_assert_eq!(own_node, scoped);
        let down = topology.node_ids().filter(|id| outcome.losses.contains_key(&Thing::Node(*id)));
        let failed = failures.iter().filter(|failure| matches!(failure, Failure::Node(_)));
        prop_assert_eq!(down.count(), failed.count());
    }
}
