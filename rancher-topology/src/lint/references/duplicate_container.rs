//! Two containers of one name on one node.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "duplicate-container",
    severity: Severity::Error,
    summary: "Two containers on one node would have the same name.",
    reason: "The engine refuses the second one. With `naming: numbered`, a service's containers are called \
             `NAME_1`, `NAME_2` and so on, and another service can have taken such a name.",
    source: "Docker Engine API, POST /containers/create: 409, \"conflict\".",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, naming: numbered}
  worker_2: {image: relay:1.3.0, placement: node-2}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, naming: numbered}
  relay: {image: relay:1.3.0, placement: node-2}
",
    instead_of: &[],
    found: Found::Refused,
};
