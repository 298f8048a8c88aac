//! Databases: an RDS instance each, with its subnet group and its parameters.

use rancher_topology::policy::Member;
use rancher_topology::topology::{DatabaseId, Origin};
use serde::Serialize;

use super::assumed::{Assumed, assumed};
use super::label::label;
use super::{groups_of, heading, names_of};
use crate::output::Context;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Database {
    label: Raw,
    name: String,
    heading: String,
    stated: String,
    observed: Option<String>,
    host_name: String,
    /// The name in small letters, as RDS keeps it, and what is called after it.
    identifier: String,
    subnet_group: String,
    prefix: String,
    product: &'static str,
    line: String,
    family: String,
    port: u16,
    instance_type: String,
    storage: u32,
    max_connections: String,
    character_set: String,
    standby: bool,
    subnets: Vec<String>,
    groups: Vec<Raw>,
    assumed: Vec<Assumed>,
}

pub(super) fn view(cx: &Context<'_>, id: DatabaseId) -> Database {
    let topology = cx.topology;
    let database = &topology[id];
    let engine = &*database.create_as;
    let line = format!("{}.{}", engine.version.major(), engine.version.minor());
    let identifier = database.name.to_ascii_lowercase();
    Database {
        label: label(&database.name),
        name: database.name.to_string(),
        heading: heading(&database.name, database.title.as_ref()),
        stated: database.engine.to_string(),
        observed: database.observed_address.map(|address| address.to_string()),
        host_name: database.host_name(&topology.network),
        subnet_group: format!("{identifier}-subnets"),
        prefix: format!("{identifier}-"),
        identifier,
        product: engine.product,
        family: format!("{}{line}", engine.product),
        line,
        port: database.port,
        instance_type: database.instance_type.to_string(),
        storage: *database.storage,
        max_connections: database.max_connections.to_string(),
        character_set: database.character_set.to_string(),
        standby: *database.standby,
        subnets: names_of(topology, &database.subnets),
        groups: groups_of(cx, Member::Database(id)),
        assumed: assumed([
            // The stated version, where RDS still makes it, is no assumption.
            (
                "engine_version",
                if *engine == database.engine { Origin::Stated } else { database.create_as.origin },
            ),
            ("instance_class", database.instance_type.origin),
            ("allocated_storage", database.storage.origin),
            ("multi_az", database.standby.origin),
            ("subnet_ids", database.subnets.origin),
            ("max_connections", database.max_connections.origin),
            ("character_set_server", database.character_set.origin),
        ]),
    }
}
