//! A network whose owner runs elsewhere.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "namespace-absent",
    severity: Severity::Error,
    summary: "A service shares a container's network on a node where that container does not run.",
    reason: "A network namespace does not reach over nodes: the engine finds no container to join and refuses.",
    source: "docker run, `--network container:NAME`.",
    bad: "\
services:
  web: {image: nginx:1.27.2, placement: node-1}
  meter: {image: meter:0.9.1, placement: node, network-of: web}
",
    good: "\
services:
  web: {image: nginx:1.27.2, placement: node}
  meter: {image: meter:0.9.1, placement: node, network-of: web}
",
    instead_of: &[],
    found: Found::Refused,
};
