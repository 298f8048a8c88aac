//! The example topologies, changed ones, and what is rendered from them.

use std::path::Path;

use rancher_gen::output::{Rendered, Selection, render_report};
use rancher_gen::template::Templates;
use rancher_gen::tree::Tree;
use rancher_topology::{Topology, load, validate};

pub const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
pub const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");

#[track_caller]
pub fn topology(text: &str) -> Topology {
    load(text).unwrap_or_else(|all| {
        let told = all.iter().map(|d| format!("{}: {} {:?}", d.id, d.message, d.labels));
        panic!("{}", told.collect::<Vec<_>>().join("\n"))
    })
}

#[track_caller]
pub fn rendered(text: &str) -> Rendered {
    let rendered = render_report(&validate(text), &Templates::embedded(), &Selection::default()).unwrap();
    rendered.unwrap_or_else(|| panic!("{:?}", topology(text)))
}

/// The contents of a file of the tree.
#[track_caller]
pub fn file<'t>(tree: &'t Tree, path: &str) -> &'t str {
    &tree.get(path).unwrap_or_else(|| panic!("{path} is not rendered")).contents
}

/// Puts a tree on a disk.
#[track_caller]
pub fn onto(tree: &Tree, out: &Path) {
    super::tree::put(tree, out).unwrap();
}
