//! The nodes of a pool: one block, and a line for each node.

use rancher_topology::policy::Member;
use rancher_topology::topology::PoolId;
use serde::Serialize;

use super::assumed::{Assumed, assumed};
use super::image::{Image, image};
use super::label::{aligned, label};
use super::{groups_of, heading};
use crate::output::Context;
use crate::quote::Unquotable;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Pool {
    topology: String,
    name: String,
    label: Raw,
    heading: String,
    os: &'static str,
    image: Image,
    instance_type: String,
    root_volume: u32,
    public: bool,
    /// Whether packets come for containers' own addresses.
    routed: bool,
    groups: Vec<Raw>,
    assumed: Vec<Assumed>,
    nodes: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    key: Raw,
    subnet: String,
    address: String,
}

impl Pool {
    /// Whether the image may not be found.
    pub(super) const fn image_may_be_withdrawn(&self) -> bool {
        self.image.may_be_withdrawn()
    }
}

pub(super) fn pool(cx: &Context<'_>, id: PoolId) -> Result<Pool, Unquotable> {
    let topology = cx.topology;
    let pool = &topology[id];
    let keys = aligned(pool.nodes.iter().map(|node| topology[*node].name.as_str()))?;
    let rows = keys.into_iter().zip(&pool.nodes).map(|(key, node)| Row {
        key,
        subnet: topology[topology[*node].subnet].name.to_string(),
        address: topology[*node].address.to_string(),
    });
    Ok(Pool {
        topology: topology.name.to_string(),
        name: pool.name.to_string(),
        label: label(&pool.name),
        heading: heading(&pool.name, pool.title.as_ref()),
        os: pool.os.title(),
        image: image(pool.os, &pool.instance_type),
        instance_type: pool.instance_type.to_string(),
        root_volume: *pool.root_volume,
        public: *pool.public_address,
        routed: !pool.routed.is_empty(),
        groups: groups_of(cx, Member::Pool(id)),
        assumed: assumed([
            ("instance_type", pool.instance_type.origin),
            ("volume_size", pool.root_volume.origin),
            ("associate_public_ip_address", pool.public_address.origin),
        ]),
        nodes: rows.collect(),
    })
}
