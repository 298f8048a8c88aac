//! What the server starts, as rancher-compose takes it: `docker-compose.yml` (format 1) and `rancher-compose.yml`.

use rancher_topology::topology::{Destination, Probe, Service, StartedBy, StarterId, Topology};
use serde::Serialize;

use crate::output::{Context, RenderError, Rendering};
use crate::template::Raw;

#[derive(Serialize)]
struct Stack {
    starter: String,
    because: String,
    services: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    key: Raw,
    image: String,
    command: Vec<String>,
    ports: Vec<String>,
    links: Vec<String>,
    global: bool,
    scale: usize,
    privileged: bool,
    health: Option<Health>,
}

#[derive(Serialize)]
struct Health {
    port: u16,
    request: Option<String>,
    interval: u64,
    timeout: u64,
    unhealthy: u16,
    healthy: u16,
}

pub(super) fn render(cx: &Context<'_>, out: &mut Rendering) -> Result<(), RenderError> {
    let topology = cx.topology;
    for starter in topology.starter_ids().filter(|id| !topology[*id].replaceable) {
        let view = stack(topology, starter);
        let folder = format!("rancher/{}", topology[starter].name);
        for file in ["docker-compose.yml", "rancher-compose.yml"] {
            out.template(cx, &format!("{folder}/{file}"), &format!("rancher/{file}.j2"), &view)?;
        }
    }
    Ok(())
}

fn stack(topology: &Topology, starter: StarterId) -> Stack {
    let own = topology.services.iter().filter(|service| service.started_by == StartedBy::Starter(starter));
    Stack {
        starter: topology[starter].name.to_string(),
        because: topology[starter].because.to_string(),
        services: own.map(row).collect(),
    }
}

fn row(service: &Service) -> Row {
    let mut links: Vec<String> = Vec::new();
    for traffic in &service.traffic_to {
        if let (Destination::Services(_), false) = (&traffic.to, traffic.word == service.role)
            && !links.contains(&traffic.word.to_string())
        {
            links.push(traffic.word.to_string());
        }
    }
    Row {
        key: Raw::name(&service.role),
        image: service.image.clone(),
        command: service.command.clone(),
        ports: service.publish.iter().map(ToString::to_string).collect(),
        links,
        global: service.scale.is_none(),
        scale: service.placement.len(),
        privileged: service.privileged,
        health: service.health.as_ref().map(|health| {
            let (port, request) = match &health.probe {
                Probe::Tcp { port } => (*port, None),
                Probe::Http { port, path } => (*port, Some(format!("GET {path} HTTP/1.0"))),
            };
            Health {
                port,
                request,
                interval: health.interval.milliseconds,
                timeout: health.timeout.milliseconds,
                unhealthy: *health.unhealthy,
                healthy: *health.healthy,
            }
        }),
    }
}
