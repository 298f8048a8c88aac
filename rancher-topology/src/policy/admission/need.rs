//! What a flow needs the network to let through.

use std::collections::BTreeMap;

use super::Direction;
use super::space::{Space, all_of, hosts};
use crate::flow::{FlowGraph, FlowId, Party};
use crate::policy::groups::public;
use crate::policy::{Endpoints, Member, PacketSet, Services, Unfixed};
use crate::topology::{NodeId, PoolId};

pub(super) struct Need {
    pub(super) flow: FlowId,
    pub(super) from: Vec<Part>,
    pub(super) to: Vec<Part>,
    pub(super) services: Services,
}

/// One end of a flow, as far as it is one member of groups.
pub(super) struct Part {
    pub(super) party: Party,
    pub(super) nodes: Vec<NodeId>,
    pub(super) endpoints: Endpoints,
}

impl Part {
    pub(super) fn member(&self) -> Option<Member> {
        Member::of(self.party)
    }
}

impl Need {
    /// What a flow needs; `None` when it sends nothing across the network.
    pub(super) fn of(space: &Space<'_>, flows: &FlowGraph, id: FlowId) -> Option<Self> {
        let flow = &flows[id];
        let (receiver, ports) = flow.crossing(space.topology)?;
        let by_public_address = public(space.topology, receiver);
        Some(Self {
            flow: id,
            from: parts(space, flow.client, by_public_address),
            to: parts(space, receiver, by_public_address),
            services: ports.into(),
        })
    }

    /// The ends whose groups decide in a direction.
    pub(super) fn own(&self, direction: Direction) -> &[Part] {
        match direction {
            Direction::Inbound => &self.to,
            Direction::Outbound => &self.from,
        }
    }

    /// The ends that the rules of a direction name as peers.
    pub(super) fn peers(&self, direction: Direction) -> &[Part] {
        match direction {
            Direction::Inbound => &self.from,
            Direction::Outbound => &self.to,
        }
    }

    pub(super) fn peer_endpoints(&self, direction: Direction) -> Endpoints {
        all_of(self.peers(direction).iter().map(|part| part.endpoints.clone()))
    }

    pub(super) fn own_endpoints(&self, direction: Direction) -> Endpoints {
        all_of(self.own(direction).iter().map(|part| part.endpoints.clone()))
    }

    /// Whether the peer is the internet: some of it is enough then.
    pub(super) fn is_with_internet(&self, direction: Direction) -> bool {
        self.peers(direction).iter().any(|part| part.party == Party::Internet)
    }

    /// Everything that it may turn out to send, where addresses are not fixed.
    pub(super) fn wherever(&self, space: &Space<'_>, direction: Direction) -> PacketSet {
        let peers = space.wherever(&self.peer_endpoints(direction));
        direction.packets(peers, self.own_endpoints(direction), self.services.clone())
    }
}

fn parts(space: &Space<'_>, party: Party, by_public_address: bool) -> Vec<Part> {
    let topology = space.topology;
    let pool = |pool: PoolId, nodes: Vec<NodeId>| Part {
        party: Party::Pool(pool),
        endpoints: if by_public_address {
            Endpoints::unfixed(Unfixed::Public(Member::Pool(pool)))
        } else {
            hosts(topology, &nodes)
        },
        nodes,
    };
    let unfixed = |member| if by_public_address { Unfixed::Public(member) } else { Unfixed::Inside(member) };
    let one = |endpoints| vec![Part { party, nodes: Vec::new(), endpoints }];
    match party {
        Party::Internet => one(space.internet.clone()),
        Party::LoadBalancer(id) => one(Endpoints::unfixed(unfixed(Member::LoadBalancer(id)))),
        Party::Database(id) => one(Endpoints::unfixed(unfixed(Member::Database(id)))),
        Party::Pool(id) => vec![pool(id, topology[id].nodes.clone())],
        Party::Service(id) => {
            let mut pools: BTreeMap<PoolId, Vec<NodeId>> = BTreeMap::new();
            for node in &topology[id].placement {
                pools.entry(topology[*node].pool).or_default().push(*node);
            }
            let unique = pools.into_iter().map(|(id, mut nodes)| {
                nodes.sort_unstable();
                nodes.dedup();
                pool(id, nodes)
            });
            unique.collect()
        }
    }
}
