//! What is left when something has failed, as text and as JSON.

use std::fmt::Write as _;

use rancher_topology::Topology;
use rancher_topology::document::Quorum;
use rancher_topology::failure::{Loss, Outcome, ServiceState, Simulation, Thing};
use rancher_topology::flow::Flow;
use rancher_topology::topology::{MeshId, ServiceKind};
use serde::Serialize;

use super::words;
use crate::cli::flows::{Row, row};
use crate::cli::table::{note, table};

/// A text for a person: what is lost and why comes first, and then how everything is.
pub(super) fn human(simulation: &Simulation<'_>, outcome: &Outcome) -> String {
    let topology = simulation.topology();
    let names: Vec<&str> = outcome.failures.iter().map(|failure| simulation.failure_name(*failure)).collect();
    let lost = lost(simulation, outcome);
    let has = if names.len() == 1 { "has" } else { "have" };
    let mut out = format!("{} {has} failed: ", words::listed(&names));
    let _ = match lost.len() {
        0 => writeln!(out, "nothing is lost\n"),
        1 => writeln!(out, "1 thing is lost\n"),
        count => writeln!(out, "{count} things are lost\n"),
    };
    out.push_str(&table(["LOST", "WHY"], &lost));
    for remark in remarks(topology, outcome) {
        out.push_str(&note(&format!("{} ({})", remark.text, remark.source)));
    }
    let (quorums, services): (Vec<Members>, Vec<Members>) =
        members(topology, outcome).into_iter().partition(|own| own.quorum == Quorum::Majority);
    out.push_str(&table(["QUORUM", "LEFT", "NEEDED", ""], &quorums.iter().map(member).collect::<Vec<_>>()));
    let entries: Vec<[String; 3]> = outcome
        .entries
        .iter()
        .map(|state| {
            let state_of = if state.of == 0 {
                "leads nowhere, whatever fails"
            } else {
                is(state.works, outcome, Thing::Entry(state.entry))
            };
            let name = simulation.thing_name(Thing::Entry(state.entry));
            [name, format!("{} of {}", state.left, state.of), state_of.to_owned()]
        })
        .collect();
    out.push_str(&table(["ENTRY POINT", "TARGETS LEFT", ""], &entries));
    let beside = |thing, works| [simulation.thing_name(thing), is(works, outcome, thing).to_owned()];
    let databases: Vec<[String; 2]> =
        outcome.databases.iter().map(|own| beside(Thing::Database(own.database), own.works)).collect();
    out.push_str(&table(["DATABASE", ""], &databases));
    let balancers: Vec<[String; 2]> =
        outcome.balancers.iter().map(|own| beside(Thing::LoadBalancer(own.balancer), own.works)).collect();
    out.push_str(&table(["LOAD BALANCER", ""], &balancers));
    out.push_str(&table(["SERVICE", "LEFT", "NEEDED", ""], &services.iter().map(member).collect::<Vec<_>>()));
    out.push_str(&flows("LOST FLOW", topology, &outcome.lost_flows));
    out.push_str(&flows("FLOW LEFT WITHIN NODES ONLY", topology, &outcome.within_nodes));
    let is_whole = |flow: &&Flow| !outcome.within_nodes.contains(flow);
    let whole: Vec<Flow> = outcome.possible.iter().filter(is_whole).cloned().collect();
    out.push_str(&flows("FLOW STILL POSSIBLE", topology, &whole));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn is(works: bool, outcome: &Outcome, thing: Thing) -> &'static str {
    match outcome.losses.get(&thing) {
        _ if works => "works",
        Some(Loss { certain: false, .. }) => "may be lost",
        _ => "lost",
    }
}

