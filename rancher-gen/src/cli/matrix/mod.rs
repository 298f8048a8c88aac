//! `rancher-gen matrix`.

mod topology;

use std::path::PathBuf;

use rancher_gen::exit::Exit;
use rancher_topology::scalar::Ports;

use super::Failure;
use super::input::Input;
use super::rules::{self, ChainName, Host};

pub(super) use topology::schema;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen matrix cluster.yaml
  rancher-gen matrix cluster.yaml --port 22/tcp --format csv
  rancher-gen matrix --rules iptables-save.txt --chain FORWARD --port 22/tcp
  rancher-gen matrix --rules iptables-save.txt --chain INPUT --port 53/udp --interfaces ip-addr.txt --format json

Of a topology, it is what routes and security groups let pass between nodes, load balancers, databases and addresses, and
who listens there; `reach` says by which rule, and what becomes of it behind a published port. `possibly` is what
depends on addresses that are not known before it is built. `schema matrix` prints the schema of its JSON.

Of a rule set, classes are of addresses that it treats alike, as senders and as receivers. `possibly` is what depends on
more than the addresses: the source port, the interface, a rate, or something in the rules that is not understood.")]
pub(super) struct Args {
    /// The topology: a YAML or JSON file, or `-` for the standard input
    #[arg(value_name = "FILE", required_unless_present = "rules", conflicts_with = "rules")]
    path: Option<PathBuf>,
    /// Instead of a topology, a host's rule set: what `iptables-save` or `ip6tables-save` printed
    #[arg(long, value_name = "FILE", requires = "chain", requires = "port")]
    rules: Option<PathBuf>,
    /// Which way through the host
    #[arg(long, value_enum, requires = "rules")]
    chain: Option<ChainName>,
    /// The port, or ports, that connections are opened to: `22/tcp`, `8000-8100`, `53/udp`
    #[arg(long)]
    port: Option<Ports>,
    #[command(flatten)]
    host: Host,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How a matrix is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    #[default]
    Table,
    Csv,
    Json,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    match args {
        Args { rules: Some(rules), chain: Some(chain), port: Some(port), .. } => {
            rules::matrix::run(rules, &args.host, *chain, *port, args.format)
        }
        Args { path: Some(path), .. } => topology::run(&Input::new(path.clone()), args.port, args.format),
        _ => Err(Failure::said(Exit::Usage, "say FILE, or --rules, --chain and --port")),
    }
}
