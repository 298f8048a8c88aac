//! The database that everything is kept in.

mod database_character_set;
mod database_connections;
mod database_version;

use super::Cluster;
use crate::document;
use crate::lint::Family;

/// Lints about the database.
pub(super) const FAMILY: Family = Family {
    name: "Database",
    lints: &[&database_version::LINT, &database_connections::LINT, &database_character_set::LINT],
};

/// What is said of the cluster's database.
fn said<'a>(cluster: &Cluster<'a>) -> Option<&'a document::Database> {
    let (_, said) = cluster.cx.document.databases.get_index(cluster.is.database.position())?;
    Some(&said.value)
}
