//! `rancher-gen diff --rules`: what changes for packets between two rule sets.

mod printed;

pub(in crate::cli) use printed::schema;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use rancher_gen::exit::Exit;
use rancher_topology::netfilter::{
    Change, Difference, InterfacePattern, Kind, Sent, SentTo, TranslatedTo, Unfollowed,
};
use rancher_topology::packet::{Family, Field, Intervals, Known};

use super::{ChainName, Host, Rules, said};
use crate::cli::diff::Format;
use crate::cli::diff::sections::{self, Section};
use crate::cli::{Failure, words};
use printed::Printed;

/// What is compared on one way through the host.
struct Way {
    chain: ChainName,
    change: Change,
    kinds: [(Kind, Vec<Difference>, bool); 4],
    sent: (Vec<Sent>, bool),
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
    let hooks = chains.iter().map(|chain| chain.hook());
    let changes = Change::on_ways((&before.rules, &before.facts), (&after.rules, &after.facts), hooks);
    let ways: Vec<Way> = chains.into_iter().zip(changes).map(|(chain, change)| way(chain, change)).collect();
    let is_half = before.is_half || after.is_half;
    let partial = [(old, &before), (new, &after)].into_iter().filter(|(_, rules)| rules.has_more);
    let partial: Vec<String> = partial.map(|(path, _)| path.display().to_string()).collect();
    let exit = match exit(&ways) {
        Exit::Done if is_half || !partial.is_empty() => Exit::Uncertain,
        exit => exit,
    };
    let mut why = why(&ways, exit, [(old, &before), (new, &after)]);
    if !partial.is_empty() {
        why.push(format!(
            "not all rules are in {}: the text is cut off, or says that there are others",
            partial.join(" and ")
        ));
    }
    if is_half {
        why.push(format!(
            "rules of both families stand there, and only those of {family} are compared: --family says which"
        ));
    }
    let mut all = sections(family, &ways);
    let lines = why.iter().map(|line| (line.clone(), None)).collect();
    all.extend(Section::of("not certain because of", lines, true));
    let text = match format {
        Format::Text => sections::text(result(exit), &all),
        Format::Markdown => sections::markdown("Rule set", result(exit), &all),
        Format::Json => crate::cli::json(&Printed::of(family, &ways, exit, &why)),
    };
    crate::cli::print(&text)?;
    Ok(exit)
}

fn way(chain: ChainName, mut change: Change) -> Way {
    let kinds = Kind::ALL.map(|kind| {
        let (found, whole) = change.differences(kind);
        (kind, found, whole)
    });
    let sent = change.sent_elsewhere();
    Way { chain, change, kinds, sent }
}

/// What is not followed, and the rules on which answers depend that a packet does not tell.
fn why(ways: &[Way], exit: Exit, rules: [(&Path, &Rules); 2]) -> Vec<String> {
    let mut all = Vec::new();
    let apart: BTreeSet<_> = ways.iter().flat_map(|way| way.change.apart()).copied().collect();
    // Of a filter that certainly differs all is told; what other chains do besides is not.
    let is_told = |table: &str| exit == Exit::No && ["filter", "security"].contains(&table);
    for (table, chain) in apart.into_iter().filter(|(table, _)| !is_told(table)) {
        all.push(format!(
            "table {table}, chain {chain}: by itself it is not the same, and whether that matters depends on marks, connections or addresses that are not followed from chain to chain"
        ));
        all.extend(rules_of_one(table, rules));
    }
    let may_differ_in = |which| ways.iter().any(|way| way.change.may_differ_in().contains(&which));
    for (which, words) in UNFOLLOWED {
        all.extend(may_differ_in(which).then(|| words.to_owned()));
    }
    let is_doubted =
        |way: &Way| exit == Exit::Uncertain && way.change.may_differ_unseen() || differs(way, false);
    for (path, Rules { rules, facts, .. }) in rules {
        let hooks = ways.iter().filter(|way| is_doubted(way)).map(|way| way.chain.hook());
        let unsure: BTreeSet<(usize, String)> = hooks
            .flat_map(|hook| rules.unsure(facts, hook))
            .map(|rule| (rule.line, said(path, rule)))
            .collect();
        let unsure = unsure.into_iter().map(|(_, rule)| rule);
        let untold: Vec<String> = unsure.filter(|rule| !all.contains(rule)).collect();
        all.extend(untold);
    }
    all
}

