//! An `allow` that names no lint.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(crate) const LINT: Lint = Lint {
    id: "unknown-lint",
    severity: Severity::Error,
    summary: "An `allow` names a lint that there is not.",
    reason: "It silences nothing: what it was written for is still found, or will be found under another name.",
    source: "The list that `rancher-gen explain` prints.",
    bad: "\
allow: {host-bitz: The lab's router wants it so}
",
    good: "",
    instead_of: &[],
    found: Found::Afterwards,
};
