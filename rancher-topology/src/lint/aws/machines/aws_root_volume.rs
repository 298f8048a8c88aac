//! A root volume of a size that AWS does not make.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-root-volume",
    severity: Severity::Error,
    summary: "A node's root volume is smaller than its image, or larger than a volume can be.",
    reason: "A volume holds the image that it is made from, 8 GiB at least, and is 65536 GiB at most.",
    source: "Amazon EBS User Guide, \"Constraints on the size and configuration of an EBS volume\".",
    bad: on_aws!(
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    root-volume: 4
"
    ),
    good: on_aws!(
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    root-volume: 40
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
