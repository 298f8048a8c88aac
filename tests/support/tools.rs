//! The programs that rendered files are for. One that is absent fails the test with the command that installs it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The top of the repository.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What `tests/install` put into `.tools`.
pub fn installed(name: &str) -> PathBuf {
    let path = top().join(".tools").join(name);
    assert!(path.exists(), "{} is missing; install it with: tests/install", path.display());
    path
}

/// A program from PATH, or from `.tools/bin`.
pub fn program(name: &str) -> Command {
    let own = top().join(".tools/bin").join(name);
    let on_path = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .chain(["/usr/sbin".into(), "/sbin".into()])
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    };
    let found = if own.exists() { Some(own) } else { on_path() };
    Command::new(found.unwrap_or_else(|| panic!("{name} is missing; install it with: tests/install")))
}

/// The Python that has the tests' packages.
pub fn python() -> Command {
    Command::new(installed("python/bin/python"))
}

/// Runs a command, and gives what it printed when it exits 0.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    told(command, &output);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command with something on its standard input, and gives what it printed when it exits 0.
#[track_caller]
pub fn feed(command: &mut Command, input: &str) -> String {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    told(command, &output);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn told(command: &Command, output: &Output) {
    let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    assert!(
        output.status.success(),
        "{} {} ended with {}\n{}{}",
        command.get_program().to_string_lossy(),
        words.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// How many things in what was printed its schema does not allow; the schema itself is checked, too.
pub fn against_schema(schema: &serde_json::Value, printed: &serde_json::Value) -> usize {
    let script = "
import json, sys
from jsonschema import Draft202012Validator
asked = json.load(sys.stdin)
Draft202012Validator.check_schema(asked['schema'])
print(len(list(Draft202012Validator(asked['schema']).iter_errors(asked['printed']))))
";
    let asked = serde_json::json!({"schema": schema, "printed": printed}).to_string();
    feed(python().args(["-c", script]), &asked).trim().parse().unwrap()
}
