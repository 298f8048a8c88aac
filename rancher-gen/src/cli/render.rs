//! `rancher-gen render`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use rancher_topology::Topology;
use rancher_topology::diagnostic::nearest;
use rancher_topology::topology::NodeId;

use super::Failure;
use super::input::Input;
use super::validate::Deny;
use rancher_gen::exit::Exit;
use rancher_gen::output::{self, Rendered, Selection};
use rancher_gen::report;
use rancher_gen::template::Templates;
use rancher_gen::tree::{self, Entry, Options, Written};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen render cluster.yaml --out rendered                     everything
  rancher-gen render cluster.yaml --out rendered --only compose,iptables
  rancher-gen render cluster.yaml --out rendered --node mgmt-host-2  a folder that stands alone
  rancher-gen render cluster.yaml --out rendered --check             in CI: 1 when something differs
  rancher-gen render cluster.yaml --out rendered --deny warnings     in CI: nothing is written
  rancher-gen render cluster.yaml --out rendered --diff | less -R")]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// The folder that the rendered files are in
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Render these outputs only
    #[arg(long, value_name = "OUTPUT", value_delimiter = ',', value_parser = outputs())]
    only: Vec<String>,
    /// Render the folder of this node only, with everything that it would share with others
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Write nothing; list what differs, and exit 1 when something does
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change as a unified diff, and exit 1 when something would
    #[arg(long, conflicts_with_all = ["check", "force"])]
    diff: bool,
    /// Overwrite files that were edited, and files in the way
    #[arg(long, conflicts_with = "check")]
    force: bool,
    /// Write nothing, and exit 1, when there are findings of this severity or a worse one
    #[arg(long, value_name = "SEVERITY")]
    deny: Option<Deny>,
    /// Take templates from this folder before those of the program
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
}

fn outputs() -> PossibleValuesParser {
    PossibleValuesParser::new(output::ALL.map(output::Output::name))
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let templates = match &args.templates {
        Some(folder) => Templates::from_dir(folder)?,
        None => Templates::embedded(),
    };
    let (source, report) = args.input.report()?;
    let Some(topology) = &report.topology else {
        return Err(Failure::Topology(source, report.findings));
    };
    let selection = selection(args, topology)?;
    if !report.findings.is_empty() || !report.unchecked.is_empty() {
        super::tell(&report::human_report(&source, &report, true));
    }
    if args.deny.is_some_and(|deny| deny.refuses(&report)) {
        super::tell("nothing was written: --deny refuses these findings\n");
        return Ok(Exit::No);
    }
    let Some(Rendered { tree, notes, .. }) = output::render_report(&report, &templates, &selection)? else {
        return Err(Failure::Topology(source, report.findings));
    };
    if tree.is_empty() && selection.node.is_some() {
        return Err(Failure::said(Exit::Usage, "these outputs render nothing for a single node"));
    }
    let folder = selection.node.map(|node| format!("nodes/{}/", topology[node].name));
    let scope = |path: &str, entry: &Entry| {
        selection.has(&entry.output) && folder.as_ref().is_none_or(|folder| path.starts_with(folder))
    };
    if args.check {
        let differences = tree::check(&tree, &args.out, &scope)?;
        let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
        super::print(&lines.iter().flat_map(|line| [line, "\n"]).collect::<String>())?;
        return Ok(if differences.is_empty() { Exit::Done } else { Exit::No });
    }
    if args.diff {
        let diff = tree::diff(&tree, &args.out, &scope)?;
        super::print(&super::coloured(&diff))?;
        return Ok(if diff.is_empty() { Exit::Done } else { Exit::No });
    }
    let written = tree::write(&tree, &args.out, &Options { force: args.force, scope: &scope })?;
    super::tell(&summary(args, &tree, written, &notes));
    Ok(Exit::Done)
}

fn selection(args: &Args, topology: &Topology) -> Result<Selection, Failure> {
    let named = |name: &String| output::ALL.into_iter().map(output::Output::name).find(|own| own == name);
    let node = args.node.as_ref().map(|name| node(name, topology)).transpose()?;
    Ok(Selection { only: args.only.iter().filter_map(named).collect(), node })
}

fn node(name: &str, topology: &Topology) -> Result<NodeId, Failure> {
    topology.node_named(name).ok_or_else(|| {
        let failure = Failure::said(Exit::Usage, format!("there is no node called `{name}`"));
        match nearest(name, topology.nodes.iter().map(|node| node.name.as_str())) {
            Some(near) => failure.and(format!("did you mean `{near}`?")),
            None => failure.and("rancher-gen show FILE lists the nodes"),
        }
    })
}

/// What was written: how many files of each output, and what the person should know.
fn summary(args: &Args, tree: &tree::Tree, written: Written, notes: &[String]) -> String {
    let mut of_outputs: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, file) in tree.iter() {
        *of_outputs.entry(file.output).or_default() += 1;
    }
    let each: Vec<String> = of_outputs.iter().map(|(output, count)| format!("{output} {count}")).collect();
    let mut text = format!(
        "{}: {} files ({}); {} written, {} unchanged, {} removed\n",
        args.out.display(),
        tree.len(),
        each.join(", "),
        written.placed,
        written.unchanged,
        written.removed
    );
    for note in notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
