//! Compose files: for each node one file for each of those who start something there.
//!
//! What a person starts is `compose.yaml`; what a service of the cluster starts is `compose.STARTER.yaml`. The dialect
//! follows the node's engine. Nothing here knows which product it is.

mod dialect;
mod health;
mod view;

use std::collections::BTreeSet;

use rancher_topology::document::Restart;
use rancher_topology::scalar::Name;
use rancher_topology::topology::{
    EnvironmentValue, InstanceId, NodeId, Service, ServiceId, ServiceNetwork, StartedBy, Topology,
};

pub use dialect::Dialect;
pub use health::probes;

use super::{Context, Output, RenderError, Rendering};

/// The `compose` output.
#[derive(Debug)]
pub struct Compose;

/// What one file starts on one node.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stack {
    /// The word for it in units and projects: `person`, or the starter's name.
    pub name: String,
    /// The file in the node's folder.
    pub file: String,
    /// Who starts it otherwise.
    pub started_by: StartedBy,
    /// Whether the file can be started at all.
    pub startable: bool,
    /// Its instances, in the order of the document.
    pub instances: Vec<InstanceId>,
    /// Those of them whose network namespace others of this stack share.
    pub owners: Vec<InstanceId>,
}

impl Stack {
    /// The compose project: each file has its own, or `--remove-orphans` of one would remove the other's containers.
    #[must_use]
    pub fn project(&self) -> String {
        format!("rancher-gen-{}", self.name).to_ascii_lowercase().replace('.', "-")
    }

    /// Whether a unit waits for the owners of shared namespaces, and makes everything new when one ends.
    ///
    /// A container in another's namespace keeps a dead one when the engine restarts the owner, so the owner is not
    /// the engine's to restart. What a person starts by hand stays the engine's.
    #[must_use]
    pub fn supervised(&self) -> bool {
        self.startable && !self.owners.is_empty()
    }

    /// Whether one of its containers takes a secret.
    #[must_use]
    pub fn takes_secrets(&self, topology: &Topology) -> bool {
        !secrets_of(topology, &self.instances).is_empty()
    }

    /// What the engine does when an instance ends.
    #[must_use]
    pub fn restart(&self, topology: &Topology, instance: InstanceId) -> Restart {
        let owner = self.supervised() && self.owners.contains(&instance);
        if owner { Restart::No } else { *topology[topology[instance].service].restart }
    }
}

/// The instances whose network namespace others of these share.
fn owners(topology: &Topology, instances: &[InstanceId]) -> Vec<InstanceId> {
    let shared: BTreeSet<ServiceId> = instances
        .iter()
        .filter_map(|instance| match topology[topology[*instance].service].network {
            ServiceNetwork::Of(owner) => Some(owner),
            _ => None,
        })
        .collect();
    instances.iter().copied().filter(|instance| shared.contains(&topology[*instance].service)).collect()
}

/// The stacks of a node: the person's first, then the starters' in the order of the document.
#[must_use]
pub fn stacks(topology: &Topology, node: NodeId) -> Vec<Stack> {
    let mut starters: Vec<StartedBy> =
        topology.instances_on(node).iter().map(|i| topology[topology[*i].service].started_by).collect();
    starters.sort_unstable();
    starters.dedup();
    let of = |started_by: StartedBy| {
        let own = topology.instances_on(node).iter().copied();
        let instances: Vec<InstanceId> =
            own.filter(|i| topology[topology[*i].service].started_by == started_by).collect();
        let owners = owners(topology, &instances);
        match started_by {
            StartedBy::Person => Stack {
                name: "person".into(),
                file: "compose.yaml".into(),
                started_by,
                startable: true,
                instances,
                owners,
            },
            StartedBy::Starter(id) => Stack {
                name: topology[id].name.to_string(),
                file: format!("compose.{}.yaml", topology[id].name),
                started_by,
                startable: is_startable(topology, started_by),
                instances,
                owners,
            },
        }
    };
    starters.into_iter().map(of).collect()
}

/// Whether a file can start what somebody starts otherwise.
fn is_startable(topology: &Topology, started_by: StartedBy) -> bool {
    match started_by {
        StartedBy::Person => true,
        StartedBy::Starter(id) => topology[id].replaceable,
    }
}

/// The secrets that a node's containers take, by name, each once.
#[must_use]
pub fn secrets(topology: &Topology, node: NodeId) -> Vec<Name> {
    secrets_of(topology, topology.instances_on(node))
}

fn secrets_of(topology: &Topology, instances: &[InstanceId]) -> Vec<Name> {
    let services = instances.iter().map(|instance| &topology[topology[*instance].service]);
    let values = services.flat_map(|service| &service.environment);
    let mut names: Vec<_> = values
        .filter_map(
            |(_, value)| if let EnvironmentValue::Secret(name) = value { Some(name.clone()) } else { None },
        )
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a service's containers are in a network namespace that is not their own.
///
/// Source: Docker's `runconfig/errors.go`: a container in another's network can have neither published nor exposed ports.
fn shares_a_namespace(service: &Service) -> bool {
    matches!(service.network, ServiceNetwork::Of(_) | ServiceNetwork::Host)
}

impl Output for Compose {
    fn name(&self) -> &'static str {
        "compose"
    }

    fn node(&self, cx: &Context<'_>, node: NodeId, out: &mut Rendering) -> Result<(), RenderError> {
        let topology = cx.topology;
        let folder = format!("nodes/{}", topology[node].name);
        let dialect = Dialect::of(&topology.pool_of(node).engine);
        for stack in stacks(topology, node) {
            let view = view::stack(topology, node, &stack, dialect)?;
            out.template(cx, &format!("{folder}/{}", stack.file), "compose/compose.yaml.j2", &view)?;
        }
        if !dialect.has_health_checks() && !probes(topology, node).is_empty() {
            out.template(
                cx,
                &format!("{folder}/health.sh"),
                "compose/health.sh.j2",
                &health::view(topology, node)?,
            )?;
            out.note(format!(
                "{} knows no health checks: compose files carry them as labels, and health.sh asks from a timer and tells of every bad answer",
                topology.pool_of(node).engine
            ));
        }
        for instance in topology.instances_on(node) {
            let service = &topology[topology[*instance].service];
            if shares_a_namespace(service) && !service.expose.is_empty() {
                out.note(format!(
                    "the ports that {} exposes stand in no compose file: the engine refuses them in a network that is not its own",
                    service.name
                ));
            }
            if let (Some(health), true) = (&service.health, dialect.has_health_checks())
                && *health.healthy != 1
            {
                out.note(format!(
                    "`healthy: {}` of {} stands in no compose file: to the engine one good answer is enough",
                    *health.healthy, service.name
                ));
            }
        }
        let names = secrets(topology, node);
        if !names.is_empty() {
            out.template(
                cx,
                &format!("{folder}/secrets.env.example"),
                "compose/secrets.env.example.j2",
                &view::secrets(topology, &names),
            )?;
        }
        Ok(())
    }
}
