//! Places of instances that are everywhere anyway.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "observed-without-scale",
    severity: Severity::Error,
    summary: "`observed-on` stands beside no `scale`.",
    reason: "Without `scale` there is one instance on every node, and nothing that a scheduler could have chosen. \
             One of the two keys is a mistake.",
    source: "The document itself.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, observed-on: [1, 2]}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, scale: 2, observed-on: [1, 2]}
",
    instead_of: &[],
    found: Found::Refused,
};
