//! The command line of rancher-gen.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run().into()
}
