//! `rancher-gen audit`.

mod containers;
mod groups;
mod host;
mod state;

use std::path::PathBuf;

use rancher_gen::exit::Exit;
use rancher_topology::topology::NodeId;
use rancher_topology::{Topology, diagnostic};
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::input::{self, Input};
use super::rules::FamilyName;
use super::{Failure, Format};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  iptables-save > rules.txt; ip6tables-save > rules6.txt; ipset save > sets.txt; ip address > addresses.txt
  rancher-gen audit cluster.yaml rules.txt --node mgmt-host-1 --ipset sets.txt --interfaces addresses.txt
  rancher-gen audit cluster.yaml rules.txt rules6.txt --node mgmt-host-1 --format json

  terraform show -json > state.json
  rancher-gen audit cluster.yaml state.json
  docker inspect $(docker ps --all --quiet) > containers.json
  rancher-gen audit cluster.yaml containers.json --node mgmt-host-1

Of a rule set, it compares which first packets of connections are admitted that arrive at the node
from the network, for one of its addresses or of its containers'. Where the table nat sends these is not
compared. The exit code is 0 when what exists
is as the model says, 1 when it is not, and 5 when that depends on what is not known here.")]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// What exists: what `iptables-save` or `ip6tables-save` printed on a node, `terraform show -json`, or
    /// `docker inspect` or `docker ps --all --format json` on a node
    #[arg(value_name = "LIVE", required = true)]
    live: Vec<PathBuf>,
    /// The node that it was taken from
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// What `ipset save` printed there: without it, what a set has is not known
    #[arg(long, value_name = "FILE")]
    ipset: Option<PathBuf>,
    /// What `ip address` or `ip -j address` printed there: without it, the node has the addresses of the model
    #[arg(long, value_name = "FILE")]
    interfaces: Option<PathBuf>,
    /// v4 or v6, of rule sets that do not tell
    #[arg(long, value_enum)]
    family: Option<FamilyName>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What one text of what exists came to.
struct Answer {
    human: String,
    printed: Printed,
    exit: Exit,
}

/// What exists against the model: an answer for each text, in the order in which they were given.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Audit")]
#[serde(transparent)]
struct Audit<'a>(Vec<&'a Printed>);

/// What one text of what exists came to.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "of", rename_all = "kebab-case")]
enum Printed {
    Rules(host::Printed),
    State(state::Printed),
    Containers(containers::Printed),
}

/// The schema of what is printed for programs.
pub(super) fn schema() -> Schema {
    schemars::schema_for!(Audit<'_>)
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let topology = args.input.topology()?;
    let mut answers = Vec::new();
    for path in &args.live {
        let source = input::source(path)?;
        let text = source.text.trim_start();
        // A state is one object; `docker inspect` prints a list, `docker ps` an object with `Names` on each line.
        let is_docker =
            text.starts_with('[') || text.lines().next().is_some_and(|line| line.contains("\"Names\""));
        answers.push(if is_docker {
            containers::audit(&topology, node(args, &topology)?, &source)?
        } else if text.starts_with('{') {
            state::audit(&topology, &source)?
        } else {
            host::audit(args, &topology, node(args, &topology)?, &source)?
        });
    }
    let exit = |exit: Exit| answers.iter().any(|answer| answer.exit == exit);
    let exit = if exit(Exit::No) {
        Exit::No
    } else if exit(Exit::Uncertain) {
        Exit::Uncertain
    } else {
        Exit::Done
    };
    super::print(&match args.format {
        Format::Human => answers.iter().map(|answer| answer.human.as_str()).collect::<Vec<_>>().join("\n"),
        Format::Json => {
            let all = answers.iter().map(|answer| &answer.printed).collect();
            super::json(&Audit(all))
        }
    })?;
    Ok(exit)
}

/// The node that is meant.
fn node(args: &Args, topology: &Topology) -> Result<NodeId, Failure> {
    let Some(name) = &args.node else {
        return Err(Failure::said(Exit::Usage, "this was taken from one node; say which with --node NAME"));
    };
    topology.node_named(name).ok_or_else(|| {
        let known = topology.nodes.iter().map(|node| &*node.name);
        let near = diagnostic::nearest(name, known).map_or_else(
            || "`rancher-gen show` lists them".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Failure::said(Exit::Usage, format!("no node is called `{name}`")).and(near)
    })
}
