//! An interface whose name the kernel does not take.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "interface-name",
    severity: Severity::Error,
    summary: "An interface has a name that is too long.",
    reason: "The kernel takes 15 characters. A firewall rule for a longer name is refused, and the firewall does \
             not load.",
    source: "netdevice(7), `IFNAMSIZ`.",
    bad: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    interfaces: management-uplink-0
",
    good: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
    interfaces: management0
",
    instead_of: &[],
    found: Found::Refused,
};