/// Why packets that are not followed may be treated otherwise.
const UNFOLLOWED: [(Unfollowed, &str); 2] = [
    (
        Unfollowed::Fragments,
        "fragments: nothing puts them together where connections are not tracked, and only the first has ports",
    ),
    (
        Unfollowed::Bridged,
        "frames of bridges: they are asked about where `-m physdev` is in a rule set, as that loads `br_netfilter`",
    ),
];

/// As many rules are told of a table that may differ.
const MOST_RULES: usize = 20;

/// The rules of a table that only one of two texts has.
fn rules_of_one(table: &str, rules: [(&Path, &Rules); 2]) -> Vec<String> {
    let of = |at: usize| {
        let chains = rules[at].1.rules.tables.get(table).into_iter().flat_map(|table| table.chains.values());
        chains.flat_map(|chain| &chain.rules).collect::<Vec<_>>()
    };
    let texts = [0, 1].map(|at| of(at).into_iter().map(|rule| rule.text.as_str()).collect::<BTreeSet<_>>());
    let only = |at: usize| {
        let other = &texts[1 - at];
        let all = of(at).into_iter().filter(|rule| !other.contains(rule.text.as_str()));
        all.map(|rule| said(rules[at].0, rule)).collect::<Vec<_>>()
    };
    let mut all = [only(0), only(1)].concat();
    if all.len() > MOST_RULES {
        let more = all.len() - MOST_RULES;
        all.truncate(MOST_RULES);
        all.push(format!("and {more} more rules of table {table} that one of both has"));
    }
    all
}

/// Whether there are differences on a way that are certain, or some that are not.
fn differs(way: &Way, certain: bool) -> bool {
    let mut kinds = Kind::ALL.into_iter().filter(|kind| kind.is_certain() == certain);
    kinds.any(|kind| way.change.has(kind)) || way.change.sends_elsewhere(certain)
}

fn exit(ways: &[Way]) -> Exit {
    let found = |certain| ways.iter().any(|way| differs(way, certain));
    let is_open = |way: &Way| {
        let Way { change, .. } = way;
        change.may_differ_unseen() || !change.apart().is_empty() || !change.may_differ_in().is_empty()
    };
    if found(true) {
        Exit::No
    } else if found(false) || ways.iter().any(is_open) {
        Exit::Uncertain
    } else {
        Exit::Done
    }
}

const fn result(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "both admit and refuse the same packets, and send them to the same places",
        Exit::Uncertain => "whether they differ depends on what is not known here",
        _ => "they differ",
    }
}

/// `22/tcp from 10.0.0.0/8 in on eth0`.
fn line(family: Family, way: &Way, packets: &Known) -> String {
    let mut text = words::line(family, packets);
    for (side, word) in [(Field::Inbound, "in on"), (Field::Outbound, "out on")] {
        let Some(classes) = packets.get(&side) else { continue };
        let (names, is_all_but) = interfaces(way, classes);
        let but = if is_all_but { "all but " } else { "" };
        let names = format!("{but}{}", names.join(", "));
        let _ = write!(text, " {word} {names}");
    }
    text
}

/// The names of some interfaces, or of all others.
fn interfaces(way: &Way, classes: &Intervals) -> (Vec<String>, bool) {
    let (own, has_others) = way.change.interfaces(classes);
    let besides = way.change.interfaces_besides(classes);
    let (named, rest) = if has_others { (besides, own) } else { (own, besides) };
    (named.into_iter().map(|one| pattern(one, &rest)).collect(), has_others)
}

