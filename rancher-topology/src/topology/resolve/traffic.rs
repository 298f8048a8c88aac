//! Who connects to whom, and what is started before what: everything that needs all services to be known.

use super::{Party, Resolver};
use crate::diagnostic::Diagnostic;
use crate::document::{self, Scope, Spanned};
use crate::scalar::{Connection, Name, PortRange, Ports, Protocol};
use crate::topology::{
    Destination, Known, Required, Requirement, ServiceId, ServiceNetwork, Topology, Traffic,
};

impl Resolver<'_> {
    pub(super) fn traffic(&mut self, topology: &mut Topology) {
        let document = self.document;
        for (position, said) in document.services.values().enumerate() {
            topology.services[position].traffic_to = self.connections(topology, &said.traffic_to);
            topology.services[position].after = self.started_before(&said.after);
            topology.services[position].requires =
                said.requires.iter().filter_map(|name| self.requirement(name)).collect();
        }
        for (position, said) in document.tunnels.values().enumerate() {
            let after = self.started_before(&said.after);
            let Some(mesh) = topology.meshes.get(position) else { break };
            for service in mesh.services.clone() {
                topology.services[service.0].after.clone_from(&after);
            }
        }
        for (position, said) in document.nodes.values().enumerate() {
            let stated = said.traffic_to.as_ref().map(|list| self.connections(topology, list));
            topology.pools[position].traffic_to =
                Known::or(stated, node_traffic, "images and packages over HTTP and HTTPS, and time over NTP");
        }
        self.refuse_circles(topology);
    }

    fn started_before(&mut self, names: &[Spanned<Name>]) -> Vec<ServiceId> {
        let mut ids: Vec<ServiceId> = names.iter().flat_map(|name| self.services_named(name)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn requirement(&mut self, name: &Spanned<Name>) -> Option<Requirement> {
        let what = match self.parties.get(&name.value) {
            Some((Party::Services(ids), _)) => Required::Services(ids.clone()),
            Some((Party::Database(id), _)) => Required::Database(*id),
            Some((Party::LoadBalancer(id), _)) => Required::LoadBalancer(*id),
            Some((Party::Pool(_), span)) => {
                let span = *span;
                self.error(
                    Diagnostic::error("required-pool", format!("`{}` is a pool", name.value), name.span)
                        .also(span, "stated here")
                        .why("a service does not lack a pool: its instances are down where their node is")
                        .help("name the service that it needs there"),
                );
                return None;
            }
            None => {
                let parties = self.parties.iter().filter(|(_, (party, _))| !matches!(party, Party::Pool(_)));
                let known: Vec<String> = parties.map(|(name, _)| name.to_string()).collect();
                self.dangling(
                    "service, role, database or load balancer",
                    &["services", "tunnels", "databases", "load-balancers"],
                    name,
                    known.iter().map(String::as_str),
                );
                return None;
            }
        };
        Some(Requirement { word: name.value.clone(), what, span: name.span })
    }

    fn connections(&mut self, topology: &Topology, said: &[Spanned<document::TrafficTo>]) -> Vec<Traffic> {
        said.iter().filter_map(|traffic| self.connection(topology, traffic)).collect()
    }

    fn connection(&mut self, topology: &Topology, said: &Spanned<document::TrafficTo>) -> Option<Traffic> {
        let through = match &said.through {
            Some(through) => Some(self.through(topology, through)?),
            None => None,
        };
        let to = self.destination(&Spanned::new(said.to.to.clone(), said.span))?;
        if matches!(to, Destination::Internet | Destination::Pool(_)) && said.to.ports.is_none() {
            self.error(
                Diagnostic::error("missing-port", format!("which ports of `{}`?", said.to.to), said.span)
                    .help(format!("write `{}:443`", said.to.to)),
            );
            return None;
        }
        Some(Traffic {
            word: said.to.to.clone(),
            to,
            ports: said.to.ports,
            through,
            scope: said.scope,
            span: said.span,
        })
    }

    fn destination(&mut self, name: &Spanned<Name>) -> Option<Destination> {
        if name.as_str() == "internet" {
            return Some(Destination::Internet);
        }
        match self.parties.get(&name.value) {
            Some((Party::Services(ids), _)) => Some(Destination::Services(ids.clone())),
            Some((Party::Database(id), _)) => Some(Destination::Database(*id)),
            Some((Party::LoadBalancer(id), _)) => Some(Destination::LoadBalancer(*id)),
            Some((Party::Pool(id), _)) => Some(Destination::Pool(*id)),
            None => {
                let known: Vec<String> =
                    self.parties.keys().map(ToString::to_string).chain(["internet".to_owned()]).collect();
                let sections = ["services", "tunnels", "databases", "load-balancers", "nodes"];
                self.dangling(
                    "service, role, database, load balancer or pool",
                    &sections,
                    name,
                    known.iter().map(String::as_str),
                );
                None
            }
        }
    }

    fn through(
        &mut self,
        topology: &Topology,
        said: &Spanned<Connection>,
    ) -> Option<(crate::topology::LoadBalancerId, u16)> {
        let document = self.document;
        let name = Spanned::new(said.to.clone(), said.span);
        let position = self.find("load balancer", "load-balancers", &document.load_balancers, &name)?;
        let balancer = topology.load_balancers.get(position)?;
        let port = said.ports.filter(|ports| ports.range.len() == 1).map(|ports| ports.range.first());
        let listener = balancer.listeners.iter().find(|listener| Some(listener.listen.port) == port);
        if listener.is_none() {
            let ports: Vec<String> =
                balancer.listeners.iter().map(|l| format!("`{}:{}`", balancer.name, l.listen.port)).collect();
            self.error(
                Diagnostic::error(
                    "no-such-listener",
                    format!("`{}` has no such listener", balancer.name),
                    said.span,
                )
                .help(format!("there are: {}", ports.join(", "))),
            );
        }
        listener.map(|listener| (crate::topology::LoadBalancerId(position), listener.listen.port))
    }

    /// Refuses services that would each have to be started before the other.
    fn refuse_circles(&mut self, topology: &Topology) {
        let needs = |service: ServiceId| {
            let owner = match topology[service].network {
                ServiceNetwork::Of(owner) => Some(owner),
                _ => None,
            };
            topology[service].after.iter().copied().chain(owner)
        };
        let mut waiting: Vec<ServiceId> = topology.service_ids().collect();
        loop {
            let before = waiting.len();
            let set: std::collections::BTreeSet<ServiceId> = waiting.iter().copied().collect();
            waiting.retain(|service| needs(*service).any(|first| set.contains(&first)));
            if waiting.is_empty() {
                return;
            }
            if waiting.len() == before {
                break;
            }
        }
        let names: Vec<String> =
            waiting.iter().take(8).map(|id| format!("`{}`", topology[*id].name)).collect();
        let span = waiting.first().map_or(self.document.name.span, |id| topology[*id].span);
        self.error(
            Diagnostic::error(
                "start-circle",
                "these would each have to be started before another of them",
                span,
            )
            .here(names.join(", "))
            .help("take one of the `after` away"),
        );
    }
}

/// What every node needs to get software and the time.
fn node_traffic() -> Vec<Traffic> {
    [("internet", 443, Protocol::Tcp), ("internet", 80, Protocol::Tcp), ("internet", 123, Protocol::Udp)]
        .into_iter()
        .filter_map(|(word, port, protocol)| {
            Some(Traffic {
                word: word.parse().ok()?,
                to: Destination::Internet,
                ports: Some(Ports { protocol, range: PortRange::single(port).ok()? }),
                through: None,
                scope: Scope::EveryNode,
                span: crate::diagnostic::Span::default(),
            })
        })
        .collect()
}
