//! The smallest sets of failures that lose each thing, and what each node and zone loses by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::cuts::{self, Cut, Taken};
use super::projection::{Among, Projection};
use super::{EntryId, Failure, Outcome, Simulation, Thing, ZoneId};
use crate::document::Quorum;
use crate::topology::{DatabaseId, MeshId, NodeId, ServiceId};

/// What the search is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// A service whose members have to agree.
    Quorum(ServiceId),
    /// Any other service.
    Service(ServiceId),
    /// Each of the services that a mesh of tunnels consists of: they are alike.
    Mesh(MeshId),
    /// An entry point.
    Entry(EntryId),
    /// A database.
    Database(DatabaseId),
}

/// What was found about everything.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Search {
    /// Quorums, entry points, databases, services and meshes, in this order.
    pub answers: Vec<Answer>,
    /// Each node and each zone by itself; alike nodes as one.
    pub singles: Vec<Single>,
    /// How many sets were tried at most for each thing.
    pub budget: usize,
}

/// The smallest sets of failures that lose a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The thing.
    pub subject: Subject,
    /// The smallest sets of all: nodes, zones, databases, load balancers, and for a service or an entry point also other
    /// services. Its own failure, which loses it anyway, is left out.
    pub smallest: Found,
    /// The smallest sets of nodes alone, where none of the smallest is one.
    pub nodes: Option<Found>,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Every set of this size that loses it. No smaller one does, so each is minimal.
    Sets {
        /// How many failures a set has.
        size: usize,
        /// The sets.
        cuts: Vec<Cut>,
    },
    /// Nothing loses it.
    Nothing,
    /// Not all was tried: no set smaller than this loses it, and of larger ones nothing is known.
    NotSearched {
        /// The smallest size of which something was not tried.
        from: usize,
        /// Sets of this size that were found before the budget was used up; there may be others.
        cuts: Vec<Cut>,
    },
}

/// What a failure loses by itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Single {
    /// The failure; several alike nodes, each of which loses the same.
    pub failures: Vec<Failure>,
    /// What is lost when the first of them fails.
    pub outcome: Outcome,
}

impl Search {
    /// Whether something was not tried.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        let not_searched = |found: &Found| matches!(found, Found::NotSearched { .. });
        self.answers
            .iter()
            .any(|answer| not_searched(&answer.smallest) || answer.nodes.as_ref().is_some_and(not_searched))
    }
}

impl Simulation<'_> {
    /// How many sets are tried for each thing when nobody says otherwise: a second or so for a usual cluster.
    pub const BUDGET: usize = 200_000;

    /// Searches the smallest failures that lose each thing, trying at most `budget` sets for each; and looks at each node
    /// and zone by itself.
    #[must_use]
    pub fn search(&self, budget: usize) -> Search {
        let answers = self.subjects().into_iter().map(|subject| self.answer(subject, budget)).collect();
        Search { answers, singles: self.singles(), budget }
    }

    /// Everything that can be lost, as far as it works when nothing fails.
    fn subjects(&self) -> Vec<Subject> {
        let topology = self.topology;
        let usual = self.outcome(&[]);
        let (quorums, services): (Vec<ServiceId>, Vec<ServiceId>) = topology
            .service_ids()
            .filter(|id| self.mesh_of(*id).is_none())
            .partition(|id| *topology[*id].quorum == Quorum::Majority);
        quorums
            .into_iter()
            .map(Subject::Quorum)
            .chain(self.entry_ids().filter(|id| usual.entries[id.0].works).map(Subject::Entry))
            .chain(topology.database_ids().map(Subject::Database))
            .chain(services.into_iter().map(Subject::Service))
            .chain(topology.mesh_ids().map(Subject::Mesh))
            .collect()
    }

    fn answer(&self, subject: Subject, budget: usize) -> Answer {
        let smallest = smallest(&Projection::of(self, subject, Among::Everything), budget);
        let has_nodes = matches!(&smallest, Found::Sets { cuts, .. } if cuts.iter().any(Cut::can_be_nodes));
        let nodes = if has_nodes || smallest == Found::Nothing {
            None
        } else {
            let found = smallest_of_nodes(self, subject, budget);
            (found != Found::Nothing).then_some(found)
        };
        Answer { subject, smallest, nodes }
    }

    fn singles(&self) -> Vec<Single> {
        let single = |failures: Vec<Failure>| {
            let outcome = self.outcome(&failures[..1]);
            Single { failures, outcome }
        };
        let nodes =
            self.alike_nodes().into_iter().map(|nodes| nodes.into_iter().map(Failure::Node).collect());
        let zones = self.zone_ids().map(|zone| vec![Failure::Zone(zone)]);
        nodes.chain(zones).map(single).collect()
    }

    /// Nodes of one pool and zone that the same runs on and the same load balancers lead to.
    fn alike_nodes(&self) -> Vec<Vec<NodeId>> {
        type Key = (usize, Option<ZoneId>, Vec<ServiceId>, Vec<usize>);
        let topology = self.topology;
        let mut known: BTreeMap<Key, usize> = BTreeMap::new();
        let mut all: Vec<Vec<NodeId>> = Vec::new();
        for node in topology.node_ids() {
            let on = topology.instances_on(node).iter().map(|instance| topology[*instance].service);
            let balancers = self.targets.iter().enumerate().filter(|(_, targets)| targets.contains(&node));
            let key = (
                topology[node].pool.position(),
                self.zone_of(node),
                on.collect(),
                balancers.map(|(position, _)| position).collect(),
            );
            let alike = *known.entry(key).or_insert_with(|| {
                all.push(Vec::new());
                all.len() - 1
            });
            all[alike].push(node);
        }
        all
    }
}

