//! A node whose address is not in its subnet.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "address-outside-subnet",
    severity: Severity::Error,
    summary: "A node would have an address outside of its subnet.",
    reason: "The node's neighbours and its gateway are not on its link: it talks to nobody. In a pool the \
             addresses count upwards from the first one, so a pool can also grow out of its subnet.",
    source: "RFC 1122, section 3.3.1.1; AWS, RunInstances: `InvalidParameterValue`, \"Address does not fall within \
             the subnet's address range\".",
    bad: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.4.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    good: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    instead_of: &[],
    found: Found::Refused,
};
