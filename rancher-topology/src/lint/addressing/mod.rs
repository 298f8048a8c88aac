//! Addresses: networks, subnets, nodes.

mod address_outside_subnet;
mod container_network_collision;
mod duplicate_address;
mod host_bits;
mod node_count;
mod observed_address_outside;
mod observed_address_taken;
mod overlay_collision;
mod public_network_range;
mod stated_subnets;
mod subnet_outside_network;
mod subnet_overlap;

use ipnet::Ipv4Net;

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
        &container_network_collision::LINT,
        &overlay_collision::LINT,
        &public_network_range::LINT,
        &observed_address_taken::LINT,
        &observed_address_outside::LINT,
        &stated_subnets::LINT,
    ],
};

/// Whether two ranges have an address in common: then one of them holds the other.
fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// Names as a sentence lists them, the first ones of many.
fn named<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const MOST: usize = 6;
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] if names.len() <= MOST => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..MOST].join(", "), names.len() - MOST),
    }
}
