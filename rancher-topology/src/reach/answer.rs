//! What a question about reaching is answered with.

use crate::diagnostic::Span;
use crate::flow::End;
use crate::policy::{Direction, Endpoints, GroupRef, RuleRef, Verdict};
use crate::scalar::{PortRange, Ports};
use crate::topology::{MeshId, OverlayId, Topology};

/// One end of a question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whom {
    /// A thing of the topology; never [`End::Internet`].
    End(End),
    /// Public addresses: all of them, or those that are alike to the rules.
    Internet(Endpoints),
    /// Other addresses that no thing of the topology is stated to have.
    Addresses(Endpoints),
}

/// Whether one end can open connections to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// What is alike together, in the order of the clients, the servers and the ports.
    pub alike: Vec<Alike>,
    /// Whether a port was asked for.
    pub asked: Option<Ports>,
}

/// Pairs of ends whose answer is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alike {
    /// Who opens connections.
    pub clients: Vec<Whom>,
    /// Who accepts them; each of the clients with each of these, and nobody with himself.
    pub servers: Vec<Whom>,
    /// Which of these pairs are meant.
    pub pairs: Pairs,
    /// The ports, as the server counts them; `None` when it listens on none and none were asked for.
    pub ports: Option<Ports>,
    /// The best of the ways.
    pub verdict: Verdict,
    /// The ways of the first pair, the best first. Never empty.
    pub ways: Vec<Way>,
}

/// Which pairs of nodes are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pairs {
    /// All of them.
    All,
    /// Those on one node.
    SameNode,
    /// Those on two nodes.
    OtherNode,
}

/// A way from a client to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Way {
    /// What kind of way.
    pub via: Via,
    /// Whether packets pass all of it.
    pub verdict: Verdict,
    /// The packets on it, in order, each with its addresses as they are there.
    pub hops: Vec<Hop>,
    /// The peers that its gates admit, where a client or a server is many addresses.
    pub(super) cuts: Vec<Endpoints>,
}

/// A kind of way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// Inside one network namespace.
    Loopback,
    /// Through the tunnels of a mesh.
    Tunnels(MeshId),
    /// Straight to a mesh's way in, without the tunnel before it: what comes there has to be encrypted with its key.
    TunnelEntry(MeshId),
    /// Inside an overlay's packets.
    Overlay(OverlayId),
    /// Through ports that the server's node publishes.
    Published(PortRange),
    /// Straight to an address.
    Direct,
    /// Over the engine's bridge, on one node.
    Bridge,
    /// To a container's own address, from a network that is stated as routed.
    Routed,
    /// Through a load balancer's listener.
    Balanced(crate::topology::LoadBalancerId, u16),
}

/// A packet on its way, between two changes of its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// What made the packet as it is here.
    pub kind: HopKind,
    /// Where it comes from; the port is the kernel's choice.
    pub source: String,
    /// Where it goes to: an address, or a name where no address is known before.
    pub destination: String,
    /// To which ports.
    pub ports: PortRange,
    /// Who takes it there, when somebody does.
    pub taken_by: Option<String>,
    /// The rules that admit it.
    pub admitted: Vec<Admitted>,
    /// Why it does not get there.
    pub refused: Vec<Refusal>,
    /// Why it is not certain that it gets there.
    pub doubts: Vec<String>,
}

/// What made a packet as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HopKind {
    /// The client opens the connection.
    Opens,
    /// The node put its own address in the place of its container's.
    Masquerade,
    /// The provider's gateway put a node's address in the place of its public one, or the other way round.
    Gateway,
    /// The node put a container in the place of its published port.
    Published,
    /// A tunnel's end encrypts and opens a connection of its own.
    TunnelOut,
    /// A tunnel's end decrypts and opens a connection of its own.
    TunnelIn,
    /// A load balancer opens a connection of its own to a target.
    Balanced,
    /// What answers there hands it on, as the document says of this traffic.
    HandedOn,
    /// The overlay carries it inside packets of its own between the two nodes.
    Overlay,
}

