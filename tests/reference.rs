//! `docs/reference.md` says what the types say: every key of a topology, every argument, every exit code; `docs/lints.md`
//! says what the lints say.
//!
//! `UPDATE=1 cargo test -p rancher-gen --test reference` writes it anew.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rancher_gen::exit::Exit;
use serde_json::Value;
use support::cli::rancher_gen;
use support::tools::top;

#[test]
fn the_reference_is_current() {
    current("docs/reference.md", &reference());
}

#[test]
fn the_page_of_lints_is_current() {
    current("docs/lints.md", &rancher_gen::explain::page());
}

#[track_caller]
fn current(page: &str, expected: &str) {
    let path = top().join(page);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{page} is not current; write it anew with: UPDATE=1 cargo test -p rancher-gen --test reference"
    );
}

fn reference() -> String {
    let mut out = String::from(
        "# Reference\n\nMade from the types by the test `reference`; `rancher-gen schema` prints the same for an \
         editor.\n\n## The topology file\n\nYAML 1.2 or JSON. Keys that are not listed are refused.\n",
    );
    let schema = serde_json::to_value(rancher_topology::document::schema()).unwrap();
    let mut waiting = vec![String::new()];
    let mut done = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let definition = if name.is_empty() { &schema } else { &schema["$defs"][&name] };
        let title = if name.is_empty() { "The whole file" } else { &name };
        let _ = write!(out, "\n### {title}\n\n{}\n", text(definition));
        let mut mentioned = Vec::new();
        describe(definition, &mut out, &mut mentioned);
        waiting.extend(mentioned.into_iter().rev());
    }
    out.push_str("\n## The commands\n");
    for command in
        ["", "render", "validate", "explain", "show", "flows", "reach", "simulate", "init", "schema"]
    {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let ran = rancher_gen(&top(), &arguments);
        let _ = write!(out, "\n### rancher-gen {command}\n\n```text\n{}```\n", ran.out);
    }
    out.push_str("\n## Exit codes\n\n| code | meaning |\n| ---: | --- |\n");
    for exit in Exit::ALL {
        let _ = writeln!(out, "| {} | {} |", exit.code(), exit.meaning());
    }
    out.replace("### rancher-gen \n", "### rancher-gen\n")
}

/// What a definition consists of: a mapping's keys, or the words that may stand there.
fn describe(definition: &Value, out: &mut String, mentioned: &mut Vec<String>) {
    if let Some(properties) = definition["properties"].as_object() {
        let required: Vec<&str> =
            definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        out.push_str("\n| key | what | value |\n| --- | --- | --- |\n");
        for (key, value) in properties {
            let needed = if required.contains(&key.as_str()) { " (needed)" } else { "" };
            let _ = writeln!(out, "| `{key}`{needed} | {} | {} |", text(value), kind(value, mentioned));
        }
    }
    for (list, lead) in [("oneOf", "One of:"), ("anyOf", "Either of:")] {
        let Some(choices) = definition[list].as_array() else { continue };
        let _ = write!(out, "\n{lead}\n\n");
        for choice in choices {
            let words = match choice["properties"].as_object() {
                Some(keys) => keys
                    .iter()
                    .map(|(key, value)| format!("`{key}:` {}", kind(value, mentioned)))
                    .collect::<Vec<_>>()
                    .join(", "),
                None => kind(choice, mentioned),
            };
            let about = text(choice);
            let _ = writeln!(out, "- {words}{}", if about.is_empty() { about } else { format!(": {about}") });
        }
    }
}

fn text(definition: &Value) -> String {
    definition["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

/// What kind of value stands there, with a link where it has an entry of its own.
fn kind(value: &Value, mentioned: &mut Vec<String>) -> String {
    if let Some(name) = value["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        mentioned.push(name.to_owned());
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(word) = value["const"].as_str() {
        return format!("`{word}`");
    }
    if let Some(choices) = value["anyOf"].as_array() {
        let choices = choices.iter().filter(|choice| choice["type"] != "null");
        return choices.map(|choice| kind(choice, mentioned)).collect::<Vec<_>>().join(" or ");
    }
    if let Some(things) = value["patternProperties"].as_object().and_then(|all| all.values().next()) {
        return format!("names, each with {}", kind(things, mentioned));
    }
    if let Some(things) = value.get("additionalProperties").filter(|more| more.is_object()) {
        return format!("names, each with {}", kind(things, mentioned));
    }
    let types: Vec<&str> = match &value["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect(),
        _ => Vec::new(),
    };
    let words = types.into_iter().map(|one| match one {
        "array" => format!("a list of {}", kind(&value["items"], mentioned)),
        "string" => "text".to_owned(),
        "integer" | "number" => "a number".to_owned(),
        "boolean" => "true or false".to_owned(),
        other => other.to_owned(),
    });
    words.collect::<Vec<_>>().join(" or ")
}
