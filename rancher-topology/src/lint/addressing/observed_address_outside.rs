//! A database that was seen outside of the subnets that it may stand in.

use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::Origin;

pub(super) const LINT: Lint = Lint {
    id: "observed-address-outside",
    severity: Severity::Warning,
    summary: "A database was seen at an address in none of its subnets.",
    reason: "What is made from this topology puts the database into its subnets. Where it was seen in another one, either the \
             address or the list is out of date, and rules that were written for the one do not fit the other.",
    source: "The document itself, `observed-address` and `subnets`.",
    bad: "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4, subnets: [a, b], observed-address: 10.0.3.9}
services:
  api: {image: api:1.4.2, placement: node, traffic-to: store}
security-groups:
  nodes: {inbound: []}
  store: {inbound: [{port: 3306/tcp, from: nodes, purpose: database}], outbound: []}
",
    good: "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true, max-connections: 200, character-set: utf8mb4, subnets: [b, c], observed-address: 10.0.3.9}
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
    for ((name, said), database) in cx.document.databases.iter().zip(&cx.topology.databases) {
        let Some(address) = &said.observed_address else { continue };
        if database.subnets.iter().any(|id| cx.topology[*id].cidr.contains(&address.value)) {
            continue;
        }
        let stated = said.subnets.as_ref().and_then(|names| names.first());
        // Where no subnet is stated, the database may be in somebody else's network.
        let inside = cx.topology.network.cidr.contains(&address.value);
        let whose = match database.subnets.origin {
            Origin::Stated => "its subnets",
            Origin::Assumed(_) if inside => "the network's subnets",
            Origin::Assumed(_) => continue,
        };
        let message = format!("`{}` was seen at {}, in none of {whose}", name.value, address.value);
        let finding = LINT.finding(message, address.span);
        let finding = match stated {
            Some(first) => finding.also(first.span, "the subnets that it may stand in"),
            None => finding.also(cx.document.network.cidr.span, "the network's addresses"),
        };
        findings.push(
            finding
                .why("either the address or the subnets are out of date")
                .help("write the subnet that it stands in under `subnets`, or the address that it has now"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn found(address: &str, subnets: &str) -> usize {
        let text = complete(&format!(
            "databases: {{store: {{engine: mariadb-10.11, port: 3306, observed-address: {address}{subnets}}}}}\n"
        ));
        let report = validate(&text);
        assert!(report.topology.is_some(), "{:?}", report.findings);
        report.findings.iter().filter(|finding| finding.id == super::LINT.id).count()
    }

    #[test]
    fn a_database_of_another_network_is_no_finding_where_no_subnet_is_said() {
        assert_eq!(found("192.168.7.4", ""), 0);
        assert_eq!(found("192.168.7.4", ", subnets: a"), 1);
        assert_eq!(found("10.0.1.4", ""), 0);
        assert_eq!(found("10.0.77.4", ""), 1);
    }
}
