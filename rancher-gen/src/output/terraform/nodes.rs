//! The nodes: one resource for each pool, one short line for each node.

use rancher_topology::policy::Member;
use rancher_topology::topology::PoolId;
use serde::Serialize;

use super::label::{label, raw};
use super::{Taken, groups, image};
use crate::output::Context;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Pool {
    name: String,
    label: Raw,
    title: Option<String>,
    os: &'static str,
    image: image::Image,
    instance_type: Taken<String>,
    root_volume: Taken<u32>,
    public_address: Taken<bool>,
    groups: Vec<Raw>,
    nodes: Vec<Node>,
}

impl Pool {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

#[derive(Serialize)]
struct Node {
    /// Quoted: a name may begin with a digit, or hold a dot.
    name: String,
    address: String,
    subnet: Raw,
}

pub(super) fn views(cx: &Context<'_>) -> Vec<Pool> {
    cx.topology.pool_ids().map(|id| view(cx, id)).collect()
}

fn view(cx: &Context<'_>, id: PoolId) -> Pool {
    let topology = cx.topology;
    let pool = &topology[id];
    let node = |id: &rancher_topology::topology::NodeId| {
        let node = &topology[*id];
        Node {
            name: node.name.to_string(),
            address: node.address.to_string(),
            subnet: raw(&label(&topology[node.subnet].name)),
        }
    };
    Pool {
        name: pool.name.to_string(),
        label: raw(&label(&pool.name)),
        title: pool.title.as_ref().map(ToString::to_string),
        os: pool.os.title(),
        image: image::of(pool.os),
        instance_type: Taken::of(&pool.instance_type, ToString::to_string),
        root_volume: Taken::of(&pool.root_volume, |size| *size),
        public_address: Taken::of(&pool.public_address, |public| *public),
        groups: groups::of(cx, Member::Pool(id)),
        nodes: pool.nodes.iter().map(node).collect(),
    }
}
