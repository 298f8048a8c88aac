//! One instance of what others need, where there is room for two.

use crate::diagnostic::Severity;
use crate::flow::Party;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "single-instance",
    severity: Severity::Warning,
    summary: "Others need a service that has one instance, and its pool has more nodes.",
    reason: "When its node fails, everything that talks to it stands still until somebody starts it elsewhere. The nodes for a \
             second instance are there.",
    source: "Google SRE Book, chapter 22, \"Addressing Cascading Failures\": N+1 redundancy.",
    bad: "\
services:
  api: {image: api:1.4.2, placement: node, traffic-to: cache}
  cache: {image: cache:7.2.4, placement: node, scale: 1, publish: [7000:7000]}
security-groups:
  nodes:
    inbound:
      - {port: 7000/tcp, from: self, purpose: cache}
",
    good: "\
services:
  api: {image: api:1.4.2, placement: node, traffic-to: cache}
  cache: {image: cache:7.2.4, placement: node, scale: 2, publish: [7000:7000]}
security-groups:
  nodes:
    inbound:
      - {port: 7000/tcp, from: self, purpose: cache}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for id in cx.topology.service_ids().filter(|id| cx.topology[*id].placement.len() == 1) {
        let service = &cx.topology[id];
        let Some((_, said)) = cx.document.services.get_index(id.position()) else { continue };
        let possible = service.eligible;
        let client = cx
            .flows
            .to(Party::Service(id))
            .map(|flow| flow.client)
            .find(|party| *party != Party::Service(id));
        let (Some(scale), Some(client), 2..) = (&said.scale, client, possible) else { continue };
        findings.push(
            LINT.finding(format!("`{}` has one instance", service.name), scale.span)
                .here(format!("of {possible} nodes, one runs it"))
                .why(format!(
                    "`{}` needs it, and the node that runs it will fail one day",
                    client.name(cx.topology)
                ))
                .help("write `scale: 2`, or leave `scale` out for one on every node"),
        );
    }
}
