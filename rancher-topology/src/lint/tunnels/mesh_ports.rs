//! A mesh whose ports would end above 65535.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "mesh-ports",
    severity: Severity::Error,
    summary: "A mesh of tunnels would need ports that there are not.",
    reason: "Each node has a port of its own, counted upwards from the first. There is none above 65535.",
    source: "RFC 9293, section 3.1: a port has 16 bits.",
    bad: "\
services:
  pod: {image: pause:3.10, placement: node, publish: [6379:16379], listen: []}
  cache: {image: cache:7.2.4, placement: node, network-of: pod}
  api: {image: api:1.4.2, placement: node, network-of: pod, traffic-to: \"cache:6379\"}
tunnels:
  relay: {carries: cache, port: 65535, entry: 16379}
security-groups:
  nodes:
    inbound:
      - {port: 6379/tcp, from: self, purpose: cache}
",
    good: "\
services:
  pod: {image: pause:3.10, placement: node, publish: [6379:16379], listen: []}
  cache: {image: cache:7.2.4, placement: node, network-of: pod}
  api: {image: api:1.4.2, placement: node, network-of: pod, traffic-to: \"cache:6379\"}
tunnels:
  relay: {carries: cache, port: 6379, entry: 16379}
security-groups:
  nodes:
    inbound:
      - {port: 6379/tcp, from: self, purpose: cache}
",
    instead_of: &[],
    found: Found::Refused,
};
