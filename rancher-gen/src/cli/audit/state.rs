//! A state of Terraform against the model: security groups, and the other resources that a model speaks of.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rancher_gen::exit::Exit;
use rancher_gen::read::terraform;
use rancher_gen::report::Source;
use rancher_topology::Topology;
use rancher_topology::audit::{self, ResourceDifference};
use rancher_topology::document::Provider;
use rancher_topology::flow::FlowGraph;
use rancher_topology::policy::SecurityPolicy;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, groups};
use crate::cli::{Compared, Failure, input};

/// What a provider has.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Printed {
    /// The file.
    live: String,
    result: Compared,
    /// Security groups of the model that are not in this state.
    missing_groups: Vec<String>,
    /// Security groups that the model does not have.
    unknown_groups: Vec<String>,
    /// What security groups admit otherwise.
    differences: Vec<groups::Printed>,
    resources: Vec<Resource>,
    /// What was not understood.
    notes: Vec<String>,
    /// The addresses of resources that no packet goes through.
    not_compared: Vec<String>,
}

/// In what a resource differs from the model.
#[derive(Serialize, JsonSchema)]
struct Resource {
    /// `missing`, `unknown` or `differs`.
    kind: &'static str,
    /// `network`, `subnet`, `instance`, `load balancer`, `database` or `host name`.
    resource: &'static str,
    /// Its name in the model, or what it is called.
    name: String,
    /// What of it differs; null where it is missing or unknown, as the next two.
    what: Option<&'static str>,
    live: Option<Data>,
    model: Option<Data>,
    /// Whether the document leaves it open, and the model's value is what is rendered then.
    assumed: bool,
    /// Its address in the state.
    place: Option<String>,
    /// The same in words.
    message: String,
}

/// A value.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Data {
    Number(u64),
    Flag(bool),
    Word(String),
    Words(Vec<String>),
}

pub(super) fn audit(topology: &Topology, live: &Source) -> Result<Answer, Failure> {
    let read = input::parsed(live, terraform::read)?;
    if *topology.network.provider != Provider::Aws {
        let message = format!(
            "{}: the topology's network is not AWS's, so it says of no state what is in it",
            live.name
        );
        return Err(Failure::said(Exit::Usage, message)
            .and("rule sets and containers of its nodes can be compared; `provider: aws` makes it a VPC"));
    }
    let policy = SecurityPolicy::of(topology, &FlowGraph::of(topology));
    let compared = audit::groups(&policy, &read.groups);
    let resources = audit::resources(topology, &policy, &read.resources);
    let partly = compared.partly.iter();
    let partly =
        partly.map(|name| format!("the group {name} is only looked up: it may have other rules too"));
    let notes: Vec<String> = read.notes.into_iter().chain(resources.unclear).chain(partly).collect();
    let resources = resources.differences;
    let exit = match (compared.is_equal() && resources.is_empty(), notes.is_empty()) {
        (false, _) => Exit::No,
        (true, true) => Exit::Done,
        (true, false) => Exit::Uncertain,
    };
    let verdict = match exit {
        Exit::Done => "is as the model says",
        Exit::No => "differs from the model",
        _ => "may differ from the model",
    };
    let mut human = format!("{}: what exists {verdict}\n", live.name);
    human.push_str(&groups::human(&compared));
    if !resources.is_empty() {
        human.push('\n');
    }
    for one in &resources {
        let _ = writeln!(human, "{}", words(one).1);
    }
    if !notes.is_empty() || !read.aside.is_empty() {
        human.push('\n');
    }
    for note in &notes {
        let _ = writeln!(human, "note: {}: not understood: {note}", live.name);
    }
    if !read.aside.is_empty() {
        let _ = writeln!(human, "not compared, since no packet goes through them: {}", read.aside.join(", "));
    }
    let printed = Printed {
        live: live.name.clone(),
        result: Compared::of(exit),
        missing_groups: compared.missing,
        unknown_groups: compared.unknown,
        differences: compared.differences.iter().map(groups::printed).collect(),
        resources: resources.iter().map(resource).collect(),
        notes,
        not_compared: read.aside,
    };
    Ok(Answer { human, printed: super::Printed::State(printed), exit })
}

/// The kind of a difference, and a line about it.
fn words(one: &ResourceDifference) -> (&'static str, String) {
    match one {
        ResourceDifference::Missing { kind, name } => {
            ("missing", format!("the model's {} {name} is not in this state", kind.as_str()))
        }
        ResourceDifference::Unknown { kind, name, place } => {
            ("unknown", format!("the {} {name} is not in the model ({place})", kind.as_str()))
        }
        ResourceDifference::Differs { kind, name, fact, live, model, assumed, place } => {
            let (thing, fact) = (kind.as_str(), fact.as_str());
            let told = match (live, model) {
                _ if *assumed => format!("{live}, and the model assumes {model}"),
                (audit::Value::All(live), audit::Value::All(model)) if live.len() + model.len() > 2 => {
                    several(live, model)
                }
                _ => format!("{live}, and in the model {model}"),
            };
            ("differs", format!("{thing} {name}: {fact}: {told} ({place})"))
        }
        _ => ("other", String::new()),
    }
}

/// In what two sets differ.
fn several(live: &BTreeSet<audit::Item>, model: &BTreeSet<audit::Item>) -> String {
    let list = |these: &BTreeSet<audit::Item>, those: &BTreeSet<audit::Item>| {
        these.difference(those).map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let (more, less) = (list(live, model), list(model, live));
    let more = (!more.is_empty()).then(|| format!("{more}, and not in the model"));
    let less = (!less.is_empty()).then(|| format!("not {less}, as in the model"));
    more.into_iter().chain(less).collect::<Vec<_>>().join("; ")
}

fn resource(one: &ResourceDifference) -> Resource {
    let (kind, message) = words(one);
    let (thing, name, place) = match one {
        ResourceDifference::Missing { kind, name } => (kind.as_str(), name.as_str(), None),
        ResourceDifference::Unknown { kind, name, place }
        | ResourceDifference::Differs { kind, name, place, .. } => {
            (kind.as_str(), name.as_str(), Some(place.clone()))
        }
        _ => ("", "", None),
    };
    let (what, live, model, assumed) = match one {
        ResourceDifference::Differs { fact, live, model, assumed, .. } => {
            (Some(fact.as_str()), Some(Data::of(live)), Some(Data::of(model)), *assumed)
        }
        _ => (None, None, None, false),
    };
    Resource { kind, resource: thing, name: name.to_owned(), what, live, model, assumed, place, message }
}

impl Data {
    fn of(value: &audit::Value) -> Self {
        match value {
            audit::Value::Number(number) => Self::Number(*number),
            audit::Value::Flag(flag) => Self::Flag(*flag),
            audit::Value::All(items) => Self::Words(items.iter().map(ToString::to_string).collect()),
            word => Self::Word(word.to_string()),
        }
    }
}
