//! A connection to nowhere in particular.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "missing-port",
    severity: Severity::Error,
    summary: "A connection to the internet or to a pool names no port.",
    reason: "A service says itself what it listens on, the internet and a pool's nodes do not. Without a port, the \
             rule for the connection would have to let everything through.",
    source: "The document itself, `traffic-to`.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, traffic-to: internet}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, traffic-to: \"internet:443\"}
",
    instead_of: &[],
    found: Found::Refused,
};
