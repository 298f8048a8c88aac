//! Published ports of a container in another's network.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "publish-in-shared-namespace",
    severity: Severity::Error,
    summary: "A service in another container's network publishes ports.",
    reason: "The engine refuses to make such a container. The ports are published on the one that owns the \
             network.",
    source: "Docker, \"conflicting options: port publishing and the container type network mode\" \
             (runconfig/errors.go).",
    bad: "\
services:
  web: {image: nginx:1.27.2, placement: node}
  meter: {image: meter:0.9.1, placement: node, network-of: web, publish: [9113:9113]}
  api: {image: api:1.4.2, placement: node, traffic-to: [\"meter:9113\"]}
security-groups:
  nodes:
    inbound:
      - {port: 9113/tcp, from: self, purpose: meter}
",
    good: "\
services:
  web: {image: nginx:1.27.2, placement: node, listen: [], publish: [9113:9113]}
  meter: {image: meter:0.9.1, placement: node, network-of: web, listen: [9113]}
  api: {image: api:1.4.2, placement: node, traffic-to: [\"meter:9113\"]}
security-groups:
  nodes:
    inbound:
      - {port: 9113/tcp, from: self, purpose: meter}
",
    instead_of: &[],
    found: Found::Refused,
};
