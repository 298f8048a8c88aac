//! A network or subnet of a size that AWS does not make.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-cidr-size",
    severity: Severity::Error,
    summary: "A network or a subnet is not between /16 and /28.",
    reason: "AWS makes no VPC and no subnet of another size: `terraform apply` would stop at it.",
    source: "Amazon VPC User Guide, \"VPC CIDR blocks\" and \"Subnet CIDR blocks\".",
    bad: "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/8
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
    c: {cidr: 10.0.3.0/24, zone: eu-west-1c}
",
    good: on_aws!(
        "\
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
