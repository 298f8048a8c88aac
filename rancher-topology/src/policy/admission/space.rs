//! Where the members of a topology are, as endpoints.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::Direction;
use crate::policy::{
    EffectiveGroup, EffectiveRule, Endpoints, GroupRef, Member, PacketSet, RulePeer, SecurityPolicy,
    Services, Side, Unfixed,
};
use crate::topology::{NodeId, SubnetId, Topology};

/// Reserved for private networks. Sources: RFC 1918 section 3; RFC 4193 section 3.1.
const PRIVATE_V4: [([u8; 4], u8); 3] = [([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)];
const PRIVATE_V6: (u16, u8) = (0xfc00, 7);

/// No source of packets from the internet: "this network", shared space, loopback, link-local, multicast and reserved.
/// Source: the IANA special-purpose address registries (RFC 6890) and the multicast blocks (RFC 5771, RFC 4291).
const LOCAL_V4: [([u8; 4], u8); 6] = [
    ([0, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];
/// Global unicast. Source: RFC 4291 section 2.4, and the IANA registry that has assigned nothing outside of it.
const GLOBAL_V6: (u16, u8) = (0x2000, 3);

#[derive(Debug)]
pub(super) struct Space<'t> {
    pub(super) topology: &'t Topology,
    pub(super) policy: &'t SecurityPolicy,
    /// Public addresses that are not the network's.
    pub(super) internet: Endpoints,
    /// The network's addresses.
    pub(super) network: Endpoints,
    /// The nodes' addresses.
    pub(super) nodes: Endpoints,
    private: Endpoints,
    /// The network, overlays and routed networks.
    reached: Endpoints,
    peers: Vec<Endpoints>,
    owns: Vec<Endpoints>,
}

impl<'t> Space<'t> {
    pub(super) fn of(topology: &'t Topology, policy: &'t SecurityPolicy) -> Self {
        let network = Endpoints::networks([topology.network.cidr.into()]);
        let overlays = topology.overlays.iter().map(|overlay| overlay.cidr);
        let routed = topology.pools.iter().flat_map(|pool| &pool.routed).copied();
        let reached = network.union(&Endpoints::networks(overlays.chain(routed).map(IpNet::V4)));
        let v6 = [net_v6(PRIVATE_V6)];
        let private = Endpoints::networks(PRIVATE_V4.map(net_v4).into_iter().chain(v6));
        let local = Endpoints::networks(LOCAL_V4.map(net_v4)).union(&private).union(&reached);
        let public = Endpoints::networks([IpNet::V4(Ipv4Net::default()), net_v6(GLOBAL_V6)]);
        let all: Vec<NodeId> = topology.node_ids().collect();
        let mut space = Self {
            topology,
            policy,
            internet: public.difference(&local),
            network,
            nodes: hosts(topology, &all),
            private,
            reached,
            peers: Vec::new(),
            owns: Vec::new(),
        };
        for group in policy.group_refs() {
            let members = || policy[group].members.iter();
            space.peers.push(all_of(members().map(|member| space.inside(*member))));
            space.owns.push(all_of(
                members().map(|m| space.inside(*m).union(&Endpoints::unfixed(Unfixed::Public(*m)))),
            ));
        }
        space
    }

    /// A member by its addresses in the network.
    pub(super) fn inside(&self, member: Member) -> Endpoints {
        match member {
            Member::Pool(id) => hosts(self.topology, &self.topology[id].nodes),
            Member::LoadBalancer(_) | Member::Database(_) => Endpoints::unfixed(Unfixed::Inside(member)),
        }
    }

    /// Whom a rule's peer means. A group means its members' addresses in the network, never their public ones.
    pub(super) fn peer(&self, peer: RulePeer) -> Endpoints {
        match peer {
            RulePeer::Network(net) => Endpoints::networks([net]),
            RulePeer::Group(group) => self.peers[group.0].clone(),
        }
    }

    /// The members of a group, however they are addressed.
    pub(super) fn own(&self, group: GroupRef) -> Endpoints {
        self.owns[group.0].clone()
    }

    pub(super) fn subnets(&self, member: Member) -> Vec<SubnetId> {
        match member {
            Member::Pool(id) => {
                let mut subnets: Vec<_> =
                    self.topology[id].nodes.iter().map(|node| self.topology[*node].subnet).collect();
                subnets.sort_unstable();
                subnets.dedup();
                subnets
            }
            Member::LoadBalancer(id) => self.topology[id].subnets.value.clone(),
            Member::Database(id) => self.topology[id].subnets.value.clone(),
        }
    }

    /// The addresses that something may turn out to have.
    pub(super) fn addresses_of(&self, one: Unfixed) -> Endpoints {
        match one {
            Unfixed::Public(_) => {
                let v4 = Endpoints::networks([IpNet::V4(Ipv4Net::default())]);
                self.internet.intersection(&v4)
            }
            Unfixed::Inside(member) => {
                let subnets = self.subnets(member).into_iter();
                let all = Endpoints::networks(subnets.map(|id| self.topology[id].cidr.into()));
                all.difference(&self.nodes)
            }
        }
    }

    /// The same endpoints, with every address that what is not fixed may turn out to have.
    pub(super) fn wherever(&self, endpoints: &Endpoints) -> Endpoints {
        let groups = self.by_addresses(endpoints);
        all_of(groups.into_iter().map(|(_, addresses)| addresses).chain([endpoints.clone()]))
    }

    /// What has no fixed address, together where it may have the same ones, with these.
    fn by_addresses(&self, endpoints: &Endpoints) -> Vec<(Endpoints, Endpoints)> {
        let (public, inside): (Vec<Unfixed>, Vec<Unfixed>) =
            endpoints.unfixed_members().into_iter().partition(|one| matches!(one, Unfixed::Public(_)));
        let inside = inside.into_iter().map(|one| (Endpoints::unfixed(one), self.addresses_of(one)));
        let any_public = public
            .first()
            .map(|one| (all_of(public.iter().map(|one| Endpoints::unfixed(*one))), self.addresses_of(*one)));
        inside.chain(any_public).collect()
    }

    /// What of some packets is not certain to be admitted.
    pub(super) fn lost(&self, side: Side, needed: &PacketSet, admitted: &PacketSet) -> PacketSet {
        let left = needed.difference(admitted);
        let mut lost = PacketSet::empty();
        for one in left.cover() {
            lost = lost.union(&one.with(side, one.side(side).fixed()).into());
            for (unfixed, addresses) in self.by_addresses(one.side(side)) {
                let refused = PacketSet::from(one.with(side, addresses)).difference(admitted);
                lost = lost.union(&refused.with_endpoints(side, &unfixed));
            }
        }
        lost
    }

    /// What of some endpoints is not certain to be among others.
    pub(super) fn missing(&self, needed: &Endpoints, admitted: &Endpoints) -> Endpoints {
        let left = needed.difference(admitted);
        let somewhere = left.unfixed_members().into_iter();
        let unfixed = somewhere.filter(|one| !self.addresses_of(*one).is_subset(admitted));
        all_of(unfixed.map(Endpoints::unfixed).chain([left.fixed()]))
    }

    /// Whether some endpoints are among others for certain, wherever they turn out to be.
    pub(super) fn is_wholly_among(&self, endpoints: &Endpoints, others: &Endpoints) -> bool {
        endpoints.is_subset(others) || self.missing(endpoints, others).is_empty()
    }

    /// Addresses of the network, of overlays and of routed networks.
    pub(super) fn reached(&self) -> &Endpoints {
        &self.reached
    }

    /// Reserved for private networks.
    pub(super) fn private(&self) -> &Endpoints {
        &self.private
    }

    /// Whether a peer is a private range that nothing known of leads to.
    pub(super) fn is_nowhere(&self, peer: RulePeer) -> bool {
        // What v6 ranges lead to cannot be stated in a document.
        let RulePeer::Network(net @ ipnet::IpNet::V4(_)) = peer else { return false };
        let net = Endpoints::networks([net]);
        net.is_subset(&self.private) && net.intersection(&self.reached).is_empty()
    }
}

impl Direction {
    /// The side on which its rules name peers.
    pub(super) const fn peer_side(self) -> Side {
        match self {
            Self::Inbound => Side::Source,
            Self::Outbound => Side::Destination,
        }
    }

    pub(super) fn packets(self, peer: Endpoints, own: Endpoints, services: Services) -> PacketSet {
        match self {
            Self::Inbound => PacketSet::product(peer, own, services),
            Self::Outbound => PacketSet::product(own, peer, services),
        }
    }

    pub(super) fn rules(self, group: &EffectiveGroup) -> &[EffectiveRule] {
        match self {
            Self::Inbound => &group.inbound,
            Self::Outbound => &group.outbound,
        }
    }
}

pub(super) fn hosts(topology: &Topology, nodes: &[NodeId]) -> Endpoints {
    Endpoints::hosts(nodes.iter().map(|node| topology[*node].address))
}

pub(super) fn all_of(endpoints: impl Iterator<Item = Endpoints>) -> Endpoints {
    Endpoints::union_of(endpoints)
}

fn net_v4((address, bits): ([u8; 4], u8)) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from(address), bits))
}

fn net_v6((first, bits): (u16, u8)) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(std::net::Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0), bits))
}
