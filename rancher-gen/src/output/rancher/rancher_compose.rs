//! What the server starts, as rancher-compose takes it: `docker-compose.yml` (format 1) and `rancher-compose.yml`.
//!
//! Source: the management stack in rancher/server v1.0.2 to v1.1.4 (`server/artifacts/compose/docker-compose.yml`).
//! Services that the stack links to and does not start stand in it as selectors over their containers' labels.

use std::collections::BTreeSet;

use rancher_topology::topology::Rancher1;
use rancher_topology::topology::{
    Destination, EnvironmentValue, Probe, Service, ServiceId, StartedBy, StarterId, Topology,
};
use serde::Serialize;

use crate::output::{Context, RenderError, Rendering};
use crate::quote::{Format, Unquotable};
use crate::template::{Piece, Raw};

/// The image of a service that only selects containers which are there already.
const SELECTOR: &str = "rancher/none";
/// The image by which rancher-compose knows a load balancer; its containers run [`AGENT_INSTANCE`].
const BALANCER: &str = "rancher/load-balancer-service";
/// The image of what the server configures from afar.
const AGENT_INSTANCE: &str = "rancher/agent-instance";
/// What of the server's paths the websocket proxy answers.
const PROXIED: &str = "/r,/v1/connectbackend,/v1/logs,/v1/stats,/v1/exec,/v1/console,/v1/dockersocket,/v1/hoststats,/v1/containerstats";

#[derive(Serialize)]
struct Stack {
    starter: String,
    because: String,
    services: Vec<Row>,
}

#[derive(Serialize, Default)]
struct Row {
    key: String,
    image: String,
    command: Vec<String>,
    ports: Vec<String>,
    links: Vec<String>,
    environment: Vec<(Raw, Raw)>,
    volumes: Vec<String>,
    labels: Vec<(String, String)>,
    privileged: bool,
    scale: Option<usize>,
    default_cert: bool,
    health: Option<Health>,
}

#[derive(Serialize)]
struct Health {
    port: u16,
    request: String,
    interval: u64,
    timeout: u64,
    unhealthy: u16,
    healthy: u16,
}

pub(super) fn render(cx: &Context<'_>, rancher: &Rancher1, out: &mut Rendering) -> Result<(), RenderError> {
    let topology = cx.topology;
    for starter in topology.starter_ids().filter(|id| !topology[*id].replaceable) {
        let services = rows(topology, rancher, starter, out)?;
        if services.is_empty() {
            continue;
        }
        let view = Stack {
            starter: topology[starter].name.to_string(),
            because: topology[starter].because.to_string(),
            services,
        };
        let folder = format!("rancher/{}", topology[starter].name);
        for file in ["docker-compose.yml", "rancher-compose.yml"] {
            out.template(cx, &format!("{folder}/{file}"), &format!("rancher/{file}.j2"), &view)?;
        }
    }
    Ok(())
}

fn rows(
    topology: &Topology,
    rancher: &Rancher1,
    starter: StarterId,
    out: &mut Rendering,
) -> Result<Vec<Row>, Unquotable> {
    // The server makes what carries an overlay by itself, in every environment; no stack holds it.
    let carriers: BTreeSet<ServiceId> =
        topology.overlays.iter().flat_map(|overlay| &overlay.carried_by).copied().collect();
    let started: Vec<ServiceId> = topology
        .service_ids()
        .filter(|id| topology[*id].started_by == StartedBy::Starter(starter) && !carriers.contains(id))
        .collect();
    let mut own = Vec::new();
    for id in &started {
        let service = &topology[*id];
        let is_balancer = service.image.split([':', '@']).next() == Some(AGENT_INSTANCE);
        let mut row = if is_balancer {
            balancer(topology, rancher, service)
        } else {
            container(topology, service, out)?
        };
        if started.iter().any(|other| other != id && topology[*other].role == service.role) {
            row.key = service.name.to_string();
        }
        own.push(row);
    }
    let names: BTreeSet<&str> = started.iter().map(|id| topology[*id].role.as_str()).collect();
    let mut rows = selectors(topology, &names, &own);
    rows.append(&mut own);
    Ok(rows)
}

