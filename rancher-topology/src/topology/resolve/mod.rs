//! From the document to the topology: names become handles, defaults are filled in, and what cannot be is refused.
//!
//! Every part goes on after a mistake, so that one run reports them all.

mod assertions;
mod aws;
mod carried;
mod entry;
mod network;
mod nodes;
mod rancher;
mod secret;
mod services;
mod traffic;
mod tunnels;

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{
    DatabaseId, GroupId, Instance, InstanceId, LoadBalancerId, NodeId, PoolId, ServiceId, SubnetId, Topology,
};
use crate::diagnostic::{Diagnostic, MOST_MISTAKES, Span, nearest};
use crate::document::{Document, Lost, Named, Spanned};
use crate::scalar::Name;

/// The most instances that a topology may have.
///
/// A mesh of tunnels grows with the square of its nodes; ten thousand nodes would be four hundred million containers.
pub(crate) const MOST_INSTANCES: usize = 2_000_000;

/// What resolving a document came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Resolution {
    /// The topology; `None` when something in it cannot be as it is written. What a provider refuses can.
    pub topology: Option<Topology>,
    /// Everything that is refused, in the order of the document.
    pub refused: Vec<Diagnostic>,
}

/// Resolves a document. What follows only from what reading has `lost` is not reported.
#[must_use]
pub fn resolve(document: &Document, lost: &Lost) -> Resolution {
    let mut resolver = Resolver::new(document, lost);
    let topology = resolver.topology();
    let mut refused = resolver.diagnostics;
    let is_whole = refused.is_empty();
    aws::refuse(document, &topology, lost, &mut refused);
    refused.sort_by_key(|d| d.labels.first().map(|label| label.span));
    // What an alias repeats is wrong in one place.
    let mut told = BTreeSet::new();
    refused.retain(|d| told.insert((d.id, d.message.clone(), d.labels.first().map(|label| label.span))));
    Resolution { topology: is_whole.then_some(topology), refused }
}

/// What a name of a connection or a starter may point at.
#[derive(Debug, Clone)]
enum Party {
    Services(Vec<ServiceId>),
    Database(DatabaseId),
    LoadBalancer(LoadBalancerId),
    Pool(PoolId),
}

struct Resolver<'d> {
    document: &'d Document,
    lost: &'d Lost,
    diagnostics: Vec<Diagnostic>,
    /// Instances that were counted before they are made.
    instances: usize,
    /// Pools and single nodes by name.
    nodes_named: IndexMap<Name, Vec<NodeId>>,
    /// What can be connected to, by name.
    parties: IndexMap<Name, (Party, Span)>,
}

impl<'d> Resolver<'d> {
    fn new(document: &'d Document, lost: &'d Lost) -> Self {
        Self {
            document,
            lost,
            diagnostics: Vec::new(),
            instances: 0,
            nodes_named: IndexMap::new(),
            parties: IndexMap::new(),
        }
    }

