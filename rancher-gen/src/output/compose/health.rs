//! Health checks as commands: for the compose file where the engine runs them, for a script where it does not.

use rancher_topology::scalar::Duration;
use rancher_topology::topology::{Health, InstanceId, NodeId, Probe, Topology};
use serde::Serialize;

use crate::quote::{self, Unquotable};

/// The command that asks, to be given to bash inside the container.
///
/// It needs no program in the image but bash (its `/dev/tcp`), and ends by itself: an answer that never comes must
/// not leave a process behind in the container each time.
///
/// # Errors
/// When a shell cannot be given the path.
pub(super) fn command(health: &Health) -> Result<String, Unquotable> {
    Ok(match &health.probe {
        Probe::Tcp { port } => format!("exec 3<>/dev/tcp/127.0.0.1/{port}"),
        Probe::Http { port, path } => format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET %s HTTP/1.0\\r\\n\\r\\n' {} >&3 \
             && read -r -t {} _ status _ <&3 && [[ $status == 2?? ]]",
            quote::sh(path.as_str())?,
            seconds(*health.timeout),
        ),
    })
}

/// Seconds as bash's `read` and timeout(1) take them: `1`, `0.5`.
fn seconds(time: Duration) -> String {
    let (whole, rest) = (time.milliseconds / 1_000, time.milliseconds % 1_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}") }
}

/// The instances of a node that state how one learns that they are well, and that a file there can start.
///
/// Whoever starts the others asks after them too.
#[must_use]
pub fn probes(topology: &Topology, node: NodeId) -> Vec<(InstanceId, &Health)> {
    let own = topology.instances_on(node).iter().copied();
    own.filter(|instance| super::is_startable(topology, topology[topology[*instance].service].started_by))
        .filter_map(|instance| Some((instance, topology[topology[instance].service].health.as_ref()?)))
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
    seconds: String,
    command: String,
}

pub(super) fn view(topology: &Topology, node: NodeId) -> Result<Script, Unquotable> {
    let row = |(instance, health): (InstanceId, &Health)| {
        Ok(Row {
            // A container in another's namespace is asked where its program is; the namespace is the same.
            container: topology.container_name(instance).to_string(),
            seconds: seconds(*health.timeout),
            command: command(health)?,
        })
    };
    Ok(Script {
        node: topology[node].name.to_string(),
        probes: probes(topology, node).into_iter().map(row).collect::<Result<_, _>>()?,
    })
}
