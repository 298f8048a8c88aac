//! A number of connections that RDS does not set.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-database-connections",
    severity: Severity::Error,
    summary: "A database accepts fewer or more connections than can be set.",
    reason: "`max_connections` is a number from 10 to 100000; RDS refuses a parameter group with another one.",
    source: "Amazon RDS User Guide, \"Parameters for MariaDB\" and \"Quotas and constraints for Amazon RDS\".",
    bad: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 100001, character-set: utf8mb4}
services:
  api: {image: api:1.4.2, placement: node, traffic-to: store}
security-groups:
  nodes: {inbound: []}
  store: {inbound: [{port: 3306/tcp, from: nodes, purpose: database}], outbound: []}
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
