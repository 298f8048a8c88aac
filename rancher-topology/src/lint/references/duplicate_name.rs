//! A name that two things have.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "duplicate-name",
    severity: Severity::Error,
    summary: "Two things have one name where names have to tell them apart.",
    reason: "Services, roles, databases, load balancers and pools are found by name in `traffic-to`; a connection \
             to a name that two of them have could mean either.",
    source: "The document itself.",
    bad: "\
services:
  node: {image: worker:2.1.0, placement: node}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node}
",
    instead_of: &[],
    found: Found::Refused,
};
