//! Ways in: rules, load balancers' listeners, and the ports of connections.

mod duplicate_listener;
mod listener_certificate;
mod listener_protocols;
mod missing_port;
mod no_listener;
mod no_peer;
mod no_such_listener;

use super::Family;

/// Lints about rules, listeners and the ports of connections.
pub const FAMILY: Family = Family {
    name: "Ways in",
    lints: &[
        &no_peer::LINT,
        &missing_port::LINT,
        &no_such_listener::LINT,
        &no_listener::LINT,
        &listener_certificate::LINT,
        &duplicate_listener::LINT,
        &listener_protocols::LINT,
    ],
};
