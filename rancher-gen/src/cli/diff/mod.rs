//! `rancher-gen diff`.

pub(super) mod sections;
mod topologies;

use std::path::PathBuf;

use rancher_gen::exit::Exit;

use super::Failure;
use super::input::Input;
use super::rules::{self, ChainName, Host};

pub(super) use topologies::schema;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen diff old.yaml new.yaml
  git show main:cluster.yaml | rancher-gen diff - cluster.yaml --format markdown
  rancher-gen diff --rules before.txt after.txt
  rancher-gen diff --rules before.txt after.txt --chain FORWARD --format json

Of topologies it says what changes for traffic, with example packets, for who listens, for load balancers, placement,
quorum, addresses, and which rendered files are other ones. Traffic is what is between machines (`matrix` says all of it).
`rancher-gen schema diff` prints the schema of its JSON.

Of rule sets it compares which packets are admitted, and where the tables nat send them (DNAT, REDIRECT). They are the same if
each built-in chain does the same by itself, with all that it changes (SNAT, marks, TTL); where one does not and no packet
shows a difference, the exit code is 5 unless nothing but the packet counts. docs/policy.md says more.

The exit code is 0 when nothing changes, 1 when something does, and 5 when that depends on what is not known here.")]
pub(super) struct Args {
    /// Both are rule sets, as `iptables-save` or `ip6tables-save` prints them, and no topologies
    #[arg(long)]
    rules: bool,
    /// What was
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// What takes its place
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Only this way through the host
    #[arg(long, value_enum, requires = "rules")]
    chain: Option<ChainName>,
    #[command(flatten)]
    host: Host,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How differences are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    #[default]
    Text,
    /// For a comment on a change
    Markdown,
    Json,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if args.rules {
        return rules::diff::run(&args.old, &args.new, &args.host, args.chain, args.format);
    }
    topologies::run(&Input::new(args.old.clone()), &Input::new(args.new.clone()), args.format)
}
