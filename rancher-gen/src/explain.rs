//! What each lint is about, as text for a terminal and as the page `docs/lints.md`. All of it comes from the registry.

use std::fmt::Write as _;

use rancher_topology::lint::{Found, Lint};
use rancher_topology::validate::complete;
use rancher_topology::validate::sets;
use rancher_topology::{Severity, validate};

use crate::report::{self, Source, WIDTH, wrapped};

/// Where the page about a lint can be read.
#[must_use]
pub fn address(id: &str) -> String {
    format!("{}/blob/main/docs/lints.md#{id}", env!("CARGO_PKG_REPOSITORY"))
}

/// Every lint with its severity and a line about it, by set and family.
#[must_use]
pub fn list() -> String {
    let mut out = String::new();
    let width = validate::lints().map(|lint| lint.id.len()).max().unwrap_or(0);
    for set in sets().filter(|set| set.families.iter().any(|family| !family.lints.is_empty())) {
        let _ = writeln!(out, "{}: {}", set.name, set.about);
        for family in set.families {
            let _ = writeln!(out, "\n  {}", family.name);
            for lint in family.lints {
                let severity = severity(lint.severity);
                let text = wrapped(lint.summary, WIDTH.saturating_sub(width + 15).max(40));
                let text = text.replace('\n', &format!("\n{:1$}", "", width + 15));
                let _ = writeln!(out, "    {:width$}  {severity:7}  {text}", lint.id);
            }
        }
        out.push('\n');
    }
    out.push_str("`rancher-gen explain ID` says more about one.\n");
    out
}

/// What a lint is about: its severity, the reason, where the fact comes from.
#[must_use]
pub fn text(lint: &Lint) -> String {
    let mut out = format!(
        "{} ({})\n\n{}\n\n{}\n\nSource: {}\n",
        lint.id,
        severity(lint.severity),
        wrapped(lint.summary, WIDTH),
        wrapped(lint.reason, WIDTH),
        wrapped(lint.source, WIDTH - 8)
    );
    if matches!(lint.found, Found::Refused) {
        out.push_str("\nNothing can be rendered until it is mended, and it cannot be allowed.\n");
    }
    out
}

/// The same with an example, what is found in it, and the example as it should be.
#[must_use]
pub fn explained(lint: &Lint, colour: bool) -> String {
    let mut out = text(lint);
    let _ = write!(out, "\nAn example:\n\n{}\n", indented(lint.bad));
    out.push_str(&found(lint, colour));
    let good = if lint.good.trim().is_empty() { "    (nothing)\n".to_owned() } else { indented(lint.good) };
    let _ = write!(out, "Instead:\n\n{good}");
    out
}

/// The same as a section of a page.
#[must_use]
pub fn markdown(lint: &Lint) -> String {
    let mut out = format!(
        "**{}.** {}\n\n{}\n\nSource: {}\n",
        capital(severity(lint.severity)),
        lint.summary,
        lint.reason,
        lint.source
    );
    if matches!(lint.found, Found::Refused) {
        out.push_str("\nNothing can be rendered until it is mended, and it cannot be allowed.\n");
    }
    let _ = write!(
        out,
        "\n```yaml\n{}```\n\n```text\n{}```\n",
        lint.bad,
        found(lint, false).trim_end().to_owned() + "\n"
    );
    if lint.good.trim().is_empty() {
        out.push_str("\nInstead: leave it out.\n");
    } else {
        let _ = write!(out, "\nInstead:\n\n```yaml\n{}```\n", lint.good);
    }
    out
}

/// The page with all of them.
#[must_use]
pub fn page() -> String {
    let mut out = String::from(
        "# Lints\n\nWhat `rancher-gen validate` finds. Made from the lints themselves by the test `reference`; \
         `rancher-gen explain ID` prints the same.\n\nAn **error** is a finding under which the cluster cannot work as it \
         is stated, a **warning** works and is unsafe or will break, a **note** is worth knowing. `allow: {ID: the \
         reason}` in the thing that a finding is about, or at the top for the whole topology, silences it.\n\nThe examples \
         are sections of a topology; what they leave out is a small cluster without a fault.\n",
    );
    for set in sets().filter(|set| set.families.iter().any(|family| !family.lints.is_empty())) {
        let _ = write!(
            out,
            "\n## Set {}\n\n{}\n\n| lint | severity | finds |\n| --- | --- | --- |\n",
            set.name, set.about
        );
        for lint in set.families.iter().flat_map(|family| family.lints) {
            let summary = lint.summary.replace('|', "\\|");
            let _ = writeln!(out, "| [{0}](#{0}) | {1} | {summary} |", lint.id, severity(lint.severity));
        }
        for family in set.families {
            let _ = write!(out, "\n### {} ({})\n", family.name, set.name);
            for lint in family.lints {
                let _ = write!(out, "\n#### {}\n\n{}", lint.id, markdown(lint));
            }
        }
    }
    out
}

/// What is found in a lint's bad example, the first of it when it is more than one.
fn found(lint: &Lint, colour: bool) -> String {
    let source = Source { name: "example.yaml".to_owned(), text: complete(lint.bad) };
    let report = validate(&source.text);
    let first = report.findings.iter().position(|finding| finding.id == lint.id);
    first.map_or_else(String::new, |at| report::snippets(&source, &report.findings[at..=at], colour))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn capital(word: &str) -> String {
    word[..1].to_ascii_uppercase() + &word[1..]
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
