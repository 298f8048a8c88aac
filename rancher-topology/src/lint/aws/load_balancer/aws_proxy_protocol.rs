//! A PROXY header before requests.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-proxy-protocol",
    severity: Severity::Error,
    summary: "A PROXY header would go before HTTP.",
    reason: "A Classic Load Balancer puts it before TCP and SSL only. Requests carry the client's address in \
             X-Forwarded-For.",
    source: "User Guide for Classic Load Balancers, \"Configure proxy protocol support\".",
    bad: on_aws!(
        "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    listeners:
      - {listen: 80/http, forward: 80/http, proxy-protocol: front-policy}
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
      - {listen: 80/http, forward: 80/http}
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
