//! `rancher-gen reach`.

mod human;
mod json;

use std::path::PathBuf;

use rancher_gen::exit::Exit;
use rancher_gen::report::place::Lines;
use rancher_topology::Topology;
use rancher_topology::flow::FlowGraph;
use rancher_topology::policy::{SecurityPolicy, Verdict};
use rancher_topology::reach::Reach;
use rancher_topology::scalar::Ports;
use rancher_topology::topology::{NoPlace, Place};

use super::input::{Input, Text};
use super::rules::{self, ChainName, Host};
use super::{Failure, Format};

pub(super) use json::schema;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen reach cluster.yaml cattle@mgmt-host-1 zookeeper@mgmt-host-2 --port 2181/tcp
  rancher-gen reach cluster.yaml internet mgmt-host           every port, each with yes or no
  rancher-gen reach cluster.yaml 10.0.0.0/24 ext-db --port 3306/tcp --format json
  rancher-gen reach --rules iptables-save.txt --chain INPUT --packets packets.json

FROM and TO are pools, nodes, services, roles, containers, load balancers, databases, `internet`,
an address or a CIDR; NAME@NODE is what runs there, and `service:NAME` tells apart what has one
name. Ports are those that TO listens on, as its clients say them; those of a node are its own.

Exit codes: 0 when everyone of FROM reaches everyone of TO (without --port: when somebody reaches
some port), 1 when not, 5 when it is not certain; 0 with a list of packets, each of which is answered
with `admitted`, `refused` or `possible`, in its order. `rancher-gen schema reach` prints the schema of
--format json.

A packet of such a list: {\"iif\": \"eth0\", \"src\": \"10.0.0.1\", \"dst\": \"10.0.0.2\", \"proto\": \"tcp\",
\"sport\": 40000, \"dport\": 22, \"flags\": \"SYN\"}; `oif`, and `type` and `code` of ICMP, as well. What is
left out may be anything.")]
pub(super) struct Args {
    /// The topology: a YAML or JSON file, or `-` for the standard input
    #[arg(value_name = "FILE", required_unless_present = "rules", conflicts_with = "rules")]
    path: Option<PathBuf>,
    /// Who opens the connection
    #[arg(value_name = "FROM", required_unless_present = "rules")]
    from: Option<String>,
    /// To whom
    #[arg(value_name = "TO", required_unless_present = "rules")]
    to: Option<String>,
    /// The ports that are asked for, with their protocol; every one that TO listens on when they are left out
    #[arg(long, value_name = "PORT", conflicts_with = "rules")]
    port: Option<String>,
    /// Instead of a topology, a host's rule set: what `iptables-save` or `ip6tables-save` printed
    #[arg(long, value_name = "FILE", requires = "chain", requires = "packets")]
    rules: Option<PathBuf>,
    /// Which way through the host
    #[arg(long, value_enum, requires = "rules")]
    chain: Option<ChainName>,
    /// A list of packets, as JSON; `-` is the standard input
    #[arg(long, value_name = "FILE", requires = "rules")]
    packets: Option<PathBuf>,
    #[command(flatten)]
    host: Host,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    match args {
        Args { rules: Some(rules), chain: Some(chain), packets: Some(packets), .. } => {
            rules::packets::run(rules, &args.host, *chain, packets, args.format == Format::Json)
        }
        Args { path: Some(path), from: Some(from), to: Some(to), .. } => {
            in_topology(args, &Input::new(path.clone()), from, to)
        }
        _ => Err(Failure::said(Exit::Usage, "say FILE FROM TO, or --rules, --chain and --packets")),
    }
}

fn in_topology(args: &Args, input: &Input, from: &str, to: &str) -> Result<Exit, Failure> {
    let port: Option<Ports> = match &args.port {
        None => None,
        Some(word) => Some(word.parse().map_err(|error| {
            Failure::said(Exit::Usage, format!("--port: {error}"))
                .and("write it as `2181/tcp` or `80-81/tcp`")
        })?),
    };
    let Text { source, broken, .. } = input.text()?;
    if let Some(broken) = broken {
        return Err(Failure::Topology(source, vec![broken]));
    }
    let topology = match rancher_topology::load(&source.text) {
        Ok(topology) => topology,
        Err(diagnostics) => return Err(Failure::Topology(source, diagnostics)),
    };
    let words = (from, to);
    let (from, to) = (named(&topology, from)?, named(&topology, to)?);
    let flows = FlowGraph::of(&topology);
    let policy = SecurityPolicy::of(&topology, &flows);
    let answer = Reach::of(&topology, &flows, &policy).ask(&from, &to, port);
    if answer.alike.is_empty() {
        let (from, to) = words;
        return Err(Failure::said(Exit::Usage, format!("`{from}` and `{to}` are one"))
            .and("what it sends to itself meets no rules: it gets there"));
    }
    let shown = Shown { topology: &topology, lines: Lines::of(&source.text), file: &source.name };
    super::print(&match args.format {
        Format::Human => human::human(&shown, &answer),
        Format::Json => json::json(&shown, words, &answer),
    })?;
    Ok(match answer.verdict() {
        Verdict::Yes => Exit::Done,
        Verdict::Possible => Exit::Uncertain,
        Verdict::No => Exit::No,
    })
}

/// What an answer is printed with: the names, and the lines of the file.
struct Shown<'a> {
    topology: &'a Topology,
    lines: Lines<'a>,
    file: &'a str,
}

impl Shown<'_> {
    fn line(&self, span: rancher_topology::Span) -> usize {
        self.lines.range(span).0.line
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Yes => "yes",
        Verdict::Possible => "not certain",
        Verdict::No => "no",
    }
}

fn named(topology: &Topology, word: &str) -> Result<Vec<Place>, Failure> {
    topology.places_named(word).map_err(|wrong| {
        let said = Failure::said(Exit::Usage, wrong.of(word));
        said.and(match wrong {
            NoPlace::Tunnel(carries) => format!("ask about the service that it carries: `{carries}`"),
            NoPlace::Elsewhere(words) if words.is_empty() => "only services are on a node".to_owned(),
            NoPlace::Several(words) | NoPlace::Elsewhere(words) => format!("write {}", words.join(" or ")),
            NoPlace::NoAddress => "an address is written `10.0.1.5`, a network `10.0.1.0/24`".to_owned(),
            NoPlace::Unknown(Some(near)) => format!("did you mean `{near}`?"),
            _ => "`rancher-gen show FILE` prints every name that there is".to_owned(),
        })
    })
}
