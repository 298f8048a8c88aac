//! `rancher-gen matrix --rules`: who reaches whom through a rule set.

use std::fmt::Write as _;
use std::path::Path;

use rancher_gen::exit::Exit;
use rancher_topology::netfilter::{Filter, Matrix, Verdict, openings};
use rancher_topology::packet::Family;
use rancher_topology::scalar::Ports;
use serde::Serialize;

use super::{ChainName, Host};
use crate::cli::matrix::Format;
use crate::cli::{Failure, words};

/// A matrix as programs read it.
#[derive(Serialize)]
struct Printed<'a> {
    family: String,
    chain: &'a str,
    port: String,
    /// The networks of each class: their addresses are treated alike.
    classes: Vec<Vec<String>>,
    /// For each class that packets come from, what becomes of those to each class.
    verdicts: Vec<Vec<&'static str>>,
    /// What was not understood, and is taken to match or not.
    not_understood: Vec<NotUnderstood<'a>>,
}

#[derive(Serialize)]
struct NotUnderstood<'a> {
    file: &'a str,
    line: usize,
    text: &'a str,
}

/// Prints who reaches whom on some ports.
pub(in crate::cli) fn run(
    path: &Path,
    host: &Host,
    chain: ChainName,
    ports: Ports,
    format: Format,
) -> Result<Exit, Failure> {
    let read = super::read(path, host)?;
    let mut filter = Filter::new(&read.rules, &read.facts, chain.hook(), &openings(ports));
    let Some(matrix) = filter.matrix() else {
        let message =
            "the rule set tells more than ten thousand classes of addresses apart, or a million ranges";
        return Err(Failure::said(Exit::Uncertain, message)
            .and("masks with holes make such; ask about single packets"));
    };
    let family = read.rules.family;
    let classes: Vec<Vec<String>> =
        matrix.classes().iter().map(|class| words::networks(family, class)).collect();
    let count = classes.len();
    let text = match format {
        Format::Table => table(family, &matrix),
        Format::Csv => csv(&matrix, &classes),
        Format::Json => {
            let all = 0..classes.len();
            let row = |from| all.clone().map(|to| word(matrix.verdict(from, to))).collect();
            let verdicts = all.clone().map(row).collect();
            let notes = read.notes.iter();
            let not_understood =
                notes.map(|(file, note)| NotUnderstood { file, line: note.line, text: &note.text }).collect();
            let printed = Printed {
                family: family.to_string(),
                chain: chain.as_str(),
                port: ports.to_string(),
                classes,
                verdicts,
                not_understood,
            };
            serde_json::to_string_pretty(&printed)
                .map_err(|error| Failure::said(Exit::Io, error.to_string()))?
                + "\n"
        }
    };
    crate::cli::print(&text)?;
    let mut pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
    if pairs.any(|(from, to)| matrix.verdict(from, to) == Verdict::Possible) {
        read.tell_why(path);
    }
    Ok(Exit::Done)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Admitted => "certainly",
        Verdict::Possible => "possibly",
        // What cannot arrive is not admitted.
        Verdict::Refused | Verdict::Impossible => "refused",
    }
}

/// The classes with their networks, then a line for each pair of which not everything is refused.
fn table(family: Family, matrix: &Matrix) -> String {
    let classes = matrix.classes();
    let mut text = String::new();
    for (at, class) in classes.iter().enumerate() {
        let _ = writeln!(text, "class {at}: {}", words::addresses(family, class));
    }
    let mut found = false;
    text.push('\n');
    for from in 0..classes.len() {
        let to = |verdict| {
            let to = (0..classes.len()).filter(|to| matrix.verdict(from, *to) == verdict);
            to.map(|to| to.to_string()).collect::<Vec<_>>()
        };
        for (verdict, words) in [(Verdict::Admitted, "certainly"), (Verdict::Possible, "possibly ")] {
            let to = to(verdict);
            if !to.is_empty() {
                found = true;
                let to = if to.len() == classes.len() { "every class".to_owned() } else { to.join(", ") };
                let _ = writeln!(text, "class {from} {words} reaches {to}");
            }
        }
    }
    text.push_str(if found { "\nEverything else is refused.\n" } else { "Everything is refused.\n" });
    text
}

fn csv(matrix: &Matrix, classes: &[Vec<String>]) -> String {
    let mut text = "from,to,admitted\n".to_owned();
    for (from, senders) in classes.iter().enumerate() {
        for (to, receivers) in classes.iter().enumerate() {
            let cells = [senders.join(" "), receivers.join(" "), word(matrix.verdict(from, to)).to_owned()];
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    text
}
