//! A network that is shared at second hand.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "namespace-chain",
    severity: Severity::Error,
    summary: "A service shares the network of one that has none of its own.",
    reason: "Which container owns the network decides what is published where, and whose restart takes the network \
             away. Naming another sharer hides that.",
    source: "docker run, `--network container:NAME`.",
    bad: "\
services:
  web: {image: nginx:1.27.2, placement: node}
  meter: {image: meter:0.9.1, placement: node, network-of: web}
  probe: {image: probe:3.0.1, placement: node, network-of: meter}
",
    good: "\
services:
  web: {image: nginx:1.27.2, placement: node}
  meter: {image: meter:0.9.1, placement: node, network-of: web}
  probe: {image: probe:3.0.1, placement: node, network-of: web}
",
    instead_of: &[],
    found: Found::Refused,
};
