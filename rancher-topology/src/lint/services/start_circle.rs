//! Services that wait for each other.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "start-circle",
    severity: Severity::Error,
    summary: "Services would each have to be started before another of them.",
    reason: "None of them can be started first, so that none ever is. A container that shares another's network is \
             started after it, too.",
    source: "systemd.unit(5), `After=`: \"ordering cycle\"; Compose, `depends_on`: \"circular dependency\".",
    bad: "\
services:
  api: {image: api:1.4.2, placement: node, after: worker}
  worker: {image: worker:2.1.0, placement: node, after: api}
",
    good: "\
services:
  api: {image: api:1.4.2, placement: node}
  worker: {image: worker:2.1.0, placement: node, after: api}
",
    instead_of: &[],
    found: Found::Refused,
};
