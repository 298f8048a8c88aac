//! What each service stands on, and which of them hold when some of it is gone.

use crate::topology::{Required, ServiceId, ServiceNetwork, Topology};

/// What services stand on, by position; of all services of a topology, or of some of them renumbered.
#[derive(Debug)]
pub(super) struct Wiring {
    pub(super) services: Vec<Needs>,
}

#[derive(Debug)]
pub(super) struct Needs {
    /// How many of its instances have to be up.
    pub(super) needed: usize,
    /// The service whose network namespace it is in.
    pub(super) owner: Option<usize>,
    pub(super) services: Vec<usize>,
    pub(super) databases: Vec<usize>,
    pub(super) balancers: Vec<usize>,
}

/// What is left before anything follows from it.
pub(super) struct Given<'s> {
    /// The instances of each service on nodes that are up.
    pub(super) alive: &'s [usize],
    /// The services that have failed themselves.
    pub(super) failed: &'s [bool],
    pub(super) databases_lost: &'s [bool],
    pub(super) balancers_lost: &'s [bool],
}

/// Why a service's instances are down, or too few of them are up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Failed,
    TooFew,
    Owner(usize),
    Service(usize),
    Database(usize),
    Balancer(usize),
}

/// What holds. Each step was taken when what it names was already lost, so that a chain of them ends.
pub(super) struct Settled {
    /// Why all instances of a service are down, beside their nodes.
    pub(super) closed: Vec<Option<Step>>,
    /// Why a service does not work: what was first.
    pub(super) lost: Vec<Option<Step>>,
}

impl Wiring {
    pub(super) fn of(topology: &Topology) -> Self {
        let all: Vec<ServiceId> = topology.service_ids().collect();
        Self::among(topology, &all)
    }

    /// That of some services, sorted, which hold everything that they stand on.
    pub(super) fn among(topology: &Topology, all: &[ServiceId]) -> Self {
        let position = |id: &ServiceId| all.binary_search(id).ok();
        let needs = |id: &ServiceId| {
            let service = &topology[*id];
            let mut needs = Needs {
                needed: service.needed(),
                owner: match &service.network {
                    ServiceNetwork::Of(owner) => position(owner),
                    _ => None,
                },
                services: Vec::new(),
                databases: Vec::new(),
                balancers: Vec::new(),
            };
            for requirement in &service.requires {
                match &requirement.what {
                    Required::Services(ids) => needs.services.extend(ids.iter().filter_map(position)),
                    Required::Database(id) => needs.databases.push(id.position()),
                    Required::LoadBalancer(id) => needs.balancers.push(id.position()),
                }
            }
            needs
        };
        Self { services: all.iter().map(needs).collect() }
    }

    /// The greatest fixpoint: everything holds until something that it stands on does not.
    pub(super) fn settle(&self, given: &Given<'_>) -> Settled {
        let count = self.services.len();
        let mut settled = Settled { closed: vec![None; count], lost: vec![None; count] };
        for (service, needs) in self.services.iter().enumerate() {
            if given.failed[service] {
                settled.closed[service] = Some(Step::Failed);
                settled.lost[service] = Some(Step::Failed);
            } else if given.alive[service] < needs.needed {
                settled.lost[service] = Some(Step::TooFew);
            }
        }
        loop {
            let mut changed = false;
            for (service, needs) in self.services.iter().enumerate() {
                if settled.closed[service].is_some() {
                    continue;
                }
                let Some(step) = needs.missing(given, &settled) else { continue };
                settled.closed[service] = Some(step);
                settled.lost[service].get_or_insert(step);
                changed = true;
            }
            if !changed {
                return settled;
            }
        }
    }
}

impl Needs {
    fn missing(&self, given: &Given<'_>, settled: &Settled) -> Option<Step> {
        let owner = self.owner.filter(|owner| settled.closed[*owner].is_some()).map(Step::Owner);
        let service = || {
            let lost = self.services.iter().copied().find(|id| settled.lost[*id].is_some());
            lost.map(Step::Service)
        };
        let database = || {
            let lost = self.databases.iter().copied().find(|id| given.databases_lost[*id]);
            lost.map(Step::Database)
        };
        let balancer = || {
            let lost = self.balancers.iter().copied().find(|id| given.balancers_lost[*id]);
            lost.map(Step::Balancer)
        };
        owner.or_else(service).or_else(database).or_else(balancer)
    }
}
