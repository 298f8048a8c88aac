//! A subnet in no availability zone.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-zone",
    severity: Severity::Error,
    summary: "A subnet lies in no availability zone of AWS.",
    reason: "A subnet of AWS lies in exactly one availability zone. Without it nobody knows what fails together, \
             nor in which region the cluster is.",
    source: "Amazon EC2 User Guide, \"Regions and Zones\".",
    bad: "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
    c: {cidr: 10.0.3.0/24, zone: rack-3}
",
    good: on_aws!(
        "\
"
    ),
    instead_of: &[],
    found: Found::Refused,
};
