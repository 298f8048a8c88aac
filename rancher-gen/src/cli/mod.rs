//! The command line: a file for each subcommand, arguments in, exit code out.

mod audit;
mod diff;
mod ends;
mod explain;
mod failure;
mod fix;
mod flows;
mod init;
mod input;
mod matrix;
mod reach;
mod render;
mod rules;
mod schema;
mod show;
mod simulate;
mod table;
mod tighten;
mod validate;
mod words;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use clap::{Parser, Subcommand};

use failure::Failure;
use rancher_gen::exit::Exit;
use schemars::JsonSchema;
use serde::Serialize;

/// Turns one description of a cluster into compose files, Terraform, iptables rules, systemd units and documentation.
#[derive(Debug, Parser)]
#[command(name = "rancher-gen", version, about, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Render a topology into a folder
    Render(render::Args),
    /// Say what is wrong with a topology, and what to write instead
    Validate(validate::Args),
    /// Say what a kind of finding is about
    Explain(explain::Args),
    /// Print the resolved topology: every name found, every default with where it comes from
    Show(show::Args),
    /// Print who talks to whom, on what, and over which route
    Flows(flows::Args),
    /// Say whether one thing can open connections to another, over which way, and what is missing where it cannot
    Reach(reach::Args),
    /// Propose the least security rules that still admit every flow, as a diff of the topology
    Tighten(tighten::Args),
    /// Say what is lost when something fails, and the smallest failures that lose each thing
    Simulate(simulate::Args),
    /// Say who reaches whom on what, in classes that are treated alike: in a topology, or through a host's rule set
    Matrix(matrix::Args),
    /// Say what changes when a topology, or a host's rule set, takes the place of another
    Diff(diff::Args),
    /// Compare what exists with the model: a node's firewall and containers, and what a provider has
    Audit(audit::Args),
    /// Write a commented topology to start from
    Init(init::Args),
    /// Print the JSON Schema of a topology, for an editor to complete and check by, or of findings
    Schema(schema::Args),
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or yes
  1  no, or it differs
  2  wrong use
  3  the topology, or another text that was given, is not good
  4  input or output failed
  5  not certain";

/// Runs the program with the arguments of the process.
pub(crate) fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let result = match cli.command {
        Command::Render(args) => render::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Flows(args) => flows::run(&args),
        Command::Reach(args) => reach::run(&args),
        Command::Tighten(args) => tighten::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Matrix(args) => matrix::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Schema(args) => schema::run(&args),
    };
    result.unwrap_or_else(Failure::tell)
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    #[default]
    Human,
    Json,
}

/// What a comparison comes to, for programs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Compared {
    /// Both are the same.
    Equal,
    /// They differ.
    Differs,
    /// It depends on what is not known.
    Possible,
}

impl Compared {
    const fn of(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::Equal,
            Exit::No => Self::Differs,
            _ => Self::Possible,
        }
    }
}

/// Prints to the standard output. A reader that has read enough (`| head`) is no failure, and changes no answer.
fn print(text: &str) -> Result<(), Failure> {
    let text = if std::io::stdout().is_terminal() { visible(text) } else { text.into() };
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::io("the standard output", &error)),
    }
}

/// A value for programs. None that is printed can fail to be written: their keys are words.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// Tells the person something beside the result.
fn tell(text: &str) {
    let text = if std::io::stderr().is_terminal() { visible(text) } else { text.into() };
    let _ = write!(anstream::stderr().lock(), "{text}");
}

/// A text for a terminal: what a file that was read would have the terminal do is written out. Colours are ours (ECMA-48,
/// SGR), and do no harm.
fn visible(text: &str) -> Cow<'_, str> {
    let is_control = |one: char| one.is_control() && !matches!(one, '\n' | '\t');
    if !text.contains(is_control) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_control) {
        let (before, control) = rest.split_at(at);
        out.push_str(before);
        let colour = control.strip_prefix("\u{1b}[").and_then(|numbers| {
            let length = numbers.find(|one: char| !one.is_ascii_digit() && one != ';')?;
            numbers[length..].starts_with('m').then_some(length + 3)
        });
        let length = colour.unwrap_or_else(|| control.chars().next().map_or(0, char::len_utf8));
        let (this, after) = control.split_at(length);
        if colour.is_some() {
            out.push_str(this);
        } else {
            out.extend(this.chars().flat_map(char::escape_default));
        }
        rest = after;
    }
    out.push_str(rest);
    out.into()
}

/// A unified diff with colours; the stream takes them away where nobody sees them.
fn coloured(diff: &str) -> String {
    let mut out = String::with_capacity(diff.len() * 2);
    for line in diff.split_inclusive('\n') {
        let colour = match line.as_bytes().first() {
            Some(b'+') => "32",
            Some(b'-') => "31",
            Some(b'@') => "36",
            _ => {
                out.push_str(line);
                continue;
            }
        };
        let _ = write!(out, "\u{1b}[{colour}m{}\u{1b}[0m", line.trim_end_matches('\n'));
        if line.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Cli, EXIT_CODES};
    use rancher_gen::exit::Exit;

    #[test]
    fn the_arguments_are_well_defined() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn the_help_lists_every_exit_code() {
        let lines: Vec<String> =
            Exit::ALL.iter().map(|exit| format!("  {}  {}", exit.code(), exit.meaning())).collect();
        assert_eq!(EXIT_CODES, format!("Exit codes:\n{}", lines.join("\n")));
    }
}
