//! A NUL character where a program would be given it.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "nul-character",
    severity: Severity::Error,
    summary: "A command, a label, a variable or a key file holds a NUL character.",
    reason: "Arguments and variables of a program end at the first NUL character: what stands behind it would be \
             lost, or the engine would refuse the container.",
    source: "execve(2).",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, command: [run, \"--name=a\\0b\"]}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, command: [run, \"--name=ab\"]}
",
    instead_of: &[],
    found: Found::Refused,
};
