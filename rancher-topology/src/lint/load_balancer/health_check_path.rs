//! A load balancer and a service's own probe that ask different questions of one port.

use super::balancers;
use crate::diagnostic::Severity;
use crate::flow::{Party, Reason};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::HealthTarget;
use crate::topology::{Probe, ServiceId, Topology};

pub(super) const LINT: Lint = Lint {
    id: "health-check-path",
    severity: Severity::Note,
    summary: "A load balancer's health check asks another path than the service's own probe.",
    reason: "Two paths may answer differently: a service that its own probe finds well is then taken out by the load balancer, \
             or the other way round, and whoever looks at one of them at night is told the opposite of what \
             people see. Where they are meant to differ, for being alive and for being ready, an allowance says so.",
    source: "User Guide for Classic Load Balancers, \"Configure health checks\": ping path; Docker documentation, \
             Dockerfile reference, HEALTHCHECK.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/healht
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:80], health: {probe: {http: {port: 80, path: /health}}}}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
",
    good: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:80], health: {probe: {http: {port: 80, path: /health}}}}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        let Some(asked) = balancer.said.health_check.as_ref().filter(|asked| !asked.path.is_empty()) else {
            continue;
        };
        let mut services: Vec<ServiceId> = balancer
            .towards(cx, asked.port, Reason::HealthCheck)
            .filter_map(|flow| match flow.server {
                Party::Service(service) => Some(service),
                _ => None,
            })
            .collect();
        services.sort_unstable();
        services.dedup();
        for service in services {
            let Some(health) = &cx.topology[service].health else { continue };
            let Probe::Http { port, path } = &health.probe else { continue };
            if *port != inside(cx.topology, service, asked.port) || path.as_str() == asked.path {
                continue;
            }
            let Some((_, said)) = cx.document.services.get_index(service.position()) else { continue };
            let name = &cx.topology[service].name;
            let message = format!(
                "`{}` asks `{}` of `{name}`, whose own probe asks `{path}`",
                balancer.is.name, asked.path
            );
            let finding = LINT
                .finding(message, asked.span)
                .why("the two can disagree on whether it is well")
                .help(format!(
                    "write `health-check: {}`, or let the probe ask `{}`",
                    HealthTarget { path: path.to_string(), ..asked.value.clone() },
                    asked.path
                ));
            let probe = said.health.as_ref().map(|health| health.span);
            findings.push(match probe {
                Some(span) => finding.also(span, "asks the same port"),
                None => finding,
            });
        }
    }
}

/// The port in a service's network namespace that a port of its node leads to.
fn inside(topology: &Topology, service: ServiceId, port: u16) -> u16 {
    let publishes = &topology[topology.namespace_service(service)].publish;
    publishes.iter().find_map(|publish| publish.container_port_of(port)).unwrap_or(port)
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate::complete;

    #[test]
    fn a_probe_of_another_port_is_another_question() {
        let found = |text: &str| {
            let report = crate::validate(&complete(text));
            assert!(report.topology.is_some(), "{report:#?}");
            report.findings.iter().filter(|finding| finding.id == LINT.id).count()
        };
        assert_eq!(found(LINT.bad), 1);
        assert_eq!(found(&LINT.bad.replace("{port: 80, path", "{port: 81, path")), 0);
        assert_eq!(found(&LINT.bad.replace("HTTP:8080/healht", "TCP:8080")), 0);
    }
}
