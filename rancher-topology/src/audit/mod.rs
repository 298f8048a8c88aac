//! What exists in the world against the model: where the two differ, for certain or possibly.
//!
//! Each kind of thing has its own comparison and its own answer. Nothing here reads a text or says how bad an answer is.

mod containers;
mod groups;
mod host;
mod resources;

pub use containers::{ContainerDifference, LiveContainer, LiveNetwork, Published, containers};
pub use groups::{
    DifferentPeer, GroupDifference, GroupsAudit, LiveGroup, LivePeer, LiveRule, all_ports, groups,
};
pub use host::{Addresses, HostAudit, HostDifference, NeededBy, Unneeded, assumed_interfaces, host};
pub use resources::{
    Destination, Fact, Item, LiveResource, ResourceDifference, ResourceKind, ResourcesAudit, Route, Value,
    Way, resources,
};
