//! A health check that asks the node's SSH server.

use super::balancers;
use crate::diagnostic::Severity;
use crate::flow::Reason;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{HealthTarget, ListenerProtocol};

pub(super) const LINT: Lint = Lint {
    id: "health-check-ssh",
    severity: Severity::Warning,
    summary: "A health check asks the node's SSH server instead of the service.",
    reason: "The SSH server answers as long as the node is up. A node whose service is dead or not yet started stays in, and \
             refuses its share of the connections.",
    source: "User Guide for Classic Load Balancers, \"Configure health checks\": a TCP check succeeds when the port accepts \
             a connection.",
    bad: web_on_8080!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: TCP:22
    listeners:
      - {listen: 80/http, forward: 8080/http}
"
    ),
    good: web_on_8080!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
"
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

/// Whether it can only be the node's own SSH server that answers, where no service has the port.
pub(super) fn asks_ssh(asked: &HealthTarget) -> bool {
    asked.port == 22 && asked.protocol == ListenerProtocol::Tcp
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        let Some(asked) = balancer.said.health_check.as_ref().filter(|asked| asks_ssh(asked)) else {
            continue;
        };
        let forwarded = balancer.said.listeners.iter().any(|listener| listener.forward.port == asked.port);
        if forwarded || !balancer.leads_nowhere(cx, asked.port, Reason::HealthCheck) {
            continue;
        }
        let ports: Vec<String> =
            balancer.said.listeners.iter().map(|listener| listener.forward.port.to_string()).collect();
        findings.push(
            LINT.finding(format!("`{}` asks the nodes' SSH server", balancer.is.name), asked.span)
                .here(format!("its listeners lead to {}", ports.join(", ")))
                .why("SSH answers while the service is dead, so a dead target stays in")
                .help("ask the service: `health-check: HTTP:PORT/PATH`, with a path that answers when it is well"),
        );
    }
}
