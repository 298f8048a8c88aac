//! Names: what reads alike and is not the same, and what some programs take for the same.

mod names_differ_in_case;
mod near_miss_name;

use super::Family;

/// Lints about names.
pub const FAMILY: Family =
    Family { name: "Names", lints: &[&names_differ_in_case::LINT, &near_miss_name::LINT] };
