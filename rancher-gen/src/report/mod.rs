//! Diagnostics as text for people: the place with its line, why it matters, and what to write instead.
//!
//! Only here do colours, widths and line numbers exist; a diagnostic itself knows none of them.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use rancher_topology::{Diagnostic, Severity};

/// A text and the name that people know it by.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name as it was given, or `<stdin>`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Prints diagnostics one after the other, with the lines of the source that they are about.
///
/// With `colour`, the text holds ANSI escape sequences.
#[must_use]
pub fn human(source: &Source, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&[group(source, diagnostic)]));
        out.push_str("\n\n");
    }
    out.push_str(&tally(source, diagnostics));
    out
}

fn group<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.id));
    if !diagnostic.labels.is_empty() {
        let end = source.text.len();
        let annotations = diagnostic.labels.iter().enumerate().map(|(position, label)| {
            let kind = if position == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let start = label.span.start.min(end);
            kind.span(start..label.span.end.clamp(start, end))
                .label(Some(label.text.as_str()).filter(|t| !t.is_empty()))
        });
        group = group
            .element(Snippet::source(&source.text).path(&source.name).fold(true).annotations(annotations));
    }
    if let Some(why) = &diagnostic.why {
        group = group.element(Level::NOTE.with_name("why").message(why));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    group
}

fn tally(source: &Source, diagnostics: &[Diagnostic]) -> String {
    let count = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    let errors = if count == 1 { "1 error".to_owned() } else { format!("{count} errors") };
    format!("{}: {errors}\n", source.name)
}
