//! A listener whose port some targets lack, while the health check finds them well.

use super::balancers;
use crate::diagnostic::Severity;
use crate::flow::Reason;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "listener-partly-served",
    severity: Severity::Warning,
    summary: "Some targets do not serve a listener's port, and the health check does not notice.",
    reason: "The load balancer spreads connections over every target that its health check finds well. Those that answer the \
             check and do not serve the listener's port refuse their share of the connections, at random as people see it. \
             Where the check asks the same port, or one that is served on the same nodes, the others are taken out.",
    source: "User Guide for Classic Load Balancers, \"Health checks for the instances\": requests go to every healthy \
             instance.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
      - {listen: 443/tcp, forward: 8443/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
  gate: {image: haproxy:3.0.5, placement: [node-1, node-2], publish: [8443:8443]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
      - {port: 443/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
      - {port: 8443/tcp, from: balancer, purpose: requests}
",
    good: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
      - {listen: 443/tcp, forward: 8443/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
  gate: {image: haproxy:3.0.5, placement: node, publish: [8443:8443]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
      - {port: 443/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
      - {port: 8443/tcp, from: balancer, purpose: requests}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        let asked = balancer.is.health_check.port;
        let well = balancer.served_on(cx, asked, Reason::HealthCheck);
        for (position, listener) in balancer.said.listeners.iter().enumerate() {
            let port = listener.forward.port;
            let told = balancer.said.listeners.iter().take(position).any(|other| other.forward.port == port);
            if told {
                continue;
            }
            let served = balancer.served_on(cx, port, Reason::Listener);
            let missing: Vec<_> = well.difference(&served).collect();
            let (Some(first), false) = (missing.first(), served.is_empty()) else { continue };
            let name = &cx.topology[**first].name;
            let others = match missing.len() - 1 {
                0 => String::new(),
                others => format!(" and {others} more"),
            };
            let message = format!(
                "{} of {} targets of `{}` do not serve {port}",
                missing.len(),
                balancer.is.targets.len(),
                balancer.is.name
            );
            findings.push(
                LINT.finding(message, listener.forward.span)
                    .here(format!("no service has {port} on `{name}`{others}"))
                    .why(format!(
                        "the check of {asked} finds these nodes well, so they get connections and refuse them"
                    ))
                    .help(format!("run the service on every target, name only its nodes under `targets`, or check {port}")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    #[test]
    fn a_check_of_the_port_itself_takes_the_others_out() {
        let text = "\
load-balancers:
  front:
    targets: node
    health-check: TCP:8443
    listeners:
      - {listen: 443/tcp, forward: 8443/tcp}
services:
  gate: {image: haproxy:3.0.5, placement: [node-1, node-2], publish: [8443:8443]}
";
        let report = crate::validate(&complete(text));
        assert!(report.findings.iter().all(|f| f.id != "listener-partly-served"), "{report:#?}");
    }
}
