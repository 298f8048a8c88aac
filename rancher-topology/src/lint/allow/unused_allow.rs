//! An `allow` that silences nothing.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(crate) const LINT: Lint = Lint {
    id: "unused-allow",
    severity: Severity::Warning,
    summary: "An `allow` silences nothing.",
    reason: "What it was written for has been mended, or stands in another place. Left as it is, it would hide the next \
             finding of that kind, which nobody has looked at.",
    source: "The same run: the lint looked at this place and found nothing.",
    bad: "\
allow: {unused-allow: The monitoring is not part of this topology}
",
    good: "",
    instead_of: &[],
    found: Found::Afterwards,
};
