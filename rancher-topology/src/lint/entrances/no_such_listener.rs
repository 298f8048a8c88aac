//! A way through a listener that there is not.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "no-such-listener",
    severity: Severity::Error,
    summary: "A connection goes through a listener that its load balancer does not have.",
    reason: "The load balancer refuses connections on ports that it has no listener for.",
    source: "The document itself, `through`.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: front
    scheme: internal
    health-check: TCP:80
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
  api: {image: api:1.4.2, placement: node, traffic-to: {to: web, through: \"front:8080\"}}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80/tcp, from: nodes, purpose: web}]}
",
    good: "\
load-balancers:
  front:
    targets: node
    groups: front
    scheme: internal
    health-check: TCP:80
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
  api: {image: api:1.4.2, placement: node, traffic-to: {to: web, through: \"front:80\"}}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80/tcp, from: nodes, purpose: web}]}
",
    instead_of: &[],
    found: Found::Refused,
};
