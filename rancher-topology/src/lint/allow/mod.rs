//! What a document allows: whether there is such a lint, and whether it finds anything there.

pub(crate) mod unknown_lint;
pub(crate) mod unused_allow;

use super::Family;

/// Lints about `allow`.
pub const FAMILY: Family = Family { name: "Allowances", lints: &[&unknown_lint::LINT, &unused_allow::LINT] };
