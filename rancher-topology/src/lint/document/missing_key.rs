//! A key without which a thing is none.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "missing-key",
    severity: Severity::Error,
    summary: "A key is missing that has no default.",
    reason: "What cannot be assumed has to be said: a network has addresses, a service has an image and a place \
             where it runs.",
    source: "The schema of the document.",
    bad: "\
services:
  worker: {image: worker:2.1.0}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node}
",
    instead_of: &[],
    found: Found::Refused,
};
