//! Compose files as the programs read them, in one form for both generations of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::tools::{feed, installed, program, python, top};

/// A service of a compose file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    pub container: String,
    pub image: String,
    pub command: Vec<String>,
    pub network_mode: String,
    /// Address, port on the node, port in the container, protocol.
    pub ports: BTreeSet<(String, u16, u16, String)>,
    pub expose: BTreeSet<String>,
    pub depends_on: BTreeSet<String>,
    pub environment: BTreeMap<String, Option<String>>,
    pub volumes: Vec<String>,
    pub tmpfs: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub privileged: bool,
    pub stdin: bool,
    pub restart: String,
    /// The command, interval, timeout and retries.
    pub health: Option<(Vec<String>, String, String, u64)>,
}

pub type Services = BTreeMap<String, Service>;

/// What PyYAML reads in each text; a text that is not valid against a schema of `.tools` fails.
#[track_caller]
pub fn yaml(texts: &[&str], schema: Option<&str>) -> Vec<Value> {
    let mut command = python();
    command.arg(top().join("tests/support/read_yaml.py")).args(schema.map(installed));
    serde_json::from_str(&feed(&mut command, &serde_json::to_string(texts).unwrap())).unwrap()
}

/// The generation of docker-compose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// 1.29, which an engine of 2016 would be used with.
    One,
    /// 2.26, for a current engine.
    Two,
}

/// What `docker-compose config` makes of files; it may not print a word of warning.
#[track_caller]
pub fn config(generation: Generation, files: &[&Path]) -> Vec<Services> {
    config_with(generation, files, &[])
}

/// What `docker-compose config` makes of files where the environment holds some variables.
#[track_caller]
pub fn config_with(generation: Generation, files: &[&Path], variables: &[(&str, &str)]) -> Vec<Services> {
    // The old one prints YAML only; the new one's loses a line end at the beginning of a text.
    let (name, format): (_, &[&str]) = match generation {
        Generation::One => ("docker-compose", &[]),
        Generation::Two => ("docker-compose-2", &["--format", "json"]),
    };
    let start = |file: &&Path| {
        let mut command: Command = program(name);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", "/nonexistent")
            .envs(variables.iter().copied());
        command.arg("-p").arg("test").arg("-f").arg(file).arg("config").args(format);
        std::thread::spawn(move || command.output().unwrap())
    };
    // Two at a time: a start of the old one takes most of a second.
    let outputs = files.chunks(2).flat_map(|two| {
        let running: Vec<_> = two.iter().map(start).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    let mut texts = Vec::new();
    for (file, output) in files.iter().zip(outputs) {
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.trim().is_empty(), "{name} on {}: {told}", file.display());
        texts.push(String::from_utf8(output.stdout).unwrap());
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let documents = match generation {
        Generation::One => yaml(&texts, None),
        Generation::Two => texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect(),
    };
    documents.iter().map(services).collect()
}

fn services(document: &Value) -> Services {
    let all = document["services"].as_object().unwrap();
    all.iter().map(|(name, value)| (name.clone(), service(value))).collect()
}

/// `config` prints a dollar as two, so that its output is a compose file again.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace("$$", "$"),
        other => other.to_string(),
    }
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn map(value: &Value) -> BTreeMap<String, Option<String>> {
    let all = value.as_object().into_iter().flatten();
    all.map(|(key, value)| (key.clone(), (!value.is_null()).then(|| text(value)))).collect()
}

fn service(value: &Value) -> Service {
    let or_empty = |key: &str| value.get(key).map(text).unwrap_or_default();
    let depends_on = match &value["depends_on"] {
        Value::Object(all) => all.keys().cloned().collect(),
        other => list(other).into_iter().collect(),
    };
    Service {
        container: or_empty("container_name"),
        image: or_empty("image"),
        command: list(&value["command"]),
        network_mode: or_empty("network_mode"),
        ports: value["ports"].as_array().into_iter().flatten().map(port).collect(),
        expose: list(&value["expose"]).into_iter().collect(),
        depends_on,
        environment: map(&value["environment"]),
        volumes: value["volumes"].as_array().into_iter().flatten().map(volume).collect(),
        tmpfs: list(&value["tmpfs"]),
        labels: map(&value["labels"])
            .into_iter()
            .map(|(key, value)| (key, value.unwrap_or_default()))
            .collect(),
        privileged: value["privileged"] == true,
        stdin: value["stdin_open"] == true,
        restart: or_empty("restart"),
        health: value.get("healthcheck").map(|health| {
            (
                list(&health["test"]),
                text(&health["interval"]),
                text(&health["timeout"]),
                health["retries"].as_u64().unwrap(),
            )
        }),
    }
}

fn port(value: &Value) -> (String, u16, u16, String) {
    // The old one prints a port with an address as a word: ADDRESS:HOST:CONTAINER/PROTOCOL.
    if let Value::String(word) = value {
        let (ports, protocol) = word.rsplit_once('/').unwrap();
        let parts: Vec<&str> = ports.rsplitn(3, ':').collect();
        return (parts[2].into(), parts[1].parse().unwrap(), parts[0].parse().unwrap(), protocol.into());
    }
    let number = |key: &str| text(&value[key]).parse::<u16>().unwrap();
    let word = |key: &str, none: &str| value.get(key).map_or_else(|| none.to_owned(), text);
    (word("host_ip", ""), number("published"), number("target"), word("protocol", "tcp"))
}

/// A volume as it is written, `:rw` left out.
fn volume(value: &Value) -> String {
    if let Value::String(text) = value {
        let text = text.replace("$$", "$");
        return text.strip_suffix(":rw").unwrap_or(&text).to_owned();
    }
    let end = if value["read_only"] == true { ":ro" } else { "" };
    format!("{}:{}{end}", text(&value["source"]), text(&value["target"]))
}
