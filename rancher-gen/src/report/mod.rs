//! Findings as text for people, and in the formats that programs read.
//!
//! Only here do colours, widths, lines and columns exist; a diagnostic itself knows none of them. Nothing here decides
//! anything.

mod excerpt;
mod github;
mod human;
mod json;
pub mod place;
mod sarif;

pub use github::github;
pub(crate) use human::{WIDTH, snippets};
pub use human::{human, human_report, wrapped};
pub use json::{json, schema};
pub use sarif::sarif;

use std::collections::{BTreeMap, BTreeSet};

use rancher_topology::Diagnostic;
use rancher_topology::lint::Unchecked;

/// A text and the name that people know it by.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name as it was given, or `<stdin>`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What could not be looked at, a line for each reason. Many lints are a number; programs are told their names.
fn unchecked(all: &[Unchecked]) -> Vec<String> {
    const MOST_NAMES: usize = 3;
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in all {
        reasons.entry(&one.because).or_default().insert(one.id);
    }
    let line = |(because, ids): (&str, BTreeSet<&str>)| {
        let who = if ids.len() > MOST_NAMES {
            format!("{} lints", ids.len())
        } else {
            ids.into_iter().collect::<Vec<_>>().join(", ")
        };
        format!("{who} could not look: {because}")
    };
    reasons.into_iter().map(line).collect()
}

/// A finding in words where there is no room for more: the message, why, and what to do, each on a line.
fn in_full(finding: &Diagnostic) -> String {
    let why = finding.why.iter().map(|why| format!("\nWhy: {why}"));
    let help = finding.help.iter().map(|help| format!("\nHelp: {help}"));
    std::iter::once(finding.message.clone()).chain(why).chain(help).collect()
}
