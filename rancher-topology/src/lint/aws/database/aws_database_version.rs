//! A version that RDS does not make.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-database-version",
    severity: Severity::Error,
    summary: "A database would be created with a version that RDS does not make.",
    reason: "What is past its end of support cannot be created any more; a line of MariaDB or MySQL is two \
             numbers.",
    source: "Amazon RDS User Guide, \"Supported MariaDB versions\" and \"Supported MySQL versions\".",
    bad: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4, create-as: mariadb-10.0}
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
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4, create-as: mariadb-10.11}
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
