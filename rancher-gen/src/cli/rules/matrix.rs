//! `rancher-gen matrix --rules`: who reaches whom through a rule set.

use std::fmt::Write as _;
use std::path::Path;

use rancher_gen::exit::Exit;
use rancher_topology::netfilter::{Filter, Matrix, Verdict, openings};
use rancher_topology::packet::Family;
use rancher_topology::scalar::Ports;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::{ChainName, Host};
use crate::cli::matrix::Format;
use crate::cli::{Failure, words};

/// Who reaches whom through a rule set, in first packets of new connections.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Matrix of a rule set")]
#[serde(rename_all = "kebab-case")]
struct Printed<'a> {
    /// `v4` or `v6`.
    family: String,
    /// `INPUT`, `FORWARD` or `OUTPUT`.
    chain: &'a str,
    /// What for: `22/tcp`.
    port: String,
    /// The networks of each class: their addresses are treated alike.
    classes: Vec<Vec<String>>,
    /// For each class that packets come from, what becomes of those to each class: admitted `certainly` or `possibly`, or
    /// `refused`.
    verdicts: Vec<Vec<&'static str>>,
    /// What was not understood, and is taken to match or not.
    not_understood: Vec<NotUnderstood<'a>>,
}

/// A rule, or a part of one.
#[derive(Serialize, JsonSchema)]
struct NotUnderstood<'a> {
    file: &'a str,
    /// From 1.
    line: usize,
    text: &'a str,
}

/// The schema of what is printed for programs.
pub(in crate::cli) fn schema() -> Schema {
    schemars::schema_for!(Printed<'_>)
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
            crate::cli::json(&printed)
        }
    };
    crate::cli::print(&text)?;
    let mut pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
    if pairs.any(|(from, to)| matrix.verdict(from, to) == Verdict::Possible) {
        read.tell_why(path, chain);
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
