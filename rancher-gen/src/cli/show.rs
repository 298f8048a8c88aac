//! `rancher-gen show`.

use clap::ValueEnum;
use rancher_gen::exit::Exit;
use rancher_gen::show::resolved;

use super::Failure;
use super::input::Input;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen show cluster.yaml                     every default has a comment that says where it comes from
  rancher-gen show cluster.yaml | grep assumed
  rancher-gen show cluster.yaml --format json | jq '.\"load-balancers\"'")]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// YAML marks a default with a comment, JSON with an object of `value` and `assumed`
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let topology = args.input.topology()?;
    let shown = resolved(&topology);
    let text = match args.format {
        Format::Yaml => shown.to_yaml(),
        Format::Json => super::json(&shown),
    };
    super::print(&text)?;
    Ok(Exit::Done)
}
