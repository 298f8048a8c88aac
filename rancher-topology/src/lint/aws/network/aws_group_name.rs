//! A security group that AWS keeps to itself.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-group-name",
    severity: Severity::Error,
    summary: "A security group has a name that AWS does not take.",
    reason: "Names that begin with `sg-` are AWS's identifiers, and `default` is the group that every VPC has.",
    source: "Amazon EC2 API, CreateSecurityGroup.",
    bad: on_aws!(
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: default
security-groups:
  default: {inbound: []}
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
security-groups:
  nodes: {inbound: []}
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
