//! `rancher-gen matrix`.

use std::path::PathBuf;

use rancher_gen::exit::Exit;
use rancher_topology::scalar::Ports;

use super::Failure;
use super::rules::{self, ChainName, Host};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen matrix --rules iptables-save.txt --chain FORWARD --port 22/tcp
  rancher-gen matrix --rules iptables-save.txt --chain INPUT --port 53/udp --interfaces ip-addr.txt --format json

Classes are of addresses that the rule set treats alike, as senders and as receivers. `possibly` is what depends on more
than the addresses: the source port, the interface, a rate, or something in the rules that is not understood.")]
pub(super) struct Args {
    /// What `iptables-save` or `ip6tables-save` printed on a host
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Which way through the host
    #[arg(long, value_enum)]
    chain: ChainName,
    /// The port, or ports, that connections are opened to: `22/tcp`, `8000-8100`, `53/udp`
    #[arg(long)]
    port: Ports,
    #[command(flatten)]
    host: Host,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: rules::matrix::Format,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    rules::matrix::run(&args.rules, &args.host, args.chain, args.port, args.format)
}