/// A selector for each role that somebody links to and nobody here starts, and for those that they link to.
fn selectors(topology: &Topology, started: &BTreeSet<&str>, own: &[Row]) -> Vec<Row> {
    let mut wanted: Vec<String> = own.iter().flat_map(|row| row.links.clone()).collect();
    let mut rows: Vec<Row> = Vec::new();
    let mut next = 0;
    while let Some(role) = wanted.get(next).cloned() {
        next += 1;
        if started.contains(role.as_str()) || rows.iter().any(|row| row.key == role) {
            continue;
        }
        let members: Vec<&Service> =
            topology.services.iter().filter(|service| service.role.as_str() == role).collect();
        let row = selector(topology, &role, &members);
        wanted.extend(row.links.iter().cloned());
        rows.push(row);
    }
    rows
}

fn selector(topology: &Topology, role: &str, members: &[&Service]) -> Row {
    let mut links: Vec<String> = Vec::new();
    for service in members {
        links.extend(self::links(topology, service));
    }
    // A mesh carries what another service opens and accepts: each is linked to the other.
    for mesh in &topology.meshes {
        let Some(tunnel) = mesh.services.first().map(|id| topology[*id].role.to_string()) else { continue };
        let carried = topology[mesh.carries].role.to_string();
        if tunnel == role {
            links.push(carried);
        } else if carried == role {
            links.push(tunnel);
        }
    }
    links.retain(|link| link != role);
    let mut seen = BTreeSet::new();
    links.retain(|link| seen.insert(link.clone()));
    Row {
        key: role.to_owned(),
        image: SELECTOR.to_owned(),
        labels: vec![("io.rancher.service.selector.container".to_owned(), selection(members))],
        links,
        health: members.iter().find_map(|service| health(service)),
        ..Row::default()
    }
}

/// The containers of some services by the labels that the cluster manager gives them.
fn selection(members: &[&Service]) -> String {
    let values = |key: &str| -> BTreeSet<&str> {
        let labels = members.iter().flat_map(|service| &service.labels);
        labels.filter(|(label, _)| label.as_str() == key).map(|(_, value)| value.as_str()).collect()
    };
    let names: Vec<&str> = values("io.rancher.ha.service.name").into_iter().collect();
    match names[..] {
        [] => "io.rancher.ha.service.tunnel".to_owned(),
        [one] => format!("io.rancher.ha.service.name={one}"),
        _ => format!("io.rancher.ha.service.name in ({})", names.join(", ")),
    }
}

