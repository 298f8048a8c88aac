//! Services: where they run, in which network, and what of them an engine could not start.

mod engine_too_old;
mod instance_count;
mod literal_secret;
mod namespace_absent;
mod namespace_chain;
mod nowhere;
mod observed_without_scale;
mod publish_in_host_network;
mod publish_in_shared_namespace;
mod required_pool;
mod requires_circle;
mod start_circle;
mod tmpfs;
mod two_networks;
mod volume;

use super::Family;

/// Lints about services.
pub const FAMILY: Family = Family {
    name: "Services",
    lints: &[
        &nowhere::LINT,
        &instance_count::LINT,
        &observed_without_scale::LINT,
        &two_networks::LINT,
        &publish_in_host_network::LINT,
        &publish_in_shared_namespace::LINT,
        &namespace_chain::LINT,
        &namespace_absent::LINT,
        &literal_secret::LINT,
        &volume::LINT,
        &tmpfs::LINT,
        &engine_too_old::LINT,
        &required_pool::LINT,
        &requires_circle::LINT,
        &start_circle::LINT,
    ],
};