/// What is lost, and why: what is nearest to the failure first. A mesh of which all is lost is one thing.
fn lost(simulation: &Simulation<'_>, outcome: &Outcome) -> Vec<[String; 2]> {
    let topology = simulation.topology();
    let mesh_is_lost = |mesh: MeshId| {
        topology[mesh].services.iter().all(|id| outcome.losses.contains_key(&Thing::Service(*id)))
    };
    let mut rows = Vec::new();
    for (thing, loss) in outcome.lost() {
        let name = match mesh_of(topology, thing).filter(|mesh| mesh_is_lost(*mesh)) {
            Some(mesh) if topology[mesh].services.first().map(|id| Thing::Service(*id)) == Some(thing) => {
                topology[mesh].name.to_string()
            }
            Some(_) => continue,
            None => simulation.thing_name(thing),
        };
        let why = words::why(simulation, outcome, thing);
        let why = if loss.certain { why } else { format!("may be: {why}") };
        rows.push((outcome.chain(thing).len(), [name, why]));
    }
    rows.sort_by_key(|(steps, _)| *steps);
    rows.into_iter().map(|(_, row)| row).collect()
}

pub(super) fn mesh_of(topology: &Topology, thing: Thing) -> Option<MeshId> {
    match thing {
        Thing::Service(id) => match topology[id].kind {
            ServiceKind::Tunnel { mesh, .. } => Some(mesh),
            ServiceKind::Declared => None,
        },
        _ => None,
    }
}

fn remarks(topology: &Topology, outcome: &Outcome) -> Vec<rancher_topology::rancher::Remark> {
    topology.rancher_1.as_ref().map(|rancher| rancher.remarks(topology, outcome)).unwrap_or_default()
}

/// A service's instances, or all those of a mesh.
struct Members {
    name: String,
    quorum: Quorum,
    left: usize,
    of: usize,
    needed: String,
    state: String,
}

fn members(topology: &Topology, outcome: &Outcome) -> Vec<Members> {
    let of_mesh = |state: &&ServiceState| mesh_of(topology, Thing::Service(state.service)).is_none();
    let declared = outcome.services.iter().filter(of_mesh).map(|state| {
        let service = &topology[state.service];
        let mut words = is(state.works, outcome, Thing::Service(state.service)).to_owned();
        if *service.active_passive && state.works {
            words = match state.left - 1 {
                0 => "works, and none waits to take over".to_owned(),
                waiting => format!("works, and {waiting} of these {} to take over", wait(waiting)),
            };
        } else if state.works && *service.quorum == Quorum::Majority && state.left == state.needed {
            words.push_str(", and may lose no more");
        }
        Members {
            name: service.name.to_string(),
            quorum: *service.quorum,
            left: state.left,
            of: state.of,
            needed: state.needed.to_string(),
            state: words,
        }
    });
    let meshes = topology.meshes.iter().map(|mesh| {
        let states = || mesh.services.iter().filter_map(|id| outcome.services.get(id.position()));
        let lost = states().filter(|state| !state.works).count();
        Members {
            name: mesh.name.to_string(),
            quorum: Quorum::One,
            left: states().map(|state| state.left).sum(),
            of: states().map(|state| state.of).sum(),
            needed: String::new(),
            state: match lost {
                0 => "works".to_owned(),
                lost => format!("{lost} of its {} services are lost", mesh.services.len()),
            },
        }
    });
    declared.chain(meshes).collect()
}

fn wait(count: usize) -> &'static str {
    if count == 1 { "waits" } else { "wait" }
}

fn member(own: &Members) -> [String; 4] {
    [own.name.clone(), format!("{} of {}", own.left, own.of), own.needed.clone(), own.state.clone()]
}