impl HopKind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Masquerade => "masquerade",
            Self::Gateway => "gateway",
            Self::Published => "published port",
            Self::TunnelOut => "tunnel out",
            Self::TunnelIn => "tunnel in",
            Self::Balanced => "load balancer",
            Self::HandedOn => "handed on",
            Self::Overlay => "overlay",
        }
    }
}

/// A rule that admits a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admitted {
    /// The rule.
    pub rule: RuleRef,
    /// What it says: "`server-nodes` lets in 2181/tcp from 0.0.0.0/0".
    pub words: String,
    /// Where the document says it; `None` when it follows from the declared flows.
    pub place: Option<Span>,
}

/// Why a packet does not get there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The cause.
    pub cause: Cause,
    /// The cause in words, in lower case, without a full stop.
    pub words: String,
    /// What would have to be written, and where; `None` where nothing that can be written would do.
    pub change: Option<Change>,
}

/// Why a packet does not get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// No rule of the groups of one end admits it. The first of the groups.
    NoRule(Direction, Option<GroupRef>),
    /// No route leads there.
    NoRoute,
    /// The container's port is published on no port of its node.
    NotPublished,
    /// Nobody listens there.
    NothingListens,
}

/// Something to write into the document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Change {
    /// To what: "`inbound` of security group `server-nodes`".
    pub to: String,
    /// What: a line.
    pub line: String,
    /// Lines that have to be written with it: what is so only as long as nothing is said.
    pub with: Vec<String>,
    /// Where the document says the thing that it is added to.
    pub place: Option<Span>,
}

impl Answer {
    /// Whether everyone reaches everyone on the ports that were asked for; without any, whether somebody reaches some port.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let all = self.alike.iter().map(|alike| alike.verdict);
        if self.asked.is_some() { all.max() } else { all.min() }.unwrap_or(Verdict::No)
    }
}

impl Way {
    pub(super) fn of(via: Via, hops: Vec<Hop>, cuts: Vec<Endpoints>) -> Self {
        let refused = hops.iter().any(|hop| !hop.refused.is_empty());
        let doubted = hops.iter().any(|hop| !hop.doubts.is_empty());
        let verdict = match (refused, doubted) {
            (true, _) => Verdict::No,
            (false, true) => Verdict::Possible,
            (false, false) => Verdict::Yes,
        };
        Self { via, verdict, hops, cuts }
    }

    /// The same way where its last packet is refused, too.
    pub(super) fn refused_at_its_end(mut self, refusal: &Refusal) -> Self {
        if let Some(last) = self.hops.last_mut() {
            last.taken_by = None;
            last.refused.push(refusal.clone());
        }
        Self::of(self.via, self.hops, self.cuts)
    }

    /// Every reason why it is refused, in its order.
    pub fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        self.hops.iter().flat_map(|hop| &hop.refused)
    }

    /// Everything that would have to be written for packets to pass, each once.
    #[must_use]
    pub fn changes(&self) -> Vec<&Change> {
        let mut all: Vec<&Change> = Vec::new();
        for change in self.refusals().filter_map(|refusal| refusal.change.as_ref()) {
            if !all.contains(&change) {
                all.push(change);
            }
        }
        all
    }
}

impl Whom {
    /// Its name; of addresses, the networks that they are, at most four.
    #[must_use]
    pub fn name(&self, topology: &Topology) -> String {
        let networks = |endpoints: &Endpoints| {
            let mut words: Vec<String> = endpoints.ranges().iter().take(5).map(ToString::to_string).collect();
            if words.len() > 4 {
                words.truncate(3);
                words.push("others".to_owned());
            }
            words.join(", ")
        };
        match self {
            Self::End(end) => end.name(topology),
            Self::Internet(endpoints) if endpoints.count_v4() > 1 << 31 => "internet".to_owned(),
            Self::Internet(endpoints) if endpoints.count_v4() == 0 && endpoints.count_v6() > 1 << 120 => {
                "internet over IPv6".to_owned()
            }
            Self::Internet(endpoints) => format!("internet ({})", networks(endpoints)),
            Self::Addresses(endpoints) => networks(endpoints),
        }
    }
}
