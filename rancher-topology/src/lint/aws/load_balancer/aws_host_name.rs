//! A load balancer and a database of one name in DNS.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-host-name",
    severity: Severity::Error,
    summary: "Two things would have one name in the network's private zone.",
    reason: "Load balancers and databases have a record each, and DNS does not tell capital letters from small \
             ones.",
    source: "RFC 4343; Amazon Route 53 Developer Guide, \"DNS domain name format\".",
    bad: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4}
services:
  api: {image: api:1.4.2, placement: node, publish: [80:8080], traffic-to: store}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: 10.0.0.0/16, purpose: web}]}
  store: {inbound: [{port: 3306/tcp, from: nodes, purpose: database}], outbound: []}
load-balancers:
  Store:
    targets: node
    health-check: TCP:80
    listeners: [{listen: 80/tcp, forward: 80/tcp}]
"
    ),
    good: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4}
services:
  api: {image: api:1.4.2, placement: node, traffic-to: store}
security-groups:
  nodes: {inbound: []}
  store: {inbound: [{port: 3306/tcp, from: nodes, purpose: database}], outbound: []}
"
    ),
    instead_of: &["names-differ-in-case"],
    found: Found::Refused,
};
