//! Published ports of a container in the host's network.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "publish-in-host-network",
    severity: Severity::Error,
    summary: "A service in the host's network publishes ports.",
    reason: "The engine publishes nothing there, because the container's ports are the node's already. A port that \
             should be another one outside stays what it is.",
    source: "Docker, \"Host network driver\": published ports are discarded.",
    bad: "\
services:
  web: {image: nginx:1.27.2, placement: node, network: host, publish: [80:80]}
  api: {image: api:1.4.2, placement: node, traffic-to: web}
security-groups:
  nodes:
    inbound:
      - {port: 80/tcp, from: self, purpose: web}
",
    good: "\
services:
  web: {image: nginx:1.27.2, placement: node, network: host, listen: [80]}
  api: {image: api:1.4.2, placement: node, traffic-to: web}
security-groups:
  nodes:
    inbound:
      - {port: 80/tcp, from: self, purpose: web}
",
    instead_of: &[],
    found: Found::Refused,
};
