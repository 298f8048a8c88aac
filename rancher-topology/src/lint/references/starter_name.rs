//! A starter whose unit would have the name of another.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "starter-name",
    severity: Severity::Error,
    summary: "A starter has a name that another unit or compose project has.",
    reason: "The starter's name is a part of its unit's and of its compose project's, in which older versions of \
             docker-compose keep letters and digits only. Two projects of one name remove each other's containers.",
    source: "docker-compose before 1.21, `normalize_name`.",
    bad: "\
starters:
  firewall: {service: manager, because: It schedules them}
services:
  manager: {image: manager:1.0.3, placement: node}
  worker: {image: worker:2.1.0, placement: node, started-by: firewall}
",
    good: "\
starters:
  scheduler: {service: manager, because: It schedules them}
services:
  manager: {image: manager:1.0.3, placement: node}
  worker: {image: worker:2.1.0, placement: node, started-by: scheduler}
",
    instead_of: &[],
    found: Found::Refused,
};
