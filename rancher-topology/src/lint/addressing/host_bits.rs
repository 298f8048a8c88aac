//! A network whose address has bits set behind its prefix.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "host-bits",
    severity: Severity::Error,
    summary: "A range of addresses has bits set behind its prefix.",
    reason: "`10.0.1.5/24` reads as one host to a person and as `10.0.1.0/24` to some programs; others refuse it, AWS \
             among them.",
    source: "RFC 4632, section 3.1; AWS, CreateSubnet: `InvalidSubnet.Range`.",
    bad: "\
network:
  name: lab
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.5/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c}
",
    good: "\
network:
  name: lab
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c}
",
    instead_of: &[],
    found: Found::Refused,
};
