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
use serde_json::{Value, json};

use super::{Answer, groups};
use crate::cli::{Failure, input};

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
    let differences: Vec<Value> = compared.differences.iter().map(groups::value).collect();
    let resources: Vec<Value> = resources.iter().map(value).collect();
    let json = json!({
        "live": live.name,
        "result": match exit {
            Exit::Done => "equal",
            Exit::No => "differs",
            _ => "possible",
        },
        "missing-groups": compared.missing,
        "unknown-groups": compared.unknown,
        "differences": differences,
        "resources": resources,
        "notes": notes,
        "not-compared": read.aside,
    });
    Ok(Answer { human, json, exit })
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

fn value(one: &ResourceDifference) -> Value {
    let (kind, text) = words(one);
    let (thing, name, place) = match one {
        ResourceDifference::Missing { kind, name } => (kind.as_str(), name, None),
        ResourceDifference::Unknown { kind, name, place }
        | ResourceDifference::Differs { kind, name, place, .. } => (kind.as_str(), name, Some(place)),
        _ => return json!({"kind": kind}),
    };
    let (fact, live, model, assumed) = match one {
        ResourceDifference::Differs { fact, live, model, assumed, .. } => {
            (Some(fact.as_str()), Some(data(live)), Some(data(model)), *assumed)
        }
        _ => (None, None, None, false),
    };
    json!({
        "kind": kind,
        "resource": thing,
        "name": name,
        "what": fact,
        "live": live,
        "model": model,
        "assumed": assumed,
        "place": place,
        "message": text,
    })
}

fn data(value: &audit::Value) -> Value {
    match value {
        audit::Value::Number(number) => json!(number),
        audit::Value::Flag(flag) => json!(flag),
        audit::Value::All(items) => json!(items.iter().map(ToString::to_string).collect::<Vec<_>>()),
        word => json!(word.to_string()),
    }
}
