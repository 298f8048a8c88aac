//! A flow that is admitted only from some of the addresses that its other end may have.

use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "flow-partly-admitted",
    severity: Severity::Warning,
    summary: "A rule admits a part only of the addresses that a load balancer or a database may have.",
    reason: "A load balancer has an address in each of its subnets, and they change when it grows or is replaced. A rule that \
             names a part of them works until that day.",
    source: "AWS, Classic Load Balancers User Guide, \"Prepare your VPC and EC2 instances\".",
    bad: "\
services:
  web: {image: web:1.4.2, placement: node, publish: [8081:80]}
load-balancers:
  entrance:
    targets: node
    groups: front
    listeners: [{listen: 443/tcp, forward: 8081/tcp}]
    health-check: TCP:8081
security-groups:
  nodes:
    inbound:
      - {port: 8081/tcp, from: 10.0.1.0/24}
  front:
    inbound: [{port: 443/tcp, from: 0.0.0.0/0}]
",
    good: "\
services:
  web: {image: web:1.4.2, placement: node, publish: [8081:80]}
load-balancers:
  entrance:
    targets: node
    groups: front
    listeners: [{listen: 443/tcp, forward: 8081/tcp}]
    health-check: TCP:8081
security-groups:
  nodes:
    inbound:
      - {port: 8081/tcp, from: front}
  front:
    inbound: [{port: 443/tcp, from: 0.0.0.0/0}]
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    super::flow_not_admitted::report(cx, findings, &LINT, false);
}
