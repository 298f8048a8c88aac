//! A database that was seen at a node's address.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::NodeId;

pub(super) const LINT: Lint = Lint {
    id: "observed-address-taken",
    severity: Severity::Error,
    summary: "A database was seen at an address that a node has.",
    reason: "Two hosts with one address answer for each other at random. Either the database was seen elsewhere, or the pool \
             counts its addresses upwards into the database's.",
    source: "RFC 5227, section 1.",
    bad: "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4, observed-address: 10.0.2.10}
services:
  api: {image: api:1.4.2, placement: node, traffic-to: store}
security-groups:
  nodes: {inbound: []}
  store: {inbound: [{port: 3306/tcp, from: nodes, purpose: database}], outbound: []}
",
    good: "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4, observed-address: 10.0.2.9}
services:
  api: {image: api:1.4.2, placement: node, traffic-to: store}
security-groups:
  nodes: {inbound: []}
  store: {inbound: [{port: 3306/tcp, from: nodes, purpose: database}], outbound: []}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let nodes: HashMap<Ipv4Addr, NodeId> =
        cx.topology.node_ids().map(|id| (cx.topology[id].address, id)).collect();
    for (name, said) in &cx.document.databases {
        let Some(address) = &said.observed_address else { continue };
        let Some(id) = nodes.get(&address.value) else { continue };
        let (node, pool) = (&cx.topology[*id], cx.topology.pool_of(*id));
        findings.push(
            LINT.finding(
                format!(
                    "`{}` was seen at {}, the address of node `{}`",
                    name.value, address.value, node.name
                ),
                address.span,
            )
            .also(pool.span, "its pool")
            .why("two hosts with one address answer for each other at random")
            .help("write the address that it was really seen at, or begin the pool elsewhere"),
        );
    }
}
