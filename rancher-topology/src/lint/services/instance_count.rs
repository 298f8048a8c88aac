//! A number of containers that cannot be.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "instance-count",
    severity: Severity::Error,
    summary: "A service has no instance, or the topology more containers than it can hold.",
    reason: "A topology holds two million containers. A mesh of tunnels has as many as the square of its nodes, so \
             that it is the first to reach that number.",
    source: "The limit of this program.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: 0}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: 2}
",
    instead_of: &[],
    found: Found::Refused,
};
