//! A node's port that an outgoing connection may hold.

use super::socket::{Said, Socket, published, stated_listens};
use crate::diagnostic::{MOST_PLACES, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::PortRange;
use crate::topology::{ServiceId, ServiceNetwork};

/// The kernel's `net.ipv4.ip_local_port_range` when nobody has set it. Before Linux 4.2 it ended at 61000.
const EPHEMERAL: (u16, u16) = (32768, 60999);

pub(super) const LINT: Lint = Lint {
    id: "ephemeral-port",
    severity: Severity::Warning,
    summary: "A node's port lies in the range from which the kernel takes ports for outgoing connections.",
    reason: "Every connection that the node opens gets a port of its own from 32768 to 60999. When such a connection holds \
             the port at the moment in which the service starts, the service fails with `address already in use`: once in \
             a hundred boots, and never while somebody looks. Kubernetes keeps its node ports at 30000 to 32767, just \
             below, for the same reason.",
    source: "Linux, Documentation/networking/ip-sysctl.rst: ip_local_port_range, ip_local_reserved_ports.",
    bad: "\
security-groups:
  nodes: {inbound: [{port: 50000/tcp, from: 203.0.113.0/24}]}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [\"50000:80\"]}
",
    good: "\
security-groups:
  nodes: {inbound: [{port: 30080/tcp, from: 203.0.113.0/24}]}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [\"30080:80\"]}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context, findings: &mut Findings) {
    let Ok(range) = PortRange::new(EPHEMERAL.0, EPHEMERAL.1) else { return };
    for id in cx.topology.service_ids() {
        let mut inside = node_sockets(cx, id);
        inside.retain(|socket| socket.ports.range.overlaps(range));
        let Some((first, more)) = inside.split_first() else { continue };
        let name = &cx.topology[id].name;
        let ports = first.ports;
        let verb = if matches!(first.said, Said::Publish(..)) { "publishes" } else { "listens on" };
        let finding = LINT
            .finding(
                format!("`{name}` {verb} a port that an outgoing connection may hold: {ports}"),
                first.said.span(cx.document),
            )
            .why(format!(
                "the kernel takes {} to {} for connections that the node opens",
                EPHEMERAL.0, EPHEMERAL.1
            ))
            .help(format!(
                "take one below {}, or reserve it on each node: `sysctl net.ipv4.ip_local_reserved_ports={}`",
                EPHEMERAL.0, ports.range
            ));
        let places =
            more.iter().map(|socket| (socket.said.span(cx.document), format!("and {}", socket.ports)));
        findings.push(finding.also_up_to(MOST_PLACES, places));
    }
}

/// The sockets that a service wants of its node.
pub(super) fn node_sockets(cx: &Context, id: ServiceId) -> Vec<Socket> {
    let topology = cx.topology;
    let on_the_host = topology[topology.namespace_service(id)].network == ServiceNetwork::Host;
    let listens = stated_listens(cx, id).filter(|_| on_the_host);
    listens.chain(published(topology, id)).collect()
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn found(service: &str) -> usize {
        let report = validate(&complete(&format!(
            "services: {{web: {{image: 'a:1', placement: node, {service}}}}}\n"
        )));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.iter().filter(|finding| finding.id == "ephemeral-port").count()
    }

    #[test]
    fn the_bounds_are_the_kernels() {
        for (port, count) in [("32767", 0), ("32768", 1), ("60999", 1), ("61000", 0)] {
            assert_eq!(found(&format!("publish: ['{port}:80']")), count, "{port}");
        }
        assert_eq!(found("publish: ['32000-33000:2000-3000']"), 1);
        assert_eq!(found("publish: ['40000:80', '40001:81/udp']"), 1, "one finding for a service");
    }

    #[test]
    fn a_containers_own_port_is_no_fault() {
        assert_eq!(found("publish: ['80:50000']"), 0);
        assert_eq!(found("listen: [50000]"), 0);
        assert_eq!(found("network: host, listen: [50000]"), 1);
    }
}
