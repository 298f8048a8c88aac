//! A load balancer whose name AWS does not take.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-load-balancer-name",
    severity: Severity::Error,
    summary: "A load balancer has a name that AWS does not take.",
    reason: "It is at most 32 letters, digits and hyphens, and neither begins with `internal-` nor ends in a \
             hyphen.",
    source: "Elastic Load Balancing API, CreateLoadBalancer.",
    bad: on_aws!(
        "\
load-balancers:
  internal-front:
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
"
    ),
    good: on_aws!(
        "\
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
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
