//! Nodes, and what the nodes of a pool share.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{GroupId, Known, NodeId, PoolId, SubnetId, Traffic};
use crate::diagnostic::Span;
use crate::scalar::{Engine, Name, Os, Text};

/// Alike nodes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pool {
    /// Its name.
    pub name: Name,
    /// Its nodes, in the order of their index.
    pub nodes: Vec<NodeId>,
    /// The operating system.
    pub os: Os,
    /// The container engine.
    pub engine: Engine,
    /// The security groups that the nodes are in.
    pub groups: Vec<GroupId>,
    /// The interfaces towards the network.
    pub interfaces: Known<Vec<Name>>,
    /// The networks of the engine's own bridges.
    pub container_networks: Known<Vec<Ipv4Net>>,
    /// Networks whose hosts may open connections straight to containers' addresses.
    pub routed: Vec<Ipv4Net>,
    /// The provider's kind of machine.
    pub instance_type: Known<Name>,
    /// The root volume in GiB.
    pub root_volume: Known<u32>,
    /// Whether the nodes have public addresses.
    pub public_address: Known<bool>,
    /// What the nodes themselves connect to.
    pub traffic_to: Known<Vec<Traffic>>,
    /// What they are called in the documentation.
    pub title: Option<Text>,
    /// Where the document says it.
    pub span: Span,
}

/// A host.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Node {
    /// Its name.
    pub name: Name,
    /// The pool that it is of.
    pub pool: PoolId,
    /// Its position in the pool, counted from 1.
    pub index: usize,
    /// Its address; inside its subnet, and no other node's.
    pub address: Ipv4Addr,
    /// The subnet that its address lies in.
    pub subnet: SubnetId,
}
