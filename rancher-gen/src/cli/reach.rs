//! `rancher-gen reach`.

use std::path::PathBuf;

use rancher_gen::exit::Exit;

use super::Failure;
use super::rules::{self, ChainName, Host};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What `iptables-save` or `ip6tables-save` printed on a host
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Which way through the host
    #[arg(long, value_enum)]
    chain: ChainName,
    /// A list of packets, as JSON; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    packets: PathBuf,
    #[command(flatten)]
    host: Host,
    /// How the answers are printed
    #[arg(long, value_enum, default_value_t)]
    format: rules::packets::Format,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    rules::packets::run(&args.rules, &args.host, args.chain, &args.packets, args.format)
}
