//! A database whose stated version RDS no longer makes.

use crate::diagnostic::Severity;
use crate::lint::database::databases;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::OnRds;
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
        if taken.on_rds() == OnRds::Later {
            findings.unchecked(&LINT, format!("whether RDS makes {} is not known", taken.value));
        }
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

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate;
    use crate::validate::complete;

    fn told(engine: &str) -> (Vec<&'static str>, Vec<String>) {
        let report = validate(&complete(
            &LINT.good.replace("create-as: mariadb-10.11", &format!("create-as: {engine}")),
        ));
        let unchecked = report.unchecked.into_iter().filter(|one| one.id == LINT.id).map(|one| one.because);
        (report.findings.iter().map(|finding| finding.id).collect(), unchecked.collect())
    }

    #[test]
    fn a_line_that_rds_never_had_is_refused_and_a_later_one_is_not_known() {
        for never in ["mariadb-10.7.3", "mariadb-11.0", "mysql-8.2", "mariadb-11"] {
            assert_eq!(told(never).0, ["aws-database-version"], "{never}");
        }
        for made in ["mariadb-10.6", "mariadb-11.4.3", "mysql-8.4", "mariadb-11.8.2"] {
            assert_eq!(told(made), (vec![], vec![]), "{made}");
        }
        assert_eq!(told("mysql-9.3"), (vec![], vec!["whether RDS makes mysql-9.3 is not known".to_owned()]));
    }
}
