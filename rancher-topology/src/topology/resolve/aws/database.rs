//! What RDS refuses. Source: Amazon RDS User Guide and API Reference, by the names given here.

use super::{names_place, place, zones_of};
use crate::diagnostic::Diagnostic;
use crate::document;
use crate::scalar::OnRds;
use crate::topology::{Database, Topology};

pub(super) fn refuse(
    topology: &Topology,
    database: &Database,
    said: &document::Database,
    names_are_known: bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    name(database, diagnostics);
    if names_are_known && zones_of(topology, &database.subnets).is_some_and(|zones| zones.len() < 2) {
        diagnostics.push(
            Diagnostic::error("aws-database-zones", format!("the subnets of `{}` are in one zone", database.name), names_place(said.subnets.as_ref(), database.span))
                .why("RDS wants a subnet group over two zones, even for one instance (CreateDBSubnetGroup: DBSubnetGroupDoesNotCoverEnoughAZs)")
                .help("add a subnet in a second zone; it may be empty"),
        );
    }
    version(database, said, diagnostics);
    if !database.instance_type.starts_with("db.") {
        let message = format!("RDS has no machine of the kind `{}`", *database.instance_type);
        diagnostics.push(
            Diagnostic::error(
                "aws-instance-type",
                message,
                place(said.instance_type.as_ref(), database.span),
            )
            .why("its kinds begin with `db.` (CreateDBInstance, DBInstanceClass)")
            .help("write `instance-type: db.t3.medium`"),
        );
    }
    sizes(database, said, diagnostics);
}

fn name(database: &Database, diagnostics: &mut Vec<Diagnostic>) {
    let name = database.name.as_str();
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if !name.bytes().all(known)
        || !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || name.ends_with('-')
        || name.contains("--")
    {
        diagnostics.push(
            Diagnostic::error("aws-database-name", format!("RDS takes no database called `{name}`"), database.span)
                .why("its identifier is letters, digits and single hyphens, and begins with a letter (CreateDBInstance)")
                .help("choose such a name, as in `orders-db`"),
        );
    }
}

/// "Supported MariaDB versions" and "Supported MySQL versions on Amazon RDS": what is past its end cannot be made.
fn version(database: &Database, said: &document::Database, diagnostics: &mut Vec<Diagnostic>) {
    let engine = &*database.create_as;
    let lines: Vec<String> = engine
        .lines_on_rds()
        .iter()
        .map(|(major, minor)| format!("{}-{major}.{minor}", engine.product))
        .collect();
    let Some(oldest) = lines.first() else { return };
    let why = match engine.on_rds() {
        OnRds::Withdrawn => format!("the oldest line that it makes is {oldest}"),
        _ if engine.version.is_major_only() => {
            format!("a line of {} is two numbers, as in {oldest}", engine.product)
        }
        OnRds::Never => "it never had this line".to_owned(),
        OnRds::Made | OnRds::Later => return,
    };
    diagnostics.push(
        Diagnostic::error(
            "aws-database-version",
            format!("RDS makes no {engine}"),
            said.create_as.as_ref().unwrap_or(&said.engine).span,
        )
        .why(why)
        .help(format!("write `create-as` with a line that it makes: {}", lines.join(", "))),
    );
}

/// CreateDBInstance: ports from 1150; General Purpose SSD storage, 20 to 65536 GiB. Parameter `max_connections`: MariaDB
/// 10 and MySQL 1 to 100000.
fn sizes(database: &Database, said: &document::Database, diagnostics: &mut Vec<Diagnostic>) {
    if database.port < 1150 {
        let message = format!("`{}` listens on {}", database.name, database.port);
        diagnostics.push(
            Diagnostic::error("aws-database-port", message, said.port.span)
                .why("RDS takes ports from 1150 to 65535")
                .help("write a port from 1150 on: 3306 is what clients expect"),
        );
    }
    if !(20..=65_536).contains(&*database.storage) {
        let message = format!("`{}` has {} GiB of storage", database.name, *database.storage);
        diagnostics.push(
            Diagnostic::error("aws-database-storage", message, place(said.storage.as_ref(), database.span))
                .why("RDS gives 20 to 65536 GiB")
                .help("write `storage` with a number from 20 to 65536"),
        );
    }
    if !(10..=100_000).contains(&*database.max_connections) {
        let message = format!("`{}` accepts {} connections", database.name, *database.max_connections);
        diagnostics.push(
            Diagnostic::error(
                "aws-database-connections",
                message,
                place(said.max_connections.as_ref(), database.span),
            )
            .why("`max_connections` is a number from 10 to 100000")
            .help("write `max-connections` with such a number, or leave it out"),
        );
    }
}
