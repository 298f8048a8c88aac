//! The smallest failures that lose each thing, as text and as JSON.

use std::collections::BTreeSet;

use rancher_topology::Topology;
use rancher_topology::failure::{Cut, Found, Outcome, Search, Simulation, Subject, Thing};
use serde::Serialize;

use super::left::{self, Lost, Named};
use super::words;
use crate::cli::table::table;

/// The most lines that a person is told for one thing; JSON has all.
const MOST: usize = 12;

pub(super) fn human(simulation: &Simulation<'_>, search: &Search) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for answer in &search.answers {
        let first = rows.len();
        found(simulation, &answer.smallest, "", &mut rows);
        if let Some(nodes) = &answer.nodes {
            found(simulation, nodes, "nodes alone: ", &mut rows);
        }
        let (kind, name) = subject(simulation, answer.subject);
        for (position, row) in rows[first..].iter_mut().enumerate() {
            if position == 0 {
                row[0] = kind.replace('-', " ");
                row[1].clone_from(&name);
            }
        }
    }
    let mut out = table(["TO LOSE THIS", "", "FAIL", ""], &rows);
    let alone: Vec<[String; 3]> = search
        .singles
        .iter()
        .map(|single| {
            let names: Vec<&str> =
                single.failures.iter().map(|failure| simulation.failure_name(*failure)).collect();
            let kind = single.failures.first().map_or("", |failure| words::failure_kind(*failure));
            let of = if names.len() > 1 { "each of " } else { "" };
            [kind.to_owned(), format!("{of}{}", words::listed(&names)), loses(simulation, &single.outcome)]
        })
        .collect();
    out.push_str(&table(["ALONE", "", "LOSES"], &alone));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn subject(simulation: &Simulation<'_>, subject: Subject) -> (&'static str, String) {
    let topology = simulation.topology();
    match subject {
        Subject::Quorum(id) => ("quorum", topology[id].name.to_string()),
        Subject::Service(id) => ("service", topology[id].name.to_string()),
        Subject::Mesh(id) => ("tunnels", topology[id].name.to_string()),
        Subject::Entry(id) => ("entry-point", simulation.thing_name(Thing::Entry(id))),
        Subject::Database(id) => ("database", topology[id].name.to_string()),
        _ => ("", String::new()),
    }
}

/// A row for each cut, with nothing in the first two columns.
fn found(simulation: &Simulation<'_>, found: &Found, among: &str, rows: &mut Vec<[String; 4]>) {
    let mut row = |size: String, words: String| rows.push([String::new(), String::new(), size, words]);
    let (size, cuts) = match found {
        Found::Sets { size, cuts } => (size.to_string(), cuts),
        Found::NotSearched { from, cuts } => {
            row("?".to_owned(), format!("{among}not all sets of {from} were tried, and no larger ones"));
            (format!("{from}?"), cuts)
        }
        Found::Nothing => return row("-".to_owned(), format!("{among}nothing else loses it")),
    };
    for cut in cuts.iter().take(MOST) {
        row(size.clone(), format!("{among}{}", words::cut(simulation, cut)));
    }
    if cuts.len() > MOST {
        row(String::new(), format!("{among}and {} more (--format json)", cuts.len() - MOST));
    }
}

/// What an outcome loses, by name; a mesh of which all is lost by its own.
fn loses(simulation: &Simulation<'_>, outcome: &Outcome) -> String {
    let topology = simulation.topology();
    let lost: BTreeSet<Thing> = outcome.lost().map(|(thing, _)| thing).collect();
    if lost.is_empty() {
        return "nothing".to_owned();
    }
    if is_everything(topology, outcome) {
        return "everything".to_owned();
    }
    let mut names: Vec<String> = Vec::new();
    for (thing, loss) in outcome.lost() {
        let mesh = left::mesh_of(topology, thing)
            .filter(|mesh| topology[*mesh].services.iter().all(|id| lost.contains(&Thing::Service(*id))));
        let mut name =
            mesh.map_or_else(|| simulation.thing_name(thing), |mesh| topology[mesh].name.to_string());
        if !loss.certain {
            name.push_str(" (may be)");
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn is_everything(topology: &Topology, outcome: &Outcome) -> bool {
    let works = outcome.services.iter().any(|own| own.works)
        || outcome.databases.iter().any(|own| own.works)
        || outcome.entries.iter().any(|own| own.works);
    !works && !topology.services.is_empty() && outcome.losses.values().all(|loss| loss.certain)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    smallest: Vec<Answer>,
    singles: Vec<Single>,
    /// How many sets were tried for each thing at most.
    budget: usize,
    /// Whether everything was searched.
    complete: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Answer {
    kind: &'static str,
    name: String,
    of_all: Sets,
    #[serde(skip_serializing_if = "Option::is_none")]
    of_nodes_alone: Option<Sets>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Sets {
    /// `false` where not all sets of `no-fewer-than` were tried, and no larger ones.
    searched: bool,
    /// No smaller set loses it; absent where no set does.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_fewer_than: Option<usize>,
    sets: Vec<Set>,
}

#[derive(Serialize)]
struct Set {
    certain: bool,
    /// A set takes so many from each of these.
    take: Vec<Take>,
}

#[derive(Serialize)]
struct Take {
    count: usize,
    /// Of these; each is one failure or several with the same effect.
    of: Vec<Vec<Named>>,
}

#[derive(Serialize)]
struct Single {
    failures: Vec<Named>,
    loses: Vec<Lost>,
}

pub(super) fn json(simulation: &Simulation<'_>, search: &Search) -> String {
    let named = |failure: &rancher_topology::failure::Failure| Named {
        kind: words::failure_kind(*failure),
        name: simulation.failure_name(*failure).to_owned(),
    };
    let set = |cut: &Cut| Set {
        certain: cut.certain,
        take: cut
            .choices
            .iter()
            .map(|choice| Take {
                count: choice.count,
                of: choice.of.iter().map(|alike| alike.iter().map(named).collect()).collect(),
            })
            .collect(),
    };
    let sets = |found: &Found| match found {
        Found::Sets { size, cuts } => {
            Sets { searched: true, no_fewer_than: Some(*size), sets: cuts.iter().map(set).collect() }
        }
        Found::Nothing => Sets { searched: true, no_fewer_than: None, sets: Vec::new() },
        Found::NotSearched { from, cuts } => {
            Sets { searched: false, no_fewer_than: Some(*from), sets: cuts.iter().map(set).collect() }
        }
    };
    let report = Report {
        smallest: search
            .answers
            .iter()
            .map(|answer| {
                let (kind, name) = subject(simulation, answer.subject);
                let (of_all, of_nodes_alone) = (sets(&answer.smallest), answer.nodes.as_ref().map(sets));
                Answer { kind, name, of_all, of_nodes_alone }
            })
            .collect(),
        singles: search
            .singles
            .iter()
            .map(|single| Single {
                failures: single.failures.iter().map(named).collect(),
                loses: left::json_lost(simulation, &single.outcome),
            })
            .collect(),
        budget: search.budget,
        complete: !search.is_partial(),
    };
    crate::cli::json(&report)
}
