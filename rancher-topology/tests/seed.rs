//! The wiki page's cluster, counted.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use rancher_topology::{Diagnostic, Topology, load};

const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");

fn told(text: &str, result: Result<Topology, Vec<Diagnostic>>) -> Topology {
    match result {
        Ok(topology) => topology,
        Err(all) => {
            let mut told = String::new();
            for d in all {
                let at = d.labels.first().map_or(0, |label| label.span.start);
                let line = text[..at].matches('\n').count() + 1;
                let _ = writeln!(told, "line {line}: {}: {} {:?} {:?}", d.id, d.message, d.labels, d.help);
            }
            panic!("{told}");
        }
    }
}

fn with_nodes(count: usize) -> Topology {
    let text = AS_WRITTEN.replace("count: 3 ", &format!("count: {count} "));
    assert!(count == 3 || text != AS_WRITTEN);
    told(&text, load(&text))
}

#[test]
fn the_number_of_nodes_is_one_change() {
    for (count, containers) in [(1, 20), (3, 68), (5, 148)] {
        let topology = with_nodes(count);
        assert_eq!(topology.instances.len(), containers, "{count} nodes");
        let tunnels: usize = topology
            .meshes
            .iter()
            .flat_map(|mesh| &mesh.services)
            .map(|id| topology[*id].placement.len())
            .sum();
        assert_eq!(tunnels, 4 * count * count);
    }
}

#[test]
fn the_page_has_twelve_services_and_23_23_22_containers() {
    let topology = with_nodes(3);
    let roles: std::collections::BTreeSet<&str> =
        topology.services.iter().map(|service| service.role.as_str()).collect();
    assert_eq!(roles.len(), 12, "{roles:?}");
    let per_node: Vec<usize> = topology.node_ids().map(|node| topology.instances_on(node).len()).collect();
    assert_eq!(per_node, [23, 23, 22]);
}

#[test]
fn tunnels_follow_the_rule_and_not_the_row() {
    let topology = with_nodes(3);
    let redis = topology.meshes.iter().find(|mesh| mesh.name.as_str() == "rancher-ha-tunnel-redis").unwrap();
    let arrow = |on: usize, to: usize| {
        redis
            .end(
                &topology,
                topology.node_named(&format!("mgmt-host-{on}")).unwrap(),
                topology.node_named(&format!("mgmt-host-{to}")).unwrap(),
            )
            .arrow()
    };
    assert_eq!(arrow(1, 1), "0.0.0.0:16379->127.0.0.1:6379/tcp");
    assert_eq!(arrow(1, 2), "127.0.0.1:6380->172.22.1.211:6379/tcp");
    assert_eq!(arrow(2, 1), "127.0.0.1:6379->172.22.1.210:6379/tcp");
    assert_eq!(arrow(2, 2), "0.0.0.0:16379->127.0.0.1:6380/tcp");
    assert_eq!(arrow(3, 3), "0.0.0.0:16379->127.0.0.1:6381/tcp");
}

#[test]
fn the_hardened_cluster_spreads_over_three_zones() {
    let text = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");
    let topology = told(text, load(text));
    let zones: std::collections::BTreeSet<_> =
        topology.nodes.iter().map(|node| &topology[node.subnet].zone).collect();
    assert_eq!(zones.len(), 3);
    let addresses: Vec<String> = topology.nodes.iter().map(|node| node.address.to_string()).collect();
    assert_eq!(addresses, ["172.22.1.210", "172.22.2.210", "172.22.3.210"]);
    assert_eq!(topology.instances.len(), 68);
}
