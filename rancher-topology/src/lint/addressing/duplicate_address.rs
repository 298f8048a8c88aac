//! Two nodes with one address.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "duplicate-address",
    severity: Severity::Error,
    summary: "Two nodes would have the same address.",
    reason: "Both answer when a neighbour asks whose the address is, and connections break at random. In pools the \
             addresses count upwards from the first one, so the second pool has to begin behind the last node of \
             the first.",
    source: "RFC 5227, section 1.",
    bad: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
  runner: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: nodes}
",
    good: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
  runner: {first-address: {a: 10.0.1.20}, os: debian-12, engine: docker-27.3.1, groups: nodes}
",
    instead_of: &[],
    found: Found::Refused,
};
