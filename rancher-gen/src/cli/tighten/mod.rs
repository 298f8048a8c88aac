//! `rancher-gen tighten`.

mod printed;

use std::fmt::Write as _;

use clap::ValueEnum;
use rancher_gen::exit::Exit;
use rancher_gen::report::Source;
use rancher_gen::report::place::Lines;
use rancher_topology::policy::Endpoints;
use rancher_topology::tighten::{Admitted, Because, RulePackets, RuleWords, Tightened, Widened};

use super::input::{Input, Text};
use super::{Failure, fix};
use printed::json;
pub(super) use printed::schema;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rancher-gen tighten cluster.yaml                       the diff, and beside it what it closes and what it keeps
  rancher-gen tighten cluster.yaml | patch cluster.yaml  apply it
  rancher-gen tighten /srv/cluster.yaml | patch -p1 -d / apply it to a file that is named by an absolute path
  rancher-gen tighten cluster.yaml --format json         for programs

The diff goes to the standard output, what is to be said about it to the standard error. Rules that no flow uses go,
rules that are wider than their flows become the narrowest that can be written, flows that are shut out get their
rule. What flows cannot tell is kept and named: who logs in from outside, what is marked `optional`, what an `allow`
is for.

`rancher-gen schema tighten` prints the schema of its JSON.

Exit codes: 0 when there is nothing to tighten, 1 when there is, for the diff or for a person, 3 when the topology cannot be read or resolved.")]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A unified diff, and a summary on the standard error
    #[default]
    Human,
    /// One object, with the diff and the new text in it
    Json,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Text { source, broken, .. } = args.input.text()?;
    if let Some(broken) = broken {
        return Err(Failure::Topology(source, vec![broken]));
    }
    let tightened = match rancher_topology::tighten(&source.text) {
        Ok(tightened) => tightened,
        Err(diagnostics) => return Err(Failure::Topology(source, diagnostics)),
    };
    let diff = fix::diff(&source, &tightened.text);
    match args.format {
        Format::Human => {
            super::print(&super::coloured(&diff))?;
            super::tell(&told(&source, &tightened));
        }
        Format::Json => super::print(&json(&source, &tightened, &diff))?,
    }
    Ok(if tightened.is_tight() { Exit::Done } else { Exit::No })
}

/// What is to be said about the diff.
fn told(source: &Source, tightened: &Tightened) -> String {
    let lines = Lines::of(&source.text);
    let place = |rule: &RuleWords| format!("{}:{}", source.name, lines.range(rule.span).0.line);
    let mut out = String::new();
    let count = |number: usize| format!("{number} {}", if number == 1 { "rule" } else { "rules" });
    let (name, after) = (&source.name, count(tightened.after));
    let _ = match (tightened.changed, tightened.before == tightened.after) {
        (false, _) if tightened.is_tight() => writeln!(out, "{name}: {after}, nothing to tighten"),
        (false, _) => writeln!(out, "{name}: {after}, and what is left to tighten is for a person"),
        (true, true) => writeln!(out, "{name}: {after}, as many as before"),
        (true, false) => writeln!(out, "{name}: {after} instead of {}", tightened.before),
    };
    if !tightened.finished {
        let _ = writeln!(out, "not finished: tighten what comes of it again");
    }
    let mut section = |title: &str, all: Vec<String>| {
        if !all.is_empty() {
            let _ = writeln!(out, "\n{title}:");
            for one in all {
                let _ = writeln!(out, "  {one}");
            }
        }
    };
    let example = |one: &RulePackets| {
        format!("{}: {} to {} on {}, say", words(&one.rule), one.from, one.to, one.service)
    };
    let closed = |one: &RulePackets| format!("{}: {}", place(&one.rule), example(one));
    section("admitted no longer", tightened.closed.iter().map(closed).collect());
    let people = tightened.closed.iter().filter(|one| !one.for_people().is_empty());
    let people =
        people.map(|one| format!("{}: {}: {}", place(&one.rule), words(&one.rule), one.for_people()));
    section(
        "for a person to look at: SSH or ICMP is closed, and people who log in are not declared as flows",
        people.collect(),
    );
    section("admitted now, and shut out before", tightened.admitted.iter().map(flow).collect());
    section(
        "admitted as well, as a rule is for all members of its group and of its peer",
        tightened.opened.iter().map(example).collect(),
    );
    section(
        "still shut out, for the text cannot be edited there",
        tightened.missing.iter().map(flow).collect(),
    );
    let kept = tightened
        .kept
        .iter()
        .map(|kept| format!("{}: {}: {}", place(&kept.rule), words(&kept.rule), because(&kept.because)));
    section("kept, although no flow needs all of it", kept.collect());
    section(
        "wider than the flows, for exact rules would be more than the provider gives a group",
        tightened.widened.iter().map(widened).collect(),
    );
    let crowded =
        tightened.crowded.iter().map(|(group, direction)| format!("`{group}`, {}", direction.as_str()));
    section("still more rules than the provider gives a group", crowded.collect());
    out
}

fn flow(one: &Admitted) -> String {
    format!("`{}` to `{}` on {}", one.client, one.server, one.services)
}

/// `22/tcp from 0.0.0.0/0 in `server-nodes``.
fn words(rule: &RuleWords) -> String {
    format!("{} {} {} in `{}`", rule.traffic, rule.direction.peer_key(), rule.peer, rule.group)
}

fn widened(one: &Widened) -> String {
    let peers: Vec<String> = one.peers.iter().map(ToString::to_string).collect();
    format!(
        "{} {} {} in `{}`, in place of {} peers: {} as well",
        one.services,
        one.direction.peer_key(),
        peers.join(", "),
        one.group,
        one.exact,
        addresses(&one.others)
    )
}

fn addresses(endpoints: &Endpoints) -> String {
    match endpoints.count_v4() {
        1 => "one address".to_owned(),
        number => format!("{number} addresses"),
    }
}

fn because(because: &Because) -> String {
    match because {
        Because::Undeclared(reason) => (*reason).to_owned(),
        Because::Optional => "it is marked `optional`".to_owned(),
        Because::Allowed { lint, reason } => format!("`{lint}` is allowed there: {reason}"),
        Because::NoMembers(group) => format!("nothing is in `{group}`; who is to be in it is not known"),
        Because::Nowhere(client, server) => {
            format!("the flow from `{client}` to `{server}` leads nowhere, and may be meant for it")
        }
        Because::Text => "its text cannot be edited alone: an alias or an anchor is in the way".to_owned(),
        _ => String::new(),
    }
}
