//! The installer of each node: it puts the node's files where they belong, and takes them away again.
//!
//! One script for all nodes; what it has to know of one stands in `node.conf` beside it.

use rancher_topology::topology::{NodeId, StartedBy};
use serde::Serialize;

use super::{Context, Output, RenderError, Rendering, compose, systemd};
use crate::tree::Mode;

/// The `install` output.
#[derive(Debug)]
pub struct Install;

#[derive(Serialize)]
struct Conf {
    node: String,
    addresses: String,
    modes: String,
    compose: &'static str,
    started: String,
}

impl Output for Install {
    fn name(&self) -> &'static str {
        "install"
    }

    fn node(&self, cx: &Context<'_>, node: NodeId, out: &mut Rendering) -> Result<(), RenderError> {
        let topology = cx.topology;
        let folder = format!("nodes/{}", topology[node].name);
        let engine = &topology.pool_of(node).engine;
        let stacks = compose::stacks(topology, node);
        let startable = stacks.iter().any(|stack| stack.startable);
        let by_starters = stacks.iter().filter(|stack| stack.started_by != StartedBy::Person);
        let started = by_starters.flat_map(|stack| &stack.instances);
        let conf = Conf {
            node: topology[node].name.to_string(),
            addresses: topology[node].address.to_string(),
            modes: systemd::modes(topology, node).join(" "),
            started: started
                .map(|one| topology.container_name(*one).to_string())
                .collect::<Vec<_>>()
                .join(" "),
            compose: if startable { compose::Dialect::of(engine).program() } else { "" },
        };
        out.template(cx, &format!("{folder}/node.conf"), "install/node.conf.j2", &conf)?;
        out.file(&format!("{folder}/install.sh"), cx.shared("install/install.sh.j2")?, Mode::Executable)
    }
}
