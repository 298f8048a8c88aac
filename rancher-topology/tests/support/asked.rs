//! A topology with what its flows need compared with what its rules admit.

#![allow(clippy::unwrap_used)]

use rancher_topology::flow::FlowGraph;
use rancher_topology::policy::{Admission, SecurityPolicy};
use rancher_topology::{Topology, load};

pub(crate) struct Asked {
    pub(crate) topology: Topology,
    pub(crate) flows: FlowGraph,
    pub(crate) policy: SecurityPolicy,
    pub(crate) admission: Admission,
}

pub(crate) fn ask(text: &str) -> Asked {
    let topology = load(text).unwrap();
    let flows = FlowGraph::of(&topology);
    let policy = SecurityPolicy::of(&topology, &flows);
    let admission = Admission::of(&topology, &flows, &policy);
    Asked { topology, flows, policy, admission }
}
