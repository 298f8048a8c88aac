//! A health check of a port that nobody has.

use super::{balancers, health_check_ssh};
use crate::diagnostic::Severity;
use crate::flow::Reason;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "health-check-unanswered",
    severity: Severity::Error,
    summary: "A health check asks a port that no target serves.",
    reason: "Every target is found unwell and taken out, and the load balancer has nobody left to forward to: the whole \
             entrance is closed while everything behind it works.",
    source: "User Guide for Classic Load Balancers, \"Health checks for the instances\": `OutOfService`.",
    bad: web_on_8080!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8081/health
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

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        let Some(asked) = &balancer.said.health_check else { continue };
        // Where a listener leads to the same port, that is told of the listener.
        let forwarded = balancer.said.listeners.iter().any(|listener| listener.forward.port == asked.port);
        if forwarded
            || health_check_ssh::asks_ssh(asked)
            || !balancer.leads_nowhere(cx, asked.port, Reason::HealthCheck)
        {
            continue;
        }
        let message = format!("`{}` asks {}, which no target serves", balancer.is.name, asked.port);
        findings.push(
            LINT.finding(message, asked.span)
                .here(format!("no service has {} on {}", asked.port, balancer.targets_in_words()))
                .why("every target is found unwell, and nobody is left to forward to")
                .help(format!("ask a port that the targets serve, or publish {} there", asked.port)),
        );
    }
}
