//! A database whose stated version RDS no longer makes.

use crate::diagnostic::Severity;
use crate::lint::database::databases;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::Origin;

pub(super) const LINT: Lint = Lint {
    id: "aws-database-version-withdrawn",
    severity: Severity::Warning,
    summary: "RDS no longer makes the stated version of a database, and none to take instead is stated.",
    reason: "A version past its end of life cannot be created, so Terraform would fail at `apply`. Another line is taken in its \
             place, which the programs that use the database may or may not work with: somebody who knows them has to \
             choose it.",
    source: "Amazon RDS User Guide, \"Supported MariaDB versions\" and \"Supported MySQL versions on Amazon RDS\".",
    bad: on_aws!(
        "\
databases:
  store: {engine: mariadb-10.0.24, port: 3306, groups: store, standby: true}
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
  store: {engine: mariadb-10.0.24, create-as: mariadb-10.11, port: 3306, groups: store, standby: true}
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
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (_, database, said) in databases(cx) {
        let taken = &database.create_as;
        if taken.origin == Origin::Stated || taken.value == database.engine {
            continue;
        }
        findings.push(
            LINT.finding(format!("`{}` is no longer made by RDS", database.engine), said.engine.span)
                .here(format!("`{}` is taken instead", taken.value))
                .why("the programs that use it were chosen for the stated version")
                .help(format!("try them with another and write it: `create-as: {}`", taken.value)),
        );
    }
}
