//! A subnet that is not a part of its network.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "subnet-outside-network",
    severity: Severity::Error,
    summary: "A subnet lies outside of its network.",
    reason: "The network's router knows no way to such a subnet, and AWS refuses to make it.",
    source: "Amazon VPC User Guide, \"Subnet CIDR blocks\"; AWS, CreateSubnet: `InvalidSubnet.Range`.",
    bad: "\
network:
  name: lab
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c}
    d: {cidr: 10.1.4.0/24, zone: a}
",
    good: "\
network:
  name: lab
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c}
    d: {cidr: 10.0.4.0/24, zone: a}
",
    instead_of: &[],
    found: Found::Refused,
};
