//! A listener that leads to a port which no target has.

use std::collections::BTreeSet;

use super::{Balancer, balancers};
use crate::diagnostic::{Edit, Severity, Span};
use crate::document::{Listener, Spanned};
use crate::flow::Reason;
use crate::lint::rules::Written;
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Direction, Member, Usage};
use crate::scalar::{Name, PortRange, Protocol};
use crate::topology::Service;

pub(super) const LINT: Lint = Lint {
    id: "listener-unserved",
    severity: Severity::Error,
    summary: "A listener forwards to a port that no target serves.",
    reason: "The load balancer takes the connection and finds nobody behind it: people see a reset or a 503, on a port that \
             looks open. No service publishes the port on a target, and none in the host's network listens on it.",
    source: "User Guide for Classic Load Balancers, \"Troubleshoot a Classic Load Balancer: HTTP errors\": 503; connect(2), \
             ECONNREFUSED.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
      - {listen: 8443/tcp, forward: 8443/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
      - {port: 8443/tcp, from: internet, purpose: people}
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
    instead_of: &["container-port-in-rule"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        let listeners = &balancer.said.listeners;
        for (position, listener) in listeners.iter().enumerate() {
            let port = listener.forward.port;
            let same = |other: &&Spanned<Listener>| other.forward.port == port;
            let told = listeners[..position].iter().any(|other| same(&other));
            if told || !balancer.leads_nowhere(cx, port, Reason::Listener) {
                continue;
            }
            let (name, targets) = (&balancer.is.name, balancer.targets_in_words());
            let message =
                format!("`{name}` forwards {} to {port}, which no target serves", listener.listen.port);
            let mut finding = LINT
                .finding(message, listener.forward.span)
                .here(format!("no service has {port} open to the network on {targets}"))
                .why("the port looks open, and every connection to it ends at once");
            for other in listeners.iter().skip(position + 1).filter(same) {
                finding = finding.also(other.forward.span, "leads there too");
            }
            if let Some(asked) = balancer.said.health_check.as_ref().filter(|asked| asked.port == port) {
                finding = finding.also(asked.span, "asks there too: no target is ever well");
            }
            for span in rules_for(cx, &balancer, port).take(4) {
                finding = finding.also(span, "admits what nobody takes");
            }
            if let Some((service, host)) = published_as(cx, &balancer, port) {
                findings.push(finding.help(format!(
                    "forward to {host}: {port} is the port inside the container, and `{service}` publishes it as {host}"
                )));
                continue;
            }
            finding = finding.help(format!("publish {port} on {targets}, or take the listener out"));
            let edits: Vec<Edit> =
                listeners.iter().filter(same).map(|listener| Edit::Remove { span: listener.span }).collect();
            if edits.len() < listeners.len() {
                finding = finding.suggest(edits);
            }
            findings.push(finding);
        }
    }
}

/// The rules of the targets that are for the port and that no flow uses.
fn rules_for<'a>(
    cx: &'a Context<'_>,
    balancer: &Balancer<'_>,
    port: u16,
) -> impl Iterator<Item = Span> + use<'a> {
    let pools: BTreeSet<_> = balancer.is.targets.iter().map(|node| cx.topology[*node].pool).collect();
    let groups: BTreeSet<_> =
        pools.into_iter().flat_map(|pool| cx.policy.groups_of(Member::Pool(pool))).collect();
    let range = PortRange::single(port).ok();
    let rules = cx.admission.rules().iter().filter(move |rule| {
        let is_for_it = range.is_some_and(|range| rule.traffic.admits(Protocol::Tcp, range));
        let used = matches!(rule.usage, Usage::Flows(_));
        rule.direction == Direction::Inbound && is_for_it && !used && groups.contains(&rule.group)
    });
    rules.filter_map(|rule| Some(Written::of(cx, rule)?.span))
}

/// Who publishes it as another port, where it is a port inside a container of the targets.
fn published_as<'a>(cx: &Context<'a>, balancer: &Balancer<'_>, port: u16) -> Option<(&'a Name, u16)> {
    let targets: BTreeSet<_> = balancer.is.targets.iter().collect();
    let here = |service: &&Service| service.placement.iter().any(|node| targets.contains(node));
    let mut all = cx.topology.services.iter().filter(here).flat_map(|service| {
        let tcp = service.publish.iter().filter(|publish| publish.protocol == Protocol::Tcp);
        tcp.filter_map(|publish| Some((&service.name, publish.host_port_of(port)?)))
    });
    all.next().filter(|_| all.next().is_none())
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    #[test]
    fn two_listeners_and_a_check_of_one_dead_port_are_one_finding() {
        let text = "\
load-balancers:
  front:
    targets: node
    health-check: TCP:9000
    listeners:
      - {listen: 80/tcp, forward: 9000/tcp}
      - {listen: 443/tcp, forward: 9000/tcp}
";
        let report = crate::validate(&complete(text));
        let own: Vec<_> =
            report.findings.iter().filter(|finding| finding.id == "listener-unserved").collect();
        assert_eq!(own.len(), 1);
        assert_eq!(own[0].labels.len(), 3);
        assert!(own[0].fix.is_none(), "a load balancer without a listener would be left");
        assert!(report.findings.iter().all(|finding| finding.id != "health-check-unanswered"));
    }

    #[test]
    fn what_is_published_on_a_loopback_address_serves_nobody_outside() {
        let found = |publish: &str| {
            let text = format!(
                "\
load-balancers:
  front:
    targets: node
    health-check: TCP:9000
    listeners:
      - {{listen: 80/tcp, forward: 9000/tcp}}
services:
  web: {{image: nginx:1.27.2, placement: node, publish: [\"{publish}\"]}}
"
            );
            let report = crate::validate(&complete(&text));
            assert!(report.topology.is_some(), "{report:#?}");
            report.findings.iter().any(|finding| finding.id == "listener-unserved")
        };
        assert!(found("127.0.0.1:9000:9000"));
        assert!(!found("9000:9000"));
    }

    #[test]
    fn a_process_in_the_hosts_network_serves_what_it_listens_on() {
        let text = "\
load-balancers:
  front:
    targets: node
    health-check: TCP:9000
    listeners:
      - {listen: 80/tcp, forward: 9000/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, network: host, listen: [9000]}
";
        let report = crate::validate(&complete(text));
        assert!(report.findings.iter().all(|finding| finding.id != "listener-unserved"), "{report:#?}");
    }
}
