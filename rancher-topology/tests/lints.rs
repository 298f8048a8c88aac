//! Every lint finds what its bad example has, and nothing in its good one.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use rancher_topology::lint::Found;
use rancher_topology::validate::{complete, lint, lints, sets};
use rancher_topology::{Severity, validate};

/// The ids of what is found in an example, each finding once.
fn found(example: &str) -> Vec<&'static str> {
    validate(&complete(example)).findings.iter().map(|finding| finding.id).collect()
}

#[test]
fn a_bad_example_has_exactly_that_finding() {
    let wrong: Vec<String> = lints()
        .map(|lint| (lint.id, found(lint.bad)))
        .filter(|(id, found)| found.is_empty() || found.iter().any(|other| other != id))
        .map(|(id, found)| format!("the bad example of `{id}` has {found:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_good_example_has_no_finding() {
    for lint in lints() {
        let report = validate(&complete(lint.good));
        assert!(report.findings.is_empty(), "the good example of `{}`: {:#?}", lint.id, report.findings);
        assert!(report.unchecked.is_empty(), "the good example of `{}`: {:#?}", lint.id, report.unchecked);
    }
}

#[test]
fn a_finding_has_the_severity_of_its_lint_a_place_and_something_to_do() {
    for lint in lints() {
        let text = complete(lint.bad);
        for finding in validate(&text).findings.into_iter().filter(|finding| finding.id == lint.id) {
            assert_eq!(finding.severity, lint.severity, "{}", lint.id);
            let place = finding.labels.first().unwrap().span;
            assert!(place.start < place.end && place.end <= text.len(), "{}: {place:?}", lint.id);
            // `expected a whole number, found …` and `needs …` beside the place are what to write instead.
            let says_it = finding.message.starts_with("expected ")
                || finding.labels.iter().any(|label| !label.text.is_empty());
            let more = finding.help.is_some() || finding.why.is_some();
            assert!(more || says_it, "{} says nothing more", lint.id);
            let refused = matches!(lint.found, Found::Refused);
            let to_write = finding.help.is_some() || finding.message.starts_with("expected ");
            assert!(to_write || !refused, "{} does not say what to write instead", lint.id);
            // An abbreviation keeps its capitals: `AWS`, `TLS`.
            let word = finding.message.split(' ').next().unwrap();
            let lower = !word.starts_with(char::is_uppercase) || !word.contains(char::is_lowercase);
            assert!(lower, "{}", finding.message);
            assert!(!finding.message.ends_with('.'), "{}", finding.message);
        }
        if matches!(lint.found, Found::Refused) {
            assert_eq!(lint.severity, Severity::Error, "{}", lint.id);
        }
    }
}

#[test]
fn ids_are_unique_and_in_kebab_case_and_every_lint_is_documented() {
    let mut seen = BTreeSet::new();
    for lint in lints() {
        assert!(seen.insert(lint.id), "two lints are called `{}`", lint.id);
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        assert!(lint.id.bytes().all(known), "{}", lint.id);
        for (what, text) in [("summary", lint.summary), ("reason", lint.reason), ("source", lint.source)] {
            assert!(text.len() > 8 && text.ends_with('.'), "the {what} of `{}`: {text:?}", lint.id);
        }
        for other in lint.instead_of {
            assert!(lint_exists(other), "`{}` stands for `{other}`, which there is not", lint.id);
        }
    }
    for set in sets().filter(|set| set.name != "general") {
        let ids = set.families.iter().flat_map(|family| family.lints).map(|lint| lint.id);
        for id in ids {
            assert!(id.starts_with(set.name), "`{id}` is of the set `{}`", set.name);
        }
    }
}

fn lint_exists(id: &str) -> bool {
    lint(id).is_some()
}

/// Every id that reading and resolving raise, with the file that does.
fn raised() -> Vec<(String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source.join("document"), source.join("topology")];
    let mut raised = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let (file, text) = (path.display().to_string(), std::fs::read_to_string(&path).unwrap());
            assert!(!text.contains("Diagnostic::new("), "{file}: what is refused is an error");
            for call in text.split("Diagnostic::error(").skip(1) {
                let id = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                let said = call.lines().next().unwrap_or_default();
                raised
                    .push((id.unwrap_or_else(|| panic!("{file}: {said} is no id")).to_owned(), file.clone()));
            }
        }
    }
    raised
}

#[test]
fn what_reading_and_resolving_refuse_is_explained() {
    let raised = raised();
    assert!(raised.len() > 50, "{raised:?}");
    for (id, file) in raised {
        let refused = lint(&id).is_some_and(|lint| matches!(lint.found, Found::Refused));
        assert!(refused, "{file} refuses `{id}`, which no lint explains");
    }
}

#[test]
fn a_small_cluster_without_a_fault_has_no_finding() {
    assert_eq!(found(""), Vec::<&str>::new());
}

#[test]
fn an_allowance_that_an_alias_says_again_is_one() {
    let services = |image: &str| {
        complete(&format!(
            "services:
  web: &web
    image: {image}
    placement: node
    network: host
    listen: []
    allow: {{unpinned-image: this is a laboratory}}
  shop: *web
"
        ))
    };
    let report = validate(&services("nginx"));
    assert!(report.findings.is_empty() && report.allowed.len() == 1, "{report:#?}");
    let report = validate(&services("nginx:1.27.2"));
    let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, ["unused-allow"], "{report:#?}");
}

#[test]
fn an_allowance_silences_its_finding_in_its_own_place_only() {
    let text = complete("allow: {unused-allow: a reason}\n");
    assert_eq!(validate(&text).findings.len(), 1);
}
