//! `rancher-gen schema`.

use clap::ValueEnum;

use super::Failure;
use rancher_gen::exit::Exit;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen schema > topology.schema.json             what a topology may say
  rancher-gen schema findings > findings.schema.json    what `validate --format json` prints
  rancher-gen schema reach > reach.schema.json          what `reach --format json` prints
  rancher-gen schema matrix > matrix.schema.json        what `matrix FILE --format json` prints
  rancher-gen schema diff > diff.schema.json            what `diff OLD NEW --format json` prints
  rancher-gen schema tighten > tighten.schema.json      what `tighten --format json` prints
  rancher-gen schema audit > audit.schema.json          what `audit FILE LIVE --format json` prints")]
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
    /// What changes between two topologies, as `diff OLD NEW --format json` prints it
    Diff,
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
        Of::Diff => super::diff::schema(),
        Of::Tighten => super::tighten::schema(),
        Of::Audit => super::audit::schema(),
    };
    let schema = serde_json::to_string_pretty(&schema).unwrap_or_default();
    super::print(&format!("{schema}\n"))?;
    Ok(Exit::Done)
}
