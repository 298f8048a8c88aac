//! systemd units: the firewall before the engine, a unit for each compose file that can be started, and two targets.
//!
//! A node is in one of two modes. *Managed*: what a person starts runs, and starts the rest. *Static*: what a
//! starter would start is started from its file, and the starter does not run. The targets exclude each other.
//! Every container has one supervisor: the engine, or for a shared network's owner the unit that waits for it.

mod directives;

use rancher_topology::topology::{NodeId, StartedBy, Topology};
use serde::Serialize;

use super::compose::{self, Dialect, Stack};
use super::{Context, Output, RenderError, Rendering};
use crate::quote::{Format, Unquotable};
use crate::template::{Piece, Raw};

/// The `systemd` output.
#[derive(Debug)]
pub struct Systemd;

/// The modes that a node can be in: `managed`, and `static` where something can be started in a starter's place.
#[must_use]
pub fn modes(topology: &Topology, node: NodeId) -> &'static [&'static str] {
    let replaceable = compose::stacks(topology, node)
        .iter()
        .any(|stack| stack.startable && stack.started_by != StartedBy::Person);
    if replaceable { &["managed", "static"] } else { &["managed"] }
}

#[derive(Serialize)]
struct Unit {
    node: String,
    name: String,
    targets: Vec<Raw>,
    conflicts: Vec<Raw>,
    secrets: bool,
    rancher: bool,
    program: Raw,
    project: String,
    file: String,
    owners: Vec<String>,
    in_the_way: Vec<String>,
    since_230: bool,
    sandbox: Vec<Raw>,
}

#[derive(Serialize)]
struct Target {
    node: String,
    mode: &'static str,
    other: Option<&'static str>,
    wants: Vec<Raw>,
}

impl Output for Systemd {
    fn name(&self) -> &'static str {
        "systemd"
    }

    fn node(&self, cx: &Context<'_>, node: NodeId, out: &mut Rendering) -> Result<(), RenderError> {
        let topology = cx.topology;
        let version = topology.pool_of(node).os.systemd();
        let folder = format!("nodes/{}/systemd", topology[node].name);
        let name = topology[node].name.to_string();
        let all: Vec<Stack> =
            compose::stacks(topology, node).into_iter().filter(|stack| stack.startable).collect();
        let modes = modes(topology, node);

        let firewall =
            Plain { node: name.clone(), sandbox: directives::sandbox(version, directives::Needs::Network) };
        out.template(
            cx,
            &format!("{folder}/rancher-gen-firewall.service"),
            "systemd/firewall.service.j2",
            &firewall,
        )?;
        out.file(
            &format!("{folder}/docker.service.d/10-rancher-gen-firewall.conf"),
            cx.shared("systemd/docker.conf.j2")?,
            crate::tree::Mode::Plain,
        )?;
        for stack in &all {
            let template = if stack.supervised() {
                "systemd/supervised.service.j2"
            } else {
                "systemd/started.service.j2"
            };
            let view = unit(topology, node, stack, &all, version)?;
            out.template(cx, &format!("{folder}/rancher-gen-{}.service", stack.name), template, &view)?;
        }
        for mode in modes {
            let other = modes.iter().copied().find(|other| other != mode);
            let wants = wanted(topology, &all, mode).map(unit_name).collect::<Result<_, _>>()?;
            let view = Target { node: name.clone(), mode, other, wants };
            out.template(
                cx,
                &format!("{folder}/rancher-gen-{mode}.target"),
                "systemd/mode.target.j2",
                &view,
            )?;
        }
        let dialect = Dialect::of(&topology.pool_of(node).engine);
        if !dialect.has_health_checks() && !compose::probes(topology, node).is_empty() {
            let health =
                Plain { node: name, sandbox: directives::sandbox(version, directives::Needs::Engine) };
            for file in ["rancher-gen-health.service", "rancher-gen-health.timer"] {
                out.template(cx, &format!("{folder}/{file}"), &format!("systemd/{file}.j2"), &health)?;
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Plain {
    node: String,
    sandbox: Vec<Raw>,
}

/// The stacks that run in a mode: a person's in managed mode; in static mode the starters' stacks, and a person's when
/// none of the starters that they replace is in it.
fn wanted<'s>(topology: &'s Topology, all: &'s [Stack], mode: &str) -> impl Iterator<Item = &'s Stack> {
    let managed = mode == "managed";
    all.iter().filter(move |stack| match stack.started_by {
        StartedBy::Person => managed || !holds_a_starter(topology, stack),
        StartedBy::Starter(_) => !managed,
    })
}

/// Whether a service in a stack is a starter that a file can replace.
fn holds_a_starter(topology: &Topology, stack: &Stack) -> bool {
    let replaced =
        topology.starters.iter().filter(|starter| starter.replaceable).flat_map(|starter| &starter.services);
    let own: Vec<_> = stack.instances.iter().map(|instance| topology[*instance].service).collect();
    replaced.into_iter().any(|service| own.contains(service))
}

fn unit_name(stack: &Stack) -> Result<Raw, Unquotable> {
    Raw::quoted(
        Format::Systemd,
        &[Piece::Word("rancher-gen-"), Piece::Checked(&stack.name), Piece::Word(".service")],
    )
}

fn unit(
    topology: &Topology,
    node: NodeId,
    stack: &Stack,
    all: &[Stack],
    version: u16,
) -> Result<Unit, Unquotable> {
    let in_mode = |mode: &&&str| wanted(topology, all, mode).any(|other| other.name == stack.name);
    let targets = modes(topology, node).iter().filter(in_mode).map(|mode| match *mode {
        "managed" => Raw::word("rancher-gen-managed.target"),
        _ => Raw::word("rancher-gen-static.target"),
    });
    let excluded = |other: &&Stack| {
        let replaces =
            |a: &Stack, b: &Stack| a.started_by != StartedBy::Person && holds_a_starter(topology, b);
        replaces(stack, other) || replaces(other, stack)
    };
    // The engine would start a stopped starter again at the next boot, so it goes too.
    let in_the_way = std::iter::once(stack).chain(all.iter().filter(excluded));
    let container = |instance| topology.container_name(instance).to_string();
    let manager = topology.rancher_1.as_ref().map(|rancher| rancher.cluster_manager);
    Ok(Unit {
        node: topology[node].name.to_string(),
        name: stack.name.clone(),
        targets: targets.collect(),
        conflicts: all.iter().filter(excluded).map(unit_name).collect::<Result<_, _>>()?,
        secrets: stack.takes_secrets(topology),
        rancher: manager.is_some()
            && stack.instances.iter().any(|instance| Some(topology[*instance].service) == manager),
        program: Raw::word(Dialect::of(&topology.pool_of(node).engine).program()),
        project: stack.project(),
        file: format!("/etc/rancher-gen/{}", stack.file),
        owners: stack.owners.iter().copied().map(container).collect(),
        in_the_way: in_the_way.flat_map(|stack| &stack.instances).copied().map(container).collect(),
        since_230: version >= 230,
        sandbox: directives::sandbox(version, directives::Needs::Engine),
    })
}
