//! The commands of README.md do what it says they do.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Command;

use support::tools::top;

/// A command, and what the page prints below it.
fn commands(page: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => match line.strip_prefix("$ ") {
                Some(command) => all.push((command.to_owned(), String::new())),
                None => all.last_mut().unwrap().1.extend([line, "\n"]),
            },
        }
    }
    all
}

#[test]
fn the_tour_does_what_it_says() {
    let page = std::fs::read_to_string(top().join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_rancher-gen")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let commands = commands(&page);
    assert!(commands.len() > 8, "{commands:?}");
    for (command, printed) in commands {
        if command.starts_with("cargo ") {
            continue;
        }
        let script = format!("{{ {command}; }} 2>&1");
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&folder)
            .env("PATH", &path)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        // A topology with a mistake in it ends with 3, a question whose answer is no with 1.
        let expected = match command.as_str() {
            _ if printed.starts_with("error") => 3,
            _ if command.ends_with("--check") || command.ends_with("--diff") => 1,
            _ => 0,
        };
        assert_eq!(output.status.code(), Some(expected), "{command}\n{said}");
        if !printed.is_empty() {
            assert_eq!(said, printed, "{command}");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let page = std::fs::read_to_string(top().join("README.md")).unwrap();
    for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(link.starts_with("http") || top().join(link).exists(), "{link}");
    }
}
