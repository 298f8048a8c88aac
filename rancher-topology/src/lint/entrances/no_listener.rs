//! A load balancer without listeners.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "no-listener",
    severity: Severity::Error,
    summary: "A load balancer has no listener.",
    reason: "It takes no connection, and AWS does not make one without.",
    source: "Elastic Load Balancing API, CreateLoadBalancer: `Listeners` is required.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    listeners: []
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80/tcp, from: 203.0.113.0/24, purpose: administrators}]}
",
    good: "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80/tcp, from: 203.0.113.0/24, purpose: administrators}]}
",
    instead_of: &[],
    found: Found::Refused,
};
