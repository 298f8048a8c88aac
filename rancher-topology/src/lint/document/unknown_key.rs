//! A key that nothing asks for.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "unknown-key",
    severity: Severity::Error,
    summary: "A key is none that a topology has.",
    reason: "What stands under a mistyped key would be left out of every output, and the default would be taken in \
             its place.",
    source: "The schema of the document.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, restrat: on-failure}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, restart: on-failure}
",
    instead_of: &[],
    found: Found::Refused,
};
