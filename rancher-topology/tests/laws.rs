//! What holds for every word and every size, and not only for the examples.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use rancher_topology::flow::FlowGraph;
use rancher_topology::load;
use rancher_topology::scalar::{
    Connection, Duration, HealthTarget, ListenerPort, Name, Peer, PortRange, Ports, Publish, Text, Traffic,
};
use rancher_topology::topology::{Namespace, TunnelMode};

const SEED: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");

/// A word that was read prints as a word that reads as the same.
fn reads_back<T: std::str::FromStr + ToString + PartialEq + std::fmt::Debug>(word: &str) {
    if let Ok(value) = word.parse::<T>() {
        let printed = value.to_string();
        assert_eq!(printed.parse::<T>().ok().as_ref(), Some(&value), "{word} printed as {printed}");
    }
}

proptest! {
    #[test]
    fn words_read_back(word in "[0-9a-z.:/_-]{1,24}|[0-9]{1,5}(-[0-9]{1,5})?(:[0-9]{1,5}(-[0-9]{1,5})?)?(/(tcp|udp|http|ssl))?") {
        reads_back::<Name>(&word);
        reads_back::<Ports>(&word);
        reads_back::<PortRange>(&word);
        reads_back::<Publish>(&word);
        reads_back::<Traffic>(&word);
        reads_back::<Peer>(&word);
        reads_back::<Connection>(&word);
        reads_back::<ListenerPort>(&word);
        reads_back::<Duration>(&word);
        reads_back::<HealthTarget>(&word);
    }

    #[test]
    fn a_text_is_kept_as_it_is_or_refused(text in "\\PC{0,210}|[\\x00-\\x7f\u{202e}\u{2028}🦀é\"'$%{}\\\\]{0,60}") {
        if let Ok(kept) = text.parse::<Text>() {
            assert_eq!(kept.as_str(), text);
            assert!(kept.as_str().len() <= Text::MOST && !text.contains(char::is_control));
        }
    }

    #[test]
    fn ranges_overlap_when_they_share_a_port(a in 1u16..200, b in 0u16..50, c in 1u16..200, d in 0u16..50) {
        let (one, two) = (PortRange::new(a, a + b).unwrap(), PortRange::new(c, c + d).unwrap());
        let shared = one.iter().any(|port| two.contains(port));
        assert_eq!(one.overlaps(two), shared);
        assert_eq!(one.len() as usize, one.iter().count());
    }
}

#[test]
fn every_way_out_of_a_mesh_leads_to_the_service_that_it_stands_for() {
    for count in [1, 2, 3, 4, 5, 7, 9] {
        let topology = load(&SEED.replace("count: 3 ", &format!("count: {count} "))).unwrap();
        let tunnels = topology.instances.iter().filter(|i| topology[i.service].name.contains("-tunnel-"));
        assert_eq!(tunnels.count(), 4 * count * count);
        assert_eq!(topology.instances.len(), 4 * count * count + 8 * count + 8);
        for mesh in &topology.meshes {
            for on in &topology[mesh.pool].nodes {
                for to in &topology[mesh.pool].nodes {
                    let out = mesh.end(&topology, *on, *to);
                    let way_in = mesh.end(&topology, *to, *to);
                    assert_eq!(way_in.mode, TunnelMode::Decrypt);
                    assert_eq!(way_in.target.port(), mesh.local_port(topology[*to].index));
                    if on == to {
                        continue;
                    }
                    assert_eq!(out.mode, TunnelMode::Encrypt);
                    assert_eq!(out.target.ip(), topology[*to].address);
                    let publish = &topology[mesh.namespace].publish;
                    let host_port = publish.iter().find_map(|p| p.host_port_of(way_in.listen.port()));
                    assert_eq!(host_port, Some(out.target.port()), "the port leads to the way in");
                }
            }
        }
    }
}

#[test]
fn no_two_sockets_of_a_namespace_are_one() {
    for count in [1, 3, 5] {
        let topology = load(&SEED.replace("count: 3 ", &format!("count: {count} "))).unwrap();
        let mut taken: BTreeSet<(Namespace, u16, &str)> = BTreeSet::new();
        for node in topology.node_ids() {
            for instance in topology.instances_on(node) {
                for (_, ports) in topology.sockets_of(*instance) {
                    for port in ports.range.iter() {
                        let socket = (topology.namespace_of(*instance), port, ports.protocol.as_str());
                        assert!(taken.insert(socket), "{socket:?} of {}", topology.container_name(*instance));
                    }
                }
            }
        }
    }
}

#[test]
fn the_connections_of_a_flow_are_as_many_as_its_ends_allow() {
    let topology = load(SEED).unwrap();
    let graph = FlowGraph::of(&topology);
    for flow in graph.flows() {
        let connections: Vec<_> = FlowGraph::connections(&topology, flow).collect();
        assert!(connections.iter().all(|one| one.client != one.server));
        let ends: BTreeSet<_> = connections.iter().map(|one| (one.client, one.server)).collect();
        assert_eq!(ends.len(), connections.len(), "each pair once");
    }
}
