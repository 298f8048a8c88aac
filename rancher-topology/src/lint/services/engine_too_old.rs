//! An engine that reads no compose file of this program.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "engine-too-old",
    severity: Severity::Error,
    summary: "A pool's engine reads none of the compose files that can be written.",
    reason: "File format 2 is the oldest that says what a topology says, and it needs an engine from 1.10 on.",
    source: "Docker, \"Compose file versions and upgrading\": format 2.0 needs Engine 1.10.0.",
    bad: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-1.9.1
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
