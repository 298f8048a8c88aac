//! A mesh around a service that is not on every node of a pool.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "mesh-placement",
    severity: Severity::Error,
    summary: "A mesh carries a service that does not run once on every node of one pool.",
    reason: "The port of each tunnel follows from its node's position in the pool; a node without the service \
             would leave a gap in the count, and its tunnels would lead nowhere.",
    source: "The document itself, `tunnels`: the node at position i listens on `port + i - 1`.",
    bad: "\
services:
  pod: {image: pause:3.10, placement: node, publish: [6379:16379], listen: []}
  cache: {image: cache:7.2.4, placement: [node-1, node-3], network-of: pod}
  api: {image: api:1.4.2, placement: node, network-of: pod, traffic-to: \"cache:6379\"}
tunnels:
  relay: {carries: cache, port: 6379, entry: 16379}
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
