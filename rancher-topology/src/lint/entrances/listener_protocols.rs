//! A listener that speaks different layers on its two sides.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "listener-protocols",
    severity: Severity::Error,
    summary: "A listener cannot forward what it takes in.",
    reason: "A Classic Load Balancer forwards connections (tcp, ssl) or requests (http, https). It cannot make one \
             of the other.",
    source: "User Guide for Classic Load Balancers, \"Listener configurations\".",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    listeners:
      - {listen: 80/tcp, forward: 80/http}
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
