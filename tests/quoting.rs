//! Quoting: every string that a format can carry reads back equal with that format's own reader, and every other one
//! is an error.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use rancher_gen::quote::{self, Unquotable};
use serde_json::{Value, json};
use support::arbitrary::{draw, hostile};
use support::compose::{Generation, config, yaml};
use support::tools::{feed, program, python, run, top};

const STRINGS: usize = 600;

/// Strings, and each of them in a format; those that the format cannot carry are refused exactly where it says so.
fn quoted(
    quote: fn(&str) -> Result<String, Unquotable>,
    cannot: fn(&str) -> bool,
) -> (Vec<String>, Vec<String>) {
    let mut pairs = (Vec::new(), Vec::new());
    for text in draw(hostile(), STRINGS) {
        match quote(&text) {
            Ok(quoted) => {
                assert!(!cannot(&text), "{text:?} cannot be carried, and came out as {quoted}");
                pairs.0.push(text);
                pairs.1.push(quoted);
            }
            Err(error) => assert!(cannot(&text), "{error}"),
        }
    }
    assert!(pairs.0.len() > STRINGS / 8, "{} strings are too few", pairs.0.len());
    pairs
}

fn holds_nul(text: &str) -> bool {
    text.contains('\0')
}

fn is_no_line(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}')
}

#[track_caller]
fn same(texts: &[String], read: &[String]) {
    assert_eq!(texts.len(), read.len());
    for (text, read) in texts.iter().zip(read) {
        assert_eq!(text, read);
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What a program printed between NUL characters.
fn between_nuls(output: &str) -> Vec<String> {
    let mut parts: Vec<String> = output.split('\0').map(str::to_owned).collect();
    assert_eq!(parts.pop().as_deref(), Some(""));
    parts
}

#[test]
fn yaml_reads_back_with_pyyaml() {
    let (texts, quoted) = quoted(quote::yaml, holds_nul);
    let list: String = quoted.iter().fold(String::new(), |all, one| all + "- " + one + "\n");
    let flow = format!("[{}]", quoted.join(", "));
    let keys: String =
        quoted.iter().enumerate().fold(String::new(), |all, (n, one)| format!("{all}- {{{one}: {n}}}\n"));
    let read = yaml(&[&list, &flow, &keys], None);
    same(&texts, &strings(&read[0]));
    same(&texts, &strings(&read[1]));
    let keys: Vec<String> = read[2]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_object().unwrap().keys().next().unwrap().clone())
        .collect();
    same(&texts, &keys);
}

/// What docker-compose 1.29 reads in a file, without its printer: that one loses U+0085 and U+2028.
const READ_1_29: &str = "
import json, sys
from compose.config import config, environment
read = config.load(config.find('.', sys.argv[1:], environment.Environment()))
print(json.dumps([{key: service[key] for key in ('command', 'environment', 'labels')} for service in read.services]))
";

#[test]
fn compose_values_read_back_with_both_generations() {
    let (texts, quoted) = quoted(quote::compose, holds_nul);
    let mut services = format!("services:\n  a:\n    image: a\n    command: [{}]\n", quoted.join(", "));
    for (what, key) in [("environment", "V"), ("labels", "l")] {
        let _ = writeln!(services, "    {what}:");
        for (number, value) in quoted.iter().enumerate() {
            let _ = writeln!(services, "      {key}{number}: {value}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.yaml"), folder.path().join("new.yaml"));
    fs::write(&old, format!("version: \"2.0\"\n{services}")).unwrap();
    fs::write(&new, services).unwrap();

    program("docker-compose");
    let read = run(Command::new("/usr/bin/python3").args(["-c", READ_1_29]).arg(&old));
    let read: Value = serde_json::from_str(&read).unwrap();
    let list = |what: &str, key: &str| -> Vec<String> {
        (0..texts.len()).map(|n| read[0][what][format!("{key}{n}")].as_str().unwrap().to_owned()).collect()
    };
    same(&texts, &strings(&read[0]["command"]));
    same(&texts, &list("environment", "V"));
    same(&texts, &list("labels", "l"));

    let read = config(Generation::Two, &[&new])[0]["a"].clone();
    same(&texts, &read.command);
    for (number, text) in texts.iter().enumerate() {
        assert_eq!(read.environment[&format!("V{number}")].as_ref(), Some(text));
        assert_eq!(read.labels[&format!("l{number}")], *text);
    }
}

#[test]
fn hcl_reads_back_with_hcl_rs_and_with_terraform() {
    let (texts, quoted) = quoted(quote::hcl, holds_nul);
    let list = format!("[\n  {},\n]", quoted.join(",\n  "));
    let read: BTreeMap<String, Vec<String>> = hcl::from_str(&format!("all = {list}\n")).unwrap();
    same(&texts, &read["all"]);

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.tf"), format!("output \"all\" {{\n  value = {list}\n}}\n")).unwrap();
    let terraform = |arguments: &[&str]| {
        let mut command = program("terraform");
        run(command.env("CHECKPOINT_DISABLE", "1").current_dir(folder.path()).args(arguments))
    };
    terraform(&["apply", "-auto-approve", "-no-color"]);
    let read: Value = serde_json::from_str(&terraform(&["output", "-json", "all"])).unwrap();
    same(&texts, &strings(&read));
}

