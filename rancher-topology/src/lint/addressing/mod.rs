//! Addresses: networks, subnets, nodes.

mod address_outside_subnet;
mod duplicate_address;
mod host_bits;
mod node_count;
mod subnet_outside_network;
mod subnet_overlap;

use super::Family;

/// Lints about addresses.
pub const FAMILY: Family = Family {
    name: "Addressing",
    lints: &[
        &host_bits::LINT,
        &subnet_outside_network::LINT,
        &subnet_overlap::LINT,
        &address_outside_subnet::LINT,
        &duplicate_address::LINT,
        &node_count::LINT,
    ],
};
