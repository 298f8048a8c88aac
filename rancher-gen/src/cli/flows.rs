//! `rancher-gen flows`.

use std::fmt::Write as _;

use clap::ValueEnum;
use rancher_gen::exit::Exit;
use rancher_gen::quote;
use rancher_topology::Topology;
use rancher_topology::flow::{Connection, Flow, FlowGraph, HopKind, Reason, Route};
use serde::Serialize;

use super::Failure;
use super::input::Input;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen flows cluster.yaml                            a line for each kind of connection
  rancher-gen flows cluster.yaml --hops | grep 2181         every connection, socket by socket
  rancher-gen flows cluster.yaml --format json --hops
  rancher-gen flows cluster.yaml --format dot | dot -Tsvg > flows.svg")]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Unfold each flow into its single connections, with the sockets on the way
    #[arg(long)]
    hops: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
    Dot,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    if args.hops && args.format == Format::Dot {
        return Err(Failure::said(
            Exit::Usage,
            "--format dot draws flows, and cannot unfold them with --hops",
        ));
    }
    let topology = args.input.topology()?;
    let graph = FlowGraph::of(&topology);
    match args.format {
        Format::Table => table(&topology, &graph, args.hops),
        Format::Json => json(&topology, &graph, args.hops),
        Format::Dot => super::print(&dot(&topology, &graph)),
    }?;
    Ok(Exit::Done)
}

/// A flow as it is printed.
#[derive(Serialize)]
pub(super) struct Row<'t> {
    pub(super) client: &'t str,
    pub(super) server: &'t str,
    pub(super) ports: String,
    pub(super) route: String,
    scope: rancher_topology::document::Scope,
    reason: &'static str,
}

/// A single connection as it is printed.
#[derive(Serialize)]
struct Unfolded {
    client: String,
    server: String,
    hops: Vec<Socket>,
}

#[derive(Serialize)]
struct Socket {
    kind: String,
    host: String,
    port: u16,
    /// The address that the socket sees, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

pub(super) fn row<'t>(topology: &'t Topology, flow: &Flow) -> Row<'t> {
    Row {
        client: flow.client.name(topology),
        server: flow.server.name(topology),
        ports: flow.ports.to_string(),
        route: route(topology, &flow.route),
        scope: flow.scope,
        reason: match flow.reason {
            Reason::Stated => "traffic-to",
            Reason::Listener => "listener",
            Reason::HealthCheck => "health check",
        },
    }
}

fn unfolded(topology: &Topology, connection: Connection) -> Unfolded {
    let socket = |hop: rancher_topology::flow::Hop| Socket {
        kind: hop.kind.to_string(),
        host: hop.host,
        port: hop.port,
        source: hop.source.map(|source| source.to_string()),
    };
    Unfolded {
        client: connection.client.name(topology),
        server: connection.server.name(topology),
        hops: connection.hops.into_iter().map(socket).collect(),
    }
}

fn route(topology: &Topology, route: &Route) -> String {
    match route {
        Route::Loopback => "loopback".to_owned(),
        Route::Tunnels(mesh) => format!("tunnels {}", topology[*mesh].name),
        Route::Overlay(overlay) => format!("overlay {}", topology[*overlay].name),
        Route::Published(range) => format!("published {range}"),
        Route::Direct => "direct".to_owned(),
        Route::Balanced { balancer, listen, forward } => {
            format!("{}:{listen} -> :{forward}", topology[*balancer].name)
        }
        Route::Nowhere => "nowhere: nothing leads there".to_owned(),
    }
}

fn table(topology: &Topology, graph: &FlowGraph, hops: bool) -> Result<(), Failure> {
    let heads = ["CLIENT", "SERVER", "PORTS", "ROUTE", "BECAUSE OF"].map(str::to_owned);
    let cells = |flow| {
        let Row { client, server, ports, route, reason, .. } = row(topology, flow);
        [client.to_owned(), server.to_owned(), ports, route, reason.to_owned()]
    };
    let rows: Vec<[String; 5]> = graph.flows().map(cells).collect();
    let width = |column: usize| rows.iter().chain([&heads]).map(|row| row[column].len()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    let line = |row: &[String; 5]| {
        let [client, server, ports, route, reason] = row;
        let [a, b, c, d] = widths;
        format!("{client:<a$}  {server:<b$}  {ports:<c$}  {route:<d$}  {reason}\n")
    };
    super::print(&line(&heads))?;
    for (flow, row) in graph.flows().zip(&rows) {
        super::print(&line(row))?;
        for connection in FlowGraph::connections(topology, flow).filter(|_| hops) {
            let one = unfolded(topology, connection);
            let sockets: Vec<String> = one.hops.iter().map(socket).collect();
            super::print(&format!("    {} => {}: {}\n", one.client, one.server, sockets.join(" -> ")))?;
        }
    }
    Ok(())
}

/// One object with `flows`. Between large pools there are very many connections, so each is printed by itself.
fn json(topology: &Topology, graph: &FlowGraph, hops: bool) -> Result<(), Failure> {
    super::print("{\"flows\": [")?;
    for (position, flow) in graph.flows().enumerate() {
        let own = serde_json::to_string(&row(topology, flow)).unwrap_or_default();
        super::print(&format!("{}\n  {}", separator(position), own.strip_suffix('}').unwrap_or(&own)))?;
        if hops {
            super::print(", \"connections\": [")?;
            for (position, connection) in FlowGraph::connections(topology, flow).enumerate() {
                let one = serde_json::to_string(&unfolded(topology, connection)).unwrap_or_default();
                super::print(&format!("{}\n    {one}", separator(position)))?;
            }
            super::print("]")?;
        }
        super::print("}")?;
    }
    super::print("\n]}\n")
}

fn separator(position: usize) -> &'static str {
    if position == 0 { "" } else { "," }
}

fn socket(socket: &Socket) -> String {
    let seen = socket.source.as_ref().filter(|_| socket.kind != HopKind::Server.to_string());
    let seen = seen.map_or_else(String::new, |source| format!(" (sees {source})"));
    format!("{} {}:{}{seen}", socket.kind, socket.host, socket.port)
}

fn dot(topology: &Topology, graph: &FlowGraph) -> String {
    // Names and labels hold no NUL: they were read from a topology, which has none.
    let quoted = |text: &str| quote::dot(text).unwrap_or_default();
    let mut out = String::from("digraph flows {\n  rankdir=LR;\n  node [shape=box];\n");
    for party in graph.parties() {
        let _ = writeln!(out, "  {};", quoted(party.name(topology)));
    }
    for flow in graph.flows() {
        let row = row(topology, flow);
        let label = quoted(&format!("{}\n{}", row.ports, row.route));
        let _ = writeln!(out, "  {} -> {} [label={label}];", quoted(row.client), quoted(row.server));
    }
    out.push_str("}\n");
    out
}
