//! An environment variable that no shell can name.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "variable-name",
    severity: Severity::Error,
    summary: "An environment variable has a name that no shell takes.",
    reason: "Scripts in the container cannot read it, and a file of variables that holds it is refused. Letters, \
             digits and `_` are taken, and no digit at the beginning.",
    source: "POSIX, Base Definitions, section 8.1.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, environment: {LOG-LEVEL: info}}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, environment: {LOG_LEVEL: info}}
",
    instead_of: &[],
    found: Found::Refused,
};
