//! Laws that hold for any text and any topology.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use rancher_gen::output::{RenderError, Rendered, Selection, render};
use rancher_gen::template::Templates;
use rancher_topology::{Topology, load};
use support::arbitrary::broken::broken;
use support::arbitrary::topology::document;
use support::arbitrary::{draw, hostile};
use support::compose::yaml;
use support::examples::{AS_WRITTEN, HARDENED, file, rendered};
use support::tools::run;

fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() }
}

fn everything(topology: &Topology) -> Result<Rendered, RenderError> {
    static TEMPLATES: LazyLock<Templates> = LazyLock::new(Templates::embedded);
    render(topology, &TEMPLATES, &Selection::default())
}

/// Loads a text. Every diagnostic points into it, between characters.
fn loaded(text: &str) -> Option<Topology> {
    match load(text) {
        Ok(topology) => Some(topology),
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty(), "refused without a word");
            for diagnostic in diagnostics {
                assert!(!diagnostic.message.is_empty());
                for label in &diagnostic.labels {
                    let (start, end) = (label.span.start, label.span.end);
                    assert!(
                        start <= end && text.get(start..end).is_some(),
                        "{diagnostic:?} of {} bytes",
                        text.len()
                    );
                }
            }
            None
        }
    }
}

/// Renders a topology twice to the same bytes, each file at a place inside the tree.
fn check_render(topology: &Topology) -> Rendered {
    let first = everything(topology).unwrap();
    let second = everything(topology).unwrap();
    assert_eq!(first.tree, second.tree);
    assert_eq!(first.notes, second.notes);
    for (path, _) in first.tree.iter() {
        let path = path.to_string();
        assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path}");
        assert!(!path.chars().any(|c| c.is_control() || c == '\\'), "{path}");
    }
    first
}

proptest! {
    #![proptest_config(cases(800))]

    #[test]
    fn a_broken_document_is_refused_with_places_and_never_a_panic(
        text in broken(vec![AS_WRITTEN.to_owned(), HARDENED.to_owned()])
    ) {
        loaded(&text);
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![any::<String>(), hostile(), proptest::collection::vec(hostile(), 0..20).prop_map(|lines| lines.join("\n"))]) {
        loaded(&text);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_random_document_that_was_broken_is_read_or_refused(text in document().prop_flat_map(|text| broken(vec![text]))) {
        if let Some(topology) = loaded(&text) {
            check_render(&topology);
        }
    }

    #[test]
    fn what_resolves_renders_twice_to_the_same_bytes(text in document()) {
        if let Some(topology) = loaded(&text) {
            check_render(&topology);
        }
    }
}

#[test]
fn every_rendered_file_is_read_by_its_format() {
    let (mut yamls, mut scripts, mut terraform, mut resolved) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), 0);
    let texts = draw(document(), 200);
    for text in &texts {
        let Some(topology) = loaded(text) else { continue };
        resolved += 1;
        for (path, file) in everything(&topology).unwrap().tree.iter() {
            let path = path.to_string();
            match path.rsplit_once('.').map(|(_, ending)| ending) {
                Some("yaml" | "yml") => drop(yamls.insert(file.contents.to_string())),
                Some("sh") => drop(scripts.insert(file.contents.to_string())),
                Some("tf") => drop(terraform.insert(file.contents.to_string())),
                Some("json") => drop(serde_json::from_str::<serde_json::Value>(&file.contents).unwrap()),
                _ => {}
            }
        }
    }
    assert!(
        resolved * 2 > texts.len(),
        "{resolved} of {} documents resolve: the law says little",
        texts.len()
    );

    let yamls: Vec<&str> = yamls.iter().map(String::as_str).collect();
    assert!(yamls.len() > 100);
    assert_eq!(yaml(&yamls, None).len(), yamls.len());

    let folder = tempfile::tempdir().unwrap();
    for (number, script) in scripts.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.sh")), script).unwrap();
    }
    let every = "for script in \"$1\"/*.sh; do bash -n \"$script\" || { cat \"$script\"; exit 1; }; done";
    run(Command::new("bash").args(["-c", every, "bash"]).arg(folder.path()));

    for text in terraform {
        hcl::from_str::<hcl::Body>(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

#[test]
fn a_byte_order_mark_shifts_no_place() {
    for rest in ["\n}}", "-", "name: x\nnetwerk: 1\n"] {
        let place = |text: &str| load(text).unwrap_err()[0].labels[0].span.start;
        assert_eq!(place(&format!("\u{feff}{rest}")), place(rest) + 3);
    }
}

#[test]
fn a_character_that_is_none_leaves_the_files_readable() {
    let text = HARDENED
        .replace("because: These images", "because: \"These\\uFFFE images")
        .replace("from the running server", "from the running server\"");
    let tree = rendered(&text).tree;
    for name in ["nodes/mgmt-host-1/compose.cattle.yaml", "rancher/cattle/docker-compose.yml"] {
        assert_eq!(yaml(&[file(&tree, name)], None).len(), 1);
    }
}

#[test]
fn a_document_that_is_nested_ten_thousand_deep_is_refused() {
    for text in [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
        format!("name: {}", "[".repeat(10_000)),
    ] {
        loaded(&text);
    }
}

#[test]
fn the_examples_obey_the_laws() {
    for text in [AS_WRITTEN, HARDENED] {
        check_render(&loaded(text).unwrap());
        assert_eq!(rendered(text).tree, rendered(&text.replace('\n', "\r\n")).tree);
    }
}
