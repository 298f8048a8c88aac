//! Addresses: networks, subnets, nodes.

mod host_bits;

use super::Family;

/// Lints about addresses.
pub const FAMILY: Family = Family { name: "Addressing", lints: &[&host_bits::LINT] };
