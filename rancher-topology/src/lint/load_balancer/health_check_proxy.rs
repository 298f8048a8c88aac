//! A health check over HTTP of a port that expects a PROXY header.

use super::balancers;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::ListenerProtocol;

pub(super) const LINT: Lint = Lint {
    id: "health-check-proxy",
    severity: Severity::Error,
    summary: "A health check sends a request to a port that expects a PROXY header first.",
    reason: "The load balancer puts the PROXY header before people's connections and not before its own questions. The \
             program behind the port drops a connection that begins with anything else, so every check fails and every \
             target is taken out.",
    source: "PROXY protocol specification, section 2: a receiver must not guess whether the header is there; komoju/barcelona, \
             pull request 173, and mozilla-services/autopush, issue 788: seen with a Classic Load Balancer.",
    bad: web_on_8080!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/tcp, forward: 8080/tcp, proxy-protocol: front-proxy}
"
    ),
    good: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8081/health
    listeners:
      - {listen: 80/tcp, forward: 8080/tcp, proxy-protocol: front-proxy}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080-8081:8080-8081]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080-8081/tcp, from: balancer, purpose: requests and health check}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        let Some(asked) = &balancer.said.health_check else { continue };
        if asked.protocol == ListenerProtocol::Tcp {
            continue;
        }
        let Some(policy) = balancer.policy_on(asked.port) else { continue };
        let message =
            format!("`{}` asks {}, where a PROXY header has to come first", balancer.is.name, asked.port);
        findings.push(
            LINT.finding(message, asked.span)
                .here("the question has none")
                .also(policy, format!("sets the header on {}", asked.port))
                .why("the question is dropped unread, so every target is found unwell")
                .help("ask a port of the same service that expects no PROXY header"),
        );
    }
}
