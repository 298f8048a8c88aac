//! A service in networks that exclude each other.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "two-networks",
    severity: Severity::Error,
    summary: "A service is in the host's network, or in another container's, and in a further one.",
    reason: "A container has one network namespace. In the node's own or in another container's, it cannot have an \
             interface of its own besides.",
    source: "Docker, \"container sharing network namespace or host network cannot be connected to other networks\" \
             (daemon/container_operations.go).",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, network: [host, bridge]}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, network: host}
",
    instead_of: &[],
    found: Found::Refused,
};
