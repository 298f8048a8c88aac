//! Images: which version of a program runs, and what its containers may do to the node.

mod docker_socket;
mod engine_version;
mod mixed_image_versions;
mod unpinned_image;

use super::Family;

/// Lints about images and versions.
pub const FAMILY: Family = Family {
    name: "Images and versions",
    lints: &[&unpinned_image::LINT, &mixed_image_versions::LINT, &docker_socket::LINT, &engine_version::LINT],
};
