//! A node whose name cannot be a host name.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "host-name",
    severity: Severity::Error,
    summary: "A node has a name that no host can have.",
    reason: "The node is called so in certificates, in DNS and in its own prompt: letters, digits and `-`, at most \
             63 of them, and no `-` at the end.",
    source: "RFC 1123, section 2.1; RFC 952.",
    bad: "\
nodes:
  lab_node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    good: "\
nodes:
  lab-node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    instead_of: &[],
    found: Found::Refused,
};
