//! Every lint finds what its bad example has, and nothing in its good one.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use rancher_topology::lint::{Found, complete};
use rancher_topology::validate::{lint, lints, sets};
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
            assert!(finding.help.is_some() || finding.why.is_some(), "{} says nothing more", lint.id);
            let first = finding.message.chars().next().unwrap();
            assert!(!first.is_uppercase() || finding.message.starts_with("AWS"), "{}", finding.message);
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

#[test]
fn a_small_cluster_without_a_fault_has_no_finding() {
    assert_eq!(found(""), Vec::<&str>::new());
}

#[test]
fn an_allowance_silences_its_finding_in_its_own_place_only() {
    let text = complete("allow: {unused-allow: a reason}\n");
    assert_eq!(validate(&text).findings.len(), 1);
}
