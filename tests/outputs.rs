//! What holds for every output: the same bytes each time, and no path twice.

#![allow(clippy::unwrap_used)]

mod support;

use support::examples::{AS_WRITTEN, HARDENED, rendered};

#[test]
fn the_same_topology_gives_the_same_bytes() {
    for text in [AS_WRITTEN, HARDENED] {
        assert_eq!(rendered(text).tree, rendered(text).tree);
    }
}
