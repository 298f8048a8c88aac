//! The network, its subnets, and what every file begins with.

use rancher_topology::Topology;
use serde::Serialize;

use super::label::{label, raw};
use crate::template::Raw;

#[derive(Serialize)]
pub(super) struct Network {
    topology: String,
    name: String,
    cidr: String,
    region: String,
    domain: String,
    subnets: Vec<Subnet>,
}

#[derive(Serialize)]
struct Subnet {
    label: Raw,
    name: String,
    cidr: String,
    zone: Option<String>,
    assumed: Option<String>,
}

pub(super) fn view(topology: &Topology) -> Network {
    let subnet = |subnet: &rancher_topology::topology::Subnet| Subnet {
        label: raw(&label(&subnet.name)),
        name: subnet.name.to_string(),
        cidr: subnet.cidr.to_string(),
        zone: subnet.zone.as_ref().map(ToString::to_string),
        assumed: subnet.assumed.as_ref().map(ToString::to_string),
    };
    Network {
        topology: topology.name.to_string(),
        name: topology.network.name.to_string(),
        cidr: topology.network.cidr.to_string(),
        // Resolving made sure that the zones of a network of AWS are in a region.
        region: topology.region().unwrap_or_default().to_owned(),
        domain: topology.network.domain(),
        subnets: topology.subnets.iter().map(subnet).collect(),
    }
}