#[test]
fn shell_words_read_back_with_sh_and_bash() {
    let (texts, quoted) = quoted(quote::sh, holds_nul);
    // As arguments, and as the values of variables.
    let mut script = format!("printf '%s\\0' {}\n", quoted.join(" "));
    for one in &quoted {
        let _ = writeln!(script, "export A={one}\nB={one}\nprintf '%s\\0' \"$A\" \"$B\"");
    }
    for shell in ["sh", "bash"] {
        let read = between_nuls(&feed(&mut Command::new(shell), &script));
        let (words, values) = read.split_at(texts.len());
        same(&texts, words);
        let (a, b): (Vec<String>, Vec<String>) =
            values.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
        same(&texts, &a);
        same(&texts, &b);
    }
}

#[test]
fn systemd_words_read_back_with_a_running_systemd() {
    let (texts, quoted) = quoted(quote::systemd_word, holds_nul);
    let folder = tempfile::tempdir().unwrap();
    let (dump, out) = (folder.path().join("dump"), folder.path().join("out"));
    fs::write(&dump, format!("#!/bin/sh\nprintf '%s\\0' \"$@\" >>{}\n", out.display())).unwrap();
    fs::set_permissions(&dump, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut unit = "[Unit]\nDefaultDependencies=no\nSuccessAction=exit-force\nFailureAction=exit-force\n[Service]\nType=oneshot\n".to_owned();
    for words in quoted.chunks(20) {
        let _ = writeln!(unit, "ExecStart={} {}", dump.display(), words.join(" "));
    }
    fs::write(folder.path().join("words.service"), unit).unwrap();
    run(Command::new(top().join("tests/support/pid1")).arg(folder.path()).arg("words.service"));
    same(&texts, &between_nuls(&fs::read_to_string(out).unwrap()));
}

#[test]
fn plain_values_of_units_read_back_with_systemd() {
    let cannot = |text: &str| {
        text.chars().any(|c| c.is_control() || matches!(c, '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}'))
            || text.starts_with(' ')
            || text.ends_with([' ', '\\'])
    };
    let (texts, quoted) = quoted(quote::systemd_value, cannot);
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let wanted: Vec<String> = (0..quoted.len()).map(|number| format!("v{number}.target")).collect();
    let unit = |description: &str, rest: &str| {
        format!("[Unit]\nDefaultDependencies=no\nDescription={description}\n{rest}")
    };
    for (name, value) in wanted.iter().zip(&quoted) {
        fs::write(folder.path().join(name), unit(value, "")).unwrap();
    }
    fs::write(folder.path().join("all.target"), unit("all", &format!("Wants={}\n", wanted.join(" "))))
        .unwrap();
    // It works out what it would start, says what it knows of each unit, and starts nothing; it refuses to run as root.
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "/lib/systemd/systemd"]);
    command.args(["--test", "--system", "--unit=all.target"]).env("SYSTEMD_UNIT_PATH", folder.path());
    let told = run(command.env("HOME", "/nonexistent"));
    let mut read = BTreeMap::new();
    let mut lines = told.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.trim_start().strip_prefix("-> Unit ").and_then(|rest| rest.strip_suffix(':'))
        else {
            continue;
        };
        read.insert(name.to_owned(), lines.next().unwrap().split_once("Description: ").unwrap().1.to_owned());
    }
    for (name, text) in wanted.iter().zip(&texts) {
        // An empty description is the unit's name.
        assert_eq!(read[name], if text.is_empty() { name.clone() } else { text.clone() });
    }
}

/// The text of each paragraph and each table cell of a Markdown document, with every extension of the reader switched on.
fn markdown(text: &str) -> Vec<String> {
    let mut options = Options::all();
    // These change characters on purpose: quotes into curly ones, and what stands between two dollars or dashes.
    options.remove(Options::ENABLE_SMART_PUNCTUATION);
    let mut read: Vec<String> = Vec::new();
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::Paragraph | Tag::TableCell) => read.push(String::new()),
            Event::Text(text) => read.last_mut().unwrap().push_str(&text),
            Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow)
            | Event::End(
                TagEnd::Paragraph | TagEnd::TableCell | TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow,
            ) => {}
            other => panic!("{other:?} after {:?}", read.last()),
        }
    }
    read
}

