//! A requirement that is a pool.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "required-pool",
    severity: Severity::Error,
    summary: "A service requires a pool of nodes.",
    reason: "Its own instances are down where their node is; what it can lack is a service, a database or a load \
             balancer.",
    source: "The document itself, `requires`.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, requires: node}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, requires: store}
  store: {image: store:4.0.2, placement: node}
",
    instead_of: &[],
    found: Found::Refused,
};
