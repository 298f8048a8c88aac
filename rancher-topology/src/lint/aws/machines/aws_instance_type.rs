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
    bad: "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
    c: {cidr: 10.0.3.0/24, zone: eu-west-1c}
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    instance-type: large
",
    good: "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
    c: {cidr: 10.0.3.0/24, zone: eu-west-1c}
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    instance-type: m5.large
",
    instead_of: &[],
    found: Found::Refused,
};