#[test]
fn markdown_cells_read_back_with_pulldown_cmark() {
    let (texts, quoted) = quoted(quote::markdown_cell, is_no_line);
    let mut table = "| head | head |\n|---|---|\n".to_owned();
    for one in &quoted {
        let _ = writeln!(table, "| {one} | {one} |");
    }
    let read = markdown(&table);
    for (text, cells) in texts.iter().zip(read[2..].chunks(2)) {
        assert_eq!(cells, [text.clone(), text.clone()]);
    }
    assert_eq!(read.len(), 2 + 2 * texts.len());
}

#[test]
fn markdown_text_reads_back_with_pulldown_cmark() {
    let (texts, quoted) = quoted(quote::markdown_text, is_no_line);
    for (text, one) in texts.iter().zip(&quoted) {
        // An empty paragraph is none.
        let read = markdown(&format!("{one}\n\nend\n"));
        if text.is_empty() {
            assert_eq!(read, ["end"]);
        } else {
            assert_eq!(read, [text.as_str(), "end"], "{one}");
        }
    }
}

#[test]
fn labels_of_dot_are_drawn_as_they_are() {
    let (texts, quoted) = quoted(quote::dot, |text| text.split('\n').any(is_no_line));
    let mut graph = "digraph {\n".to_owned();
    for (number, one) in quoted.iter().enumerate() {
        let _ = writeln!(graph, "n{number} [label={one}]");
    }
    let drawn: Value = serde_json::from_str(&feed(program("dot").arg("-Tjson"), &(graph + "}\n"))).unwrap();
    let mut read: Vec<Vec<String>> = vec![Vec::new(); texts.len()];
    for object in drawn["objects"].as_array().unwrap() {
        let number: usize = object["name"].as_str().unwrap()[1..].parse().unwrap();
        for line in object["_ldraw_"].as_array().into_iter().flatten().filter(|draw| draw["op"] == "T") {
            read[number].push(line["text"].as_str().unwrap().to_owned());
        }
    }
    // An empty line is room, and no text is drawn for it.
    let drawn =
        |text: &String| text.split('\n').filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let texts: Vec<String> = texts.iter().map(drawn).collect();
    same(&texts, &read.into_iter().map(|lines| lines.join("\n")).collect::<Vec<_>>());
}

#[test]
fn sql_strings_read_back_with_a_reader_that_doubles_quotes() {
    // What is left without backslashes is standard SQL, which MariaDB and MySQL read alike in every mode.
    let (texts, quoted) = quoted(quote::sql, |text| text.contains(['\0', '\\']));
    let script = "import json, sqlite3, sys
read = [sqlite3.connect(':memory:').execute('SELECT ' + one).fetchone()[0] for one in json.load(sys.stdin)]
json.dump(read, sys.stdout)";
    let read = feed(python().args(["-c", script]), &json!(quoted).to_string());
    same(&texts, &strings(&serde_json::from_str(&read).unwrap()));
}

/// What GitHub's runner reads in a workflow command: `ActionCommand.cs`, `TryParseV2`.
fn runner(line: &str) -> (Vec<String>, String) {
    let (command, data) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let unescape = |text: &str, pairs: &[(&str, &str)]| {
        pairs.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
    };
    let property = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
    let (_, properties) = command.split_once(' ').unwrap();
    let values = properties.split(',').map(|pair| unescape(pair.split_once('=').unwrap().1, &property));
    (values.collect(), unescape(data, &[("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]))
}

#[test]
fn workflow_commands_read_back_as_the_runner_does() {
    for text in draw(hostile(), STRINGS) {
        let property = quote::github_property(&text);
        let line = format!("::error file={property},title={property}::{}", quote::github_data(&text));
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        assert_eq!(runner(&line), (vec![text.clone(), text.clone()], text));
    }
}

#[test]
fn names_of_files_read_back_as_a_uri_does() {
    let texts: Vec<String> =
        draw(hostile(), STRINGS).into_iter().map(|text| text.replace('/', "_")).collect();
    let quoted: Vec<String> = texts.iter().map(|text| quote::uri(&format!("a/{text}"))).collect();
    let script = "import json, sys
from urllib.parse import unquote, urlsplit
parts = [urlsplit(one) for one in json.load(sys.stdin)]
assert all(part[0] == part[1] == part[3] == part[4] == '' for part in parts)
json.dump([unquote(part.path, errors='strict')[2:] for part in parts], sys.stdout)";
    let read = feed(python().args(["-c", script]), &json!(quoted).to_string());
    same(&texts, &strings(&serde_json::from_str(&read).unwrap()));
    assert_eq!(quote::uri("/a b"), "file:///a%20b");
}
