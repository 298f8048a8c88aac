//! What the generated firewall admits is, packet for packet, what the topology's policy says for the host.
//!
//! The rules are loaded by either back end, read back with `iptables-save` and `ipset save`, and compared as sets of
//! packets with the lowered policy; the host's addresses are those that `ip address` prints.
#![allow(clippy::unwrap_used)]

mod support;
use rancher_gen::output::{Selection, render};
use rancher_gen::read::{ip_address, ipset, iptables};
use rancher_gen::template::Templates;
use rancher_topology::flow::FlowGraph;
use rancher_topology::netfilter::{Comparison, Difference, HostFacts, Kind};
use rancher_topology::packet::Family;
use rancher_topology::policy::{HostPolicy, SecurityPolicy, host_policies};
use rancher_topology::topology::NodeId;
use rancher_topology::{Topology, netfilter};
use support::examples::{AS_WRITTEN, HARDENED, file, topology};
use support::lab::with_peers;
use support::netns::{BACK_ENDS, BackEnd, Namespace};
use support::tools::{feed, run};

const FLEET: &str = include_str!("../examples/fleet/fleet.yaml");
const STARTER: &str = include_str!("../templates/init/topology.yaml");

/// A host with the addresses of a node.
struct Host {
    namespace: Namespace,
    back_end: BackEnd,
}

impl Host {
    fn new(topology: &Topology, policy: &HostPolicy, node: NodeId, back_end: BackEnd) -> Self {
        let namespace = Namespace::new("host");
        let prefix = topology[topology[node].subnet].cidr.prefix_len();
        for (at, interface) in policy.interfaces.iter().enumerate() {
            namespace.ip(&format!("link add {interface} type bridge"));
            namespace.ip(&format!("link set {interface} up"));
            if at == 0 {
                namespace.address(interface, &format!("{}/{prefix} brd +", topology[node].address));
                namespace.address(interface, "fd00:22::7/64");
            }
        }
        for (at, network) in policy.container_networks.iter().enumerate() {
            namespace.ip(&format!("link add br-{at} type bridge"));
            namespace.ip(&format!("link set br-{at} up"));
            let first = network.hosts().next().unwrap();
            namespace.address(&format!("br-{at}"), &format!("{first}/{} brd +", network.prefix_len()));
        }
        Self { namespace, back_end }
    }

    fn program(&self, family: Family, word: &str) -> std::process::Command {
        let (tool, back_end) = (if family == Family::V4 { "iptables" } else { "ip6tables" }, self.back_end);
        let back_end = if back_end == BackEnd::Nft { "nft" } else { "legacy" };
        self.namespace.command(&format!("{tool}-{back_end}{word}"))
    }

    fn load(&self, topology: &Topology, node: NodeId) {
        let selection = Selection { only: vec!["iptables"], node: Some(node) };
        let tree = render(topology, &Templates::embedded(), &selection).unwrap().tree;
        for (path, contents) in tree.iter() {
            if std::path::Path::new(&path.to_string()).extension().is_some_and(|ending| ending == "ipset") {
                feed(self.namespace.command("ipset").arg("restore"), &contents.contents);
            }
        }
        for (family, rules) in [(Family::V4, "rules.v4"), (Family::V6, "rules.v6")] {
            let path = format!("nodes/{}/iptables/{rules}", topology[node].name);
            feed(self.program(family, "-restore").arg("--noflush"), file(&tree, &path));
            self.rule(family, "-t mangle -I PREROUTING 1 -j RANCHER-GEN");
        }
    }

    fn rule(&self, family: Family, words: &str) {
        run(self.program(family, "").args(words.split_whitespace()));
    }

