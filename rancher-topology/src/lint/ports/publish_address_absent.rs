//! A port that is published on an address that the node does not have.

use std::net::IpAddr;

use super::socket::{Said, nodes};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::{NodeId, Topology};

pub(super) const LINT: Lint = Lint {
    id: "publish-address-absent",
    severity: Severity::Error,
    summary: "A port is published on an address that the node does not have.",
    reason: "The engine binds the address before it starts the container, and the kernel gives no socket on an address \
             that is not the node's own: `cannot assign requested address`. The container is created and never runs. \
             A service that runs on many nodes has an address on each of them, so one node's address can be written \
             only where the service stays on that node.",
    source: "bind(2), EADDRNOTAVAIL; docker-run(1), `--publish IP:HOST:CONTAINER`.",
    bad: "\
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: 203.0.113.0/24}]}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [\"10.0.1.10:8080:80\"]}
",
    good: "\
security-groups:
  nodes: {inbound: [{port: 8080/tcp, from: 203.0.113.0/24}]}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [\"8080:80\"]}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context, findings: &mut Findings) {
    let topology = cx.topology;
    for id in topology.service_ids() {
        let service = &topology[id];
        for (at, publish) in service.publish.iter().enumerate() {
            let Some(address) = publish.address else { continue };
            let mut without: Vec<NodeId> = service
                .placement
                .iter()
                .copied()
                .filter(|node| !may_have(topology, *node, address))
                .collect();
            without.sort_unstable();
            without.dedup();
            let Some(first) = without.first() else { continue };
            let verb = if without.len() == 1 { "does" } else { "do" };
            let owner = topology.nodes.iter().find(|node| IpAddr::V4(node.address) == address);
            let everywhere = crate::scalar::Publish { address: None, ..*publish };
            let help = match owner {
                Some(owner) => format!(
                    "write `{everywhere}` for every address of each node, or place it on `{}` only",
                    owner.name
                ),
                None => format!("write `{everywhere}` for every address of each node"),
            };
            findings.push(
                LINT.finding(
                    format!(
                        "{} {verb} not have the address {address}",
                        nodes(&topology[*first].name, without.len()),
                    ),
                    Said::Publish(id, at).span(cx.document),
                )
                .here(format!("`{}` publishes it there", service.name))
                .why("the engine cannot bind an address of another machine, and does not start the container")
                .help(help),
            );
        }
    }
}

/// Whether a node has an address, or can have it: a bridge's or an overlay's interface has one of its network's.
fn may_have(topology: &Topology, node: NodeId, address: IpAddr) -> bool {
    if address.is_unspecified() || address.is_loopback() {
        return true;
    }
    // A topology does not say which v6 addresses its nodes have.
    let IpAddr::V4(address) = address else { return true };
    let bridges = topology.pool_of(node).container_networks.iter().copied();
    let mut inner = bridges.chain(topology.overlays.iter().map(|overlay| overlay.cidr));
    // An address of 169.254.0.0/16 is set by hand, on any interface (RFC 3927).
    topology[node].address == address || address.is_link_local() || inner.any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn messages(placement: &str, address: &str) -> Vec<String> {
        let report = validate(&complete(&format!(
            "services:\n  web: {{image: 'a:1', placement: {placement}, publish: ['{address}:8080:80']}}\n"
        )));
        let all = report.findings.into_iter().filter(|finding| finding.id == "publish-address-absent");
        all.map(|finding| finding.message).collect()
    }

    #[test]
    fn an_address_that_a_node_has_or_may_have_is_no_fault() {
        for address in ["127.0.0.1", "0.0.0.0", "[::1]", "[::]", "10.0.1.10", "172.17.0.1", "169.254.20.10"] {
            assert_eq!(messages("node-1", address), Vec::<String>::new(), "{address}");
        }
    }

    #[test]
    fn the_nodes_that_lack_it_are_counted() {
        assert_eq!(messages("node-2", "10.0.1.10"), ["`node-2` does not have the address 10.0.1.10"]);
        assert_eq!(
            messages("node", "10.0.1.10"),
            ["`node-2` and 1 more node do not have the address 10.0.1.10"]
        );
        assert_eq!(
            messages("node-1", "[2001:db8::1]"),
            [""; 0],
            "which v6 addresses a node has is not stated"
        );
    }
}
