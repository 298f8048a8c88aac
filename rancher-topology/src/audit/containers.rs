//! The containers of a node's engine against those of the model: which there are, which ports of the node they have, and in
//! whose network they are.
//!
//! A container in the node's own network publishes nothing, and is reached on every port that it listens on (Docker,
//! "Host network driver": `--publish` is discarded there).

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::scalar::Protocol;
use crate::topology::{NodeId, ServiceNetwork, Topology};

/// A container that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveContainer {
    /// Its name.
    pub name: String,
    /// Its image, as it was asked for.
    pub image: String,
    /// Whether it runs; `None` where it is not known.
    pub running: Option<bool>,
    /// Ports of the node that lead to it, or will when it runs; `None` where they are not known.
    pub published: Option<BTreeSet<Published>>,
    /// The network that it is in.
    pub network: LiveNetwork,
}

/// The network of a container that exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LiveNetwork {
    /// Networks of the engine, in a namespace of its own.
    Engine,
    /// The node's own.
    Node,
    /// That of the container of this name; of another one where the name is not known.
    Of(Option<String>),
    /// None at all.
    Nothing,
    /// It is not known.
    Unknown,
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
    /// One exists that the model does not have, with these ports of the node, in this network.
    Unknown(String, BTreeSet<Published>, LiveNetwork),
    /// It does not run.
    Stopped(String),
    /// It runs another image: the name, the image, the model's.
    Image(String, String, String),
    /// It is in another network: the name, the network, the model's.
    Network(String, LiveNetwork, LiveNetwork),
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
        if own.running == Some(false) {
            found.push(ContainerDifference::Stopped(name.clone()));
        }
        if plain(&own.image) != plain(&service.image) {
            let (image, meant) = (own.image.clone(), service.image.clone());
            found.push(ContainerDifference::Image(name.clone(), image, meant));
        }
        let meant = network_of(topology, node, &service.network);
        let is_same = match (&own.network, &meant) {
            (LiveNetwork::Unknown, _) | (LiveNetwork::Of(None), LiveNetwork::Of(_)) => true,
            // What makes an overlay may put its containers into it itself.
            (LiveNetwork::Nothing, LiveNetwork::Engine) => {
                matches!(service.network, ServiceNetwork::Overlays(_))
            }
            (live, meant) => live == meant,
        };
        if !is_same {
            found.push(ContainerDifference::Network(name.clone(), own.network.clone(), meant));
        }
        let Some(published) = &own.published else { continue };
        let meant = service.publish.iter().flat_map(|publish| {
            let ports = publish.host.first()..=publish.host.last();
            ports.filter_map(|host| {
                let address = publish.address.filter(|address| !address.is_unspecified());
                let container = publish.container_port_of(host)?;
                Some(Published { host, protocol: publish.protocol, address, container })
            })
        });
        let meant: BTreeSet<Published> = meant.collect();
        let more: BTreeSet<Published> = published.difference(&meant).copied().collect();
        let less: BTreeSet<Published> = meant.difference(published).copied().collect();
        if !more.is_empty() {
            found.push(ContainerDifference::Publishes(name.clone(), more));
        }
        if !less.is_empty() {
            found.push(ContainerDifference::Lacks(name, less));
        }
    }
    let unknown = live.iter().filter(|one| !known.contains(&one.name));
    found.extend(unknown.map(|one| {
        ContainerDifference::Unknown(
            one.name.clone(),
            one.published.clone().unwrap_or_default(),
            one.network.clone(),
        )
    }));
    found
}

fn network_of(topology: &Topology, node: NodeId, network: &ServiceNetwork) -> LiveNetwork {
    match network {
        ServiceNetwork::Bridge { .. } | ServiceNetwork::Overlays(_) => LiveNetwork::Engine,
        ServiceNetwork::Host => LiveNetwork::Node,
        ServiceNetwork::Of(owner) => {
            let owner = topology.instance_on(*owner, node);
            LiveNetwork::Of(owner.map(|owner| topology.container_name(owner).to_string()))
        }
    }
}

/// An image without what the engine adds to its name: the registry that it asks by default, and the tag `latest`.
fn plain(image: &str) -> &str {
    let image = image.strip_prefix("docker.io/").unwrap_or(image);
    let image = image.strip_prefix("library/").unwrap_or(image);
    image.strip_suffix(":latest").unwrap_or(image)
}
