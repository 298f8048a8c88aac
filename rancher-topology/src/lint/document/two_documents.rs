//! A second document in one file.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "two-documents",
    severity: Severity::Error,
    summary: "A second document begins in the file.",
    reason: "A file is one topology. The second document would be dropped in silence, and what it says of the \
             cluster would be in none of the outputs.",
    source: "YAML 1.2.2, section 9.2, \"Streams\".",
    bad: "\
name: example
---
title: The same cluster, continued
",
    good: "\
name: example
title: The same cluster, continued
",
    instead_of: &[],
    found: Found::Refused,
};
