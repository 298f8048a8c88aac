//! Health checks as commands: for the compose file where the engine runs them, for a script where it does not.

use rancher_topology::topology::{Health, InstanceId, NodeId, Probe, Topology};
use serde::Serialize;

/// The command that asks, to be run inside the container.
///
/// bash's `/dev/tcp` needs no program in the image but bash, which the images of the time have.
pub(super) fn command(probe: &Probe) -> String {
    match probe {
        Probe::Tcp { port } => format!("exec 3<>/dev/tcp/127.0.0.1/{port}"),
        Probe::Http { port, path } => {
            let path = crate::quote::sh(path.as_str()).unwrap_or_default();
            format!(
                "exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET %s HTTP/1.0\\r\\n\\r\\n' {path} >&3 && head -n 1 <&3 | grep -q ' 200'"
            )
        }
    }
}

/// The instances of a node that state how one learns that they are well, and that a file there can start.
#[must_use]
pub fn probes(topology: &Topology, node: NodeId) -> Vec<(InstanceId, &Health)> {
    let own = topology.instances_on(node).iter().copied();
    own.filter_map(|instance| Some((instance, topology[topology[instance].service].health.as_ref()?)))
        .collect()
}

#[derive(Serialize)]
pub(super) struct Script {
    node: String,
    probes: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    container: String,
    seconds: u64,
    command: String,
}

pub(super) fn view(topology: &Topology, node: NodeId) -> Script {
    let row = |(instance, health): (InstanceId, &Health)| Row {
        // A container in another's namespace is asked where its program is; the namespace is the same.
        container: topology.container_name(instance).to_string(),
        seconds: health.timeout.milliseconds.div_ceil(1_000),
        command: command(&health.probe),
    };
    Script {
        node: topology[node].name.to_string(),
        probes: probes(topology, node).into_iter().map(row).collect(),
    }
}
