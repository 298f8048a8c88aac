//! An image whose name no registry knows.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "image-name",
    severity: Severity::Error,
    summary: "A text is no name of an image.",
    reason: "The engine refuses it before it asks a registry: the path is in lower case, the tag is at most 128 \
             characters.",
    source: "distribution/reference, `reference.go`.",
    bad: "\
services:
  worker: {image: Worker:2.1.0, placement: node}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node}
",
    instead_of: &[],
    found: Found::Refused,
};
