//! Every way from one end to another, with what each gate on it says.

use std::net::Ipv4Addr;

use super::answer::{Cause, Change, Hop, HopKind, Refusal, Via, Way, Whom};
use super::{Reach, words};
use crate::document::{Provider, Scheme};
use crate::flow::{Answerer, End, Party, Route};
use crate::policy::{Direction, Endpoints, Member, Unfixed, Verdict};
use crate::scalar::{PortRange, Ports, Protocol};
use crate::topology::{InstanceId, LoadBalancerId, MeshId, NodeId, ServiceNetwork, StartedBy};

const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A way while it is built.
struct Path<'q> {
    question: &'q Question<'q>,
    hops: Vec<Hop>,
    cuts: Vec<Endpoints>,
}

/// Who asks for a way to whom, as the document would say it.
pub(super) struct Question<'q> {
    pub(super) client: &'q Whom,
    pub(super) server: &'q Whom,
    pub(super) ports: Ports,
}

impl<'q> Path<'q> {
    const fn new(question: &'q Question<'q>) -> Self {
        Self { question, hops: Vec::new(), cuts: Vec::new() }
    }

    fn done(self, via: Via) -> Way {
        Way::of(via, self.hops, self.cuts)
    }

    fn last(&mut self) -> Option<&mut Hop> {
        self.hops.last_mut()
    }

    fn taken_by(mut self, who: String) -> Self {
        if let Some(last) = self.last() {
            last.taken_by = Some(who);
        }
        self
    }

    fn refused(mut self, refusal: Refusal) -> Self {
        if let Some(last) = self.last() {
            last.refused.push(refusal);
        }
        self
    }

    /// A further packet, from the source that the last one had.
    fn then(mut self, kind: HopKind, destination: String, ports: PortRange) -> Self {
        let source = self.hops.last().map(|hop| hop.source.clone()).unwrap_or_default();
        self.hops.push(hop(kind, source, destination, ports));
        self
    }

    /// A further packet, from another source.
    fn from(mut self, kind: HopKind, source: String, destination: String, ports: PortRange) -> Self {
        self.hops.push(hop(kind, source, destination, ports));
        self
    }
}

fn hop(kind: HopKind, source: String, destination: String, ports: PortRange) -> Hop {
    Hop {
        kind,
        source,
        destination,
        ports,
        taken_by: None,
        admitted: Vec::new(),
        refused: Vec::new(),
        doubts: Vec::new(),
    }
}

/// What answers behind a port of a node.
enum Behind {
    /// A container's port.
    Container(InstanceId, PortRange),
    /// A mesh's way in.
    Entry(MeshId),
    /// A process in the node's own network.
    Host(String),
}

