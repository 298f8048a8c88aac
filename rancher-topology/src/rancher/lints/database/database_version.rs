//! A database that Rancher 1.x was never made to work with.

use super::{Cluster, said};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::DatabaseEngine;

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-database-version",
    severity: Severity::Warning,
    summary: "The database is of a line that Rancher 1.0 and 1.1 do not support.",
    reason: "Rancher 1.x is documented for MySQL, and was written when that was 5.5 to 5.7; its driver works with \
             MariaDB up to 10.2 alike. Later lines have other defaults of row format, character set, reserved \
             words and login: Rancher's own documentation names MariaDB 10.3 and MySQL 8 as unsupported, even for \
             its last releases. What fails is the schema's migration at the first start, or a query months later.",
    source: "The documentation of v1.0 and v1.1, \"Requirements\", and of v1.6, \"Installing Rancher Server\": \
             MariaDB 10.3 and MySQL 8 unsupported; rancher/rancher#6213.",
    bad: example!(
        "databases:\n",
        "  db:\n",
        "    engine: mysql-8.0\n",
        "    port: 3306\n",
        "    groups: database\n",
        "    standby: true\n",
        "    max-connections: 200\n",
        "    character-set: utf8\n",
    ),
    good: example!(
        "databases:\n",
        "  db:\n",
        "    engine: mysql-5.7\n",
        "    port: 3306\n",
        "    groups: database\n",
        "    standby: true\n",
        "    max-connections: 200\n",
        "    character-set: utf8\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(said) = Cluster::of(cx).and_then(|cluster| said(&cluster)) else { return };
    let engines = [Some(&said.engine), said.create_as.as_ref()];
    // What it is created as runs later; where both are unsupported, the statement is enough.
    if let Some(engine) = engines.into_iter().flatten().find(|engine| !supported(engine)) {
        findings.push(
            LINT.finding(format!("{} is not supported by Rancher 1.x", engine.value), engine.span)
                .why("the migration of its schema may fail at the first start, or a query months later")
                .help("run MySQL 5.7 or MariaDB 10.1 with `character-set: utf8`; where none can be had any more, try the \
                       migration on a copy, and allow this finding with what came of it"),
        );
    }
}

fn supported(engine: &DatabaseEngine) -> bool {
    let version = &engine.version;
    let too_new = if engine.product == "mariadb" { version.at_least(10, 3) } else { version.at_least(5, 8) };
    version.at_least(5, 5) && !too_new
}

#[cfg(test)]
mod tests {
    use super::supported;

    #[test]
    fn lines_end_where_the_documentation_says() {
        for good in ["mysql-5.5", "mysql-5.7.44", "mariadb-5.5", "mariadb-10.0.24", "mariadb-10.2"] {
            assert!(supported(&good.parse().unwrap()), "{good}");
        }
        for bad in ["mysql-5.1", "mysql-8.0", "mysql-9", "mariadb-10.3", "mariadb-10.11", "mariadb-11.4"] {
            assert!(!supported(&bad.parse().unwrap()), "{bad}");
        }
    }
}
