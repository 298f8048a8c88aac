//! A mesh that nobody can come into.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "mesh-entry",
    severity: Severity::Error,
    summary: "The way into a mesh of tunnels is not published.",
    reason: "Other nodes' tunnels come in through a port of the node that leads to `entry`. Where none does, every \
             tunnel from another node is refused.",
    source: "The document itself, `tunnels`.",
    bad: "\
services:
  pod: {image: pause:3.10, placement: node, publish: [6379:16379], listen: []}
  cache: {image: cache:7.2.4, placement: node, network-of: pod}
  api: {image: api:1.4.2, placement: node, network-of: pod, traffic-to: \"cache:6379\"}
tunnels:
  relay: {carries: cache, port: 6379, entry: 16380}
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
