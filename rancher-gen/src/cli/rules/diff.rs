//! `rancher-gen diff --rules`: what changes for packets between two rule sets.

use std::fmt::Write as _;
use std::path::Path;

use rancher_gen::exit::Exit;
use rancher_topology::netfilter::{Change, Difference, InterfacePattern, Kind, RuleSet};
use rancher_topology::packet::{Family, Field};
use serde_json::{Value, json};

use super::{ChainName, Host};
use crate::cli::diff::Format;
use crate::cli::diff::sections::{self, Section};
use crate::cli::{Compared, Failure, words};

/// What is compared on one way through the host.
struct Way {
    chain: ChainName,
    change: Change,
    kinds: Vec<(Kind, Vec<Difference>, bool)>,
}

/// Prints in what two rule sets differ.
pub(in crate::cli) fn run(
    old: &Path,
    new: &Path,
    host: &Host,
    chain: Option<ChainName>,
    format: Format,
) -> Result<Exit, Failure> {
    let (before, after) = (super::read(old, host)?, super::read(new, host)?);
    let family = before.rules.family;
    if family != after.rules.family {
        let message = format!(
            "the one is for {family}, the other for {}: they decide of no packet both",
            after.rules.family
        );
        return Err(Failure::said(Exit::Usage, message)
            .and("--family says what they are for, where a text does not tell"));
    }
    let chains = chain.map_or_else(|| ChainName::ALL.to_vec(), |chain| vec![chain]);
    let ways: Vec<Way> = chains
        .into_iter()
        .map(|chain| {
            let mut change =
                Change::of((&before.rules, &before.facts), (&after.rules, &after.facts), chain.hook());
            let kinds = if change.is_equal() { &[] as &[Kind] } else { &Kind::ALL };
            let kinds = kinds.iter().map(|&kind| {
                let (found, whole) = change.differences(kind);
                (kind, found, whole)
            });
            let kinds = kinds.collect();
            Way { chain, change, kinds }
        })
        .collect();
    let is_translated_alike = before.rules.has_same("nat", &after.rules);
    let exit = match exit(&ways) {
        Exit::Done if !is_translated_alike => Exit::Uncertain,
        exit => exit,
    };
    let why = why(&ways, exit, is_translated_alike, [(old, &before.rules), (new, &after.rules)]);
    let mut all = sections(family, &ways);
    let lines = why.iter().map(|line| (line.clone(), None)).collect();
    all.extend(Section::of("not certain because of", lines, true));
    let text = match format {
        Format::Text => sections::text(result(exit), &all),
        Format::Markdown => sections::markdown("Rule set", result(exit), &all),
        Format::Json => value(family, &ways, exit, &why).to_string() + "\n",
    };
    crate::cli::print(&text)?;
    Ok(exit)
}

/// What is not compared, and the rules on which answers depend that a packet does not tell.
fn why(ways: &[Way], exit: Exit, is_translated_alike: bool, rules: [(&Path, &RuleSet); 2]) -> Vec<String> {
    let mut all = Vec::new();
    if !is_translated_alike {
        all.push("the tables nat: what they admit is compared, where they send it is not".to_owned());
    }
    let is_doubted = |way: &Way| {
        exit == Exit::Uncertain && way.change.may_differ_unseen()
            || way.kinds.iter().any(|(kind, found, _)| !found.is_empty() && !kind.is_certain())
    };
    if ways.iter().any(is_doubted) {
        for (path, rules) in rules {
            let unsure =
                rules.unsure().map(|rule| format!("{}:{}: {}", path.display(), rule.line, rule.text));
            all.extend(unsure);
        }
    }
    all
}

fn exit(ways: &[Way]) -> Exit {
    let found = |certain: bool| {
        let mut kinds = ways.iter().flat_map(|way| &way.kinds);
        kinds.any(|(kind, found, _)| !found.is_empty() && (!certain || kind.is_certain()))
    };
    if found(true) {
        Exit::No
    } else if found(false) || ways.iter().any(|way| way.change.may_differ_unseen()) {
        Exit::Uncertain
    } else {
        Exit::Done
    }
}

const fn result(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "both admit and refuse the same packets",
        Exit::Uncertain => "whether they differ depends on what is not known here",
        _ => "they differ",
    }
}

/// `22/tcp from 10.0.0.0/8 in on eth0`.
fn line(family: Family, way: &Way, one: &Difference) -> String {
    let mut text = words::line(family, &one.packets);
    for (side, word) in [(Field::Inbound, "in on"), (Field::Outbound, "out on")] {
        let Some(classes) = one.packets.get(&side) else { continue };
        let names = way.change.interfaces(classes).map_or_else(
            || "other interfaces among them".to_owned(),
            |patterns| patterns.into_iter().map(pattern).collect::<Vec<_>>().join(", "),
        );
        let _ = write!(text, " {word} {names}");
    }
    text
}

fn pattern(pattern: &InterfacePattern) -> String {
    match pattern {
        InterfacePattern::Name(name) => name.clone(),
        InterfacePattern::Prefix(prefix) => format!("{prefix}+"),
    }
}

fn sections(family: Family, ways: &[Way]) -> Vec<Section> {
    let found = ways.iter().flat_map(|way| way.kinds.iter().map(move |kind| (way, kind)));
    let section = |(way, (kind, found, whole)): (&Way, &(Kind, Vec<Difference>, bool))| {
        let line = |one: &Difference| (line(family, way, one), Some(words::packet(&one.example)));
        let title = format!("{}: {}", way.chain.as_str(), kind.as_str());
        Section::of(title, found.iter().map(line).collect(), *whole)
    };
    found.filter_map(section).collect()
}

fn value(family: Family, ways: &[Way], exit: Exit, why: &[String]) -> Value {
    let chain = |way: &Way| {
        let difference = |(kind, found, _): &(Kind, Vec<Difference>, bool)| {
            let one = |one: &Difference| {
                let interfaces = |side| {
                    let classes = one.packets.get(&side)?;
                    Some(way.change.interfaces(classes)?.into_iter().map(pattern).collect::<Vec<_>>())
                };
                json!({
                    "kind": kind.as_str(),
                    "certain": kind.is_certain(),
                    "packets": words::Packets::of(family, &one.packets),
                    "in": interfaces(Field::Inbound),
                    "out": interfaces(Field::Outbound),
                    "example": words::OnePacket::of(&one.example),
                })
            };
            found.iter().map(one).collect::<Vec<_>>()
        };
        json!({
            "chain": way.chain.as_str(),
            "equal": way.change.is_equal(),
            "may-differ-unseen": way.change.may_differ_unseen(),
            "differences": way.kinds.iter().flat_map(difference).collect::<Vec<_>>(),
            "whole": way.kinds.iter().all(|(.., whole)| *whole),
        })
    };
    json!({
        "family": family.to_string(),
        "result": Compared::of(exit),
        "chains": ways.iter().map(chain).collect::<Vec<_>>(),
        "not-certain-because": why,
    })
}
