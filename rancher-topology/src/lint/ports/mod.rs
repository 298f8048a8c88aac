//! Ports: what listens where, what is published, and what asks for a port that nobody has.

mod container_port_in_rule;
mod ephemeral_port;
mod management_port_taken;
mod port_conflict;
mod probe_unheard;
mod probe_unstated;
mod publish_address_absent;
mod publish_unheard;
mod socket;
mod unheard_traffic;
mod unreachable_listener;

use super::Family;

/// Lints about ports.
pub const FAMILY: Family = Family {
    name: "Ports",
    lints: &[
        &port_conflict::LINT,
        &publish_unheard::LINT,
        &publish_address_absent::LINT,
        &unheard_traffic::LINT,
        &probe_unheard::LINT,
        &probe_unstated::LINT,
        &unreachable_listener::LINT,
        &container_port_in_rule::LINT,
        &ephemeral_port::LINT,
        &management_port_taken::LINT,
    ],
};
