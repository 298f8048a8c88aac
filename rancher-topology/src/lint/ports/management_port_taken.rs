//! A service on the port of its node's own SSH server.

use super::ephemeral_port::node_sockets;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Protocol;

/// The port of the SSH server (RFC 4253, section 4.1).
const SSH: u16 = 22;

pub(super) const LINT: Lint = Lint {
    id: "management-port-taken",
    severity: Severity::Warning,
    summary: "A service takes 22/tcp of its node, where the node's own SSH server listens.",
    reason: "The SSH server of the node has the port already, so the container does not start. Where it wins the race \
             after a boot it is worse: then nobody gets into the node to mend it, and who knows the node's host key is \
             warned of an attack.",
    source: "RFC 4253, section 4.1; sshd_config(5), Port and ListenAddress; bind(2), EADDRINUSE.",
    bad: "\
security-groups:
  nodes: {inbound: [{port: 22/tcp, from: 203.0.113.0/24}]}
services:
  git: {image: gitea/gitea:1.22.3, placement: node, publish: [\"22:2222\"]}
",
    good: "\
security-groups:
  nodes: {inbound: [{port: 2222/tcp, from: 203.0.113.0/24}]}
services:
  git: {image: gitea/gitea:1.22.3, placement: node, publish: [\"2222:2222\"]}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context, findings: &mut Findings) {
    for id in cx.topology.service_ids() {
        let taken = node_sockets(cx, id)
            .into_iter()
            .find(|socket| socket.ports.protocol == Protocol::Tcp && socket.ports.range.contains(SSH));
        let Some(socket) = taken else { continue };
        findings.push(
            LINT.finding(
                format!("`{}` takes port {SSH} of its node, where the SSH server listens", cx.topology[id].name),
                socket.said.span(cx.document),
            )
            .why("one of the two does not start; when it is the SSH server, nobody gets in to mend it")
            .help("take another port of the node, such as 2222, or give the node's SSH server another and `allow` this"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    #[test]
    fn only_tcp_and_only_the_nodes_side() {
        let found = |service: &str| {
            let text = format!("services: {{git: {{image: 'a:1', placement: node, {service}}}}}\n");
            let report = validate(&complete(&text));
            assert!(report.topology.is_some(), "{:#?}", report.findings);
            report.findings.iter().filter(|finding| finding.id == "management-port-taken").count()
        };
        assert_eq!(found("publish: ['20-30:20-30']"), 1);
        assert_eq!(found("publish: ['127.0.0.1:22:22']"), 1);
        assert_eq!(found("network: host, listen: [22]"), 1);
        assert_eq!(found("publish: ['22:22/udp']"), 0);
        assert_eq!(found("publish: ['2222:22']"), 0);
        assert_eq!(found("listen: [22]"), 0);
    }
}
