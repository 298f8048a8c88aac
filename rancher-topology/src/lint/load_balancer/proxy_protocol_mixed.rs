//! Two listeners with one port of the targets, of which one has a PROXY policy.

use super::balancers;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "proxy-protocol-mixed",
    severity: Severity::Error,
    summary: "Of two listeners with one port of the targets, one has a PROXY policy and one has none.",
    reason: "A PROXY policy is set on the port of the targets, so the header goes before the connections of both listeners. A \
             program that accepts it refuses what comes without it, and one that does not takes it for the first line \
             of a request: the two listeners cannot both be as they are written.",
    source: "AWS, SetLoadBalancerPoliciesForBackendServer: `InstancePort`; PROXY protocol specification, section 2: a \
             receiver must not guess whether the header is there.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: TCP:8080
    listeners:
      - {listen: 80/tcp, forward: 8080/tcp, proxy-protocol: front-proxy}
      - {listen: 443/tcp, forward: 8080/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
      - {port: 443/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
",
    good: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: TCP:8080
    listeners:
      - {listen: 80/tcp, forward: 8080/tcp, proxy-protocol: front-proxy}
      - {listen: 443/tcp, forward: 8080/tcp, proxy-protocol: front-proxy}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
      - {port: 443/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        for listener in &balancer.said.listeners {
            let port = listener.forward.port;
            let (Some(policy), None) = (balancer.policy_on(port), &listener.proxy_protocol) else { continue };
            let message = format!("this listener gets the PROXY policy of another one: both lead to {port}");
            findings.push(
                LINT.finding(message, listener.forward.span)
                    .here("stated without one")
                    .also(policy, format!("the policy is set on {port} of the targets, not on this listener"))
                    .why("a program either expects the header on a port or does not")
                    .help("write the same `proxy-protocol` here, or forward to a port of its own"),
            );
        }
    }
}
