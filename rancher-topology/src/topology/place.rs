//! What a word means that names an end of traffic: a thing of the topology, the internet, or addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{DatabaseId, InstanceId, LoadBalancerId, NodeId, PoolId, ServiceId, ServiceKind, Topology};
use crate::diagnostic::nearest;

/// An end of traffic that a word names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Public addresses that are not the network's.
    Internet,
    /// A range of addresses.
    Network(IpNet),
    /// A node itself.
    Node(NodeId),
    /// The nodes of a pool.
    Pool(PoolId),
    /// Every instance of a service.
    Service(ServiceId),
    /// One container of a service.
    Instance(InstanceId),
    /// A load balancer.
    LoadBalancer(LoadBalancerId),
    /// A database.
    Database(DatabaseId),
}

/// Why a word names no end of traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoPlace {
    /// Nothing is called so. The nearest name, if one is near.
    Unknown(Option<String>),
    /// It looks like an address or a network, and is none.
    NoAddress,
    /// Things of several kinds are called so; how to write each.
    Several(Vec<String>),
    /// A tunnel: who uses it is asked about, not the tunnel itself. The service that it carries.
    Tunnel(String),
    /// Nothing of that name is on that node; the nodes that it is on, as words that can be written.
    Elsewhere(Vec<String>),
}

impl NoPlace {
    /// It in words, of the word that was asked for.
    #[must_use]
    pub fn of(&self, word: &str) -> String {
        match self {
            Self::Unknown(_) => format!("there is nothing called `{word}`"),
            Self::NoAddress => format!("`{word}` is no address, and no network"),
            Self::Several(_) => format!("`{word}` is several things"),
            Self::Tunnel(_) => format!("`{word}` is a tunnel"),
            Self::Elsewhere(words) if words.is_empty() => format!("`{word}` names no container"),
            Self::Elsewhere(_) => format!("there is no `{word}`"),
        }
    }
}

impl Topology {
    /// What a word means: `internet`, an address, a CIDR, a pool, a node, a service, a role (each service of it), a database,
    /// a load balancer, a container, or what is on a node: `zookeeper@mgmt-host-2`. `service:NAME`, `node:NAME` and so on
    /// tell apart what has one name.
    ///
    /// # Errors
    /// When it names nothing, or things of several kinds.
    pub fn places_named(&self, word: &str) -> Result<Vec<Place>, NoPlace> {
        if word == "internet" {
            return Ok(vec![Place::Internet]);
        }
        if let Ok(address) = word.parse::<IpAddr>() {
            return Ok(vec![Place::Network(address.into())]);
        }
        if let Ok(network) = word.parse::<IpNet>() {
            return Ok(vec![Place::Network(network.trunc())]);
        }
        match word.rsplit_once('@') {
            Some(("internet", _)) => Err(NoPlace::Elsewhere(Vec::new())),
            Some((what, node)) => self.on_node(what, node),
            None => self.named(word).map_err(|wrong| match wrong {
                NoPlace::Unknown(_) if is_like_address(word) => NoPlace::NoAddress,
                wrong => wrong,
            }),
        }
    }

    fn on_node(&self, what: &str, node: &str) -> Result<Vec<Place>, NoPlace> {
        let Some(id) = self.node_named(node) else {
            let near = nearest(node, self.nodes.iter().map(|node| node.name.as_str()));
            return Err(NoPlace::Unknown(near.map(|near| format!("{what}@{near}"))));
        };
        let named = self.named(what).map_err(|wrong| match wrong {
            NoPlace::Unknown(near) => NoPlace::Unknown(near.map(|near| format!("{near}@{node}"))),
            NoPlace::Several(names) => {
                NoPlace::Several(names.into_iter().map(|name| format!("{name}@{node}")).collect())
            }
            other => other,
        })?;
        let instances: Vec<InstanceId> = named
            .into_iter()
            .flat_map(|place| match place {
                Place::Service(service) => self.instances_of(service).collect(),
                Place::Instance(instance) => vec![instance],
                _ => Vec::new(),
            })
            .collect();
        let here: Vec<Place> = instances
            .iter()
            .filter(|instance| self[**instance].node == id)
            .map(|instance| Place::Instance(*instance))
            .collect();
        if here.is_empty() {
            let mut nodes: Vec<NodeId> = instances.iter().map(|instance| self[*instance].node).collect();
            nodes.sort_unstable();
            nodes.dedup();
            let words = nodes.iter().take(3).map(|node| format!("{what}@{}", self[*node].name));
            return Err(NoPlace::Elsewhere(words.collect()));
        }
        Ok(here)
    }

    fn named(&self, word: &str) -> Result<Vec<Place>, NoPlace> {
        let all = self.all_places();
        let (kind, name) = match word.split_once(':') {
            Some((kind, name)) if all.iter().any(|(own, ..)| *own == kind) => (Some(kind), name),
            _ => (None, word),
        };
        let mut found: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
        for (own, called, place) in &all {
            if called == name && kind.is_none_or(|kind| kind == *own) {
                found.entry(own).or_default().push(*place);
            }
        }
        // A pool of one node, and a service with one container, are the same by both names.
        if found.contains_key("pool") {
            found.remove("node");
        }
        if found.contains_key("service") {
            found.remove("container");
        }
        let kinds: Vec<&str> = found.keys().copied().collect();
        match kinds.as_slice() {
            [] => {
                let tunnel = self.meshes.iter().find(|mesh| {
                    mesh.name.as_str() == name
                        || mesh
                            .services
                            .iter()
                            .any(|id| self[*id].name.as_str() == name || self[*id].role.as_str() == name)
                });
                if let Some(mesh) = tunnel {
                    return Err(NoPlace::Tunnel(self[mesh.carries].name.to_string()));
                }
                let known = all.iter().map(|(_, called, _)| called.as_str()).chain(["internet"]);
                Err(NoPlace::Unknown(nearest(name, known).map(str::to_owned)))
            }
            [kind] => {
                let mut places = found.remove(kind).unwrap_or_default();
                places.sort_unstable();
                places.dedup();
                Ok(places)
            }
            several => Err(NoPlace::Several(several.iter().map(|kind| format!("{kind}:{name}")).collect())),
        }
    }

    /// Every name of an end of traffic, with its kind.
    fn all_places(&self) -> Vec<(&'static str, String, Place)> {
        let mut all = Vec::new();
        let mut add = |kind, name: &dyn ToString, place| all.push((kind, name.to_string(), place));
        for id in self.pool_ids() {
            add("pool", &self[id].name, Place::Pool(id));
        }
        for id in self.node_ids() {
            add("node", &self[id].name, Place::Node(id));
        }
        for id in self.database_ids() {
            add("database", &self[id].name, Place::Database(id));
        }
        for id in self.load_balancer_ids() {
            add("load-balancer", &self[id].name, Place::LoadBalancer(id));
        }
        for id in self.service_ids().filter(|id| self[*id].kind == ServiceKind::Declared) {
            let service = &self[id];
            add("service", &service.name, Place::Service(id));
            if service.role != service.name {
                add("service", &service.role, Place::Service(id));
            }
            if service.naming == crate::document::Naming::Numbered {
                for instance in self.instances_of(id) {
                    add("container", &self.container_name(instance), Place::Instance(instance));
                }
            }
        }
        all
    }
}

/// Whether somebody meant an address.
fn is_like_address(word: &str) -> bool {
    let is_one = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/' | '-');
    let begins = word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(['.', ':']);
    (begins || word.matches(':').count() > 1) && word.chars().all(is_one)
}
