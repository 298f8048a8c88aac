//! What is left when a set of things has failed.

use std::collections::BTreeMap;

use super::flows::{Live, Passage};
use super::places::Fate;
use super::wiring::{Given, Settled, Step};
use super::{EntryId, Failure, Simulation, Thing, ZoneId};
use crate::flow::Flow;
use crate::topology::{DatabaseId, LoadBalancerId, NodeId, ServiceId, Topology};

/// What is left when a set of things has failed.
///
/// Where it depends on what only the provider knows, the worst is taken, and what is lost then is not `certain`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// What failed, each once, sorted.
    pub failures: Vec<Failure>,
    /// Every service, in their order.
    pub services: Vec<ServiceState>,
    /// Every entry point.
    pub entries: Vec<EntryState>,
    /// Every database.
    pub databases: Vec<DatabaseState>,
    /// Every load balancer.
    pub balancers: Vec<BalancerState>,
    /// The flows that at least one connection is possible of, in the graph's order.
    pub possible: Vec<Flow>,
    /// Those of the possible ones that are left within nodes only: what carried them from node to node is down.
    pub within_nodes: Vec<Flow>,
    /// The flows that were possible before, and are not now.
    pub lost_flows: Vec<Flow>,
    /// Everything that is lost and why. A chain of causes ends at a failure.
    pub losses: BTreeMap<Thing, Loss>,
}

/// Something that is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// Why.
    pub cause: Cause,
    /// Whether it is lost wherever the databases stand that may stand in several places.
    pub certain: bool,
}

/// Why something is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// It is what failed.
    Failed,
    /// It stands in a zone that failed, or in several that all did.
    Zones(Vec<ZoneId>),
    /// Too few of its instances are left.
    TooFew {
        /// How many are on nodes that are up.
        left: usize,
        /// How many there are in all.
        of: usize,
        /// How many have to be.
        needed: usize,
        /// The nodes that took the others.
        down: Vec<NodeId>,
    },
    /// The service whose network namespace it is in is down, for the second reason.
    Owner(ServiceId, Box<Self>),
    /// It does not work without this.
    Requires(Thing),
    /// The load balancer of an entry point is lost.
    Balancer(LoadBalancerId),
    /// No target of the entry point is up that has its port.
    NoTarget {
        /// The services that would answer, and do not work.
        services: Vec<ServiceId>,
        /// The targets that are down.
        down: Vec<NodeId>,
    },
}

/// What is left of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceState {
    /// The service.
    pub service: ServiceId,
    /// How many of its instances are up.
    pub left: usize,
    /// How many there are in all.
    pub of: usize,
    /// How many have to be up.
    pub needed: usize,
    /// Whether it works.
    pub works: bool,
}

/// What is left of an entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryState {
    /// The entry point.
    pub entry: EntryId,
    /// How many targets answer.
    pub left: usize,
    /// How many answer when nothing has failed; none where it leads nowhere.
    pub of: usize,
    /// Whether it works.
    pub works: bool,
}

/// What is left of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseState {
    /// The database.
    pub database: DatabaseId,
    /// Whether it works, wherever it stands.
    pub works: bool,
}

/// What is left of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BalancerState {
    /// The load balancer.
    pub balancer: LoadBalancerId,
    /// Whether it works.
    pub works: bool,
}

impl Outcome {
    /// Whether nothing is lost but what failed itself and the nodes.
    ///
    /// A service that somebody said has failed is lost too.
    #[must_use]
    pub fn nothing_is_lost(&self) -> bool {
        self.lost().next().is_none()
    }

    /// What is lost, nodes apart: services, databases, load balancers and entry points.
    pub fn lost(&self) -> impl Iterator<Item = (Thing, &Loss)> {
        let losses = self.losses.iter().map(|(thing, loss)| (*thing, loss));
        losses.filter(|(thing, _)| !matches!(thing, Thing::Node(_)))
    }

    /// The chain of what something was lost by, from itself to the failure.
    #[must_use]
    pub fn chain(&self, thing: Thing) -> Vec<(Thing, &Cause)> {
        let mut chain = Vec::new();
        let mut next = Some(thing);
        while let Some(loss) = next.and_then(|thing| self.losses.get(&thing)) {
            chain.extend(next.map(|thing| (thing, &loss.cause)));
            next = loss.cause.next();
        }
        chain
    }
}

impl Cause {
    /// What it goes back to in its turn; `None` where it ends at what failed.
    fn next(&self) -> Option<Thing> {
        match self {
            Self::Failed | Self::Zones(_) => None,
            Self::TooFew { down, .. } => down.first().copied().map(Thing::Node),
            Self::Owner(_, because) => match &**because {
                Self::Failed => None,
                other => other.next(),
            },
            Self::Requires(thing) => Some(*thing),
            Self::Balancer(id) => Some(Thing::LoadBalancer(*id)),
            Self::NoTarget { services, down } => {
                let service = services.first().copied().map(Thing::Service);
                service.or_else(|| down.first().copied().map(Thing::Node))
            }
        }
    }
}

