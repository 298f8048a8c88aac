//! Two listeners on one port.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "duplicate-listener",
    severity: Severity::Error,
    summary: "Two listeners of a load balancer have one port.",
    reason: "A connection can go to one of them only, and AWS refuses the second.",
    source: "Elastic Load Balancing API, CreateLoadBalancerListeners: `DuplicateListener`.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
      - {listen: 80/tcp, forward: 81/tcp}
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
