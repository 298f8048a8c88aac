//! What changes when one topology takes the place of another: for traffic, placement, quorum and addresses.
//!
//! Things are the same when they have the same name; nodes also when only their name is another one and their address is
//! not. A handle that says nothing else is one of the new topology.

mod ends;
mod placement;
mod traffic;
mod values;

use crate::flow::FlowGraph;
use crate::netfilter::Kind;
use crate::policy::{SecurityPolicy, ServiceRange, Services};
use crate::reach::{Reach, Whom};
use crate::topology::{NodeId, ServiceId, Topology};

/// What changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// What gets to somebody and did not, and the other way round, between machines; `None` when there are too many ends
    /// that are not alike ([`Reach::matrix`]).
    pub traffic: Option<Vec<TrafficChange>>,
    /// What rules of groups let through over IPv6: "web lets in 22/tcp", and the networks. Nodes have no addresses of it in a
    /// document, so that `traffic` is over IPv4.
    pub over_v6: Vec<ValueChange>,
    /// Ports on which somebody else listens, on machines that stay.
    pub listening: Vec<ListeningChange>,
    /// Load balancers: listeners, targets.
    pub load_balancers: Vec<ValueChange>,
    /// Nodes, and what runs on them.
    pub placement: Vec<PlacementChange>,
    /// How many of a service's instances have to live.
    pub quorum: Vec<QuorumChange>,
    /// Addresses, and the networks that they are in.
    pub addresses: Vec<ValueChange>,
}

/// Packets that get through in one of the two only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrafficChange {
    /// In which way they are treated otherwise.
    pub kind: Kind,
    /// Who sends them.
    pub from: Vec<Ends>,
    /// Who gets them.
    pub to: Vec<Ends>,
    /// What for.
    pub services: Services,
    /// Who listens there, or did: nobody where it is empty. `None` where that is not known, or no ports are asked for.
    pub listening: Option<Vec<String>>,
    /// One of the packets.
    pub example: Example,
}

/// Ends that are alike in both topologies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Ends {
    /// They, as the new topology knows them; the old one, where they are gone.
    pub members: Vec<Whom>,
    /// Whether both topologies have them.
    pub life: Life,
}

/// Which of two topologies has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Life {
    /// Both.
    Stays,
    /// The new one.
    Comes,
    /// The old one.
    Goes,
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Example {
    /// Its source: an address, or the name of what has no fixed one.
    pub source: String,
    /// Its destination.
    pub destination: String,
    /// Its protocol, and a single port where it has one.
    pub service: ServiceRange,
}

/// Ports on which somebody else listens than before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListeningChange {
    /// Whose ports.
    pub at: Ends,
    /// Which.
    pub services: Services,
    /// Who did.
    pub before: Vec<String>,
    /// Who does.
    pub after: Vec<String>,
}

/// A value that is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueChange {
    /// Of what: "node mgmt-host-1".
    pub what: String,
    /// What it was; `None` when it was not there.
    pub before: Option<String>,
    /// What it is; `None` when it is gone.
    pub after: Option<String>,
}

/// A change of nodes, or of what runs on them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlacementChange {
    /// There is a new node.
    NodeComes(NodeId),
    /// A node of the old topology is gone.
    NodeGoes(NodeId),
    /// A node has another name: the old topology's node, and the new one's.
    NodeRenamed(NodeId, NodeId),
    /// There is a new service.
    ServiceComes(ServiceId),
    /// A service of the old topology is gone.
    ServiceGoes(ServiceId),
    /// A service runs elsewhere.
    ServiceMoves {
        /// The service.
        service: ServiceId,
        /// Where it runs now and did not, once for each instance.
        comes: Vec<NodeId>,
        /// Where it ran, as nodes of the old topology.
        goes: Vec<NodeId>,
    },
}

/// How many of a service's instances have to live, where it is another number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuorumChange {
    /// The service.
    pub service: String,
    /// What it was; `None` when the service was not there.
    pub before: Option<Quorum>,
    /// What it is; `None` when the service is gone.
    pub after: Option<Quorum>,
}

/// Instances of a service, and how many of them it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quorum {
    /// How many there are.
    pub members: usize,
    /// How many have to live.
    pub needed: usize,
}

impl Quorum {
    /// How many may fail.
    #[must_use]
    pub const fn tolerated(self) -> usize {
        self.members.saturating_sub(self.needed)
    }
}

impl Changes {
    /// Compares two topologies.
    #[must_use]
    pub fn between(old: &Topology, new: &Topology) -> Self {
        let matched = ends::Matched::of(old, new);
        let [before, after] = [old, new].map(|topology| {
            let flows = FlowGraph::of(topology);
            let policy = SecurityPolicy::of(topology, &flows);
            (Reach::of(topology, &flows, &policy).matrix(), policy)
        });
        let over_v6 = values::over_v6(&before.1, &after.1);
        let (before, after) = (before.0, after.0);
        let joint =
            before.zip(after).map(|(before, after)| traffic::Joint::of(old, new, &matched, before, after));
        Self {
            listening: joint.as_ref().map(traffic::Joint::listening).unwrap_or_default(),
            traffic: joint.map(|joint| joint.traffic()),
            over_v6,
            load_balancers: values::load_balancers(old, new, &matched),
            placement: placement::placement(old, new, &matched),
            quorum: placement::quorum(old, new, &matched),
            addresses: values::addresses(old, new, &matched),
        }
    }

    /// Whether nothing of all this changes. Images, probes of services and what a database is made of are no part of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.traffic.as_ref().is_some_and(Vec::is_empty) && self.is_only_traffic()
    }

    /// Whether nothing but traffic changes, if that does.
    #[must_use]
    pub const fn is_only_traffic(&self) -> bool {
        self.over_v6.is_empty()
            && self.listening.is_empty()
            && self.load_balancers.is_empty()
            && self.placement.is_empty()
            && self.quorum.is_empty()
            && self.addresses.is_empty()
    }
}
