//! The containers of a node's engine against those of the model: which there are, and which ports of the node they have.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::scalar::Protocol;
use crate::topology::{NodeId, Topology};

/// A container that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveContainer {
    /// Its name.
    pub name: String,
    /// Its image, as it was asked for.
    pub image: String,
    /// Whether it runs.
    pub running: bool,
    /// Ports of the node that lead to it.
    pub published: BTreeSet<Published>,
}

/// A port of a node that leads to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    /// The port on the node.
    pub host: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// The node's address that it is bound to; `None` is every one.
    pub address: Option<IpAddr>,
    /// The port in the container.
    pub container: u16,
}

/// In what the containers of a node differ from the model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContainerDifference {
    /// A container of the model does not exist.
    Missing(String),
    /// One exists that the model does not have, with these ports of the node.
    Unknown(String, BTreeSet<Published>),
    /// It does not run.
    Stopped(String),
    /// It runs another image: the name, the image, the model's.
    Image(String, String, String),
    /// It has ports of the node that the model does not give it.
    Publishes(String, BTreeSet<Published>),
    /// It lacks ports of the node that the model gives it.
    Lacks(String, BTreeSet<Published>),
}

/// Compares the containers of a node's engine with the model's.
#[must_use]
pub fn containers(topology: &Topology, node: NodeId, live: &[LiveContainer]) -> Vec<ContainerDifference> {
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for instance in topology.instances_on(node) {
        let name = topology.container_name(*instance).to_string();
        known.insert(name.clone());
        let service = &topology[topology[*instance].service];
        let Some(own) = live.iter().find(|one| one.name == name) else {
            found.push(ContainerDifference::Missing(name));
            continue;
        };
        if !own.running {
            found.push(ContainerDifference::Stopped(name.clone()));
        }
        if plain(&own.image) != plain(&service.image) {
            let (image, meant) = (own.image.clone(), service.image.clone());
            found.push(ContainerDifference::Image(name.clone(), image, meant));
        }
        let meant = service.publish.iter().flat_map(|publish| {
            let ports = publish.host.first()..=publish.host.last();
            ports.filter_map(|host| {
                let address = publish.address.filter(|address| !address.is_unspecified());
                let container = publish.container_port_of(host)?;
                Some(Published { host, protocol: publish.protocol, address, container })
            })
        });
        let meant: BTreeSet<Published> = meant.collect();
        let more: BTreeSet<Published> = own.published.difference(&meant).copied().collect();
        let less: BTreeSet<Published> = meant.difference(&own.published).copied().collect();
        if !more.is_empty() {
            found.push(ContainerDifference::Publishes(name.clone(), more));
        }
        if !less.is_empty() {
            found.push(ContainerDifference::Lacks(name, less));
        }
    }
    let unknown = live.iter().filter(|one| !known.contains(&one.name));
    found.extend(unknown.map(|one| ContainerDifference::Unknown(one.name.clone(), one.published.clone())));
    found
}

/// An image without what the engine adds to its name: the registry that it asks by default, and the tag `latest`.
fn plain(image: &str) -> &str {
    let image = image.strip_prefix("docker.io/").unwrap_or(image);
    let image = image.strip_prefix("library/").unwrap_or(image);
    image.strip_suffix(":latest").unwrap_or(image)
}
