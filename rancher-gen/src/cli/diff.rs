//! `rancher-gen diff`.

use std::path::PathBuf;

use rancher_gen::exit::Exit;

use super::Failure;
use super::rules::{self, ChainName, Host};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen diff --rules before.txt after.txt
  rancher-gen diff --rules before.txt after.txt --chain FORWARD --format markdown

The exit code is 0 when both do the same with every packet, 1 when they do not, and 5 when they may differ in what is
not known here.")]
pub(super) struct Args {
    /// Both are rule sets, as `iptables-save` or `ip6tables-save` prints them
    #[arg(long, required = true)]
    rules: bool,
    /// What was
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// What takes its place
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Only this way through the host
    #[arg(long, value_enum)]
    chain: Option<ChainName>,
    #[command(flatten)]
    host: Host,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: rules::diff::Format,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    rules::diff::run(&args.old, &args.new, &args.host, args.chain, args.format)
}
