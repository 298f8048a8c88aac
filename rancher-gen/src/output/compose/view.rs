//! What the compose templates print.

use rancher_topology::document::Restart;
use rancher_topology::scalar::Name;
use rancher_topology::topology::{
    EnvironmentValue, InstanceId, NodeId, ServiceId, ServiceNetwork, StartedBy, Topology, TunnelEnd,
    TunnelMode,
};
use serde::Serialize;

use super::{Dialect, Stack, health};
use crate::quote::{Format, Unquotable};
use crate::template::{Piece, Raw};

#[derive(Serialize)]
pub(super) struct File {
    topology: String,
    heading: String,
    because: Option<String>,
    startable: bool,
    supervised: bool,
    unit: String,
    file: String,
    program: &'static str,
    project: Raw,
    version: Option<&'static str>,
    /// The project, where the dialect has a place for it: there nobody has to know `-p`.
    name: Option<String>,
    secrets: bool,
    services: Vec<Service>,
}

#[derive(Serialize)]
struct Service {
    key: Raw,
    container: String,
    image: String,
    command: Vec<String>,
    network_mode: Option<String>,
    ports: Vec<String>,
    expose: Vec<String>,
    depends_on: Vec<String>,
    environment: Vec<Variable>,
    volumes: Vec<String>,
    tmpfs: Vec<String>,
    labels: Vec<(String, String)>,
    privileged: bool,
    stdin: bool,
    restart: &'static str,
    health: Option<HealthCheck>,
}

#[derive(Serialize)]
struct Variable {
    name: Raw,
    /// A string is quoted; a secret is a [`Raw`] reference, or nothing where it is handed through by name.
    value: Option<Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Reference(Raw),
}

#[derive(Serialize)]
struct HealthCheck {
    command: String,
    interval: String,
    timeout: String,
    retries: u16,
}

pub(super) fn stack(
    topology: &Topology,
    node: NodeId,
    stack: &Stack,
    dialect: Dialect,
) -> Result<File, Unquotable> {
    let (heading, because) = match stack.started_by {
        StartedBy::Person => (format!("What a person starts on {}.", topology[node].name), None),
        StartedBy::Starter(id) => {
            let starter = &topology[id];
            (
                format!("What {} starts on {}.", starter.name, topology[node].name),
                Some(starter.because.to_string()),
            )
        }
    };
    let project = stack.project();
    Ok(File {
        topology: topology.name.to_string(),
        heading,
        because,
        startable: stack.startable,
        supervised: stack.supervised(),
        unit: format!("rancher-gen-{}.service", stack.name),
        file: stack.file.clone(),
        program: dialect.program().rsplit('/').next().unwrap_or_default(),
        project: Raw::quoted(Format::Shell, &[Piece::Value(&project)])?,
        version: dialect.version(),
        name: dialect.version().is_none().then(|| project.clone()),
        secrets: stack.takes_secrets(topology),
        services: stack
            .instances
            .iter()
            .map(|i| service(topology, stack, *i, dialect))
            .collect::<Result<_, _>>()?,
    })
}

fn service(
    topology: &Topology,
    stack: &Stack,
    instance: InstanceId,
    dialect: Dialect,
) -> Result<Service, Unquotable> {
    let rancher_topology::topology::Instance { service: id, node, .. } = topology[instance];
    let service = &topology[id];
    let shares = super::shares_a_namespace(service);
    let mut labels: Vec<(String, String)> =
        service.labels.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    if let (Some(health), false) = (&service.health, dialect.has_health_checks()) {
        let mut label =
            |name: &str, value: String| labels.push((format!("io.rancher-gen.health{name}"), value));
        label("", health::command(health)?);
        label(".interval", health.interval.to_string());
        label(".timeout", health.timeout.to_string());
        label(".unhealthy", health.unhealthy.to_string());
        label(".healthy", health.healthy.to_string());
    }
    Ok(Service {
        key: key(topology, instance),
        container: topology.container_name(instance).to_string(),
        image: service.image.clone(),
        command: command(topology, instance),
        network_mode: network_mode(topology, stack, id, node),
        ports: if shares { Vec::new() } else { service.publish.iter().map(ToString::to_string).collect() },
        expose: if shares { Vec::new() } else { service.expose.iter().map(ToString::to_string).collect() },
        depends_on: depends_on(topology, stack, id),
        environment: service
            .environment
            .iter()
            .map(|(name, value)| {
                Ok(Variable { name: Raw::name(name), value: variable(topology, node, name, value, dialect)? })
            })
            .collect::<Result<_, Unquotable>>()?,
        volumes: service.volumes.clone(),
        tmpfs: service.tmpfs.clone(),
        labels,
        privileged: service.privileged,
        stdin: service.stdin,
        restart: match stack.restart(topology, instance) {
            Restart::Always => "always",
            Restart::OnFailure => "on-failure",
            Restart::UnlessStopped => "unless-stopped",
            Restart::No => "no",
        },
        health: match &service.health {
            Some(health) if dialect.has_health_checks() => Some(HealthCheck {
                command: health::command(health)?,
                interval: health.interval.to_string(),
                timeout: health.timeout.to_string(),
                retries: *health.unhealthy,
            }),
            _ => None,
        },
    })
}

