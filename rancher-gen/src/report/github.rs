//! Findings as workflow commands, which GitHub Actions prints beside the lines of a pull request.

use std::fmt::Write as _;

use rancher_topology::lint::Report;
use rancher_topology::{Diagnostic, Severity};

use super::Source;
use super::place::Lines;
use crate::quote::{github_data, github_property};

/// Prints a report as workflow commands, one line each. What is allowed is not told.
#[must_use]
pub fn github(source: &Source, report: &Report) -> String {
    let lines = Lines::of(&source.text);
    let mut out = String::new();
    for finding in &report.findings {
        let _ = writeln!(out, "{}", command(source, &lines, finding));
    }
    for text in super::unchecked(&report.unchecked) {
        let file = github_property(&source.name);
        let _ = writeln!(out, "::warning file={file},title=not checked::{}", github_data(&text));
    }
    out
}

fn command(source: &Source, lines: &Lines<'_>, finding: &Diagnostic) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut place = format!("file={}", github_property(&source.name));
    if let Some(label) = finding.labels.first() {
        let (start, end) = lines.range(label.span);
        let _ = write!(place, ",line={},endLine={}", start.line, end.line);
        // Columns are for one line only, and the last one is a part of the range.
        if start.line == end.line {
            let last = (end.column - 1).max(start.column);
            let _ = write!(place, ",col={},endColumn={last}", start.column);
        }
    }
    let title = github_property(finding.id);
    format!("::{name} {place},title={title}::{}", github_data(&super::in_full(finding)))
}
