//! Which release it is, and whether its parts belong together.

mod companion_version;
mod mixed_versions;
mod moving_tag;
mod server_version;

use super::{Cluster, at_all};
use crate::lint::Family;

/// Lints about releases.
pub(super) const FAMILY: Family = Family {
    name: "Versions",
    lints: &[&server_version::LINT, &moving_tag::LINT, &mixed_versions::LINT, &companion_version::LINT],
};
