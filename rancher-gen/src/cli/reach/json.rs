//! Who reaches whom as one JSON object, for programs. Its schema is made from the same types.

use rancher_gen::report::place::Position;
use rancher_topology::policy::Verdict;
use rancher_topology::reach::{Answer, Change, Hop, Pairs, Via, Way, Whom};
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::Shown;

/// Whether FROM can open connections to TO.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Reach")]
struct Reached {
    /// FROM as it was asked for.
    from: String,
    /// TO as it was asked for.
    to: String,
    /// The ports that were asked for; absent when every one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<String>,
    /// Whether everyone reaches everyone; without a port that was asked for, on some port.
    verdict: Said,
    /// The answers; pairs of ends with the same answer are one.
    answers: Vec<Group>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Said {
    /// Packets get there.
    Admitted,
    /// It depends on what is not known before it is built.
    Possible,
    /// They do not.
    Refused,
}

/// Pairs of ends with the same answer.
#[derive(Serialize, JsonSchema)]
struct Group {
    /// Who opens connections.
    clients: Vec<String>,
    /// Who accepts them: each of the clients with each of these.
    servers: Vec<String>,
    /// Which of these pairs are meant.
    pairs: Which,
    /// The ports, as the server counts them; absent when it listens on none.
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<String>,
    /// The best of the ways.
    verdict: Said,
    /// The ways of the first pair, the best first.
    ways: Vec<OneWay>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Which {
    /// All of them.
    All,
    /// Those on one node.
    SameNode,
    /// Those on two nodes.
    OtherNode,
}

/// A way from a client to a server.
#[derive(Serialize, JsonSchema)]
struct OneWay {
    /// `loopback`, `tunnels`, `tunnel-entry`, `overlay`, `published`, `direct`, `bridge`, `routed`, `balanced`.
    via: &'static str,
    /// The mesh, the overlay or the load balancer that it goes through.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<String>,
    /// Whether packets pass all of it.
    verdict: Said,
    /// The packets on it, each with its addresses between two translations.
    hops: Vec<Packet>,
    /// Everything that would have to be written for packets to pass.
    changes: Vec<ToWrite>,
}

/// A packet between two translations of its addresses.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Packet {
    /// What made it so: `opens`, `masquerade`, `gateway`, `published port`, `tunnel out`, `tunnel in`, `load balancer`, `handed on`, `overlay`.
    kind: &'static str,
    /// Its source: an address, or a container's name where the engine gives the address. The port is the kernel's choice.
    source: String,
    /// Its destination.
    destination: String,
    /// The port, or ports.
    port: String,
    /// Who listens there.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_by: Option<String>,
    /// The rules that admit it.
    admitted_by: Vec<By>,
    /// Why it does not get there.
    refused: Vec<String>,
    /// Why it is not certain that it gets there.
    doubts: Vec<String>,
}

/// A rule that admits packets.
#[derive(Serialize, JsonSchema)]
struct By {
    /// What it says.
    rule: String,
    /// Where the file says it; absent when it follows from the declared flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Position>,
}

/// Something to write into the file.
#[derive(Serialize, JsonSchema)]
struct ToWrite {
    /// To what it is added.
    to: String,
    /// What.
    line: String,
    /// Lines that have to be written with it: what is so only as long as nothing is said.
    with: Vec<String>,
    /// Where the file says the thing that it is added to.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Position>,
}

/// The JSON Schema (2020-12) of what is printed.
pub(in crate::cli) fn schema() -> Schema {
    schemars::schema_for!(Reached)
}

pub(super) fn json(shown: &Shown<'_>, (from, to): (&str, &str), answer: &Answer) -> String {
    let names = |ends: &[Whom]| ends.iter().map(|end| end.name(shown.topology)).collect();
    let groups = answer.alike.iter().map(|alike| Group {
        clients: names(&alike.clients),
        servers: names(&alike.servers),
        pairs: match alike.pairs {
            Pairs::All => Which::All,
            Pairs::SameNode => Which::SameNode,
            Pairs::OtherNode => Which::OtherNode,
        },
        ports: alike.ports.map(|ports| ports.to_string()),
        verdict: said(alike.verdict),
        ways: alike.ways.iter().map(|way| self::way(shown, way)).collect(),
    });
    let reached = Reached {
        from: from.to_owned(),
        to: to.to_owned(),
        port: answer.asked.map(|ports| ports.to_string()),
        verdict: said(answer.verdict()),
        answers: groups.collect(),
    };
    crate::cli::json(&reached)
}

const fn said(verdict: Verdict) -> Said {
    match verdict {
        Verdict::Yes => Said::Admitted,
        Verdict::Possible => Said::Possible,
        Verdict::No => Said::Refused,
    }
}

fn way(shown: &Shown<'_>, way: &Way) -> OneWay {
    let topology = shown.topology;
    let (via, through) = match way.via {
        Via::Loopback => ("loopback", None),
        Via::Tunnels(mesh) => ("tunnels", Some(topology[mesh].name.to_string())),
        Via::TunnelEntry(mesh) => ("tunnel-entry", Some(topology[mesh].name.to_string())),
        Via::Overlay(overlay) => ("overlay", Some(topology[overlay].name.to_string())),
        Via::Published(_) => ("published", None),
        Via::Direct => ("direct", None),
        Via::Bridge => ("bridge", None),
        Via::Routed => ("routed", None),
        Via::Balanced(id, port) => ("balanced", Some(format!("{}:{port}", topology[id].name))),
    };
    OneWay {
        via,
        through,
        verdict: said(way.verdict),
        hops: way.hops.iter().map(|hop| packet(shown, hop)).collect(),
        changes: way.changes().into_iter().map(|change| to_write(shown, change)).collect(),
    }
}

fn packet(shown: &Shown<'_>, hop: &Hop) -> Packet {
    let by = hop.admitted.iter().map(|admitted| By {
        rule: admitted.words.clone(),
        place: admitted.place.map(|place| shown.lines.range(place).0),
    });
    Packet {
        kind: hop.kind.as_str(),
        source: hop.source.clone(),
        destination: hop.destination.clone(),
        port: hop.ports.to_string(),
        taken_by: hop.taken_by.clone(),
        admitted_by: by.collect(),
        refused: hop.refused.iter().map(|refusal| refusal.words.clone()).collect(),
        doubts: hop.doubts.clone(),
    }
}

fn to_write(shown: &Shown<'_>, change: &Change) -> ToWrite {
    let place = change.place.map(|place| shown.lines.range(place).0);
    ToWrite { to: change.to.clone(), line: change.line.clone(), with: change.with.clone(), place }
}
