//! A secret in plain sight.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "literal-secret",
    severity: Severity::Error,
    summary: "A password or a key is written into the topology.",
    reason: "The topology and everything that is rendered from it are kept where many read them, and what was once \
             committed stays in the history. A secret is a name here, and its value is in a file on the node.",
    source: "The Twelve-Factor App, \"Config\"; CWE-312.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, environment: {DB_PASSWORD: hunter2}}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, environment: {DB_PASSWORD: {secret: DB_PASSWORD}}}
",
    instead_of: &[],
    found: Found::Refused,
};
