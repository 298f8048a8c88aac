//! Who reaches whom, for people.

use std::fmt::Write as _;

use rancher_topology::policy::Verdict;
use rancher_topology::reach::{Alike, Answer, Hop, HopKind, Pairs, Via, Way};

use super::{Shown, verdict};
use crate::cli::ends::names;
use crate::cli::table::table;

/// The most further ways that a refused answer names.
const MOST_WAYS: usize = 3;

pub(super) fn human(shown: &Shown<'_>, answer: &Answer) -> String {
    if answer.asked.is_none() {
        return list(shown, answer);
    }
    let parts: Vec<String> = answer.alike.iter().map(|alike| one(shown, alike)).collect();
    parts.join("\n")
}

/// A line for each group of ports.
fn list(shown: &Shown<'_>, answer: &Answer) -> String {
    let row = |alike: &Alike| {
        let port = alike.ports.map_or_else(|| "-".to_owned(), |ports| ports.to_string());
        let because = alike.ways.first().map(|way| because(shown, way)).unwrap_or_default();
        [
            port,
            verdict(alike.verdict).to_owned(),
            names(shown.topology, &alike.clients),
            format!("{}{}", names(shown.topology, &alike.servers), pairs(alike.pairs)),
            because,
        ]
    };
    let rows: Vec<[String; 5]> = answer.alike.iter().map(row).collect();
    let mut out = table(["PORT", "", "FROM", "TO", "BECAUSE"], &rows);
    if answer.alike.iter().any(|alike| alike.ports.is_some()) {
        out.push_str("--port PORT shows the way, or everything that is missing on it\n");
    } else {
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

fn because(shown: &Shown<'_>, way: &Way) -> String {
    if let Some(refusal) = way.refusals().next() {
        return refusal.words.clone();
    }
    if let Some(doubt) = way.hops.iter().flat_map(|hop| &hop.doubts).next() {
        return doubt.clone();
    }
    let rules: Vec<String> = way
        .hops
        .iter()
        .flat_map(|hop| &hop.admitted)
        .map(|admitted| match admitted.place {
            Some(place) => format!("{} (line {})", admitted.words, shown.line(place)),
            None => admitted.words.clone(),
        })
        .collect();
    // The last rule is the one of who accepts; those before it let the client out.
    rules.last().cloned().unwrap_or_else(|| via(shown, way.via))
}

fn one(shown: &Shown<'_>, alike: &Alike) -> String {
    let word = match (alike.verdict, alike.clients.as_slice()) {
        (Verdict::Yes, [_]) => "reaches",
        (Verdict::Yes, _) => "reach",
        (Verdict::Possible, _) => "may reach",
        (Verdict::No, [_]) => "does not reach",
        (Verdict::No, _) => "do not reach",
    };
    let on = alike.ports.map_or_else(String::new, |ports| format!(" on {ports}"));
    let mut out = format!(
        "{}: {} {word} {}{on}{}\n",
        verdict(alike.verdict),
        names(shown.topology, &alike.clients),
        names(shown.topology, &alike.servers),
        pairs(alike.pairs)
    );
    let open: Vec<&Way> = alike.ways.iter().filter(|way| way.verdict == alike.verdict).collect();
    if alike.verdict == Verdict::No {
        let Some((nearest, others)) = alike.ways.split_first() else { return out };
        path(shown, nearest, &mut out);
        missing(shown, nearest, &mut out);
        for way in others.iter().take(MOST_WAYS) {
            let words: Vec<&str> = way.refusals().map(|refusal| refusal.words.as_str()).collect();
            let _ = writeln!(out, "\n  nor {}: {}", via(shown, way.via), words.join("; "));
        }
        return out;
    }
    for way in open {
        path(shown, way, &mut out);
    }
    out
}

fn path(shown: &Shown<'_>, way: &Way, out: &mut String) {
    let _ = writeln!(out, "\n  {}", via(shown, way.via));
    let ends: Vec<String> =
        way.hops.iter().map(|hop| format!("{} -> {}:{}", hop.source, hop.destination, hop.ports)).collect();
    for (position, (hop, ends)) in way.hops.iter().zip(&ends).enumerate() {
        let _ = writeln!(out, "  {}  {:<14}  {ends}", position + 1, hop.kind.as_str());
        let mut note = |text: &str| {
            let _ = writeln!(out, "     {:<14}  {text}", "");
        };
        for admitted in &hop.admitted {
            note(&match admitted.place {
                Some(place) => format!("{} ({}:{})", admitted.words, shown.file, shown.line(place)),
                None => format!("{} (follows from the declared flows)", admitted.words),
            });
        }
        hop.doubts.iter().for_each(|doubt| note(&format!("not certain: {doubt}")));
        hop.refused.iter().for_each(|refusal| note(&format!("refused: {}", refusal.words)));
        if let Some(who) = taken(hop, way.hops.get(position + 1)) {
            note(&who);
        }
    }
}

/// What becomes of a packet where it arrives.
fn taken(hop: &Hop, next: Option<&Hop>) -> Option<String> {
    let who = hop.taken_by.as_ref()?;
    Some(match next.map(|next| next.kind) {
        Some(HopKind::TunnelOut) => format!("{who} listens, encrypts and opens a connection of its own"),
        Some(HopKind::TunnelIn) => {
            format!("{who} listens, decrypts what has its key and opens a connection of its own")
        }
        Some(HopKind::Balanced) => format!("{who} listens and opens a connection of its own to a target"),
        Some(HopKind::HandedOn) => format!("{who} listens and hands it on, as `traffic-to` says"),
        Some(HopKind::Overlay) => format!("{who} listens; the overlay carries it there:"),
        _ => format!("{who} listens"),
    })
}

fn missing(shown: &Shown<'_>, way: &Way, out: &mut String) {
    let changes = way.changes();
    out.push_str("\n  it would take:\n");
    for change in changes {
        let line =
            change.place.map_or_else(String::new, |place| format!(" ({}:{})", shown.file, shown.line(place)));
        let _ = writeln!(out, "    in {}{line}:  {}", change.to, change.line);
        if !change.with.is_empty() {
            let _ =
                writeln!(out, "      with what is so while it is not written:  {}", change.with.join("  "));
        }
    }
    for refusal in way.refusals().filter(|refusal| refusal.change.is_none()) {
        let _ = writeln!(out, "    what no line alone can say:  {}", refusal.words);
    }
}

fn via(shown: &Shown<'_>, via: Via) -> String {
    let topology = shown.topology;
    match via {
        Via::Loopback => "inside one network namespace".to_owned(),
        Via::Tunnels(mesh) => format!("through the tunnels of {}", topology[mesh].name),
        Via::TunnelEntry(mesh) => {
            format!("to the way into {}, which takes what is encrypted with its key", topology[mesh].name)
        }
        Via::Overlay(overlay) => format!("over the overlay {}", topology[overlay].name),
        Via::Published(range) => format!("through published port {range}"),
        Via::Direct => "directly".to_owned(),
        Via::Bridge => "over the engine's bridge".to_owned(),
        Via::Routed => "to the container's own address, which is routed".to_owned(),
        Via::Balanced(id, port) => format!("through {}:{port}", topology[id].name),
    }
}

const fn pairs(pairs: Pairs) -> &'static str {
    match pairs {
        Pairs::All => "",
        Pairs::SameNode => ", each on its own node",
        Pairs::OtherNode => ", each on other nodes",
    }
}
