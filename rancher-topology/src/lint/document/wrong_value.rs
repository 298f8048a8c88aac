//! A value that is not what its key takes.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "wrong-value",
    severity: Severity::Error,
    summary: "A value is not of the kind that its key takes.",
    reason: "A port range is written upwards and ends at 65535, an address has four numbers, a count is a whole \
             number. What is something else is not guessed at.",
    source: "The schema of the document; RFC 6335, section 6, for ports.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: many}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: 3}
",
    instead_of: &[],
    found: Found::Refused,
};
