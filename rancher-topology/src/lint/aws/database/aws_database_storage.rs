//! A storage of a size that RDS does not give.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-database-storage",
    severity: Severity::Error,
    summary: "A database has less or more storage than RDS gives.",
    reason: "General Purpose SSD storage is 20 to 65536 GiB.",
    source: "Amazon RDS API, CreateDBInstance, `AllocatedStorage`.",
    bad: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4, storage: 5}
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
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4, storage: 50}
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
