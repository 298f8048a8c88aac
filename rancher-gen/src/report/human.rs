//! Findings as text for people: the place with its line, why it matters, and what to write instead.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use rancher_topology::lint::Report;
use rancher_topology::{Applicability, Diagnostic, Severity, validate};

use super::Source;
use super::excerpt::Excerpt;
use super::place::{Lines, Position};

/// Where text for people ends its lines.
pub(crate) const WIDTH: usize = 100;

/// Prints diagnostics one after the other, with the lines of the source that they are about, and how many there are.
///
/// With `colour`, the text holds ANSI escape sequences.
#[must_use]
pub fn human(source: &Source, diagnostics: &[Diagnostic], colour: bool) -> String {
    let mut out = snippets(source, diagnostics, colour);
    let _ = writeln!(out, "{}: {}", source.name, tally(diagnostics));
    out
}

/// Prints a whole report: what is wrong, what is allowed, what could not be looked at, and how much of each there is.
#[must_use]
pub fn human_report(source: &Source, report: &Report, colour: bool) -> String {
    let mut out = snippets(source, &report.findings, colour);
    let lines = Lines::of(&source.text);
    for allowed in &report.allowed {
        let line = allowed.finding.labels.first().map(|label| lines.range(label.span).0);
        let place = line.map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
        let _ = writeln!(out, "allowed[{}] {}{place}: {}", allowed.finding.id, source.name, allowed.reason);
    }
    for text in super::unchecked(&report.unchecked) {
        let _ = writeln!(out, "{}", wrapped(&text, WIDTH - 4).replace('\n', "\n    "));
    }
    let _ = write!(out, "{}: {}", source.name, tally(&report.findings));
    if !report.allowed.is_empty() {
        let _ = write!(out, "; {} allowed", report.allowed.len());
    }
    if !report.unchecked.is_empty() {
        let ids: BTreeSet<&str> = report.unchecked.iter().map(|one| one.id).collect();
        let _ = write!(out, "; {} not checked", count(ids.len(), "lint"));
    }
    out.push('\n');
    out.push_str(&more(&report.findings));
    out
}

/// The diagnostics alone.
pub(crate) fn snippets(source: &Source, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let lines = Lines::of(&source.text);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let excerpt = Excerpt::of(&source.text, &lines, &diagnostic.labels);
        let text = renderer.render(&[group(source, excerpt.as_ref(), diagnostic)]);
        out.push_str(&in_place(source, &lines, excerpt.as_ref(), diagnostic, text));
        out.push_str("\n\n");
    }
    out
}

/// Names the column that the main place has in the text, where its line was cut.
fn in_place(
    source: &Source,
    lines: &Lines<'_>,
    excerpt: Option<&Excerpt<'_>>,
    diagnostic: &Diagnostic,
    text: String,
) -> String {
    let (Some(excerpt), Some(label)) = (excerpt, diagnostic.labels.first()) else { return text };
    let (Position { line, column, .. }, shown) = (lines.range(label.span).0, excerpt.column());
    if column == shown {
        return text;
    }
    let place = |column| format!("{}:{line}:{column}", source.name);
    // The title ends with the first line.
    let Some((title, rest)) = text.split_once('\n') else { return text };
    format!("{title}\n{}", rest.replacen(&place(shown), &place(column), 1))
}

fn group<'a>(source: &'a Source, excerpt: Option<&'a Excerpt<'a>>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.id));
    if let Some(excerpt) = excerpt {
        let places = diagnostic.labels.iter().zip(&excerpt.places);
        let annotations = places.enumerate().map(|(position, (label, place))| {
            let kind = if position == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(place.clone()).label(Some(label.text.as_str()).filter(|text| !text.is_empty()))
        });
        group = group.element(
            Snippet::source(&*excerpt.text)
                .line_start(excerpt.line)
                .path(&source.name)
                .fold(true)
                .annotations(annotations),
        );
    }
    // The words stand behind ` = why: `.
    if let Some(why) = &diagnostic.why {
        group = group.element(Level::NOTE.with_name("why").message(wrapped(why, WIDTH - 12)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(wrapped(help, WIDTH - 12)));
    }
    group
}

fn tally(diagnostics: &[Diagnostic]) -> String {
    let of = |severity| diagnostics.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings, notes) = (of(Severity::Error), of(Severity::Warning), of(Severity::Note));
    let each = [(errors, "error"), (warnings, "warning"), (notes, "note")];
    let said: Vec<String> = each
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what))
        .collect();
    if said.is_empty() { "no findings".to_owned() } else { said.join(", ") }
}

/// What a person can do next.
fn more(findings: &[Diagnostic]) -> String {
    let mut out = String::new();
    let safe = |finding: &&Diagnostic| {
        finding.fix.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe)
    };
    let fixable = findings.iter().filter(safe).count();
    if fixable > 0 {
        let _ = writeln!(out, "`--fix` mends {fixable} of them; `--fix --diff` shows how");
    }
    let known: BTreeSet<&str> =
        findings.iter().map(|finding| finding.id).filter(|id| validate::lint(id).is_some()).collect();
    match (known.len(), known.first()) {
        (1, Some(id)) => {
            let _ = writeln!(out, "`rancher-gen explain {id}` says more");
        }
        (0, _) => {}
        _ => out.push_str("`rancher-gen explain ID` says more about a finding\n"),
    }
    out
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Text with its lines broken between words, where they would get wider than so many characters.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for (position, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if position > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if position > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::human;
    use crate::report::Source;
    use rancher_topology::{Diagnostic, Span};

    #[test]
    fn a_place_far_out_in_a_line_keeps_its_column_and_its_neighbours() {
        let fill = "é, ".repeat(40_000);
        let text = format!("a: 1\nb: [{fill}WRONG, {fill}]\n");
        let start = 4 + 5 + fill.len();
        let finding = Diagnostic::error("x", "cluster.yaml:2:152 is wrong", Span { start, end: start + 5 });
        let source = Source { name: "cluster.yaml".to_owned(), text };
        let told = human(&source, &[finding], false);
        assert!(
            told.contains("error[x]: cluster.yaml:2:152 is wrong\n --> cluster.yaml:2:120005\n"),
            "{told}"
        );
        let shown = told.lines().find(|line| line.starts_with("2 | ")).unwrap_or_default();
        assert!(shown.contains("é, WRONG, é") && shown.chars().count() < 200, "{told}");
    }
}
