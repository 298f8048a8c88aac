//! Lints that hold for Rancher 1.0 and 1.1 with its cluster manager only.

/// An example: what switches this set on, and what the example says. [`super::REST`] is the rest.
macro_rules! example {
    ($($text:literal),* $(,)?) => {
        concat!(
            "rancher-1:\n",
            "  cluster-manager: rancher-ha\n",
            "  database: db\n",
            "  load-balancer: front\n",
            "  registration-url: https://rancher.example.com\n",
            $($text),*
        )
    };
}

mod cluster;
mod database;
mod entry;
mod node;
mod size;
mod stack;
mod version;

use cluster::{Cluster, at_all, with_spare_rules};

use crate::lint::Family;

/// The families of the set.
pub(super) const FAMILIES: &[Family] =
    &[size::FAMILY, version::FAMILY, entry::FAMILY, database::FAMILY, node::FAMILY, stack::FAMILY];