impl Reach<'_> {
    /// Every way from a client to a server's ports. Never empty: what leads nowhere is a way that is refused.
    pub(super) fn ways(&self, client: &Whom, server: &Whom, ports: Ports) -> Vec<Way> {
        let question = &Question { client, server, ports };
        let mut ways = match server {
            Whom::End(End::Instance(id)) => self.to_instance(question, *id),
            Whom::End(End::Node(node)) => self.to_node(question, *node),
            Whom::End(End::LoadBalancer(id)) => {
                let path = self.cross(Path::new(question), client, server, ports);
                vec![self.at_balancer(path, *id, ports).done(Via::Direct)]
            }
            Whom::End(End::Database(id)) => {
                let database = &self.topology[*id];
                let path = self.cross(Path::new(question), client, server, ports);
                let listens = ports.protocol == Protocol::Tcp && ports.range == single(database.port);
                let path = if listens {
                    path.taken_by(database.name.to_string())
                } else {
                    let line = format!("port: {}", ports.range);
                    path.refused(nothing_listens(
                        &database.name,
                        ports,
                        Some(("database", line, database.span)),
                    ))
                };
                vec![path.done(Via::Direct)]
            }
            Whom::Internet(_) | Whom::End(End::Internet) => {
                vec![self.cross(Path::new(question), client, server, ports).done(Via::Direct)]
            }
            Whom::Addresses(_) => {
                let mut path = self.cross(Path::new(question), client, server, ports);
                let maybe = self.may_be_there(server, ports);
                if let Some(last) = path.last() {
                    if maybe.is_empty() {
                        last.refused.push(nothing_listens(&server.name(self.topology), ports, None));
                    } else {
                        last.doubts.extend(maybe);
                    }
                }
                vec![path.done(Via::Direct)]
            }
        };
        ways.sort_by_key(|way| (way.verdict, way.refusals().count()));
        ways
    }

    /// That a server listens on nothing at all.
    pub(super) fn nothing_to_ask_for(&self, client: &Whom, server: &Whom) -> Way {
        let name = server.name(self.topology);
        let refusal = Refusal {
            cause: Cause::NothingListens,
            words: format!("nothing of {name} listens"),
            change: None,
        };
        let hop = Hop { refused: vec![refusal], ..hop(HopKind::Opens, self.source(client), name, single(1)) };
        Way::of(Via::Direct, vec![hop], Vec::new())
    }

    /// Who may turn out to have one of some addresses and listens there.
    fn may_be_there(&self, server: &Whom, ports: Ports) -> Vec<String> {
        let Whom::Addresses(addresses) = server else { return Vec::new() };
        let topology = self.topology;
        let there = |member| !self.gates.may_have(Unfixed::Inside(member)).intersection(addresses).is_empty();
        let tcp = |port| ports.protocol == Protocol::Tcp && ports.range.contains(port);
        let balancers = topology
            .load_balancer_ids()
            .filter(|id| topology[*id].listeners.iter().any(|listener| tcp(listener.listen.port)))
            .filter(|id| there(Member::LoadBalancer(*id)))
            .map(|id| &topology[id].name);
        let databases = topology
            .database_ids()
            .filter(|id| tcp(topology[*id].port) && there(Member::Database(*id)))
            .map(|id| &topology[id].name);
        balancers
            .chain(databases)
            .map(|name| format!("`{name}` has no fixed address, and may be there"))
            .collect()
    }

    fn to_instance(&self, question: &Question<'_>, server: InstanceId) -> Vec<Way> {
        let Question { client, ports, .. } = *question;
        let topology = self.topology;
        let service = topology[server].service;
        let node = topology[server].node;
        let name = End::Instance(server).name(topology);
        let mut ways = Vec::new();
        let mut listens = false;
        for id in topology.mesh_ids().filter(|id| topology[*id].carries == service) {
            if ports.protocol == Protocol::Tcp && ports.range.contains(topology[id].port) {
                listens = true;
                ways.extend(self.through_mesh(question, server, id));
            }
        }
        if topology[service].listen.iter().any(|own| covers(*own, ports)) {
            listens = true;
            if let Whom::End(End::Instance(id)) = client
                && topology.namespace_of(*id) == topology.namespace_of(server)
            {
                let local = LOCALHOST.to_string();
                let path = Path::new(question).from(HopKind::Opens, local.clone(), local, ports.range);
                return vec![path.taken_by(name).done(Via::Loopback)];
            }
            ways.extend(self.to_container(question, server));
        }
        if !listens {
            let target = topology[service].name.as_str();
            let line = format!("- {}", ports.to_string().trim_end_matches("/tcp"));
            let change = Some(("`listen` of service", line, topology[service].span));
            let source = self.source(client);
            let path = Path::new(question).from(HopKind::Opens, source, name, ports.range);
            return vec![path.refused(nothing_listens(target, ports, change)).done(Via::Direct)];
        }
        if ways.is_empty() {
            // What it would take: a published port, and all that is missing on the way to it.
            let owner = topology.namespace_service(service);
            let line = format!("- \"{}:{}\"", ports.range, ports.to_string().trim_end_matches("/tcp"));
            let refusal = Refusal {
                cause: Cause::NotPublished,
                words: format!("`{}` publishes no port that leads to {ports}", topology[owner].name),
                change: Some(Change {
                    to: format!("`publish` of service `{}`", topology[owner].name),
                    line,
                    place: Some(topology[owner].span),
                }),
            };
            let path = self.cross(Path::new(question), client, &Whom::End(End::Node(node)), ports);
            let path = path.then(HopKind::Published, name.clone(), ports.range);
            ways.push(path.refused(refusal).taken_by(name).done(Via::Published(ports.range)));
        }
        ways
    }

    /// To a port inside a container's network namespace, from outside of it.
    fn to_container(&self, question: &Question<'_>, server: InstanceId) -> Vec<Way> {
        let Question { client, ports, .. } = *question;
        let topology = self.topology;
        let (service, node) = (topology[server].service, topology[server].node);
        let owner = topology.namespace_service(service);
        let name = End::Instance(server).name(topology);
        let same_node = self.node(client) == Some(node);
        let mut ways = Vec::new();
        if let Whom::End(End::Instance(from)) = client {
            ways.extend(self.over_overlay(question, *from, server));
        }
        if topology[owner].network == ServiceNetwork::Host {
            ways.extend(self.to_port_of(question, node, ports, &Behind::Host(name)));
        } else {
            for publish in topology[owner].publish.iter().filter(|own| own.protocol == ports.protocol) {
                let bounds =
                    (publish.host_port_of(ports.range.first()), publish.host_port_of(ports.range.last()));
                let (Some(first), Some(last)) = bounds else { continue };
                let Ok(range) = PortRange::new(first, last) else { continue };
                if publish.is_on_loopback() && (!same_node || self.has_own_network(client)) {
                    continue;
                }
                let host = Ports { range, ..ports };
                ways.extend(self.to_port_of(question, node, host, &Behind::Container(server, ports.range)));
            }
            ways.extend(same_node.then(|| self.over_bridge(question, server)).flatten());
            ways.extend(self.routed(question, server));
        }
        if let Some(from) = self.party(client) {
            ways.extend(self.declared_through_balancers(question, from, server));
        }
        ways
    }

    fn over_overlay(&self, question: &Question<'_>, client: InstanceId, server: InstanceId) -> Option<Way> {
        let ports = question.ports;
        let topology = self.topology;
        let overlays = |instance: InstanceId| {
            let owner = topology.namespace_service(topology[instance].service);
            match &topology[owner].network {
                ServiceNetwork::Bridge { overlays } | ServiceNetwork::Overlays(overlays) => {
                    overlays.as_slice()
                }
                ServiceNetwork::Host | ServiceNetwork::Of(_) => &[],
            }
        };
        let server_service = topology[server].service;
        let overlay = *overlays(client).iter().find(|overlay| {
            overlays(server).contains(overlay) && !topology[**overlay].carried_by.contains(&server_service)
        })?;
        let [from, to] = [client, server].map(|instance| End::Instance(instance).name(topology));
        let (here, there) = (topology[client].node, topology[server].node);
        let mut path = Path::new(question).from(HopKind::Opens, from, to.clone(), ports.range);
        if here != there {
            let carriers = &topology[overlay].carried_by;
            let carried = self.flows.flows().filter(|flow| {
                let carries = |party| matches!(party, Party::Service(id) if carriers.contains(&id));
                carries(flow.client) && carries(flow.server)
            });
            for (_, ports) in carried.filter_map(|flow| flow.crossing(topology)) {
                let node = &topology[there];
                path.hops.push(hop(
                    HopKind::Overlay,
                    topology[here].address.to_string(),
                    node.address.to_string(),
                    ports.range,
                ));
                self.gates_on(&mut path, &Whom::End(End::Node(here)), &Whom::End(End::Node(there)), ports);
            }
        }
        Some(path.taken_by(to).done(Via::Overlay(overlay)))
    }

    /// Between a node and its containers, and between its containers.
    fn over_bridge(&self, question: &Question<'_>, server: InstanceId) -> Option<Way> {
        let Question { client, ports, .. } = *question;
        let topology = self.topology;
        let owner = |id: InstanceId| topology.namespace_service(topology[id].service);
        let bridged = |id: InstanceId| matches!(topology[owner(id)].network, ServiceNetwork::Bridge { .. });
        if !bridged(server) {
            return None;
        }
        let name = End::Instance(server).name(topology);
        let path = Path::new(question).from(HopKind::Opens, self.source(client), name.clone(), ports.range);
        let mut path = path.taken_by(name);
        if let Whom::End(End::Instance(from)) = client
            && self.has_own_network(client)
        {
            if !bridged(*from) {
                return None;
            }
            let started = |id: InstanceId| -> StartedBy { topology[owner(id)].started_by };
            if started(*from) != started(server)
                && let Some(last) = path.last()
            {
                last.doubts.push("the engine keeps bridges of different compose files apart".to_owned());
            }
        }
        Some(path.done(Via::Bridge))
    }

    /// Straight to a container's address, from a network whose hosts may.
    fn routed(&self, question: &Question<'_>, server: InstanceId) -> Option<Way> {
        let Question { client, ports, .. } = *question;
        let topology = self.topology;
        let routed = Endpoints::networks(
            topology.pool_of(topology[server].node).routed.iter().copied().map(Into::into),
        );
        let own = match client {
            Whom::End(End::Node(_) | End::Instance(_)) => {
                Endpoints::hosts([topology[self.node(client)?].address])
            }
            Whom::Addresses(addresses) | Whom::Internet(addresses) => addresses.clone(),
            Whom::End(_) => return None,
        };
        if own.intersection(&routed).is_empty() || self.node(client) == Some(topology[server].node) {
            return None;
        }
        let name = End::Instance(server).name(topology);
        let mut path =
            Path::new(question).from(HopKind::Opens, self.source(client), name.clone(), ports.range);
        path.cuts.push(routed.clone());
        if !own.is_subset(&routed)
            && let Some(last) = path.last()
        {
            last.doubts.push("only a part of these addresses is stated as routed".to_owned());
        }
        Some(path.taken_by(name).done(Via::Routed))
    }

    fn through_mesh(&self, question: &Question<'_>, server: InstanceId, id: MeshId) -> Vec<Way> {
        let client = question.client;
        let topology = self.topology;
        let mesh = &topology[id];
        let there = topology[server].node;
        let local = LOCALHOST.to_string();
        let port = single(mesh.local_port(topology[there].index));
        let name = End::Instance(server).name(topology);
        if let Whom::End(End::Instance(from)) = client {
            let here = topology[*from].node;
            if topology.namespace_service(topology[*from].service) == mesh.namespace {
                let path = Path::new(question).from(HopKind::Opens, local.clone(), local.clone(), port);
                if here == there {
                    return vec![path.taken_by(name).done(Via::Loopback)];
                }
                let tunnel = self.tunnel(id, here, there);
                let sender =
                    topology.instance_on(mesh.namespace, here).map_or(*client_end(client), End::Instance);
                let published = Ports { protocol: Protocol::Tcp, range: single(mesh.published) };
                let mut path = self.cross(
                    path.taken_by(tunnel),
                    &Whom::End(sender),
                    &Whom::End(End::Node(there)),
                    published,
                );
                // The tunnel's end opens it, not the client.
                if let Some(second) = path.hops.get_mut(1) {
                    second.kind = HopKind::TunnelOut;
                }
                return vec![self.behind(path, there, &Behind::Entry(id)).done(Via::Tunnels(id))];
            }
        }
        let published = Ports { protocol: Protocol::Tcp, range: single(mesh.published) };
        self.to_port_of(question, there, published, &Behind::Entry(id))
    }

    /// The name of the tunnel on a node to another one, or to itself.
    fn tunnel(&self, mesh: MeshId, on: NodeId, to: NodeId) -> String {
        let topology = self.topology;
        let mesh = &topology[mesh];
        let service = mesh.services.get(topology[to].index.saturating_sub(1)).copied();
        let instance = service.and_then(|service| topology.instance_on(service, on));
        instance.map_or_else(|| mesh.name.to_string(), |id| End::Instance(id).name(topology))
    }

    fn to_node(&self, question: &Question<'_>, node: NodeId) -> Vec<Way> {
        let Question { client, ports, .. } = *question;
        let topology = self.topology;
        let answers = self.answers(node, ports);
        let mut ways = Vec::new();
        for answer in answers {
            let behind = match answer.by {
                Answerer::Host(service) => topology
                    .instance_on(service, node)
                    .map(|id| Behind::Host(End::Instance(id).name(topology))),
                Answerer::Published { service, container, .. } => {
                    topology.instance_on(service, node).map(|id| Behind::Container(id, container))
                }
                Answerer::Tunnel(mesh) => Some(Behind::Entry(mesh)),
                Answerer::Node => Some(Behind::Host(topology[node].name.to_string())),
            };
            ways.extend(
                behind.iter().flat_map(|behind| self.to_port_of(question, node, answer.ports, behind)),
            );
        }
        if ways.is_empty() {
            let path = self.cross(Path::new(question), client, &Whom::End(End::Node(node)), ports);
            let name = topology[node].name.as_str();
            ways.push(path.refused(nothing_listens(name, ports, None)).done(Via::Direct));
        }
        ways
    }

    /// Ways to ports of a node: to its address, and through load balancers that forward there.
    fn to_port_of(&self, question: &Question<'_>, node: NodeId, ports: Ports, behind: &Behind) -> Vec<Way> {
        let client = question.client;
        let topology = self.topology;
        let there = Whom::End(End::Node(node));
        let via = match behind {
            Behind::Container(..) => Via::Published(ports.range),
            Behind::Entry(mesh) => Via::TunnelEntry(*mesh),
            Behind::Host(_) => Via::Direct,
        };
        let path = self.cross(Path::new(question), client, &there, ports);
        let mut ways = vec![self.behind(path, node, behind).done(via)];
        if ports.protocol == Protocol::Udp || matches!(client, Whom::End(End::LoadBalancer(_))) {
            return ways;
        }
        for id in topology.load_balancer_ids().filter(|id| self.is_target(*id, node)) {
            for listener in &topology[id].listeners {
                if ports.range != single(listener.forward.port) {
                    continue;
                }
                let balancer = Whom::End(End::LoadBalancer(id));
                let listen = Ports { range: single(listener.listen.port), ..ports };
                let path = self.cross(Path::new(question), client, &balancer, listen);
                let path = path.taken_by(topology[id].name.to_string());
                let path = self.cross(path, &balancer, &there, ports);
                let way = self.behind(path, node, behind);
                ways.push(way.done(Via::Balanced(id, listener.listen.port)));
            }
        }
        ways
    }

    /// Ways that the document declares: through a load balancer's listener, behind which somebody else may hand on.
    fn declared_through_balancers(
        &self,
        question: &Question<'_>,
        from: Party,
        server: InstanceId,
    ) -> Vec<Way> {
        let Question { client, ports, .. } = *question;
        let topology = self.topology;
        let node = topology[server].node;
        let service = topology[server].service;
        let mut ways = Vec::new();
        for flow in self.flows.from(from).filter(|flow| flow.server == Party::Service(service)) {
            let Route::Balanced { balancer, listen, forward } = flow.route else { continue };
            if !covers(flow.ports, ports) || !self.is_target(balancer, node) {
                continue;
            }
            let tcp = |port| Ports { protocol: Protocol::Tcp, range: single(port) };
            let balanced = Whom::End(End::LoadBalancer(balancer));
            let path = self.cross(Path::new(question), client, &balanced, tcp(listen));
            let path = path.taken_by(topology[balancer].name.to_string());
            let path = self.cross(path, &balanced, &Whom::End(End::Node(node)), tcp(forward));
            let name = End::Instance(server).name(topology);
            let middle = self.answers(node, tcp(forward)).into_iter().find_map(|answer| match answer.by {
                Answerer::Host(service) | Answerer::Published { service, .. } => {
                    topology.instance_on(service, node)
                }
                Answerer::Tunnel(_) | Answerer::Node => None,
            });
            let middle = middle.map(|id| End::Instance(id).name(topology));
            let by = middle.unwrap_or_else(|| topology[node].name.to_string());
            let path = path.taken_by(by.clone());
            let path = path.from(HopKind::HandedOn, by, name.clone(), ports.range).taken_by(name);
            ways.push(path.done(Via::Balanced(balancer, listen)));
        }
        ways
    }

    fn is_target(&self, balancer: LoadBalancerId, node: NodeId) -> bool {
        self.targets[balancer.position()].contains(&node)
    }

    fn at_balancer<'q>(&self, path: Path<'q>, id: LoadBalancerId, ports: Ports) -> Path<'q> {
        let balancer = &self.topology[id];
        let listens = balancer
            .listeners
            .iter()
            .any(|listener| ports.protocol == Protocol::Tcp && ports.range == single(listener.listen.port));
        if listens {
            return path.taken_by(balancer.name.to_string());
        }
        let line = format!("- {{listen: {ports}, forward: {ports}}}");
        path.refused(nothing_listens(
            &balancer.name,
            ports,
            Some(("`listeners` of load balancer", line, balancer.span)),
        ))
    }

    /// What a packet for a port of a node becomes behind it.
    fn behind<'q>(&self, path: Path<'q>, node: NodeId, behind: &Behind) -> Path<'q> {
        let topology = self.topology;
        match behind {
            Behind::Host(name) => path.taken_by(name.clone()),
            Behind::Container(instance, range) => {
                let owner = topology.namespace_service(topology[*instance].service);
                let owner = topology.instance_on(owner, node).unwrap_or(*instance);
                let inside = End::Instance(owner).name(topology);
                path.then(HopKind::Published, inside, *range)
                    .taken_by(End::Instance(*instance).name(topology))
            }
            Behind::Entry(id) => {
                let mesh = &topology[*id];
                let local = LOCALHOST.to_string();
                let port = single(mesh.local_port(topology[node].index));
                let entry = topology.instance_on(mesh.namespace, node);
                let inside =
                    entry.map_or_else(|| mesh.name.to_string(), |id| End::Instance(id).name(topology));
                let path = if topology[mesh.namespace].network == ServiceNetwork::Host {
                    path
                } else {
                    path.then(HopKind::Published, inside, single(mesh.entry))
                };
                let served = topology.instance_on(mesh.carries, node);
                let served =
                    served.map_or_else(|| mesh.name.to_string(), |id| End::Instance(id).name(topology));
                path.taken_by(self.tunnel(*id, node, node))
                    .from(HopKind::TunnelIn, local.clone(), local, port)
                    .taken_by(served)
            }
        }
    }

    /// The packets from a client to another end's ports, and what the gates between them say.
    fn cross<'q>(&self, mut path: Path<'q>, client: &Whom, server: &Whom, ports: Ports) -> Path<'q> {
        let topology = self.topology;
        let kind = if path.hops.is_empty() { HopKind::Opens } else { HopKind::Balanced };
        let destination = self.address(server);
        let (here, there) = (self.node(client), self.node(server));
        // An internet gateway translates a node's public address, one to one.
        // Source: AWS, Amazon VPC User Guide, "Enable internet access for a VPC using an internet gateway".
        let has_gateway = *topology.network.provider == Provider::Aws;
        let public = |node: NodeId| format!("public address of {}", topology[node].name);
        let outside = |whom: &Whom| matches!(whom, Whom::Internet(_)) || self.is_public(whom);
        if let (true, Whom::Internet(_), Some(node)) = (has_gateway, client, there) {
            path = path.from(kind, self.source(client), public(node), ports.range);
            path = path.then(HopKind::Gateway, destination, ports.range);
            self.gates_on(&mut path, client, server, ports);
            return path;
        }
        path = path.from(kind, self.source(client), destination.clone(), ports.range);
        if here.is_some() && here == there {
            return path;
        }
        if let Some(node) = here.filter(|_| self.has_own_network(client)) {
            let source = topology[node].address.to_string();
            path = path.from(HopKind::Masquerade, source, destination.clone(), ports.range);
        }
        if let (true, true, Some(node)) = (has_gateway, outside(server), here) {
            path = path.from(HopKind::Gateway, public(node), destination, ports.range);
        }
        self.gates_on(&mut path, client, server, ports);
        path
    }

    /// Whether it is reached by public addresses.
    fn is_public(&self, whom: &Whom) -> bool {
        let Whom::End(End::LoadBalancer(id)) = whom else { return false };
        *self.topology[*id].scheme == Scheme::InternetFacing
    }

    /// Asks the routes and gates between two ends about the last packet.
    fn gates_on(&self, path: &mut Path<'_>, client: &Whom, server: &Whom, ports: Ports) {
        let is_public = self.is_public(server);
        let (mut refused, mut admitted, mut doubts) = (self.no_route(client, server), Vec::new(), Vec::new());
        if let Whom::Addresses(addresses) = client
            && !addresses.is_subset(self.gates.known())
        {
            doubts.push("the topology does not say how these addresses get into the network".to_owned());
        } else if is_public && matches!(client, Whom::Addresses(_)) {
            doubts.push("the topology does not say by which public addresses these come there".to_owned());
        }
        let sides = [(Direction::Outbound, client, server), (Direction::Inbound, server, client)];
        for (direction, own, peer) in sides {
            let Some(member) = self.member(own) else { continue };
            let peers = self.seen(peer, is_public);
            let passage = self.gates.judge(direction, member, &peers, ports);
            if matches!(peer, Whom::Internet(_) | Whom::Addresses(_)) {
                path.cuts.extend(self.gates.admitted(direction, member, ports));
            }
            match passage.verdict {
                Verdict::No => {
                    refused.extend(words::no_rule(self, direction, member, peer, ports, path.question));
                }
                Verdict::Yes => {
                    admitted.extend(passage.by.iter().filter_map(|rule| words::admitted(self, *rule)));
                }
                Verdict::Possible => {
                    let rules = passage.by.iter().filter_map(|rule| words::admitted(self, *rule));
                    admitted.extend(rules);
                    doubts.push(match peer {
                        Whom::Addresses(_) | Whom::Internet(_) => {
                            "the rules admit some of these addresses, or somebody who may turn out to have one".to_owned()
                        }
                        Whom::End(_) => format!(
                            "the rules admit some of the addresses that {} may turn out to have, not all",
                            words::named(self, peer)
                        ),
                    });
                }
            }
        }
        let Some(last) = path.last() else { return };
        last.refused.append(&mut refused);
        last.admitted.append(&mut admitted);
        last.doubts.append(&mut doubts);
    }

    /// The routes that are missing between two ends.
    fn no_route(&self, client: &Whom, server: &Whom) -> Vec<Refusal> {
        let topology = self.topology;
        let route = |words: String, change| vec![Refusal { cause: Cause::NoRoute, words, change }];
        let no_public_address = |node: Option<NodeId>| {
            let pool = topology.pool_of(node?);
            (!*pool.public_address).then(|| {
                let change = Change {
                    to: format!("nodes `{}`", pool.name),
                    line: "public-address: true".to_owned(),
                    place: Some(pool.span),
                };
                route(format!("the nodes of `{}` have no public address", pool.name), Some(change))
            })
        };
        let outside = |whom: &Whom| matches!(whom, Whom::Internet(_));
        let faces = |id: &LoadBalancerId| *topology[*id].scheme == Scheme::InternetFacing;
        match (client, server) {
            (Whom::Internet(_), Whom::End(End::LoadBalancer(id))) if !faces(id) => {
                let change = Change {
                    to: format!("load balancer `{}`", topology[*id].name),
                    line: "scheme: internet-facing".to_owned(),
                    place: Some(topology[*id].span),
                };
                route(format!("`{}` has no public address", topology[*id].name), Some(change))
            }
            (one, Whom::End(End::Database(id))) if outside(one) => {
                route(format!("`{}` has no public address", topology[*id].name), None)
            }
            (Whom::End(End::Database(id)), one) if outside(one) => {
                route(format!("`{}` has no way to the internet", topology[*id].name), None)
            }
            (one, other) if outside(one) => no_public_address(self.node(other)).unwrap_or_default(),
            (one, other) if outside(other) => no_public_address(self.node(one)).unwrap_or_default(),
            (one, Whom::End(End::LoadBalancer(id))) if faces(id) => {
                no_public_address(self.node(one)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// How rules see an end.
    fn seen(&self, whom: &Whom, is_public: bool) -> Endpoints {
        let topology = self.topology;
        match whom {
            Whom::Addresses(_) if is_public => self.gates.internet(),
            Whom::Internet(endpoints) | Whom::Addresses(endpoints) => endpoints.clone(),
            Whom::End(end) => match (self.member(whom), end.node(topology)) {
                (Some(member), _) if is_public => Endpoints::unfixed(Unfixed::Public(member)),
                (_, Some(node)) => Endpoints::hosts([topology[node].address]),
                (Some(member), None) => Endpoints::unfixed(Unfixed::Inside(member)),
                (None, None) => Endpoints::default(),
            },
        }
    }

    pub(super) fn member(&self, whom: &Whom) -> Option<Member> {
        match whom {
            Whom::End(End::LoadBalancer(id)) => Some(Member::LoadBalancer(*id)),
            Whom::End(End::Database(id)) => Some(Member::Database(*id)),
            _ => self.node(whom).map(|node| Member::Pool(self.topology[node].pool)),
        }
    }

    pub(super) fn node(&self, whom: &Whom) -> Option<NodeId> {
        match whom {
            Whom::End(end) => end.node(self.topology),
            Whom::Internet(_) | Whom::Addresses(_) => None,
        }
    }

    /// The party of the flow graph that an end belongs to.
    fn party(&self, whom: &Whom) -> Option<Party> {
        match whom {
            Whom::End(End::Instance(id)) => Some(Party::Service(self.topology[*id].service)),
            Whom::End(End::Node(id)) => Some(Party::Pool(self.topology[*id].pool)),
            _ => None,
        }
    }

    /// Whether it is a container whose packets do not leave with the node's address by themselves.
    fn has_own_network(&self, whom: &Whom) -> bool {
        let Whom::End(End::Instance(id)) = whom else { return false };
        let owner = self.topology.namespace_service(self.topology[*id].service);
        self.topology[owner].network != ServiceNetwork::Host
    }

    /// Where its packets come from.
    fn source(&self, whom: &Whom) -> String {
        let topology = self.topology;
        match whom {
            Whom::End(End::Instance(id)) if self.has_own_network(whom) => {
                let owner = topology.namespace_service(topology[*id].service);
                let owner = topology.instance_on(owner, topology[*id].node).unwrap_or(*id);
                End::Instance(owner).name(topology)
            }
            _ => self.address(whom),
        }
    }

    /// Its address, or its name where it has no fixed one.
    fn address(&self, whom: &Whom) -> String {
        let topology = self.topology;
        match whom {
            Whom::End(End::Database(id)) => topology[*id].host_name(&topology.network),
            _ => {
                self.node(whom).map_or_else(|| whom.name(topology), |node| topology[node].address.to_string())
            }
        }
    }
}

fn client_end(client: &Whom) -> &End {
    match client {
        Whom::End(end) => end,
        Whom::Internet(_) | Whom::Addresses(_) => &End::Internet,
    }
}

/// Whether all of some ports are among others.
pub(super) fn covers(own: Ports, ports: Ports) -> bool {
    own.protocol == ports.protocol
        && own.range.first() <= ports.range.first()
        && ports.range.last() <= own.range.last()
}

fn single(port: u16) -> PortRange {
    let one = PortRange::single(1);
    #[expect(clippy::expect_used, reason = "1 is a port")]
    PortRange::single(port).or(one).expect("1 is a port")
}

fn nothing_listens(
    name: &str,
    ports: Ports,
    change: Option<(&str, String, crate::diagnostic::Span)>,
) -> Refusal {
    Refusal {
        cause: Cause::NothingListens,
        words: format!("nothing listens on {ports} of `{name}`"),
        change: change.map(|(kind, line, span)| Change {
            to: format!("{kind} `{name}`"),
            line,
            place: Some(span),
        }),
    }
}