/// The name of a service inside the file: its container's, which is the one that people know.
fn key(topology: &Topology, instance: InstanceId) -> Raw {
    Raw::name(&topology.container_name(instance))
}

/// A variable's value. A secret is handed through from the environment of whoever starts the file, which never holds it.
///
/// By its name alone where the two agree: then no program warns when the file is only looked at. A secret of another
/// name is a reference, with an empty default where the dialect has defaults (format 2.1).
fn variable(
    topology: &Topology,
    node: NodeId,
    name: &Name,
    value: &EnvironmentValue,
    dialect: Dialect,
) -> Result<Option<Value>, Unquotable> {
    Ok(match value {
        EnvironmentValue::Secret(secret) if secret == name => None,
        EnvironmentValue::Secret(secret) => {
            let end = if dialect.has_defaults() { "-}\"" } else { "}\"" };
            let reference = [Piece::Word("\"${"), Piece::Name(secret), Piece::Word(end)];
            Some(Value::Reference(Raw::quoted(Format::Compose, &reference)?))
        }
        _ => topology.environment_on(node, value).map(Value::Text),
    })
}

fn command(topology: &Topology, instance: InstanceId) -> Vec<String> {
    let mut words = topology[topology[instance].service].command.clone();
    if let Some(TunnelEnd { mode, listen, target }) = topology.tunnel_end(instance) {
        // spiped(1): an address in brackets is taken as it is, and never looked up.
        let direction = if mode == TunnelMode::Encrypt { "-e" } else { "-d" };
        let socket = |socket: std::net::SocketAddr| format!("[{}]:{}", socket.ip(), socket.port());
        words.extend([direction.into(), "-s".into(), socket(listen), "-t".into(), socket(target)]);
    }
    words
}

fn network_mode(topology: &Topology, stack: &Stack, id: ServiceId, node: NodeId) -> Option<String> {
    match topology[id].network {
        ServiceNetwork::Host => Some("host".into()),
        // docker0 by name: otherwise it would be on a network of the project, whose address nobody asks.
        ServiceNetwork::Bridge { .. } | ServiceNetwork::Overlays(_) => Some("bridge".into()),
        ServiceNetwork::Of(owner) => {
            let owner = topology.instance_on(owner, node)?;
            let name = topology.container_name(owner);
            let here = stack.instances.contains(&owner);
            Some(if here { format!("service:{name}") } else { format!("container:{name}") })
        }
    }
}

fn depends_on(topology: &Topology, stack: &Stack, id: ServiceId) -> Vec<String> {
    let owner = match topology[id].network {
        ServiceNetwork::Of(owner) => Some(owner),
        _ => None,
    };
    let first: Vec<ServiceId> = topology[id].after.iter().copied().chain(owner).collect();
    let here = stack.instances.iter().filter(|other| first.contains(&topology[**other].service));
    let mut names: Vec<String> = here.map(|other| topology.container_name(*other).to_string()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[derive(Serialize)]
pub(super) struct Secrets {
    topology: String,
    names: Vec<Raw>,
}

pub(super) fn secrets(topology: &Topology, names: &[Name]) -> Secrets {
    Secrets { topology: topology.name.to_string(), names: names.iter().map(Raw::name).collect() }
}
