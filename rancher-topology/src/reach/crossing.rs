//! What packets meet between two ends: translations, routes and the gates of both.

use super::answer::{Cause, Change, HopKind, Refusal, Whom};
use super::path::Path;
use super::{Reach, words};
use crate::document::{Provider, Scheme};
use crate::flow::{End, Party};
use crate::policy::{Direction, Endpoints, Member, Passing, Unfixed, Verdict};
use crate::scalar::Ports;
use crate::topology::{LoadBalancerId, NodeId, ServiceNetwork};

impl Reach<'_> {
    /// The packets from a client to another end's ports, and what the gates between them say.
    pub(super) fn cross<'q>(
        &self,
        mut path: Path<'q>,
        client: &Whom,
        server: &Whom,
        ports: Ports,
    ) -> Path<'q> {
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
    pub(super) fn gates_on(&self, path: &mut Path<'_>, client: &Whom, server: &Whom, ports: Ports) {
        let (mut refused, mut admitted) = (self.no_route(client, server), Vec::new());
        let mut doubts: Vec<String> =
            self.doubtful_route(client, server).map(str::to_owned).into_iter().collect();
        for (direction, member, peer) in self.gates_between(client, server) {
            let peers = self.seen(peer, self.is_public(server));
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

    /// What routes and gates let pass from a client to another end.
    pub(super) fn passing(&self, client: &Whom, server: &Whom) -> Passing {
        if !self.no_route(client, server).is_empty() {
            return Passing::default();
        }
        let passing = self.gates_between(client, server).map(|(direction, member, peer)| {
            self.gates.passing(direction, member, &self.seen(peer, self.is_public(server)))
        });
        let Some(passing) = passing.reduce(|one, other| one.and(&other)) else { return Passing::default() };
        if self.doubtful_route(client, server).is_some() { passing.doubted() } else { passing }
    }

    /// Whose gates packets pass from a client to a server, with the other end that they are asked about.
    fn gates_between<'w>(
        &self,
        client: &'w Whom,
        server: &'w Whom,
    ) -> impl Iterator<Item = (Direction, Member, &'w Whom)> {
        let sides = [(Direction::Outbound, client, server), (Direction::Inbound, server, client)];
        let members = sides.map(|(direction, own, peer)| Some((direction, self.member(own)?, peer)));
        members.into_iter().flatten()
    }

    /// Why it is not certain that there is a route between two ends.
    fn doubtful_route(&self, client: &Whom, server: &Whom) -> Option<&'static str> {
        let is_strange =
            |end: &Whom| matches!(end, Whom::Addresses(all) if !all.is_subset(self.gates.known()));
        let is_v6 = |end: &Whom| matches!(end, Whom::Internet(all) | Whom::Addresses(all) if all.count_v4() == 0 && !all.is_empty());
        if is_v6(client) || is_v6(server) {
            return Some("the topology does not say who has an IPv6 address");
        }
        if is_strange(client) {
            return Some("the topology does not say how these addresses get into the network");
        }
        if is_strange(server) {
            return Some("the topology does not say by which way these addresses are reached");
        }
        let is_public = self.is_public(server) && matches!(client, Whom::Addresses(_));
        is_public.then_some("the topology does not say by which public addresses these come there")
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
                    with: Vec::new(),
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
                    with: Vec::new(),
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
    pub(super) fn party(&self, whom: &Whom) -> Option<Party> {
        match whom {
            Whom::End(End::Instance(id)) => Some(Party::Service(self.topology[*id].service)),
            Whom::End(End::Node(id)) => Some(Party::Pool(self.topology[*id].pool)),
            _ => None,
        }
    }

    /// Whether it is a container whose packets do not leave with the node's address by themselves.
    pub(super) fn has_own_network(&self, whom: &Whom) -> bool {
        let Whom::End(End::Instance(id)) = whom else { return false };
        let owner = self.topology.namespace_service(self.topology[*id].service);
        self.topology[owner].network != ServiceNetwork::Host
    }

    /// Where its packets come from.
    pub(super) fn source(&self, whom: &Whom) -> String {
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
