//! A database whose name RDS does not take.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-database-name",
    severity: Severity::Error,
    summary: "A database has a name that RDS does not take.",
    reason: "Its identifier is letters, digits and single hyphens, and begins with a letter.",
    source: "Amazon RDS API, CreateDBInstance, `DBInstanceIdentifier`.",
    bad: on_aws!(
        "\
databases:
  9store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4}
services:
  api: {image: api:1.4.2, placement: node, traffic-to: 9store}
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