    fn topology(&mut self) -> Topology {
        let document = self.document;
        let (network, subnets) = self.network();
        let (pools, nodes) = self.nodes(&network, &subnets);
        self.collect_parties();
        let groups = self.groups(&pools);
        let mut services = self.services(&pools, &nodes);
        let meshes = self.meshes(&pools, &nodes, &mut services);
        let overlays = self.overlays();
        let starters = self.starters();
        let databases = self.databases(&subnets, nodes.len());
        let load_balancers = self.load_balancers(&subnets);
        let mut topology = Topology {
            name: document.name.value.clone(),
            title: document.title.as_ref().map(|title| title.value.clone()),
            network,
            subnets,
            overlays,
            pools,
            nodes,
            groups,
            databases,
            load_balancers,
            starters,
            services,
            meshes,
            instances: Vec::new(),
            rancher_1: None,
            assertions: Vec::new(),
            instances_of_nodes: Vec::new(),
            first_instances: Vec::new(),
        };
        self.traffic(&mut topology);
        self.populate(&mut topology);
        self.namespaces(&topology);
        self.carried(&topology);
        if let Some(said) = &document.rancher_1 {
            topology.rancher_1 = self.rancher_1(said, &topology);
        }
        topology.assertions = self.assertions(&topology);
        topology
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn has_lost(&self, section: &str) -> bool {
        self.lost.names.iter().any(|lost| lost == section)
    }

    /// The position of a name among the things of a section, or a word on what is wrong with it.
    fn find<T>(
        &mut self,
        what: &str,
        section: &str,
        things: &Named<T>,
        name: &Spanned<Name>,
    ) -> Option<usize> {
        let found = things.get_index_of(name);
        if found.is_none() {
            self.dangling(what, &[section], name, things.keys().map(|key| key.value.as_str()));
        }
        found
    }

    /// Reports a name that points at nothing.
    fn dangling<'n>(
        &mut self,
        what: &str,
        sections: &[&str],
        name: &Spanned<Name>,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        if sections.iter().any(|section| self.has_lost(section)) || self.diagnostics.len() >= MOST_MISTAKES {
            return;
        }
        let help = match nearest(name, known.clone()) {
            _ if sections == ["security-groups"] && means_everybody(name) => {
                "for everybody, write `internet`".to_owned()
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => match known.take(12).map(|name| format!("`{name}`")).collect::<Vec<_>>() {
                names if names.is_empty() => format!("there is none yet: add it under `{}`", sections[0]),
                names => format!("there are: {}", names.join(", ")),
            },
        };
        self.error(
            Diagnostic::error(
                "unknown-name",
                format!("there is no {what} called `{}`", name.value),
                name.span,
            )
            .help(help),
        );
    }

    fn subnet(&mut self, name: &Spanned<Name>) -> Option<SubnetId> {
        let document = self.document;
        self.find("subnet", "network", &document.network.subnets, name).map(SubnetId)
    }

    fn group(&mut self, name: &Spanned<Name>) -> Option<GroupId> {
        let document = self.document;
        self.find("security group", "security-groups", &document.security_groups, name).map(GroupId)
    }

    fn group_list(&mut self, names: &[Spanned<Name>]) -> Vec<GroupId> {
        names.iter().filter_map(|name| self.group(name)).collect()
    }

    /// The nodes of pools and single nodes, each once, in the order of the topology.
    fn node_list(&mut self, names: &[Spanned<Name>]) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        for name in names {
            if let Some(found) = self.nodes_named.get(&name.value) {
                nodes.extend(found);
            } else {
                let known: Vec<String> = self.nodes_named.keys().map(ToString::to_string).collect();
                self.dangling("pool or node", &["nodes"], name, known.iter().map(String::as_str));
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Makes the instances of every service.
    fn populate(&mut self, topology: &mut Topology) {
        let count: usize = topology.services.iter().map(|service| service.placement.len()).sum();
        if count > MOST_INSTANCES {
            let span = topology.meshes.first().map_or(self.document.name.span, |mesh| mesh.span);
            self.error(
                Diagnostic::error("instance-count", format!("this makes {count} containers"), span)
                    .why(format!("a topology holds {MOST_INSTANCES} at most; a mesh of tunnels has as many as the square of its nodes"))
                    .help("carry the mesh between fewer nodes"),
            );
            topology.services.iter_mut().for_each(|service| service.placement.clear());
        }
        topology.instances_of_nodes = vec![Vec::new(); topology.nodes.len()];
        for (position, service) in topology.services.iter().enumerate() {
            topology.first_instances.push(topology.instances.len());
            for (number, node) in service.placement.iter().enumerate() {
                topology.instances_of_nodes[node.0].push(InstanceId(topology.instances.len()));
                topology.instances.push(Instance {
                    service: ServiceId(position),
                    node: *node,
                    number: number + 1,
                });
            }
        }
    }
}

/// Whether a word is what other tools call everybody.
fn means_everybody(name: &Name) -> bool {
    let words = ["internet", "any", "anywhere", "all", "world", "everyone", "everybody", "public"];
    words.contains(&name.to_ascii_lowercase().as_str())
}