impl Subject {
    /// The thing that it is; for a mesh one of its services.
    #[must_use]
    pub fn thing(self, simulation: &Simulation<'_>) -> Option<Thing> {
        match self {
            Self::Quorum(id) | Self::Service(id) => Some(Thing::Service(id)),
            Self::Mesh(id) => simulation.topology[id].services.first().copied().map(Thing::Service),
            Self::Entry(id) => Some(Thing::Entry(id)),
            Self::Database(id) => Some(Thing::Database(id)),
        }
    }
}

fn smallest_of_nodes(simulation: &Simulation<'_>, subject: Subject, budget: usize) -> Found {
    smallest(&Projection::of(simulation, subject, Among::Nodes), budget)
}

/// Tries sets from the smallest on. Whatever a set loses, a larger one loses too: so the first size at which some lose it
/// is the smallest, and all of them are minimal.
fn smallest(projection: &Projection<'_>, budget: usize) -> Found {
    let sizes = projection.sizes();
    if !projection.is_lost(&sizes, true) {
        return Found::Nothing;
    }
    let most: usize = sizes.iter().sum();
    let mut tries =
        Tries { projection, sizes: &sizes, room: room(&sizes), left: budget, lost: BTreeSet::new() };
    for size in 0..=most {
        let mut counts = vec![0; sizes.len()];
        let complete = tries.each(0, size, &mut counts);
        if complete && tries.lost.is_empty() {
            continue;
        }
        let cuts = cuts::written(&tries.lost, &projection.members());
        return if complete { Found::Sets { size, cuts } } else { Found::NotSearched { from: size, cuts } };
    }
    Found::Nothing
}

/// How much can be taken of a class and those behind it.
fn room(sizes: &[usize]) -> Vec<usize> {
    let mut room = vec![0; sizes.len() + 1];
    for class in (0..sizes.len()).rev() {
        room[class] = room[class + 1] + sizes[class];
    }
    room
}

struct Tries<'p> {
    projection: &'p Projection<'p>,
    sizes: &'p [usize],
    room: Vec<usize>,
    /// How many sets may still be tried.
    left: usize,
    lost: BTreeSet<Taken>,
}

impl Tries<'_> {
    /// Tries each way to take `rest` more from the classes from `class` on. `false` when the budget is used up.
    fn each(&mut self, class: usize, rest: usize, counts: &mut [usize]) -> bool {
        if rest == 0 {
            return self.one(counts);
        }
        // What the classes behind this one cannot give, this one has to.
        let least = rest.saturating_sub(self.room[class + 1]);
        for count in (least..=rest.min(self.sizes[class])).rev() {
            counts[class] = count;
            let behind = rest - count;
            let goes_on = if behind == 0 { self.one(counts) } else { self.each(class + 1, behind, counts) };
            if !goes_on {
                return false;
            }
        }
        counts[class] = 0;
        true
    }

    fn one(&mut self, counts: &[usize]) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        if self.projection.is_lost(counts, true) {
            let set = counts.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect();
            self.lost.insert((set, self.projection.is_lost(counts, false)));
        }
        true
    }
}
