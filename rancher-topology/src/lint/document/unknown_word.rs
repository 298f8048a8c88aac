//! A word where only certain words can stand.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "unknown-word",
    severity: Severity::Error,
    summary: "A word is none of those that can stand there.",
    reason: "Where a topology takes one of a few words, another one means nothing: there is no default that it \
             could stand for.",
    source: "The schema of the document.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, restart: allways}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, restart: always}
",
    instead_of: &[],
    found: Found::Refused,
};
