//! `rancher-gen validate`.

use clap::ValueEnum;
use rancher_topology::Severity;
use rancher_topology::lint::Report;
use rancher_topology::validate::mend;

use super::input::{Input, Text, look};
use super::{Failure, fix};
use rancher_gen::exit::Exit;
use rancher_gen::report::{self, Source};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen validate cluster.yaml                         1 when there are errors
  rancher-gen validate cluster.yaml --deny warnings         in CI: 1 when there are warnings too
  rancher-gen validate cluster.yaml --format sarif > findings.sarif
  rancher-gen validate cluster.yaml --fix --diff            what --fix would change
  rancher-gen validate - --fix < cluster.yaml > mended.yaml

Exit codes: 3 when the topology cannot be read or resolved, else 1 when there are errors or findings
that --deny names, else 5 when something could not be checked, else 0.")]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Exit 1 when there are findings of this severity or a worse one
    #[arg(long, value_name = "SEVERITY")]
    deny: Option<Deny>,
    /// Apply the fixes that are safe, then tell what is left
    #[arg(long)]
    fix: bool,
    /// Write nothing; show what --fix would change as a unified diff, and exit 1 when it would change something.
    /// What is left that cannot be read or resolved is told, and the exit code is 3
    #[arg(long, requires = "fix")]
    diff: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the lines of the file, for people
    #[default]
    Human,
    /// One object; `rancher-gen schema findings` prints its schema
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// The least severity that is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    #[value(alias = "errors")]
    Error,
    #[value(alias = "warnings")]
    Warning,
    #[value(alias = "notes")]
    Note,
}

impl Deny {
    /// Whether a report has a finding that is not accepted.
    pub(super) fn refuses(self, report: &Report) -> bool {
        let least = match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Note => Severity::Note,
        };
        report.worst().is_some_and(|worst| worst <= least)
    }
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let text = args.input.text()?;
    if args.fix {
        if let Some(broken) = text.broken {
            return Err(Failure::Topology(text.source, vec![broken]));
        }
        return fixed(args, &text);
    }
    let Text { source, broken, .. } = text;
    let report = look(&source, broken);
    super::print(&told(args.format, &source, &report)?)?;
    Ok(exit(args, &report))
}

fn fixed(args: &Args, text: &Text) -> Result<Exit, Failure> {
    let fixed = mend(&text.source.text);
    if args.diff {
        super::print(&super::coloured(&fix::diff(&text.source, &fixed.text)))?;
        super::tell(&fix::told(&fixed, &text.source.name, "would be mended"));
        if fixed.report.topology.is_none() {
            let after = Source { name: text.source.name.clone(), text: fixed.text };
            return Err(Failure::Topology(after, fixed.report.findings));
        }
        return Ok(if fixed.text == text.source.text { Exit::Done } else { Exit::No });
    }
    let after = Source { name: text.source.name.clone(), text: fixed.text.clone() };
    let told = told(args.format, &after, &fixed.report)?;
    if let Some(path) = args.input.file() {
        if fixed.text != text.source.text {
            fix::write(path, text, &fixed.text)?;
        }
        super::print(&told)?;
    } else {
        super::print(&fixed.text)?;
        super::tell(&told);
    }
    super::tell(&fix::told(&fixed, &text.source.name, "mended"));
    Ok(exit(args, &fixed.report))
}

fn told(format: Format, source: &Source, report: &Report) -> Result<String, Failure> {
    let broken = |error: serde_json::Error| Failure::said(Exit::Io, format!("{}: {error}", source.name));
    match format {
        Format::Human => Ok(report::human_report(source, report, true)),
        Format::Json => report::json(source, report).map_err(broken),
        Format::Sarif => report::sarif(source, report).map_err(broken),
        Format::Github => Ok(report::github(source, report)),
    }
}

fn exit(args: &Args, report: &Report) -> Exit {
    if report.topology.is_none() {
        Exit::Topology
    } else if args.deny.unwrap_or(Deny::Error).refuses(report) {
        Exit::No
    } else if report.unchecked.is_empty() {
        Exit::Done
    } else {
        Exit::Uncertain
    }
}