    /// In what the host differs from the policy.
    fn differs(&self, policy: &HostPolicy, family: Family) -> Vec<Difference> {
        let saved = run(&mut self.program(family, "-save"));
        let rules = iptables::read(&saved, Some(family)).unwrap().rules;
        let sets = ipset::read(&run(self.namespace.command("ipset").arg("save")), family).unwrap();
        assert!(sets.notes.is_empty(), "{:?}", sets.notes);
        let interfaces = ip_address::read(&self.namespace.ip("address")).unwrap().interfaces;
        let admission = policy.admission(&interfaces, family);
        assert!(!admission.space.is_empty());
        let inbound: Vec<&str> = policy.interfaces.iter().map(|name| &**name).collect();
        let facts = HostFacts::of_interfaces(interfaces, sets.sets);
        let mut compared = Comparison::of(&rules, &facts, &inbound, &admission.space, &admission.admitted());
        let mut all = Vec::new();
        for kind in Kind::ALL {
            let (differences, whole) = compared.differences(kind);
            assert!(whole);
            for difference in &differences {
                let trace = netfilter::Tracer::new(&rules, &facts).follow(&difference.example);
                let verdict = match kind {
                    Kind::Admits => netfilter::Verdict::Admitted,
                    Kind::Refuses => netfilter::Verdict::Refused,
                    Kind::MayAdmit | Kind::MayRefuse => netfilter::Verdict::Possible,
                };
                assert_eq!(trace.verdict, verdict, "{difference:?} {trace:?}");
            }
            all.extend(differences);
        }
        assert_eq!(all.is_empty(), compared.is_equal());
        all
    }
}

#[track_caller]
fn is_equal_on(text: &str, nodes: &[usize]) {
    let topology = topology(text);
    let flows = FlowGraph::of(&topology);
    let policies = host_policies(&topology, &SecurityPolicy::of(&topology, &flows));
    for node in nodes {
        let node = topology.node_ids().nth(*node).unwrap();
        let policy = &policies[topology.pool_ids().position(|pool| pool == topology[node].pool).unwrap()];
        for back_end in BACK_ENDS {
            let host = Host::new(&topology, policy, node, back_end);
            for family in [Family::V4, Family::V6] {
                host.rule(family, "-P INPUT ACCEPT");
                assert!(!host.differs(policy, family).is_empty(), "a host without rules is not closed");
            }
            host.load(&topology, node);
            for family in [Family::V4, Family::V6] {
                let differs = host.differs(policy, family);
                assert!(differs.is_empty(), "{} {back_end:?} {family}: {differs:#?}", topology[node].name);
            }
        }
    }
}

#[test]
fn the_firewall_of_the_cluster_as_written_is_its_policy() {
    is_equal_on(AS_WRITTEN, &[0, 1, 2]);
}

#[test]
fn the_firewall_of_the_hardened_cluster_is_its_policy() {
    is_equal_on(HARDENED, &[0, 1, 2]);
}

#[test]
fn the_firewall_of_a_fleet_with_sets_is_its_policy() {
    is_equal_on(FLEET, &[0, 4_999]);
    is_equal_on(&with_peers(20), &[0]);
}

#[test]
fn the_firewall_of_a_new_topology_is_its_policy() {
    is_equal_on(STARTER, &[0]);
}

#[test]
fn the_firewall_with_routed_containers_and_two_interfaces_is_its_policy() {
    let text = HARDENED.replace(
        "    engine: docker-1.10.3\n    groups: server-nodes\n",
        "    engine: docker-1.10.3\n    groups: server-nodes\n    interfaces: [eth0, eth1]\n    routed: [172.22.0.0/16]\n",
    );
    assert_ne!(text, HARDENED);
    is_equal_on(&text, &[0]);
}

#[test]
fn a_rule_more_or_less_is_found_as_exactly_that() {
    let topology = topology(HARDENED);
    let flows = FlowGraph::of(&topology);
    let policies = host_policies(&topology, &SecurityPolicy::of(&topology, &flows));
    let node = topology.node_ids().next().unwrap();
    for back_end in BACK_ENDS {
        let host = Host::new(&topology, &policies[0], node, back_end);
        host.load(&topology, node);
        host.rule(
            Family::V4,
            "-t mangle -I RANCHER-GEN-HOST 1 -s 198.51.100.0/24 -p tcp --dport 5000:5001 -j RETURN",
        );
        host.rule(Family::V4, "-I INPUT -s 203.0.113.128/25 -p tcp --dport 22 -j DROP");
        host.rule(Family::V4, "-I INPUT -s 203.0.113.7 -p tcp --dport 22 -m limit --limit 1/s -j DROP");
        let told: Vec<String> = host
            .differs(&policies[0], Family::V4)
            .iter()
            .map(|one| format!("{:?} {} {:?}", one.kind, one.example.source, one.example.destination_port))
            .collect();
        assert_eq!(
            told,
            [
                "Admits 198.51.100.1 Some(5000)",
                "Refuses 203.0.113.129 Some(22)",
                "MayRefuse 203.0.113.7 Some(22)"
            ]
        );
    }
}