fn flows(head: &str, topology: &Topology, flows: &[Flow]) -> String {
    let cells = |flow: &Flow| {
        let Row { client, server, ports, route, .. } = row(topology, flow);
        [client.to_owned(), server.to_owned(), ports, route]
    };
    let mut rows: Vec<[String; 4]> = Vec::new();
    for row in flows.iter().map(cells) {
        // A health check may go where a listener leads.
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    table([head, "SERVER", "PORTS", "ROUTE"], &rows)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Left<'s> {
    failed: Vec<Named>,
    lost: Vec<Lost>,
    quorums: Vec<Count>,
    services: Vec<Count>,
    entry_points: Vec<Entry>,
    databases: Vec<Beside>,
    load_balancers: Vec<Beside>,
    flows: Flows<'s>,
    remarks: Vec<Remark>,
}

#[derive(Serialize)]
pub(super) struct Named {
    pub(super) kind: &'static str,
    pub(super) name: String,
}

#[derive(Serialize)]
pub(super) struct Lost {
    kind: &'static str,
    name: String,
    /// `false` where it is lost only if a database stands where it may stand.
    certain: bool,
    /// From itself to the failure.
    why: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    kind: &'static str,
    name: String,
    because: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Count {
    name: String,
    left: usize,
    of: usize,
    needed: usize,
    works: bool,
    active_passive: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    name: String,
    forward: u16,
    servers: Vec<String>,
    targets_left: usize,
    targets_of: usize,
    works: bool,
}

#[derive(Serialize)]
struct Beside {
    name: String,
    works: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flows<'s> {
    possible: Vec<Row<'s>>,
    /// Those of the possible ones that are left within nodes only.
    within_nodes: Vec<Row<'s>>,
    lost: Vec<Row<'s>>,
}

#[derive(Serialize)]
struct Remark {
    service: String,
    text: String,
    source: &'static str,
}

pub(super) fn json(simulation: &Simulation<'_>, outcome: &Outcome) -> String {
    let topology = simulation.topology();
    let name = |thing| simulation.thing_name(thing);
    let count = |state: &ServiceState| Count {
        name: topology[state.service].name.to_string(),
        left: state.left,
        of: state.of,
        needed: state.needed,
        works: state.works,
        active_passive: *topology[state.service].active_passive,
    };
    let (quorums, services): (Vec<&ServiceState>, Vec<&ServiceState>) =
        outcome.services.iter().partition(|state| *topology[state.service].quorum == Quorum::Majority);
    let left = Left {
        failed: outcome
            .failures
            .iter()
            .map(|failure| Named {
                kind: words::failure_kind(*failure),
                name: simulation.failure_name(*failure).to_owned(),
            })
            .collect(),
        lost: json_lost(simulation, outcome),
        quorums: quorums.into_iter().map(count).collect(),
        services: services.into_iter().map(count).collect(),
        entry_points: outcome
            .entries
            .iter()
            .map(|state| {
                let entry = simulation.entry(state.entry);
                Entry {
                    name: name(Thing::Entry(state.entry)),
                    forward: entry.forward,
                    servers: entry.servers.iter().map(|id| name(Thing::Service(*id))).collect(),
                    targets_left: state.left,
                    targets_of: state.of,
                    works: state.works,
                }
            })
            .collect(),
        databases: outcome
            .databases
            .iter()
            .map(|own| Beside { name: name(Thing::Database(own.database)), works: own.works })
            .collect(),
        load_balancers: outcome
            .balancers
            .iter()
            .map(|own| Beside { name: name(Thing::LoadBalancer(own.balancer)), works: own.works })
            .collect(),
        flows: Flows {
            possible: outcome.possible.iter().map(|flow| row(topology, flow)).collect(),
            within_nodes: outcome.within_nodes.iter().map(|flow| row(topology, flow)).collect(),
            lost: outcome.lost_flows.iter().map(|flow| row(topology, flow)).collect(),
        },
        remarks: remarks(topology, outcome)
            .into_iter()
            .map(|own| Remark {
                service: topology[own.service].name.to_string(),
                text: own.text,
                source: own.source,
            })
            .collect(),
    };
    crate::cli::json(&left)
}

pub(super) fn json_lost(simulation: &Simulation<'_>, outcome: &Outcome) -> Vec<Lost> {
    let lost = outcome.lost().map(|(thing, loss)| Lost {
        kind: words::thing_kind(thing),
        name: simulation.thing_name(thing),
        certain: loss.certain,
        why: outcome
            .chain(thing)
            .into_iter()
            .map(|(own, cause)| Step {
                kind: words::thing_kind(own),
                name: simulation.thing_name(own),
                because: words::cause(simulation, outcome, own, cause),
            })
            .collect(),
    });
    lost.collect()
}
