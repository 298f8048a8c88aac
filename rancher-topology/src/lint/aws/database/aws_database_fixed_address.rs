//! An address that a database of AWS was seen at.

use crate::diagnostic::Severity;
use crate::lint::database::databases;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-database-fixed-address",
    severity: Severity::Note,
    summary: "A database of AWS has an address in the document, and RDS gives none that stays.",
    reason: "No address can be asked for when the database is made, and the one that it gets changes when the standby takes \
             over or the machine is replaced. Whoever has the address in a file then connects to nobody; the name follows.",
    source: "Amazon RDS API Reference, CreateDBInstance: there is no parameter for an address; User Guide, \"Multi-AZ \
             deployments: failover process\": the DNS record is changed.",
    bad: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, observed-address: 10.0.1.26}
services:
  app: {image: app:1.4.2, placement: node, traffic-to: store}
security-groups:
  store:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: queries}
  nodes:
    inbound: []
"
    ),
    good: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true}
services:
  app:
    image: app:1.4.2
    placement: node
    traffic-to: store
    environment: {DATABASE_HOST: {host-of: store}}
security-groups:
  store:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: queries}
  nodes:
    inbound: []
"
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (_, database, said) in databases(cx) {
        let Some(address) = &said.observed_address else { continue };
        let name = &database.name;
        findings.push(
            LINT.finding(format!("{} is not `{name}`'s to keep", address.value), address.span)
                .here("an observation: it is not asked for when the database is made")
                .why("RDS gives no fixed address; this one changes with a failover or a new machine")
                .help(format!(
                    "let clients use {}: `{{host-of: {name}}}` in their environment",
                    database.host_name(&cx.topology.network)
                )),
        );
    }
}
