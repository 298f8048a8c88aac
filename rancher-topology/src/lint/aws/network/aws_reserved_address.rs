//! A node with an address that AWS keeps.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-reserved-address",
    severity: Severity::Error,
    summary: "A node has one of the five addresses of its subnet that are AWS's own.",
    reason: "The first four addresses of a subnet and its last one are the network's, its router's, its name \
             server's, a reserve and the broadcast's. No instance gets one of them.",
    source: "Amazon VPC User Guide, \"Subnet CIDR blocks\".",
    bad: on_aws!(
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.2, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
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
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
