//! A rule for nobody.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "no-peer",
    severity: Severity::Error,
    summary: "A rule names no peer.",
    reason: "It lets nobody in, and AWS refuses a rule without a source. Whom it was written for is shut out.",
    source: "AWS, AuthorizeSecurityGroupIngress: `InvalidParameterValue`.",
    bad: "\
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
  api: {image: api:1.4.2, placement: node, traffic-to: web}
security-groups:
  nodes:
    inbound:
      - {port: 80/tcp, from: [], purpose: web}
",
    good: "\
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
  api: {image: api:1.4.2, placement: node, traffic-to: web}
security-groups:
  nodes:
    inbound:
      - {port: 80/tcp, from: self, purpose: web}
",
    instead_of: &[],
    found: Found::Refused,
};
