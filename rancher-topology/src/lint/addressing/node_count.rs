//! A pool of no nodes, or of more than can be.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "node-count",
    severity: Severity::Error,
    summary: "A pool has no node, or more than a topology holds.",
    reason: "A pool without nodes runs nothing of what is placed on it. A topology holds 100,000 nodes, more than \
             any cluster of containers that is known to work.",
    source: "The limit of this program; Kubernetes, \"Considerations for large clusters\", ends at 5,000 nodes.",
    bad: "\
nodes:
  node:
    count: 0
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
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
