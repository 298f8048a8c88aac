//! A patience that a load balancer does not have.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-idle-timeout",
    severity: Severity::Error,
    summary: "A load balancer cannot keep silent connections for this long.",
    reason: "A Classic Load Balancer takes 1 to 4000 whole seconds.",
    source: "Elastic Load Balancing API, ConnectionSettings.",
    bad: on_aws!(
        "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    idle-timeout: 4001s
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80/tcp, from: 203.0.113.0/24, purpose: administrators}]}
"
    ),
    good: on_aws!(
        "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    idle-timeout: 4000s
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80/tcp, from: 203.0.113.0/24, purpose: administrators}]}
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
