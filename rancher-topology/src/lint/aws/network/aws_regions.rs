//! A network in several regions.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-regions",
    severity: Severity::Error,
    summary: "The subnets' zones are in several regions.",
    reason: "A VPC lies in one region; a subnet in another one cannot be made.",
    source: "Amazon VPC User Guide, \"VPC basics\".",
    bad: "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
    c: {cidr: 10.0.3.0/24, zone: eu-west-2c}
",
    good: on_aws!(
        "\
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
