//! A kind of machine that AWS does not have.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-instance-type",
    severity: Severity::Error,
    summary: "A node or a database is a kind of machine that AWS does not have.",
    reason: "A kind is a family and a size, `m5.large`; those of databases begin with `db.`. Another word stops \
             `terraform apply`.",
    source: "Amazon EC2 Instance Types, \"Naming conventions\"; Amazon RDS API, CreateDBInstance, \
             `DBInstanceClass`.",
    bad: on_aws!(
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    instance-type: large
"
    ),
    good: on_aws!(
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    instance-type: m5.large
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
