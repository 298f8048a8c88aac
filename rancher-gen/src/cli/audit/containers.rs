//! The containers of a node's engine against the model's.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rancher_gen::exit::Exit;
use rancher_gen::read::docker;
use rancher_gen::report::Source;
use rancher_topology::Topology;
use rancher_topology::audit::{self, ContainerDifference, LiveNetwork, Published};
use rancher_topology::topology::NodeId;
use schemars::JsonSchema;
use serde::Serialize;

use super::Answer;
use crate::cli::{Compared, Failure, input};

/// The containers of a node.
#[derive(Serialize, JsonSchema)]
pub(super) struct Printed {
    /// The file.
    live: String,
    node: String,
    result: Compared,
    differences: Vec<Difference>,
    /// What was not understood.
    notes: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Difference {
    /// `missing`, `unknown`, `stopped`, `image`, `network`, `publishes` or `lacks` (ports).
    kind: &'static str,
    /// Its name.
    container: String,
    /// Ports of the node that are not as in the model: `18080->8080/tcp`.
    published: Vec<String>,
    /// The same in words.
    message: String,
}

pub(super) fn audit(topology: &Topology, node: NodeId, live: &Source) -> Result<Answer, Failure> {
    let read = input::parsed(live, docker::read)?;
    let differences = audit::containers(topology, node, &read.containers);
    let exit = match (differences.is_empty(), read.notes.is_empty()) {
        (false, _) => Exit::No,
        (true, true) => Exit::Done,
        (true, false) => Exit::Uncertain,
    };
    let name = &topology[node].name;
    let verdict = match exit {
        Exit::Done => "are those of the model",
        Exit::No => "differ from the model",
        _ => "may differ from the model",
    };
    let mut human = format!("{}: the containers of {name} {verdict}\n", live.name);
    for one in &differences {
        let _ = writeln!(human, "  {}", words(one).1);
    }
    for note in &read.notes {
        let _ = writeln!(human, "note: {}: not understood: {note}", live.name);
    }
    let printed = Printed {
        live: live.name.clone(),
        node: name.to_string(),
        result: Compared::of(exit),
        differences: differences.iter().map(difference).collect(),
        notes: read.notes,
    };
    Ok(Answer { human, printed: super::Printed::Containers(printed), exit })
}

/// The kind of a difference, and a line about it.
fn words(one: &ContainerDifference) -> (&'static str, String) {
    match one {
        ContainerDifference::Missing(name) => ("missing", format!("{name} does not exist")),
        ContainerDifference::Unknown(name, published, network) => {
            let mut text = format!("{name} is not in the model");
            if !published.is_empty() {
                let _ = write!(text, ", and publishes {}", ports(published).join(", "));
            }
            if *network == LiveNetwork::Node {
                text.push_str(", and is in the node's own network, so that its ports need not be published");
            }
            ("unknown", text)
        }
        ContainerDifference::Network(name, network, meant) => {
            ("network", format!("{name} is in {}, and in {} in the model", whose(network), whose(meant)))
        }
        ContainerDifference::Stopped(name) => ("stopped", format!("{name} does not run")),
        ContainerDifference::Image(name, image, meant) => {
            ("image", format!("{name} is of {image}, and of {meant} in the model"))
        }
        ContainerDifference::Publishes(name, published) => {
            ("publishes", format!("{name} publishes {}, and not in the model", ports(published).join(", ")))
        }
        ContainerDifference::Lacks(name, published) => {
            ("lacks", format!("{name} does not publish {}, as in the model", ports(published).join(", ")))
        }
        _ => ("other", String::new()),
    }
}

/// In which network a container is.
fn whose(network: &LiveNetwork) -> String {
    match network {
        LiveNetwork::Engine => "a network of the engine".to_owned(),
        LiveNetwork::Node => "the node's own network".to_owned(),
        LiveNetwork::Of(Some(name)) => format!("the network of {name}"),
        LiveNetwork::Of(None) => "the network of another container".to_owned(),
        LiveNetwork::Nothing => "no network".to_owned(),
        LiveNetwork::Unknown => "a network that is not known".to_owned(),
    }
}

fn ports(published: &BTreeSet<Published>) -> Vec<String> {
    let word = |one: &Published| {
        let address = one.address.map_or_else(String::new, |address| format!("{address}:"));
        format!("{address}{}->{}/{}", one.host, one.container, one.protocol)
    };
    published.iter().map(word).collect()
}

fn difference(one: &ContainerDifference) -> Difference {
    let (kind, message) = words(one);
    let (name, published) = match one {
        ContainerDifference::Unknown(name, published, _)
        | ContainerDifference::Publishes(name, published)
        | ContainerDifference::Lacks(name, published) => (name.as_str(), ports(published)),
        ContainerDifference::Missing(name)
        | ContainerDifference::Stopped(name)
        | ContainerDifference::Image(name, ..)
        | ContainerDifference::Network(name, ..) => (name.as_str(), Vec::new()),
        _ => ("", Vec::new()),
    };
    Difference { kind, container: name.to_owned(), published, message }
}
