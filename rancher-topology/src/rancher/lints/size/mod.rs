//! How many cluster managers there are, and where.

mod cluster_manager_placement;
mod cluster_size;
mod single;

use super::{Cluster, at_all};
use crate::diagnostic::Span;
use crate::lint::Family;

/// Lints about the cluster's size.
pub(super) const FAMILY: Family =
    Family { name: "Size", lints: &[&cluster_size::LINT, &single::LINT, &cluster_manager_placement::LINT] };

/// Where the document says how many cluster managers there are.
fn place(cluster: &Cluster<'_>) -> Option<Span> {
    let manager = cluster.manager()?;
    if let Some(scale) = &manager.said.scale {
        return Some(scale.span);
    }
    let mut pools = cluster.pools().into_iter();
    let (first, second) = (pools.next()?, pools.next());
    let (name, pool) = cluster.cx.document.nodes.get_index(first.position())?;
    let count = pool.count.as_ref().map_or(name.span, |count| count.span);
    Some(if second.is_none() { count } else { manager.name })
}
