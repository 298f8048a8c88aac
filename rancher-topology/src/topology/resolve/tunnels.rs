//! Meshes of tunnels: each becomes one service for every node of its pool.

use super::services::{active_passive, quorum};
use super::{MOST_INSTANCES, Party, Resolver};
use crate::diagnostic::Diagnostic;
use crate::document::{self, Naming, Restart, Spanned};
use crate::scalar::Name;
use crate::topology::{
    Known, Mesh, MeshId, Node, Pool, PoolId, Service, ServiceId, ServiceKind, ServiceNetwork,
};

impl Resolver<'_> {
    pub(super) fn meshes(
        &mut self,
        pools: &[Pool],
        nodes: &[Node],
        services: &mut Vec<Service>,
    ) -> Vec<Mesh> {
        let document = self.document;
        let mut meshes: Vec<Mesh> = Vec::new();
        let mut roles: indexmap::IndexMap<Name, Vec<ServiceId>> = indexmap::IndexMap::new();
        for (name, said) in &document.tunnels {
            let first = services.len();
            let Some(mesh) = self.mesh(MeshId(meshes.len()), name, said, pools, nodes, services) else {
                continue;
            };
            let ids: Vec<ServiceId> = (first..services.len()).map(ServiceId).collect();
            self.add_party(&name.value, name.span, Party::Services(ids.clone()));
            if let Some(role) = said.role.as_ref().filter(|role| role.value != name.value) {
                roles.entry(role.value.clone()).or_default().extend(&ids);
            }
            meshes.push(Mesh { services: ids, ..mesh });
        }
        for (role, ids) in roles {
            let span = services[ids[0].0].span;
            self.add_party(&role, span, Party::Services(ids));
        }
        meshes
    }

    #[expect(clippy::too_many_lines, reason = "one refusal after the other, then the services")]
    fn mesh(
        &mut self,
        id: MeshId,
        name: &Spanned<Name>,
        said: &document::Tunnel,
        pools: &[Pool],
        nodes: &[Node],
        services: &mut Vec<Service>,
    ) -> Option<Mesh> {
        let document = self.document;
        let carries = self.find("service", "services", &document.services, &said.carries).map(ServiceId)?;
        let carried = services[carries.0].clone();
        let namespace = match carried.network {
            ServiceNetwork::Of(owner) => owner,
            _ => carries,
        };
        let pool = PoolId(nodes.get(carried.placement.first()?.0)?.pool.0);
        let members = &pools[pool.0].nodes;
        if carried.placement != *members {
            self.error(
                Diagnostic::error(
                    "mesh-placement",
                    format!("`{}` does not run once on every node of one pool", carried.name),
                    said.carries.span,
                )
                .why("a tunnel's port follows from its node's position in the pool")
                .help("place the service on one whole pool, and leave `scale` out"),
            );
            return None;
        }
        let last = usize::from(said.port.value) + members.len() - 1;
        if said.port.value == 0 || last > usize::from(u16::MAX) {
            self.error(
                Diagnostic::error(
                    "mesh-ports",
                    format!("{} nodes from port {} on end at port {last}", members.len(), said.port.value),
                    said.port.span,
                )
                .why("ports are numbers from 1 to 65535, and each node has one of its own")
                .help(format!("begin with a port from 1 to {}", usize::from(u16::MAX) + 1 - members.len())),
            );
            return None;
        }
        self.instances = self.instances.saturating_add(members.len().saturating_mul(members.len()));
        if self.instances > MOST_INSTANCES {
            self.error(
                Diagnostic::error(
                    "instance-count",
                    format!(
                        "a mesh between {} nodes is {} tunnels",
                        members.len(),
                        members.len() * members.len()
                    ),
                    name.span,
                )
                .why(format!("a topology holds {MOST_INSTANCES} containers at most"))
                .help("carry the service between fewer nodes"),
            );
            return None;
        }
        let owner = &services[namespace.0];
        let Some(published) = owner.publish.iter().find_map(|publish| publish.host_port_of(said.entry.value))
        else {
            self.error(
                Diagnostic::error(
                    "mesh-entry",
                    format!("`{}` does not publish port {}", owner.name, said.entry.value),
                    said.entry.span,
                )
                .why("other nodes' tunnels come in through that port of the node")
                .help(format!("publish it: `{}:{}`", said.port.value, said.entry.value)),
            );
            return None;
        };
        let (key, command) = match (&said.key, said.command.is_empty()) {
            (None, false) => (None, said.command.0.clone()),
            (key, _) => {
                let key = key.as_ref().map_or("/key/key", |key| key.as_str()).to_owned();
                let own = ["spiped", "-F", "-k", &key].map(str::to_owned).to_vec();
                (Some(key), if said.command.is_empty() { own } else { said.command.0.clone() })
            }
        };
        let environment = self.environment(&said.environment, pools);
        for peer in members {
            services.push(Service {
                name: name.value.numbered('-', nodes[peer.0].index),
                role: said.role.as_ref().unwrap_or(name).value.clone(),
                kind: ServiceKind::Tunnel { mesh: id, peer: *peer },
                naming: Naming::Plain,
                command: command.clone(),
                network: if namespace == carries {
                    ServiceNetwork::Of(carries)
                } else {
                    carried.network.clone()
                },
                publish: Vec::new(),
                expose: Vec::new(),
                listen: Known::stated(Vec::new()),
                traffic_to: Vec::new(),
                after: Vec::new(),
                quorum: quorum(None),
                active_passive: active_passive(None),
                requires: Vec::new(),
                health: None,
                environment: environment.clone(),
                labels: said.labels.iter().map(|(key, value)| (key.value.clone(), value.clone())).collect(),
                privileged: false,
                stdin: false,
                restart: Known::assumed(Restart::default(), "a cluster's containers are to be there"),
                stated: said.stated.clone(),
                span: name.span,
                ..carried.clone()
            });
        }
        Some(Mesh {
            name: name.value.clone(),
            carries,
            namespace,
            pool,
            port: said.port.value,
            entry: said.entry.value,
            published,
            services: Vec::new(),
            key,
            span: name.span,
        })
    }
}
