//! A folder in memory that is none.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "tmpfs",
    severity: Severity::Error,
    summary: "A folder in memory is no folder of the container.",
    reason: "The engine mounts it by its whole path, from the root on.",
    source: "docker run, `--tmpfs`.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, tmpfs: run}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, tmpfs: /run}
",
    instead_of: &[],
    found: Found::Refused,
};
