//! What the topology assumed: named in a comment above the block that it went into, with its reason.

use rancher_topology::topology::Origin;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Assumed {
    what: &'static str,
    because: &'static str,
}

/// Those of a block's values that the document does not say.
pub(super) fn assumed<const N: usize>(values: [(&'static str, Origin); N]) -> Vec<Assumed> {
    let assumption = |(what, origin)| match origin {
        Origin::Stated => None,
        Origin::Assumed(because) => Some(Assumed { what, because }),
    };
    values.into_iter().filter_map(assumption).collect()
}
