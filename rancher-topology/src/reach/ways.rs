//! Every way from one end to another, declared or not.

use std::net::Ipv4Addr;

use super::Reach;
use super::answer::{Cause, Change, Hop, HopKind, Refusal, Via, Way, Whom};
use super::path::{Path, Question, hop};
use crate::flow::{Answerer, End, Party, Route};
use crate::policy::{Endpoints, Member};
use crate::scalar::{PortRange, Ports, Protocol};
use crate::topology::{InstanceId, LoadBalancerId, MeshId, NodeId, ServiceId, ServiceNetwork, StartedBy};

const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

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
                    path.refused(nothing_listens(&database.name, ports, None))
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
    pub(super) fn may_be_there(&self, server: &Whom, ports: Ports) -> Vec<String> {
        let Whom::Addresses(addresses) = server else { return Vec::new() };
        let topology = self.topology;
        let there = |member| self.may_have_one(member, addresses);
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
        let is_heard = topology[service].listen.iter().any(|own| covers(*own, ports));
        if is_heard || !listens {
            if let Whom::End(End::Instance(id)) = client
                && topology.namespace_of(*id) == topology.namespace_of(server)
            {
                let local = LOCALHOST.to_string();
                let path = Path::new(question).from(HopKind::Opens, local.clone(), local, ports.range);
                ways.push(path.taken_by(name.clone()).done(Via::Loopback));
            } else {
                ways.extend(self.to_container(question, server));
            }
        }
        if ways.is_empty() {
            // What it would take: a published port, and all that is missing on the way to it.
            let owner = topology.namespace_service(service);
            let free = self.free_ports(owner, ports);
            let container = ports.to_string();
            let line = |host: Ports| format!("- \"{}:{}\"", host.range, container.trim_end_matches("/tcp"));
            let refusal = Refusal {
                cause: Cause::NotPublished,
                words: format!("`{}` publishes no port that leads to {ports}", topology[owner].name),
                change: free.map(|host| Change {
                    to: format!("`publish` of service `{}`", topology[owner].name),
                    line: line(host),
                    with: Vec::new(),
                    place: Some(topology[owner].span),
                }),
            };
            let host = free.unwrap_or(ports);
            let path = self.cross(Path::new(question), client, &Whom::End(End::Node(node)), host);
            let path = path.then(HopKind::Published, name.clone(), ports.range);
            ways.push(path.refused(refusal).taken_by(name).done(Via::Published(host.range)));
        }
        if is_heard || listens {
            return ways;
        }
        // Whichever way it comes, nobody is there.
        let own = &topology[service];
        let line = |ports: Ports| format!("- {}", ports.to_string().trim_end_matches("/tcp"));
        let with = own.listen.iter().filter(|_| own.listen.is_assumed()).map(|ports| line(*ports)).collect();
        let to = format!("`listen` of service `{}`", own.name);
        let change = Change { to, line: line(ports), with, place: Some(own.span) };
        let refusal = nothing_listens(own.name.as_str(), ports, Some(change));
        ways.into_iter().map(|way| way.refused_at_its_end(&refusal)).collect()
    }

    /// As many ports that nobody has yet on any node of a service: these, or the next ones.
    fn free_ports(&self, service: ServiceId, ports: Ports) -> Option<Ports> {
        let topology = self.topology;
        let publishes = |node: NodeId, ports: Ports| {
            let services = topology.instances_on(node).iter().map(|id| &topology[topology[*id].service]);
            let mut published = services.flat_map(|service| &service.publish);
            published.any(|own| own.protocol == ports.protocol && own.host.overlaps(ports.range))
        };
        let is_free = |ports: &Ports| {
            let mut nodes = topology[service].placement.iter();
            nodes.all(|node| self.answers(*node, *ports).is_empty() && !publishes(*node, *ports))
        };
        let (first, last) = (ports.range.first(), ports.range.last());
        let further = (0..=u16::MAX - last).filter_map(|by| PortRange::new(first + by, last + by).ok());
        further.map(|range| Ports { range, ..ports }).find(is_free)
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
        // A listener has one port.
        let is_one = ports.range.first() == ports.range.last() && ports.protocol == Protocol::Tcp;
        let change = is_one.then(|| Change {
            to: format!("`listeners` of load balancer `{}`", balancer.name),
            line: format!("- {{listen: {ports}, forward: {ports}}}"),
            with: Vec::new(),
            place: Some(balancer.span),
        });
        path.refused(nothing_listens(&balancer.name, ports, change))
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

fn nothing_listens(name: &str, ports: Ports, change: Option<Change>) -> Refusal {
    Refusal { cause: Cause::NothingListens, words: format!("nothing listens on {ports} of `{name}`"), change }
}
