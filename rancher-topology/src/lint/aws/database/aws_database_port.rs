//! A port that RDS does not listen on.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-database-port",
    severity: Severity::Error,
    summary: "A database listens on a port that RDS does not take.",
    reason: "RDS takes ports from 1150 to 65535.",
    source: "Amazon RDS API, CreateDBInstance, `Port`.",
    bad: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.11, port: 1033, groups: store, standby: true, max-connections: 200, character-set: utf8mb4}
services:
  api: {image: api:1.4.2, placement: node, traffic-to: store}
security-groups:
  nodes: {inbound: []}
  store: {inbound: [{port: 1033/tcp, from: nodes, purpose: database}], outbound: []}
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
    instead_of: &[],
    found: Found::Refused,
};
