//! A text that is no YAML.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "yaml-syntax",
    severity: Severity::Error,
    summary: "The text cannot be read as YAML.",
    reason: "A text with `: ` or ` #` in it, a tab before a line, a bracket that is never closed: programs that \
             read YAML disagree about them or stop, so nothing is read of the file.",
    source: "YAML 1.2.2, chapters 6 to 8.",
    bad: "\
title: Lab: the first floor
",
    good: "\
title: \"Lab: the first floor\"
",
    instead_of: &[],
    found: Found::Refused,
};
