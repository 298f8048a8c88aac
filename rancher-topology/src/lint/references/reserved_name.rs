//! A name that is a word of the document.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "reserved-name",
    severity: Severity::Error,
    summary: "A thing is called by a word that means something else already.",
    reason: "`internet` is everybody, and `self` the members of a group. A thing of that name could not be spoken \
             of.",
    source: "The schema of the document, `traffic-to` and `from`.",
    bad: "\
services:
  internet: {image: worker:2.1.0, placement: node}
",
    good: "\
services:
  uplink: {image: worker:2.1.0, placement: node}
",
    instead_of: &[],
    found: Found::Refused,
};
