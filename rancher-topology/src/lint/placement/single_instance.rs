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
        let mut clients = cx
            .flows
            .to(Party::Service(id))
            .map(|flow| flow.client)
            .filter(|party| *party != Party::Service(id));
        let pool = cx.topology.pool_of(service.placement[0]);
        let (client, place, possible, help) = match (&said.scale, &said.placement[..]) {
            (Some(scale), _) if service.eligible > 1 => (
                clients.next(),
                scale.span,
                service.eligible,
                "write `scale: 2`, or leave `scale` out for one on every node".to_owned(),
            ),
            // A node of a pool by its own name. What a load balancer leads to is `listener-one-target`'s.
            (None, [name]) if name.value != pool.name => (
                clients.find(|client| !matches!(client, Party::LoadBalancer(_))),
                name.span,
                pool.nodes.len(),
                format!("write `placement: {}` for one on every node, with `scale: 2` for two", pool.name),
            ),
            _ => continue,
        };
        let (Some(client), 2..) = (client, possible) else { continue };
        findings.push(
            LINT.finding(format!("`{}` has one instance", service.name), place)
                .here(format!("of {possible} nodes, one runs it"))
                .why(format!(
                    "`{}` needs it, and the node that runs it will fail one day",
                    client.name(cx.topology)
                ))
                .help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate::complete;

    #[test]
    fn one_node_of_a_pool_by_its_name_is_one_instance() {
        let found = |placement: &str| {
            let text = LINT.good.replace("placement: node, scale: 2", placement);
            let report = crate::validate(&complete(&text));
            assert!(report.topology.is_some(), "{report:#?}");
            report.findings.into_iter().filter(|finding| finding.id == LINT.id).collect::<Vec<_>>()
        };
        assert_eq!(found("placement: node-1")[0].labels[0].text, "of 3 nodes, one runs it");
        assert_eq!(found("placement: [node-1, node-2]"), []);
        assert_eq!(found("placement: node"), []);
    }
}
