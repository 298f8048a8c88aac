//! `rancher-gen simulate`.

mod found;
mod left;
mod words;

use rancher_gen::exit::Exit;
use rancher_topology::Severity;
use rancher_topology::failure::{self as model, NotNamed, Simulation};

use super::input::Input;
use super::{Failure, Format};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen simulate cluster.yaml                              the smallest failures that lose each thing
  rancher-gen simulate cluster.yaml --fail mgmt-host-2           what is left without this node
  rancher-gen simulate cluster.yaml --fail us-west-2a,ext-db     a zone and a database at once
  rancher-gen simulate cluster.yaml --format json | jq .smallest

With --fail the exit code is 0 when nothing is lost, 1 when something is, and 5 when something may be: where a
database stands that may stand in several zones only the provider knows. Without --fail it is 5 when not all was
searched.")]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// What fails: nodes, zones, services, roles, databases, load balancers. `zone:NAME` where several have one name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    fail: Vec<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How many sets of failures are tried for each thing at most
    #[arg(long, value_name = "SETS", default_value_t = Simulation::BUDGET, conflicts_with = "fail")]
    budget: usize,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let (source, report) = args.input.report()?;
    let Some(topology) = &report.topology else {
        return Err(Failure::Topology(source, report.findings));
    };
    let simulation = Simulation::of(topology);
    let exit = simulated(args, &simulation)?;
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors > 0 {
        let (are, them) = if errors == 1 { ("error is", "it") } else { ("errors are", "them") };
        let file = args.input.file().map_or_else(|| "-".to_owned(), |path| path.display().to_string());
        super::tell(&format!(
            "note: {errors} {are} in this topology: `rancher-gen validate {file}` shows {them}\n"
        ));
    }
    Ok(exit)
}

fn simulated(args: &Args, simulation: &Simulation<'_>) -> Result<Exit, Failure> {
    if args.fail.is_empty() {
        let search = simulation.search(args.budget);
        super::print(&match args.format {
            Format::Human => found::human(simulation, &search),
            Format::Json => found::json(simulation, &search),
        })?;
        if search.is_partial() {
            super::tell(&format!(
                "note: not all was searched: {} sets were tried for each thing at most (--budget)\n",
                search.budget
            ));
            return Ok(Exit::Uncertain);
        }
        return Ok(Exit::Done);
    }
    let outcome = simulation.outcome(&failures(simulation, &args.fail)?);
    super::print(&match args.format {
        Format::Human => left::human(simulation, &outcome),
        Format::Json => left::json(simulation, &outcome),
    })?;
    Ok(if outcome.nothing_is_lost() {
        Exit::Done
    } else if outcome.lost().any(|(_, loss)| loss.certain) {
        Exit::No
    } else {
        Exit::Uncertain
    })
}

/// What names mean; every name that means nothing is told at once.
fn failures(simulation: &Simulation<'_>, names: &[String]) -> Result<Vec<model::Failure>, Failure> {
    let mut failures = Vec::new();
    let mut wrong: Vec<(String, String)> = Vec::new();
    for name in names {
        match simulation.named(name) {
            Ok(found) => failures.extend(found),
            Err(NotNamed::Several(names)) => {
                wrong.push((format!("`{name}` is several things"), format!("write {}", names.join(" or "))));
            }
            Err(NotNamed::Unknown(near)) => wrong.push((
                format!("nothing that can fail is called `{name}`"),
                near.map_or_else(
                    || "nodes, zones, services, roles, databases and load balancers can".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            )),
        }
    }
    let mut wrong = wrong.into_iter();
    let Some((message, help)) = wrong.next() else { return Ok(failures) };
    let first = Failure::said(Exit::Usage, message).and(help);
    Err(wrong.fold(first, |all, (message, help)| all.and(message).and(help)))
}
