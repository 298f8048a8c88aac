//! As much of a topology as one thing depends on, with what is alike in it counted and not named.
//!
//! Two nodes of a zone that run the same of these services are alike: only how many of them fail matters. So the
//! search goes over counts, and a thousand alike nodes are no more work than how many of them have to fail.

use std::collections::{BTreeMap, BTreeSet};

use super::places::Fate;
use super::search::Subject;
use super::wiring::{Given, Wiring};
use super::{Failure, Simulation, ZoneId};
use crate::topology::{NodeId, Required, ServiceId, ServiceNetwork, Topology};

/// What a set may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    /// Nodes, zones, databases, load balancers, and for a service or an entry point also other services.
    Everything,
    Nodes,
}

/// What one thing depends on.
pub(super) struct Projection<'s> {
    simulation: &'s Simulation<'s>,
    subject: Subject,
    /// The services that it depends on, sorted; the wiring counts them in this order.
    services: Vec<ServiceId>,
    wiring: Wiring,
    classes: Vec<Class>,
    class_of_zone: Vec<Option<usize>>,
}

/// Failures of which only the number matters.
struct Class {
    /// What can be taken. Failures that stand together have the same effect.
    members: Vec<Vec<Failure>>,
    effect: Effect,
}

enum Effect {
    Nodes {
        /// How many instances of each service are on each of them.
        instances: Vec<usize>,
        /// Whether the entry point that is asked about leads to them.
        target: bool,
        /// The zone that takes them all, where it is a class of its own.
        zone: Option<ZoneId>,
    },
    Zone,
    Database(usize),
    Balancer(usize),
    Service(usize),
}

impl<'s> Projection<'s> {
    pub(super) fn of(simulation: &'s Simulation<'s>, subject: Subject, among: Among) -> Self {
        let topology = simulation.topology;
        let services = closure(topology, simulation.roots(subject));
        let mut projection = Self {
            simulation,
            subject,
            wiring: Wiring::among(topology, &services),
            services,
            classes: Vec::new(),
            class_of_zone: vec![None; simulation.zones.len()],
        };
        projection.classify(among);
        projection
    }

    /// What can be taken of each class.
    pub(super) fn members(&self) -> Vec<Vec<Vec<Failure>>> {
        self.classes.iter().map(|class| class.members.clone()).collect()
    }

