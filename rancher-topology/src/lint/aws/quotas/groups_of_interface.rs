//! More groups on a node than AWS puts on an interface.

use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::provider::aws::{GROUPS, MOST_GROUPS};

pub(super) const LINT: Lint = Lint {
    id: "aws-groups-of-interface",
    severity: Severity::Warning,
    summary: "A node is in more than five security groups.",
    reason: "AWS puts five security groups on an interface, unless a higher quota was asked for and granted; sixteen is the most \
             that it grants. Until then `terraform apply` fails when it makes the instance.",
    source: "AWS, Amazon VPC User Guide, \"Amazon VPC quotas\": security groups per network interface.",
    bad: on_aws!(
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: [ledger, orders, search, mailer, worker, viewer]
security-groups:
  ledger: {inbound: []}
  orders: {inbound: []}
  search: {inbound: []}
  mailer: {inbound: []}
  worker: {inbound: []}
  viewer: {inbound: []}
"
    ),
    good: on_aws!(
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: [ledger, orders]
security-groups:
  ledger: {inbound: []}
  orders: {inbound: []}
"
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for id in cx.topology.pool_ids() {
        let count = cx.topology[id].groups.len();
        let Some((name, said)) = cx.document.nodes.get_index(id.position()) else { continue };
        let Some(sixth) = said.groups.get(GROUPS) else { continue };
        findings.push(
            LINT.finding(format!("the nodes of `{}` are in {count} security groups", name.value), sixth.span)
                .here(format!("the sixth of {count}"))
                .why(format!("AWS puts {GROUPS} on an interface, and {MOST_GROUPS} at most where a higher quota was granted"))
                .help("put the rules of several groups into one"),
        );
    }
}
