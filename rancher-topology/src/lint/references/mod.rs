//! Names: what they point at, and what can carry them.

mod duplicate_container;
mod duplicate_name;
mod host_name;
mod image_name;
mod interface_name;
mod named_twice;
mod reserved_name;
mod starter_name;
mod unknown_name;
mod variable_name;

use super::Family;

/// Lints about names.
pub const FAMILY: Family = Family {
    name: "Names and references",
    lints: &[
        &unknown_name::LINT,
        &duplicate_name::LINT,
        &reserved_name::LINT,
        &named_twice::LINT,
        &host_name::LINT,
        &interface_name::LINT,
        &starter_name::LINT,
        &variable_name::LINT,
        &image_name::LINT,
        &duplicate_container::LINT,
    ],
};