    /// How many there are of each class.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.classes.iter().map(|class| class.members.len()).collect()
    }

    fn classify(&mut self, among: Among) {
        let topology = self.simulation.topology;
        let mut nodes: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        for (position, id) in self.services.iter().enumerate() {
            for node in &topology[*id].placement {
                nodes.entry(*node).or_insert_with(|| vec![0; self.services.len()])[position] += 1;
            }
        }
        let mut in_zone: BTreeMap<ZoneId, Vec<NodeId>> = BTreeMap::new();
        for node in nodes.keys() {
            if let Some(zone) = self.simulation.zone_of(*node) {
                in_zone.entry(zone).or_default().push(*node);
            }
        }
        // A zone in which there is one node and nothing else does what this node does.
        let touched: BTreeSet<ZoneId> =
            self.simulation.zone_ids().filter(|zone| self.touches(*zone)).collect();
        let alone =
            |zone: ZoneId| !touched.contains(&zone) && in_zone.get(&zone).is_some_and(|n| n.len() == 1);
        let of_its_own = |zone: ZoneId| {
            among == Among::Everything
                && !alone(zone)
                && (touched.contains(&zone) || in_zone.contains_key(&zone))
        };
        let mut classes: Vec<Class> = Vec::new();
        let mut known: BTreeMap<(Option<ZoneId>, bool, Vec<usize>), usize> = BTreeMap::new();
        for (node, instances) in nodes {
            let own = self.simulation.zone_of(node);
            let zone = own.filter(|zone| of_its_own(*zone));
            let target = self.is_target(node);
            let mut alike = vec![Failure::Node(node)];
            if among == Among::Everything {
                alike.extend(own.filter(|zone| alone(*zone)).map(Failure::Zone));
            }
            let class = *known.entry((zone, target, instances.clone())).or_insert_with(|| {
                classes
                    .push(Class { members: Vec::new(), effect: Effect::Nodes { instances, target, zone } });
                classes.len() - 1
            });
            classes[class].members.push(alike);
        }
        for zone in self.simulation.zone_ids().filter(|zone| of_its_own(*zone)) {
            self.class_of_zone[zone.0] = Some(classes.len());
            classes.push(Class { members: vec![vec![Failure::Zone(zone)]], effect: Effect::Zone });
        }
        if among == Among::Everything {
            classes.extend(self.beside_the_nodes());
        }
        self.classes = classes;
    }

    /// Databases, load balancers and other services that it depends on.
    fn beside_the_nodes(&self) -> Vec<Class> {
        let one = |failure, effect| Class { members: vec![vec![failure]], effect };
        let topology = self.simulation.topology;
        let mut classes = Vec::new();
        for id in topology.database_ids().filter(|id| self.needs_database(id.position())) {
            if self.subject != Subject::Database(id) {
                classes.push(one(Failure::Database(id), Effect::Database(id.position())));
            }
        }
        for id in topology.load_balancer_ids().filter(|id| self.needs_balancer(id.position())) {
            classes.push(one(Failure::LoadBalancer(id), Effect::Balancer(id.position())));
        }
        let own = match self.subject {
            Subject::Service(id) => Some(id),
            Subject::Mesh(id) => topology[id].services.first().copied(),
            Subject::Entry(_) => None,
            Subject::Quorum(_) | Subject::Database(_) => return classes,
        };
        for (position, id) in self.services.iter().enumerate().filter(|(_, id)| Some(**id) != own) {
            classes.push(one(Failure::Service(*id), Effect::Service(position)));
        }
        classes
    }

    fn needs_database(&self, database: usize) -> bool {
        matches!(self.subject, Subject::Database(id) if id.position() == database)
            || self.wiring.services.iter().any(|needs| needs.databases.contains(&database))
    }

    fn needs_balancer(&self, balancer: usize) -> bool {
        matches!(self.subject, Subject::Entry(id) if self.simulation.entry(id).balancer.position() == balancer)
            || self.wiring.services.iter().any(|needs| needs.balancers.contains(&balancer))
    }

    /// Whether a zone takes part of something beside the nodes that it depends on.
    fn touches(&self, zone: ZoneId) -> bool {
        let simulation = self.simulation;
        let databases = simulation.databases.iter().enumerate();
        let balancers = simulation.balancer_zones.iter().enumerate();
        databases.filter(|(id, _)| self.needs_database(*id)).any(|(_, places)| places.touches(zone))
            || balancers
                .filter(|(id, _)| self.needs_balancer(*id))
                .any(|(_, zones)| zones.as_ref().is_some_and(|zones| zones.contains(&zone)))
    }

    fn is_target(&self, node: NodeId) -> bool {
        let Subject::Entry(id) = self.subject else { return false };
        self.simulation.targets[self.simulation.entry(id).balancer.position()].contains(&node)
    }

    /// Whether it is lost when so many of each class fail. `worst` takes what may be lost as lost.
    pub(super) fn is_lost(&self, counts: &[usize], worst: bool) -> bool {
        let simulation = self.simulation;
        let zone_fails = |zone: ZoneId| self.class_of_zone[zone.0].is_some_and(|class| counts[class] > 0);
        let mut alive = vec![0; self.services.len()];
        let mut on_targets = vec![0; self.services.len()];
        let mut failed = vec![false; self.services.len()];
        let mut databases_lost: Vec<bool> = simulation
            .databases
            .iter()
            .map(|places| match places.fate(zone_fails) {
                Fate::Up => false,
                Fate::MayBeLost => worst,
                Fate::Lost => true,
            })
            .collect();
        let zones_fail = |zones: &Vec<ZoneId>| zones.iter().all(|zone| zone_fails(*zone));
        let mut balancers_lost: Vec<bool> =
            simulation.balancer_zones.iter().map(|zones| zones.as_ref().is_some_and(zones_fail)).collect();
        for (class, count) in self.classes.iter().zip(counts) {
            match &class.effect {
                Effect::Nodes { instances, target, zone } => {
                    if zone.is_some_and(zone_fails) {
                        continue;
                    }
                    let left = class.members.len() - count;
                    for (service, instances) in instances.iter().enumerate() {
                        alive[service] += left * instances;
                        on_targets[service] += if *target { left * instances } else { 0 };
                    }
                }
                Effect::Zone => {}
                Effect::Database(id) => databases_lost[*id] |= *count > 0,
                Effect::Balancer(id) => balancers_lost[*id] |= *count > 0,
                Effect::Service(position) => failed[*position] |= *count > 0,
            }
        }
        let settled = self.wiring.settle(&Given {
            alive: &alive,
            failed: &failed,
            databases_lost: &databases_lost,
            balancers_lost: &balancers_lost,
        });
        let works = |id: ServiceId| {
            self.services.binary_search(&id).is_ok_and(|position| settled.lost[position].is_none())
        };
        match self.subject {
            Subject::Quorum(id) | Subject::Service(id) => !works(id),
            Subject::Mesh(id) => !simulation.topology[id].services.first().is_some_and(|id| works(*id)),
            Subject::Database(id) => databases_lost[id.position()],
            Subject::Entry(id) => {
                let entry = simulation.entry(id);
                let answers = |id: &ServiceId| {
                    works(*id)
                        && self.services.binary_search(id).is_ok_and(|position| on_targets[position] > 0)
                };
                balancers_lost[entry.balancer.position()] || !entry.servers.iter().any(answers)
            }
        }
    }
}

impl Simulation<'_> {
    /// The services that a subject is, or is served by.
    fn roots(&self, subject: Subject) -> Vec<ServiceId> {
        match subject {
            Subject::Quorum(id) | Subject::Service(id) => vec![id],
            // Each service of a mesh runs on every node of the pool and requires nothing: what loses one loses all.
            Subject::Mesh(id) => self.topology[id].services.iter().take(1).copied().collect(),
            Subject::Entry(id) => self.entry(id).servers.clone(),
            Subject::Database(_) => Vec::new(),
        }
    }
}

/// Services and everything that they stand on, sorted.
fn closure(topology: &Topology, roots: Vec<ServiceId>) -> Vec<ServiceId> {
    let mut all: BTreeSet<ServiceId> = BTreeSet::new();
    let mut waiting = roots;
    while let Some(id) = waiting.pop() {
        if !all.insert(id) {
            continue;
        }
        if let ServiceNetwork::Of(owner) = topology[id].network {
            waiting.push(owner);
        }
        for requirement in &topology[id].requires {
            if let Required::Services(ids) = &requirement.what {
                waiting.extend(ids);
            }
        }
    }
    all.into_iter().collect()
}
