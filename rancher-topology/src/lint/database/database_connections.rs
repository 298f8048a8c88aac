//! A database that accepts fewer connections than it has clients.

use super::databases;
use crate::diagnostic::Severity;
use crate::flow::Party;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "database-connections",
    severity: Severity::Error,
    summary: "A database accepts fewer connections than there are instances that connect to it.",
    reason: "Each of its clients keeps one connection open at least, most of them a pool. Those that come last are refused with \
             \"Too many connections\", which ones that are changes with every restart.",
    source: "MySQL Reference Manual, \"Too many connections\"; MariaDB, `max_connections`.",
    bad: "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 10}
services:
  app: {image: app:1.4.2, placement: node, scale: 12, naming: numbered, traffic-to: store}
security-groups:
  store:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: queries}
  nodes:
    inbound: []
",
    good: "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200}
services:
  app: {image: app:1.4.2, placement: node, scale: 3, naming: numbered, traffic-to: store}
security-groups:
  store:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: queries}
  nodes:
    inbound: []
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (id, database, said) in databases(cx) {
        let Some(most) = &said.max_connections else { continue };
        let mut clients: Vec<Party> = cx.flows.to(Party::Database(id)).map(|flow| flow.client).collect();
        clients.sort_unstable();
        clients.dedup();
        let count: usize = clients.iter().map(|client| instances(cx, *client)).sum();
        if usize::try_from(most.value).is_ok_and(|most| count <= most) {
            continue;
        }
        let names: Vec<String> =
            clients.iter().take(3).map(|client| format!("`{}`", client.name(cx.topology))).collect();
        findings.push(
            LINT.finding(
                format!("`{}` accepts {} connections and has {count} clients", database.name, most.value),
                most.span,
            )
            .here(format!("instances of {} connect", names.join(", ")))
            .why("each keeps one open at least; those that come last get \"Too many connections\"")
            .help("write the sum of what the clients' pools may open, and some for people"),
        );
    }
}

/// How many of a client work at one time.
fn instances(cx: &Context<'_>, client: Party) -> usize {
    match client {
        Party::Service(id) if *cx.topology[id].active_passive => 1,
        Party::Service(id) => cx.topology[id].placement.len(),
        Party::Pool(id) => cx.topology[id].nodes.len(),
        Party::Internet | Party::LoadBalancer(_) | Party::Database(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    fn found(more: &str) -> bool {
        let text = format!(
            "\
databases:
  store: {{engine: mariadb-10.11, port: 3306, max-connections: 10}}
services:
  app: {{image: app:1.4.2, placement: node, scale: 10, naming: numbered, traffic-to: [store, \"store:3306\"]}}
{more}"
        );
        let report = crate::validate(&complete(&text));
        assert!(report.topology.is_some(), "{report:#?}");
        report.findings.iter().any(|finding| finding.id == "database-connections")
    }

    #[test]
    fn each_client_counts_once_and_of_those_that_wait_one() {
        assert!(!found(""));
        assert!(found("  one: {image: app:1.4.2, placement: node-1, traffic-to: store}\n"));
        let text = super::LINT.bad.replace("scale: 12", "scale: 12, active-passive: true");
        let report = crate::validate(&complete(&text));
        assert!(report.findings.iter().all(|f| f.id != "database-connections"), "{report:#?}");
    }
}
