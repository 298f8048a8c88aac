//! A load balancer in two subnets of one zone.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-load-balancer-zones",
    severity: Severity::Error,
    summary: "A load balancer stands in two subnets of one zone.",
    reason: "A Classic Load Balancer takes one subnet of a zone at most.",
    source: "Elastic Load Balancing API, AttachLoadBalancerToSubnets.",
    bad: "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
    c: {cidr: 10.0.3.0/24, zone: eu-west-1c}
    d: {cidr: 10.0.4.0/24, zone: eu-west-1a}
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    subnets: [a, b, c, d]
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80/tcp, from: 203.0.113.0/24, purpose: administrators}]}
",
    good: "\
network:
  name: lab
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    b: {cidr: 10.0.2.0/24, zone: eu-west-1b}
    c: {cidr: 10.0.3.0/24, zone: eu-west-1c}
    d: {cidr: 10.0.4.0/24, zone: eu-west-1a}
load-balancers:
  front:
    targets: node
    groups: front
    health-check: TCP:80
    subnets: [a, b, c]
    listeners:
      - {listen: 80/tcp, forward: 80/tcp}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [80:80]}
security-groups:
  nodes: {inbound: [{port: 80/tcp, from: front, purpose: web}]}
  front: {inbound: [{port: 80/tcp, from: 203.0.113.0/24, purpose: administrators}]}
",
    instead_of: &[],
    found: Found::Refused,
};