/// One way that it can have gone: with the databases that may be lost as lost, or as not.
struct Run {
    settled: Settled,
    alive: Vec<usize>,
    databases: Vec<bool>,
    balancers: Vec<bool>,
    /// How many targets of each entry point answer.
    answering: Vec<usize>,
}

impl Simulation<'_> {
    /// What is left when these things fail at once.
    #[must_use]
    pub fn outcome(&self, failures: &[Failure]) -> Outcome {
        let mut failures = failures.to_vec();
        failures.sort_unstable();
        failures.dedup();
        let up = self.nodes_up(&failures);
        let everything = vec![true; self.topology.nodes.len()];
        let before = self.run(&[], &everything, false);
        let worst = self.run(&failures, &up, true);
        let best = self.run(&failures, &up, false);
        let services = self.topology.service_ids().zip(&self.topology.services);
        let (possible, lost_flows) = self.flows(&before, &worst, &everything, &up);
        let within_nodes = self.within_nodes(&possible, &before, &worst, &everything, &up);
        Outcome {
            losses: self.losses(&failures, &up, &before, &worst, &best),
            services: services
                .map(|(id, service)| ServiceState {
                    service: id,
                    left: if worst.settled.closed[id.position()].is_some() {
                        0
                    } else {
                        worst.alive[id.position()]
                    },
                    of: service.placement.len(),
                    needed: service.needed(),
                    works: worst.settled.lost[id.position()].is_none(),
                })
                .collect(),
            entries: self
                .entry_ids()
                .map(|id| EntryState {
                    entry: id,
                    left: worst.answering[id.0],
                    of: before.answering[id.0],
                    works: worst.answering[id.0] > 0,
                })
                .collect(),
            databases: self
                .topology
                .database_ids()
                .map(|id| DatabaseState { database: id, works: !worst.databases[id.position()] })
                .collect(),
            balancers: self
                .topology
                .load_balancer_ids()
                .map(|id| BalancerState { balancer: id, works: !worst.balancers[id.position()] })
                .collect(),
            possible,
            within_nodes,
            lost_flows,
            failures,
        }
    }

    fn nodes_up(&self, failures: &[Failure]) -> Vec<bool> {
        let zone_fails = |zone: ZoneId| failures.binary_search(&Failure::Zone(zone)).is_ok();
        let up = |id: NodeId| {
            failures.binary_search(&Failure::Node(id)).is_err() && !self.zone_of(id).is_some_and(zone_fails)
        };
        self.topology.node_ids().map(up).collect()
    }

    /// What holds. `worst` takes what may be lost as lost.
    fn run(&self, failures: &[Failure], up: &[bool], worst: bool) -> Run {
        let topology = self.topology;
        let fails = |failure: Failure| failures.binary_search(&failure).is_ok();
        let zone_fails = |zone: ZoneId| fails(Failure::Zone(zone));
        let alive: Vec<usize> = topology.services.iter().map(|service| alive(service, up)).collect();
        let failed: Vec<bool> = topology.service_ids().map(|id| fails(Failure::Service(id))).collect();
        let databases: Vec<bool> = topology
            .database_ids()
            .map(|id| {
                fails(Failure::Database(id))
                    || match self.databases[id.position()].fate(zone_fails) {
                        Fate::Up => false,
                        Fate::MayBeLost => worst,
                        Fate::Lost => true,
                    }
            })
            .collect();
        let balancers: Vec<bool> = topology
            .load_balancer_ids()
            .map(|id| {
                let zones = self.balancer_zones[id.position()].as_ref();
                fails(Failure::LoadBalancer(id))
                    || zones.is_some_and(|zones| zones.iter().all(|zone| zone_fails(*zone)))
            })
            .collect();
        let settled = self.wiring.settle(&Given {
            alive: &alive,
            failed: &failed,
            databases_lost: &databases,
            balancers_lost: &balancers,
        });
        let answering = self.entries.iter().map(|entry| {
            if balancers[entry.balancer.position()] {
                return 0;
            }
            let targets = &self.targets[entry.balancer.position()];
            let working = entry.servers.iter().filter(|id| settled.lost[id.position()].is_none());
            let mut nodes: Vec<NodeId> = working
                .flat_map(|id| &topology[*id].placement)
                .copied()
                .filter(|node| up[node.position()] && targets.contains(node))
                .collect();
            nodes.sort_unstable();
            nodes.dedup();
            nodes.len()
        });
        let answering = answering.collect();
        Run { settled, alive, databases, balancers, answering }
    }

    fn losses(
        &self,
        failures: &[Failure],
        up: &[bool],
        before: &Run,
        worst: &Run,
        best: &Run,
    ) -> BTreeMap<Thing, Loss> {
        let topology = self.topology;
        let fails = |failure: Failure| failures.binary_search(&failure).is_ok();
        let zone_fails = |zone: ZoneId| fails(Failure::Zone(zone));
        let mut losses = BTreeMap::new();
        let mut lose = |thing: Thing, cause: Cause, certain: bool| {
            losses.insert(thing, Loss { cause, certain });
        };
        for id in topology.node_ids().filter(|id| !up[id.position()]) {
            let zone = self.zone_of(id).filter(|_| !fails(Failure::Node(id)));
            let cause = zone.map_or(Cause::Failed, |zone| Cause::Zones(vec![zone]));
            lose(Thing::Node(id), cause, true);
        }
        for id in topology.database_ids().filter(|id| worst.databases[id.position()]) {
            let cause = if fails(Failure::Database(id)) {
                Cause::Failed
            } else {
                Cause::Zones(self.databases[id.position()].zones(zone_fails))
            };
            lose(Thing::Database(id), cause, best.databases[id.position()]);
        }
        for id in topology.load_balancer_ids().filter(|id| worst.balancers[id.position()]) {
            let zones = self.balancer_zones[id.position()].clone().unwrap_or_default();
            let failed = fails(Failure::LoadBalancer(id));
            let cause = if failed { Cause::Failed } else { Cause::Zones(zones) };
            lose(Thing::LoadBalancer(id), cause, true);
        }
        for id in topology.service_ids() {
            let Some(step) = worst.settled.lost[id.position()] else { continue };
            // What is certain has a reason that is.
            let (run, step, certain) = match best.settled.lost[id.position()] {
                Some(step) => (best, step, true),
                None => (worst, step, false),
            };
            lose(Thing::Service(id), cause(topology, run, up, id, step), certain);
        }
        for (id, entry) in self.entry_ids().zip(&self.entries) {
            if worst.answering[id.0] > 0 || before.answering[id.0] == 0 {
                continue;
            }
            let certain = best.answering[id.0] == 0;
            let run = if certain { best } else { worst };
            let cause = if run.balancers[entry.balancer.position()] {
                Cause::Balancer(entry.balancer)
            } else {
                let lost = entry.servers.iter().filter(|id| run.settled.lost[id.position()].is_some());
                let targets = self.targets[entry.balancer.position()].iter();
                Cause::NoTarget {
                    services: lost.copied().collect(),
                    down: targets.copied().filter(|node| !up[node.position()]).collect(),
                }
            };
            lose(Thing::Entry(id), cause, certain);
        }
        losses
    }

    fn flows(&self, before: &Run, after: &Run, everything: &[bool], up: &[bool]) -> (Vec<Flow>, Vec<Flow>) {
        let (before, after) = (self.live(before, everything), self.live(after, up));
        let usual = self.graph.flows().filter(|flow| before.possible(flow)).cloned();
        usual.partition(|flow| after.possible(flow))
    }

    fn within_nodes(
        &self,
        possible: &[Flow],
        before: &Run,
        after: &Run,
        everything: &[bool],
        up: &[bool],
    ) -> Vec<Flow> {
        let (before, after) = (self.live(before, everything), self.live(after, up));
        let is_parted = |flow: &&Flow| {
            before.passage(flow) == Passage::Open && after.passage(flow) == Passage::WithinNodes
        };
        possible.iter().filter(is_parted).cloned().collect()
    }

    fn live<'s>(&'s self, run: &'s Run, up: &'s [bool]) -> Live<'s> {
        Live {
            simulation: self,
            up,
            closed: &run.settled.closed,
            databases_lost: &run.databases,
            balancers_lost: &run.balancers,
            answering: &run.answering,
        }
    }
}

