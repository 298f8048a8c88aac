//! `rancher-gen schema`.

use clap::ValueEnum;

use super::Failure;
use rancher_gen::exit::Exit;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen schema > topology.schema.json             what a topology may say
  rancher-gen schema findings > findings.schema.json    what `validate --format json` prints")]
pub(super) struct Args {
    /// Of what
    #[arg(value_enum, default_value_t)]
    of: Of,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Of {
    /// A topology
    #[default]
    Topology,
    /// Findings, as `validate --format json` prints them
    Findings,
    /// Who reaches whom, as `reach --format json` prints it
    Reach,
    /// Who reaches whom on what, as `matrix FILE --format json` prints it
    Matrix,
    /// Who reaches whom through a rule set, as `matrix --rules FILE --format json` prints it
    MatrixRules,
    /// What changes between two topologies, as `diff OLD NEW --format json` prints it
    Diff,
    /// What changes between two rule sets, as `diff --rules OLD NEW --format json` prints it
    DiffRules,
    /// The least rules, as `tighten --format json` prints them
    Tighten,
    /// What exists against the model, as `audit FILE LIVE --format json` prints it
    Audit,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let schema = match args.of {
        Of::Topology => rancher_topology::document::schema(),
        Of::Findings => rancher_gen::report::schema(),
        Of::Reach => super::reach::schema(),
        Of::Matrix => super::matrix::schema(),
        Of::MatrixRules => super::rules::matrix::schema(),
        Of::Diff => super::diff::schema(),
        Of::DiffRules => super::rules::diff::schema(),
        Of::Tighten => super::tighten::schema(),
        Of::Audit => super::audit::schema(),
    };
    super::print(&super::json(&schema))?;
    Ok(Exit::Done)
}