/// `eth0`, `eth+`, `eth+ without eth0` where that is one of the rest.
fn pattern(pattern: &InterfacePattern, rest: &[&InterfacePattern]) -> String {
    let InterfacePattern::Prefix(prefix) = pattern else { return words_of(pattern) };
    let without = rest.iter().filter(|one| match one {
        InterfacePattern::Name(name) | InterfacePattern::Prefix(name) => name.starts_with(prefix),
    });
    let without: Vec<String> = without.map(|one| words_of(one)).collect();
    let own = words_of(pattern);
    if without.is_empty() { own } else { format!("{own} without {}", without.join(" and ")) }
}

fn words_of(pattern: &InterfacePattern) -> String {
    match pattern {
        InterfacePattern::Name(name) => name.clone(),
        InterfacePattern::Prefix(prefix) => format!("{prefix}+"),
    }
}

fn sections(family: Family, ways: &[Way]) -> Vec<Section> {
    let sections = |way: &Way| {
        let of_kind = |(kind, found, whole): &(Kind, Vec<Difference>, bool)| {
            let line =
                |one: &Difference| (line(family, way, &one.packets), Some(words::packet(&one.example)));
            let title = format!("{}: {}", way.chain.as_str(), kind.as_str());
            Section::of(title, found.iter().map(line).collect(), *whole)
        };
        let mut all: Vec<Section> = way.kinds.iter().filter_map(of_kind).collect();
        for (certain, words) in [(true, "sent elsewhere"), (false, "possibly sent elsewhere")] {
            let found = way.sent.0.iter().filter(|one| one.certain == certain);
            let line = |one: &Sent| {
                let text = format!("{}: {}", line(family, way, &one.packets), places(one));
                (text, Some(words::packet(&one.example)))
            };
            let title = format!("{}: {words}", way.chain.as_str());
            all.extend(Section::of(title, found.map(line).collect(), way.sent.1));
        }
        all
    };
    ways.iter().flat_map(sections).collect()
}

/// As many places are told in a line.
const MOST_PLACES: usize = 4;

/// `10.0.0.5:80 before, 10.0.0.6:80 now`.
fn places(sent: &Sent) -> String {
    let pair = |(old, new): &(SentTo, SentTo)| format!("{} before, {} now", place(old), place(new));
    let told = sent.places.iter().take(MOST_PLACES).map(pair).collect::<Vec<_>>().join(", or ");
    if sent.has_more || sent.places.len() > MOST_PLACES { told + ", or others" } else { told }
}

fn place(to: &SentTo) -> String {
    let to = match to {
        SentTo::Anyway => return "not translated".to_owned(),
        SentTo::Unknown => return "nobody knows where".to_owned(),
        SentTo::Elsewhere(to) => to,
    };
    let range = |first: String, last: String| if first == last { first } else { format!("{first}-{last}") };
    let ports = to.ports.map(|(first, last)| range(first.to_string(), last.to_string()));
    let address = to.address.as_ref().map(|address| match address {
        TranslatedTo::Addresses(first, last) if first.is_ipv6() && ports.is_some() => {
            format!("[{}]", range(first.to_string(), last.to_string()))
        }
        TranslatedTo::Addresses(first, last) => range(first.to_string(), last.to_string()),
        TranslatedTo::Host => "the host".to_owned(),
        TranslatedTo::Network(net) => net.to_string(),
    });
    let place = match (address, ports) {
        (Some(address), Some(ports)) => format!("{address}:{ports}"),
        (Some(address), None) => address,
        (None, Some(ports)) => format!("port {ports}"),
        (None, None) => "not translated".to_owned(),
    };
    if to.choice.is_empty() { place } else { format!("{place} ({})", to.choice) }
}