fn alive(service: &crate::topology::Service, up: &[bool]) -> usize {
    service.placement.iter().filter(|node| up[node.position()]).count()
}

fn cause(topology: &Topology, run: &Run, up: &[bool], id: ServiceId, step: Step) -> Cause {
    match step {
        Step::Failed => Cause::Failed,
        Step::TooFew => {
            let mut down: Vec<NodeId> =
                topology[id].placement.iter().copied().filter(|node| !up[node.position()]).collect();
            down.sort_unstable();
            down.dedup();
            let service = &topology[id];
            let (left, of) = (run.alive[id.position()], service.placement.len());
            Cause::TooFew { left, of, needed: service.needed(), down }
        }
        Step::Owner(owner) => {
            let owner = ServiceId(owner);
            // An owner shares nobody's namespace, so this goes one step deep.
            let because = run.settled.closed[owner.position()].unwrap_or(Step::Failed);
            Cause::Owner(owner, Box::new(cause(topology, run, up, owner, because)))
        }
        Step::Service(id) => Cause::Requires(Thing::Service(ServiceId(id))),
        Step::Database(id) => Cause::Requires(Thing::Database(DatabaseId(id))),
        Step::Balancer(id) => Cause::Requires(Thing::LoadBalancer(LoadBalancerId(id))),
    }
}
