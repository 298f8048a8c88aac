//! A database without a standby, where there is a second zone.

use std::collections::BTreeSet;

use super::databases;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "database-one-zone",
    severity: Severity::Warning,
    summary: "A database has no standby, and the network has a second zone.",
    reason: "The zone that fails takes the database along, and with it everything that keeps its state there, however many \
             nodes are left in the other zones. With a standby a second zone has the same data and takes over.",
    source: "Amazon RDS User Guide, \"Configuring and managing a Multi-AZ deployment\".",
    bad: "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store}
services:
  app: {image: app:1.4.2, placement: node, traffic-to: store}
security-groups:
  store:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: queries}
  nodes:
    inbound: []
",
    good: "\
databases:
  store: {engine: mariadb-10.11, port: 3306, groups: store, standby: true}
services:
  app: {image: app:1.4.2, placement: node, traffic-to: store}
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
    let zones: BTreeSet<&str> =
        cx.topology.subnets.iter().filter_map(|subnet| subnet.zone.as_deref()).collect();
    if zones.len() < 2 {
        return;
    }
    for (_, database, said) in databases(cx).filter(|(_, database, _)| !*database.standby) {
        let place = said.standby.as_ref().map_or(database.span, |standby| standby.span);
        let here = if said.standby.is_some() { "stated so" } else { "no `standby` is stated" };
        findings.push(
            LINT.finding(format!("`{}` has no standby in a second zone", database.name), place)
                .here(here)
                .why("the zone that it is in takes it along when it fails, and all that keep their state there stop")
                .help("write `standby: true`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    #[test]
    fn where_there_is_one_zone_there_is_no_place_for_a_standby() {
        let text = "\
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24, zone: a}}}
nodes:
  node: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: nodes}
databases:
  store: {engine: mariadb-10.11, port: 3306}
";
        let report = crate::validate(&complete(text));
        assert!(report.topology.is_some(), "{report:#?}");
        assert!(report.findings.iter().all(|f| f.id != "database-one-zone"), "{report:#?}");
    }
}
