//! A name that points at nothing.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "unknown-name",
    severity: Severity::Error,
    summary: "A name points at nothing in the topology.",
    reason: "The rule, the placement or the connection that is meant would be in no output, and its absence would \
             be noticed when it is needed.",
    source: "The document itself.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: nodes}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node}
",
    instead_of: &[],
    found: Found::Refused,
};
