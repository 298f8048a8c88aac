//! Databases: RDS instances with their subnets and parameters.

use rancher_topology::policy::Member;
use rancher_topology::topology::DatabaseId;
use serde::Serialize;

use super::label::{label, raw};
use super::{Taken, groups};
use crate::output::Context;
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Database {
    /// RDS writes identifiers in lower case, and the provider refuses others.
    identifier: String,
    prefix: String,
    label: Raw,
    title: Option<String>,
    stated_engine: String,
    observed_address: Option<String>,
    product: &'static str,
    version: Taken<String>,
    /// The parameter group's family: the product and its major line.
    family: String,
    port: u16,
    instance_type: Taken<String>,
    storage: Taken<u32>,
    max_connections: Taken<String>,
    character_set: Taken<String>,
    standby: Taken<bool>,
    subnets: Taken<Vec<Raw>>,
    groups: Vec<Raw>,
    host_name: String,
}

pub(super) fn views(cx: &Context<'_>) -> Vec<Database> {
    cx.topology.database_ids().map(|id| view(cx, id)).collect()
}

fn view(cx: &Context<'_>, id: DatabaseId) -> Database {
    let topology = cx.topology;
    let database = &topology[id];
    let engine = &database.create_as;
    Database {
        identifier: database.name.to_ascii_lowercase(),
        prefix: format!("{}-", database.name.to_ascii_lowercase()),
        label: raw(&label(&database.name)),
        title: database.title.as_ref().map(ToString::to_string),
        stated_engine: database.engine.to_string(),
        observed_address: database.observed_address.map(|address| address.to_string()),
        product: engine.product,
        version: Taken::of(engine, |engine| engine.version.to_string()),
        family: format!("{}{}.{}", engine.product, engine.version.major(), engine.version.minor()),
        port: database.port,
        instance_type: Taken::of(&database.instance_type, ToString::to_string),
        storage: Taken::of(&database.storage, |size| *size),
        max_connections: Taken::of(&database.max_connections, ToString::to_string),
        character_set: Taken::of(&database.character_set, ToString::to_string),
        standby: Taken::of(&database.standby, |standby| *standby),
        subnets: Taken::of(&database.subnets, |ids| {
            ids.iter().map(|id| raw(&label(&topology[*id].name))).collect()
        }),
        groups: groups::of(cx, Member::Database(id)),
        host_name: database.host_name(&topology.network),
    }
}
