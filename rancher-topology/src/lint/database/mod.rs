//! Databases: whether they outlive a zone, and whether they have room for those who connect.

mod database_connections;
mod database_one_zone;

use super::{Context, Family};
use crate::document;
use crate::topology::{Database, DatabaseId};

/// Lints about databases.
pub const FAMILY: Family =
    Family { name: "Databases", lints: &[&database_one_zone::LINT, &database_connections::LINT] };

/// Every database with what a person wrote of it, in the order of the document.
pub(super) fn databases<'a>(
    cx: &Context<'a>,
) -> impl Iterator<Item = (DatabaseId, &'a Database, &'a document::Database)> + use<'a> {
    let (topology, document) = (cx.topology, cx.document);
    topology.database_ids().filter_map(move |id| {
        let (_, said) = document.databases.get_index(id.position())?;
        Some((id, &topology[id], &said.value))
    })
}
