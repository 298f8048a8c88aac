//! Findings as SARIF 2.1.0, which code scanning services and editors read.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; the sections are named beside.

use std::collections::BTreeMap;

use rancher_topology::fix::Editor;
use rancher_topology::lint::{Lint, Report};
use rancher_topology::validate::lints;
use rancher_topology::{Diagnostic, Severity, Span};
use serde::Serialize;
use serde_json::{Value, json};

use super::Source;
use super::place::{Lines, Position};
use crate::{explain, quote};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A run's one result (3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix>,
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

/// A place and a word about it (3.28).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize, Clone)]
struct Artifact {
    uri: String,
}

/// Lines and columns from 1; the end column is behind the last character (3.30).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// A change that mends it (3.55).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix {
    description: Message,
    artifact_changes: [Change; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    artifact_location: Artifact,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Message,
}

/// That a person has accepted it, and why (3.35).
#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

/// Prints a report as a SARIF log.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn sarif(source: &Source, report: &Report) -> Result<String, serde_json::Error> {
    let rules = Rules::of(report);
    let maker = Maker {
        lines: Lines::of(&source.text),
        editor: Editor::new(&source.text).ok(),
        artifact: Artifact { uri: quote::uri(&source.name) },
        rules: &rules,
    };
    let found = report.findings.iter().map(|finding| maker.found(finding, None));
    let allowed = report.allowed.iter().map(|allowed| maker.found(&allowed.finding, Some(&allowed.reason)));
    let results: Vec<Found> = found.chain(allowed).collect();
    let unchecked: Vec<Value> = report
        .unchecked
        .iter()
        .map(|one| {
            json!({
                "level": "warning",
                "message": {"text": format!("not checked: {}", one.because)},
                "associatedRule": {"id": one.id, "index": rules.index(one.id)},
            })
        })
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.all,
            }},
            "columnKind": "utf16CodeUnits",
            "invocations": [{
                "executionSuccessful": report.topology.is_some(),
                "toolExecutionNotifications": unchecked,
            }],
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

/// Every lint, and behind them the other kinds of trouble that were met.
struct Rules {
    all: Vec<Value>,
    positions: BTreeMap<&'static str, usize>,
}

impl Rules {
    fn of(report: &Report) -> Self {
        let mut rules = Self { all: Vec::new(), positions: BTreeMap::new() };
        for lint in lints() {
            rules.add(lint.id, || rule(lint));
        }
        for finding in &report.findings {
            rules.add(finding.id, || json!({"id": finding.id}));
        }
        rules
    }

    fn add(&mut self, id: &'static str, rule: impl FnOnce() -> Value) {
        if let std::collections::btree_map::Entry::Vacant(free) = self.positions.entry(id) {
            free.insert(self.all.len());
            self.all.push(rule());
        }
    }

    fn index(&self, id: &str) -> usize {
        self.positions.get(id).copied().unwrap_or_default()
    }
}

fn rule(lint: &Lint) -> Value {
    json!({
        "id": lint.id,
        "shortDescription": {"text": lint.summary},
        "fullDescription": {"text": lint.reason},
        "help": {"text": explain::text(lint), "markdown": explain::markdown(lint)},
        "helpUri": explain::address(lint.id),
        "defaultConfiguration": {"level": level(lint.severity)},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

struct Maker<'s> {
    lines: Lines<'s>,
    editor: Option<Editor<'s>>,
    artifact: Artifact,
    rules: &'s Rules,
}

impl Maker<'_> {
    fn found(&self, finding: &Diagnostic, reason: Option<&String>) -> Found {
        let mut labels = finding.labels.iter();
        let first = labels.next().map(|label| self.location(label, None));
        let more = labels.enumerate().map(|(at, label)| self.location(label, Some(at)));
        Found {
            rule_id: finding.id,
            rule_index: self.rules.index(finding.id),
            level: level(finding.severity),
            message: Message { text: super::in_full(finding) },
            locations: first.into_iter().collect(),
            related_locations: more.collect(),
            fixes: self.fix(finding).into_iter().collect(),
            suppressions: reason
                .map(|reason| Suppression { kind: "inSource", justification: reason.clone() })
                .into_iter()
                .collect(),
        }
    }

    fn location(&self, label: &rancher_topology::Label, id: Option<usize>) -> Location {
        let message = (!label.text.is_empty()).then(|| Message { text: label.text.clone() });
        let region = self.region(self.lines.range(label.span));
        Location {
            id,
            physical_location: Physical { artifact_location: self.artifact.clone(), region },
            message,
        }
    }

    fn region(&self, (start, end): (Position, Position)) -> Region {
        Region {
            start_line: start.line,
            start_column: self.lines.utf16_column(start),
            end_line: end.line,
            end_column: self.lines.utf16_column(end),
        }
    }

    fn fix(&self, finding: &Diagnostic) -> Option<Fix> {
        let changes = self.editor.as_ref()?.replacements(finding.fix.as_ref()?)?;
        let region = |span: Span| self.region(self.lines.points(span));
        let replacements = changes
            .into_iter()
            .map(|change| Replacement {
                deleted_region: region(change.span),
                inserted_content: Message { text: change.text },
            })
            .collect();
        let text = finding.help.clone().unwrap_or_else(|| finding.message.clone());
        Some(Fix {
            description: Message { text },
            artifact_changes: [Change { artifact_location: self.artifact.clone(), replacements }],
        })
    }
}
