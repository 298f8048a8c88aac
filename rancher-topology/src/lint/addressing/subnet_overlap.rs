//! Two subnets with addresses in common.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "subnet-overlap",
    severity: Severity::Error,
    summary: "Two subnets share addresses.",
    reason: "A packet for an address that is in both goes to one of them; hosts in the other one are never \
             reached. AWS refuses the second subnet.",
    source: "RFC 4632, section 5.1; AWS, CreateSubnet: `InvalidSubnet.Conflict`.",
    bad: "\
network:
  name: lab
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c}
    d: {cidr: 10.0.3.128/25, zone: c}
",
    good: "\
network:
  name: lab
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c}
    d: {cidr: 10.0.4.128/25, zone: c}
",
    instead_of: &[],
    found: Found::Refused,
};
