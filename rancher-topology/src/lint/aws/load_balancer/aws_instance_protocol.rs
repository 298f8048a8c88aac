//! A port of the targets that is encrypted and is not.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-instance-protocol",
    severity: Severity::Error,
    summary: "Two listeners forward to one port, one encrypted and one not.",
    reason: "Listeners that share a port of the targets are all encrypted there, or none is.",
    source: "Elastic Load Balancing API, Listener: `InstanceProtocol`.",
    bad: on_aws!(
        "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
      - {listen: 81/tcp, forward: 80/ssl}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80-81/tcp, from: 203.0.113.0/24, purpose: administrators}]}
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
      - {listen: 81/tcp, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80-81/tcp, from: 203.0.113.0/24, purpose: administrators}]}
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
