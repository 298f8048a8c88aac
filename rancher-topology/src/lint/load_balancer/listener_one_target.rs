//! A listener that one of several targets serves.

use super::balancers;
use crate::diagnostic::Severity;
use crate::flow::{Party, Reason};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "listener-one-target",
    severity: Severity::Warning,
    summary: "Of several targets of a load balancer, one serves a listener's port.",
    reason: "The load balancer finds the other targets unwell and sends everything to the one: the entrance is closed as soon \
             as that node fails, although it looks as if there were several behind it.",
    source: "User Guide for Classic Load Balancers, \"Health checks for the instances\": requests go to every healthy \
             instance, and there is one.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node-1, publish: [8080:8080]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
",
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
        let targets = balancer.is.targets.len();
        let well = balancer.served_on(cx, balancer.is.health_check.port, Reason::HealthCheck);
        for (position, listener) in balancer.said.listeners.iter().enumerate() {
            let port = listener.forward.port;
            let told = balancer.said.listeners.iter().take(position).any(|other| other.forward.port == port);
            let served = balancer.served_on(cx, port, Reason::Listener);
            // That targets which are found well lack the port is told by a lint of its own, and so is a scale of one.
            let (false, Some(only), 1, true) = (told, served.first(), served.len(), well.is_subset(&served))
            else {
                continue;
            };
            let by_scale = balancer.towards(cx, port, Reason::Listener).any(
                |flow| matches!(flow.server, Party::Service(service) if cx.topology[service].scale.is_some()),
            );
            if targets < 2 || by_scale {
                continue;
            }
            let node = &cx.topology[*only].name;
            let message = format!("of {targets} targets of `{}`, one serves {port}", balancer.is.name);
            findings.push(
                LINT.finding(message, listener.forward.span)
                    .here(format!("only `{node}` has it"))
                    .why(format!("the entrance is closed when `{node}` fails, whatever the others do"))
                    .help("run the service on every target"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    fn found(targets: &str, service: &str, check: &str) -> Vec<&'static str> {
        let text = format!(
            "\
load-balancers:
  front:
    targets: {targets}
    health-check: {check}
    listeners:
      - {{listen: 80/tcp, forward: 8080/tcp}}
      - {{listen: 81/tcp, forward: 8080/tcp}}
services:
  web: {{image: 'a:1', publish: ['8080:8080'], {service}}}
  other: {{image: 'a:1', publish: ['9090:9090'], placement: node}}
"
        );
        let report = crate::validate(&complete(&text));
        assert!(report.topology.is_some(), "{report:#?}");
        let all = report.findings.iter().map(|finding| finding.id);
        all.filter(|id| id.starts_with("listener-") || *id == "single-instance").collect()
    }

    #[test]
    fn one_cause_is_told_by_one_lint() {
        assert_eq!(found("node", "placement: node-1", "TCP:8080"), ["listener-one-target"]);
        assert_eq!(found("node", "placement: node-1", "TCP:9090"), ["listener-partly-served"]);
        assert_eq!(found("node", "placement: node, scale: 1", "TCP:8080"), ["single-instance"]);
    }

    #[test]
    fn who_states_one_target_or_has_two_of_three_is_not_told() {
        assert_eq!(found("node-1", "placement: node-1", "TCP:8080"), Vec::<&str>::new());
        assert_eq!(found("node", "placement: [node-1, node-2]", "TCP:8080"), Vec::<&str>::new());
    }
}
