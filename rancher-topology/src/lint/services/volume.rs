//! A volume that is none.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "volume",
    severity: Severity::Error,
    summary: "A text is no volume.",
    reason: "A volume is a folder of the node, a folder of the container, both from the root, and `ro` or `rw`. \
             Anything else, the engine takes for the name of a volume of its own, or refuses.",
    source: "docker run, `--volume`.",
    bad: "\
services:
  worker: {image: worker:2.1.0, placement: node, volumes: data:/data}
",
    good: "\
services:
  worker: {image: worker:2.1.0, placement: node, volumes: \"/srv/data:/data\"}
",
    instead_of: &[],
    found: Found::Refused,
};
