//! What is rendered from the examples stands in the repository, to be read in a review.

#![allow(clippy::unwrap_used)]

mod support;

use rancher_gen::tree::check;
use support::examples::{AS_WRITTEN, HARDENED, rendered};
use support::tools::top;

#[test]
fn the_rendered_examples_are_current() {
    for (name, text) in [("as-written", AS_WRITTEN), ("hardened", HARDENED)] {
        let folder = top().join("examples/rancher-1-ha-aws/rendered").join(name);
        let differences = check(&rendered(text).tree, &folder, &|_, _| true).unwrap();
        let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{}\nwrite them anew with: examples/update", told.join("\n"));
    }
}
