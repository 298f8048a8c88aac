//! What only Rancher 1.0 and 1.1 need: the cluster manager's files, the database's, and rancher-compose's.
//!
//! Nothing is rendered for a topology of another kind.

mod rancher_compose;

use rancher_topology::topology::NodeId;
use serde::Serialize;

use super::{Context, Output, RenderError, Rendering};
use crate::template::Raw;

/// The `rancher` output.
#[derive(Debug)]
pub struct Rancher;

#[derive(Serialize)]
struct Server {
    node: String,
    size: usize,
    registration_url: String,
    database_host: String,
    database_port: u16,
    database_name: String,
    database_user: String,
    ports: Vec<(Raw, u16)>,
    address: Raw,
    image: String,
}

#[derive(Serialize)]
struct Database {
    database: String,
    host: String,
    port: u16,
    name: Raw,
    user: String,
    networks: Vec<String>,
}

impl Output for Rancher {
    fn name(&self) -> &'static str {
        "rancher"
    }

    fn cluster(&self, cx: &Context<'_>, out: &mut Rendering) -> Result<(), RenderError> {
        let topology = cx.topology;
        let Some(rancher) = &topology.rancher_1 else { return Ok(()) };
        let database = &topology[rancher.database];
        let view = Database {
            database: database.name.to_string(),
            host: database.host_name(&topology.network),
            port: database.port,
            name: Raw::name(&rancher.database_name),
            user: rancher.database_user.to_string(),
            networks: vec![host_pattern(topology.network.cidr)],
        };
        out.template(cx, "rancher/database.sql", "rancher/database.sql.j2", &view)?;
        rancher_compose::render(cx, rancher, out)
    }

    fn node(&self, cx: &Context<'_>, node: NodeId, out: &mut Rendering) -> Result<(), RenderError> {
        let topology = cx.topology;
        let Some(rancher) = &topology.rancher_1 else { return Ok(()) };
        if topology.instance_on(rancher.cluster_manager, node).is_none() {
            return Ok(());
        }
        let database = &topology[rancher.database];
        let view = Server {
            node: topology[node].name.to_string(),
            size: rancher.size(topology),
            registration_url: rancher.registration_url.to_string(),
            database_host: database.host_name(&topology.network),
            database_port: database.port,
            database_name: rancher.database_name.to_string(),
            database_user: rancher.database_user.to_string(),
            ports: rancher.ports(topology).into_iter().map(|(name, port)| (Raw::word(name), port)).collect(),
            address: Raw::number(topology[node].address),
            image: topology[rancher.cluster_manager].image.clone(),
        };
        let folder = format!("nodes/{}/rancher", topology[node].name);
        for file in ["server.conf", "agent.conf", "secrets.conf.example"] {
            out.template(cx, &format!("{folder}/{file}"), &format!("rancher/{file}.j2"), &view)?;
        }
        Ok(())
    }
}

/// A network as MariaDB's accounts take it: an address and a mask.
fn host_pattern(network: ipnet::Ipv4Net) -> String {
    format!("{}/{}", network.network(), network.netmask())
}