/// A load balancer of Rancher's: its ports lead to other services, and labels say how.
fn balancer(topology: &Topology, rancher: &Rancher1, service: &Service) -> Row {
    let ports = rancher.ports(topology);
    let published: Vec<u16> = service.publish.iter().flat_map(|publish| publish.host.iter()).collect();
    let own = |names: &[&str]| -> Vec<String> {
        let named = ports.iter().filter(|(name, port)| names.contains(name) && published.contains(port));
        named.map(|(_, port)| port.to_string()).collect()
    };
    let encrypted = own(&["CATTLE_HA_PORT_HTTPS", "CATTLE_HA_PORT_PP_HTTPS"]);
    let proxied = own(&["CATTLE_HA_PORT_PP_HTTP", "CATTLE_HA_PORT_PP_HTTPS"]);
    let as_tcp = own(&["CATTLE_HA_PORT_SWARM"]);
    let main = service.traffic_to.iter().find(|traffic| traffic.ports.is_some());
    let target = main.and_then(|traffic| traffic.ports).map_or(80, |ports| ports.range.first());
    let port = |port: &u16| {
        let tcp = if as_tcp.contains(&port.to_string()) { "/tcp" } else { "" };
        format!("{port}:{target}{tcp}")
    };
    let links = links(topology, service);
    let mut labels = vec![("io.rancher.scheduler.global".to_owned(), "true".to_owned())];
    let mut label = |name: &str, value: String| {
        if !value.is_empty() {
            labels.push((format!("io.rancher.loadbalancer.{name}"), value));
        }
    };
    label("ssl.ports", encrypted.join(","));
    label("proxy-protocol.ports", proxied.join(","));
    if as_tcp.is_empty() && links.len() > 1 {
        for link in &links {
            let all = published.iter().map(|port| format!("{port}={target}")).collect::<Vec<_>>().join(",");
            let is_main = main.is_some_and(|traffic| traffic.word.as_str() == link);
            label(&format!("target.{link}"), if is_main { all } else { PROXIED.to_owned() });
        }
    }
    Row {
        key: service.role.to_string(),
        image: BALANCER.to_owned(),
        ports: published.iter().map(port).collect(),
        links,
        labels,
        default_cert: !encrypted.is_empty(),
        ..Row::default()
    }
}

fn container(topology: &Topology, service: &Service, out: &mut Rendering) -> Result<Row, Unquotable> {
    let mut labels: Vec<(String, String)> =
        service.labels.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    if service.scale.is_none() {
        labels.push(("io.rancher.scheduler.global".to_owned(), "true".to_owned()));
    }
    Ok(Row {
        key: service.role.to_string(),
        image: service.image.clone(),
        command: service.command.clone(),
        ports: service.publish.iter().map(ToString::to_string).collect(),
        links: links(topology, service),
        environment: environment(topology, service, out)?,
        volumes: service.volumes.clone(),
        labels,
        privileged: service.privileged,
        scale: service.scale.map(|_| service.placement.len()),
        default_cert: false,
        health: health(service),
    })
}

fn environment(
    topology: &Topology,
    service: &Service,
    out: &mut Rendering,
) -> Result<Vec<(Raw, Raw)>, Unquotable> {
    let Some(node) = service.placement.first() else { return Ok(Vec::new()) };
    let mut variables = Vec::new();
    for (name, value) in &service.environment {
        let text = match value {
            EnvironmentValue::NodeIndex | EnvironmentValue::NodeAddress => {
                out.note(format!(
                    "{name} of {} differs by node and is left out of rancher-compose's file",
                    service.name
                ));
                continue;
            }
            EnvironmentValue::Secret(secret) => {
                let reference = [Piece::Word("\"${"), Piece::Name(secret), Piece::Word("}\"")];
                Raw::quoted(Format::Compose, &reference)?
            }
            _ => {
                let text = topology.environment_on(*node, value).unwrap_or_default();
                Raw::quoted(Format::Compose, &[Piece::Value(&text)])?
            }
        };
        variables.push((Raw::name(name), text));
    }
    Ok(variables)
}

/// The roles that a service opens connections to, each once, its own left out.
fn links(topology: &Topology, service: &Service) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    for traffic in &service.traffic_to {
        let Destination::Services(ids) = &traffic.to else { continue };
        for role in ids.iter().map(|id| &topology[*id].role) {
            if *role != service.role && !links.iter().any(|link| link == role.as_str()) {
                links.push(role.to_string());
            }
        }
    }
    links
}

fn health(service: &Service) -> Option<Health> {
    let health = service.health.as_ref()?;
    let (port, request) = match &health.probe {
        Probe::Tcp { port } => (*port, String::new()),
        Probe::Http { port, path } => (*port, format!("GET {path} HTTP/1.0")),
    };
    Some(Health {
        port,
        request,
        interval: health.interval.milliseconds,
        timeout: health.timeout.milliseconds,
        unhealthy: *health.unhealthy,
        healthy: *health.healthy,
    })
}
