//! `rancher-gen explain`.

use rancher_topology::diagnostic::nearest;
use rancher_topology::validate::{lint, lints};

use super::Failure;
use rancher_gen::exit::Exit;
use rancher_gen::explain;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen explain             every lint, with a line about it
  rancher-gen explain host-bits   what it finds, why that matters, and an example")]
pub(super) struct Args {
    /// The name in brackets before a finding's message
    #[arg(value_name = "ID")]
    id: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Some(id) = &args.id else {
        super::print(&explain::list())?;
        return Ok(Exit::Done);
    };
    let Some(lint) = lint(id) else {
        let failure = Failure::said(Exit::Usage, format!("there is no lint called `{id}`"));
        return Err(match nearest(id, lints().map(|lint| lint.id)) {
            Some(near) => failure.and(format!("did you mean `{near}`?")),
            None => failure.and("`rancher-gen explain` lists them"),
        });
    };
    super::print(&explain::explained(lint, true))?;
    Ok(Exit::Done)
}
