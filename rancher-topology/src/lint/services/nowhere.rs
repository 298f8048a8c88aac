//! A service that runs on no node.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "nowhere",
    severity: Severity::Error,
    summary: "A service runs on no node.",
    reason: "No output starts it, and whoever needs it waits for it.",
    source: "The document itself, `placement`.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: []}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node}
",
    instead_of: &[],
    found: Found::Refused,
};
