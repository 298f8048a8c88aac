//! Meshes of tunnels: a service's port, carried between all nodes of its pool.

mod mesh_entry;
mod mesh_placement;
mod mesh_ports;

use super::Family;

/// Lints about meshes of tunnels.
pub const FAMILY: Family = Family {
    name: "Meshes of tunnels",
    lints: &[&mesh_placement::LINT, &mesh_ports::LINT, &mesh_entry::LINT],
};
