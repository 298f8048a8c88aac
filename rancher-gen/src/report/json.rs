//! Findings as one JSON object, for programs. Its schema is made from the same types.

use rancher_topology::fix::Editor;
use rancher_topology::lint::Report;
use rancher_topology::{Applicability, Diagnostic, Severity};
use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::Source;
use super::place::{Lines, Position};

/// What is wrong with a topology.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Findings")]
struct Findings {
    /// The program: `rancher-gen`.
    tool: &'static str,
    /// Its version.
    version: &'static str,
    /// The topology's file as it was named, or `<stdin>`.
    source: String,
    /// What is wrong and not allowed, in the order of the file.
    findings: Vec<Finding>,
    /// What is as it should be, with the reasons.
    allowed: Vec<Allowed>,
    /// What could not be looked at. A topology without findings is good only when this is empty.
    unchecked: Vec<Unchecked>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, JsonSchema)]
struct Finding {
    /// The kind of trouble: `rancher-gen explain ID` says more about it.
    id: &'static str,
    /// How bad it is.
    severity: Level,
    /// What is wrong, in a line.
    message: String,
    /// Why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// The places, the main one first.
    labels: Vec<Label>,
    /// The change of the file that mends it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Fix>,
}

/// How bad a finding is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Level {
    /// The cluster cannot work as it is stated, or the statement cannot be understood.
    Error,
    /// It works and is unsafe, or will break.
    Warning,
    /// Worth knowing.
    Note,
}

/// A place in the file.
#[derive(Debug, Serialize, JsonSchema)]
struct Label {
    /// Its part in the matter; may be empty.
    text: String,
    /// Where it begins.
    start: Position,
    /// Where what comes behind it begins.
    end: Position,
}

/// A change of the file.
#[derive(Debug, Serialize, JsonSchema)]
struct Fix {
    /// Whether `--fix` applies it.
    applicability: Readiness,
    /// Words in place of others, in the order of the file; no two overlap.
    edits: Vec<Edit>,
}

/// Whether a fix may be applied unasked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Readiness {
    /// It may.
    Safe,
    /// A person has to look at it first.
    Suggested,
}

/// Words in place of others.
#[derive(Debug, Serialize, JsonSchema)]
struct Edit {
    /// Where the words that go begin.
    start: Position,
    /// Where they end.
    end: Position,
    /// What comes in their place.
    text: String,
}

/// A finding that the topology allows.
#[derive(Debug, Serialize, JsonSchema)]
struct Allowed {
    /// The finding.
    finding: Finding,
    /// Why it is as it should be.
    reason: String,
}

/// Something that could not be looked at.
#[derive(Debug, Serialize, JsonSchema)]
struct Unchecked {
    /// Which kind of trouble was not looked for.
    id: &'static str,
    /// Why not.
    because: String,
}

/// Prints a report as one JSON object.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(source: &Source, report: &Report) -> Result<String, serde_json::Error> {
    let maker = Maker { lines: Lines::of(&source.text), editor: Editor::new(&source.text).ok() };
    let findings = Findings {
        tool: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        source: source.name.clone(),
        findings: report.findings.iter().map(|finding| maker.finding(finding)).collect(),
        allowed: report
            .allowed
            .iter()
            .map(|allowed| Allowed {
                finding: maker.finding(&allowed.finding),
                reason: allowed.reason.clone(),
            })
            .collect(),
        unchecked: report
            .unchecked
            .iter()
            .map(|one| Unchecked { id: one.id, because: one.because.clone() })
            .collect(),
    };
    Ok(serde_json::to_string_pretty(&findings)? + "\n")
}

/// The JSON Schema (2020-12) of what [`json`] prints.
#[must_use]
pub fn schema() -> Schema {
    schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Findings>()
}

struct Maker<'s> {
    lines: Lines<'s>,
    editor: Option<Editor<'s>>,
}

impl Maker<'_> {
    fn finding(&self, finding: &Diagnostic) -> Finding {
        Finding {
            id: finding.id,
            severity: match finding.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
                Severity::Note => Level::Note,
            },
            message: finding.message.clone(),
            why: finding.why.clone(),
            help: finding.help.clone(),
            labels: finding.labels.iter().map(|label| self.label(label)).collect(),
            fix: finding.fix.as_ref().and_then(|fix| self.fix(fix)),
        }
    }

    fn label(&self, label: &rancher_topology::Label) -> Label {
        let (start, end) = self.lines.range(label.span);
        Label { text: label.text.clone(), start, end }
    }

    fn fix(&self, fix: &rancher_topology::Fix) -> Option<Fix> {
        let edits = self.editor.as_ref()?.replacements(fix)?.into_iter().map(|change| {
            let (start, end) = self.lines.points(change.span);
            Edit { start, end, text: change.text }
        });
        let applicability = match fix.applicability {
            Applicability::Safe => Readiness::Safe,
            Applicability::Suggested => Readiness::Suggested,
        };
        Some(Fix { applicability, edits: edits.collect() })
    }
}
