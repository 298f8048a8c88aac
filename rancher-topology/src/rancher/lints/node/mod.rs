//! What the nodes must be.

mod engine_refuses;
mod engine_untested;
mod memory;

use super::Cluster;
use crate::document;
use crate::lint::Family;
use crate::topology::PoolId;

/// Lints about the nodes.
pub(super) const FAMILY: Family =
    Family { name: "Nodes", lints: &[&engine_refuses::LINT, &engine_untested::LINT, &memory::LINT] };

/// The pools that a cluster manager runs in, and what is said of them.
fn pools<'a>(cluster: &Cluster<'a>) -> Vec<(PoolId, &'a document::Pool)> {
    let said = |pool: PoolId| {
        let (_, said) = cluster.cx.document.nodes.get_index(pool.position())?;
        Some((pool, &said.value))
    };
    cluster.pools().into_iter().filter_map(said).collect()
}
