//! A listener whose certificate and protocol do not fit.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "listener-certificate",
    severity: Severity::Error,
    summary: "A listener ends TLS without a certificate, or has one and ends none.",
    reason: "Where TLS ends there has to be a certificate to show, or the load balancer is not made. Where it does \
             not end, the certificate is a sign that it should.",
    source: "Elastic Load Balancing API, Listener: `SSLCertificateId`.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    listeners:
      - {listen: 443/ssl, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 443/tcp, from: 203.0.113.0/24, purpose: administrators}]}
",
    good: "\
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    listeners:
      - {listen: 443/ssl, forward: 80/tcp, certificate: front_certificate}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 443/tcp, from: 203.0.113.0/24, purpose: administrators}]}
",
    instead_of: &[],
    found: Found::Refused,
};
