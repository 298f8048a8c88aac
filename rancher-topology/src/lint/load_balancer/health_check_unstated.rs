//! A load balancer of which no health check is stated.

use super::balancers;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "health-check-unstated",
    severity: Severity::Warning,
    summary: "A load balancer states no health check.",
    reason: "Without one, only the first listener's port is connected to. The engine accepts that connection for a container \
             that no longer answers, so a dead target stays in and gets its share of the requests. Where the port expects a \
             PROXY header, each such question is an error in the log of the program behind it as well.",
    source: "AWS, Elastic Load Balancing (2012-06-01), HealthCheck: TCP is the default, and only opens a connection; \
             roadrunner2/mod-proxy-protocol, issue 3: the log of a port that expects a header.",
    bad: web_on_8080!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
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
    for balancer in balancers(cx).filter(|balancer| balancer.said.health_check.is_none()) {
        let port = balancer.is.health_check.port;
        let proxy = balancer.policy_on(port).is_some();
        let why = if proxy {
            "a connection is accepted while the service is dead, and without a PROXY header it fills the service's log"
        } else {
            "a connection is accepted while the service is dead, so a dead target stays in"
        };
        let other = if proxy { ", on a port that expects no PROXY header" } else { "" };
        findings.push(
            LINT.finding(format!("`{}` states no health check", balancer.is.name), balancer.is.span)
                .here(format!("it would connect to {port}, and ask nothing"))
                .why(why)
                .help(format!(
                    "write `health-check: HTTP:PORT/PATH`, with a path that answers when the service is well{other}"
                )),
        );
    }
}
