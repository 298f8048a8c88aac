//! A key that is said twice in one mapping.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "duplicate-key",
    severity: Severity::Error,
    summary: "A key is said twice in one mapping.",
    reason: "Most readers of YAML keep one of the two and drop the other in silence. Which one it is differs \
             between them.",
    source: "YAML 1.2.2, section 3.2.1.3: the keys of a mapping are unique.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node}
  worker: {image: worker:2.2.0, placement: node}
",
    good: "\
services:
  worker: {image: worker:2.2.0, placement: node}
",
    instead_of: &[],
    found: Found::Refused,
};
