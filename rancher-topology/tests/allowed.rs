//! What is allowed at one place is silent there, and is told at the others.
#![allow(clippy::unwrap_used, clippy::panic)]

use rancher_topology::validate;
use std::fmt::Write;

use rancher_topology::validate::complete;

/// The finding's messages of a lint that are told, and those that are allowed.
fn said(id: &str, sections: &str) -> (Vec<String>, Vec<String>) {
    let report = validate(&complete(sections));
    assert!(report.topology.is_some(), "{:#?}", report.findings);
    let unused: Vec<_> = report.findings.iter().filter(|finding| finding.id == "unused-allow").collect();
    assert!(unused.is_empty(), "{unused:#?}");
    let told = report.findings.into_iter().filter(|finding| finding.id == id);
    let allowed =
        report.allowed.into_iter().map(|allowed| allowed.finding).filter(|finding| finding.id == id);
    (told.map(|finding| finding.message).collect(), allowed.map(|finding| finding.message).collect())
}

/// Services, one of them with an allowance.
fn services(rows: [&str; 3], id: &str, at: usize) -> String {
    let mut text = "services:\n".to_owned();
    for (position, row) in rows.iter().enumerate() {
        let allow = if position == at { format!(", allow: {{{id}: So it is}}") } else { String::new() };
        writeln!(text, "  s{position}: {{placement: node, {row}{allow}}}").unwrap();
    }
    text
}

#[test]
fn an_image_is_allowed_for_the_service_that_says_so() {
    for at in 0..3 {
        let (told, allowed) = said(
            "unpinned-image",
            &services(["image: nginx", "image: nginx", "image: nginx"], "unpinned-image", at),
        );
        assert_eq!(told, ["`nginx` has no version, in 2 services"], "{at}");
        assert_eq!(allowed, ["`nginx` has no version"], "{at}");
    }
}

#[test]
fn a_flow_is_allowed_for_the_client_that_says_so() {
    let client = "image: 'a:1', listen: [], traffic-to: {to: 's0:80', scope: other-nodes}";
    for rules in ["", "security-groups: {nodes: {inbound: [{port: 81/tcp, from: self}]}}\n"] {
        for at in [1, 2] {
            let text =
                services(["image: 'a:1', publish: ['80:80']", client, client], "flow-not-admitted", at);
            let (told, allowed) = said("flow-not-admitted", &format!("{text}{rules}"));
            assert_eq!((told.len(), allowed.len()), (1, 1), "{at} {rules}: {told:?} {allowed:?}");
        }
    }
}

#[test]
fn a_port_that_three_want_is_left_to_two() {
    let rows = [
        "image: 'a:1', publish: ['80:1']",
        "image: 'a:1', publish: ['80:2']",
        "image: 'a:1', publish: ['80:3']",
    ];
    for (at, left) in [(0, "`s1` and `s2`"), (1, "`s0` and `s2`"), (2, "`s0` and `s1`")] {
        let (told, allowed) = said("port-conflict", &services(rows, "port-conflict", at));
        assert_eq!(told, [format!("port 80/tcp of `node-1` and 2 more nodes is wanted by both {left}")]);
        assert_eq!(allowed.len(), 1, "{at}");
    }
    let two = [rows[0], rows[1], "image: 'a:1'"];
    for at in [0, 1] {
        let (told, allowed) = said("port-conflict", &services(two, "port-conflict", at));
        assert_eq!((told.len(), allowed.len()), (0, 1), "{at}");
    }
}

#[test]
fn a_version_is_allowed_for_the_service_that_says_so() {
    for (at, left) in [(0, "`2`, `3`"), (1, "`1`, `3`"), (2, "`1`, `2`")] {
        let rows = ["image: 'r/x:1'", "image: 'r/x:2'", "image: 'r/x:3'"];
        let (told, allowed) = said("mixed-image-versions", &services(rows, "mixed-image-versions", at));
        assert_eq!(told, [format!("`r/x` runs in 2 versions: {left}")]);
        assert_eq!(allowed.len(), 1);
    }
    for at in [0, 1] {
        let rows = ["image: 'r/x:1'", "image: 'r/x:2'", "image: 'y:3'"];
        let (told, allowed) = said("mixed-image-versions", &services(rows, "mixed-image-versions", at));
        assert_eq!((told.len(), allowed.len()), (0, 1), "{at}");
    }
}

#[test]
fn a_rule_for_the_internet_is_allowed_by_itself() {
    for (first, second) in [(", allow: {world-open: So it is}", ""), ("", ", allow: {world-open: So it is}")]
    {
        let (told, allowed) = said(
            "world-open",
            &format!(
                "\
services:
  store: {{image: 'a:1', placement: node, publish: ['27017:27017'], traffic-to: store}}
security-groups:
  nodes:
    inbound:
      - {{port: 27017/tcp, from: internet{first}}}
      - {{port: 27017/tcp, from: 0.0.0.0/0{second}}}
"
            ),
        );
        assert_eq!((told.len(), allowed.len()), (1, 1), "{first}{second}");
    }
}

#[test]
fn a_quorum_of_two_is_allowed_for_the_service_that_says_so() {
    let row = "image: 'a:1', listen: [], quorum: majority";
    for at in 0..3 {
        let nodes = "nodes: {node: {count: 2, first-address: {a: 10.0.1.10, b: 10.0.2.10}, os: debian-12, \
                     engine: docker-27.3.1, groups: nodes}}\n";
        let text = services([row, row, row], "quorum-without-redundancy", at);
        let (told, allowed) = said("quorum-without-redundancy", &format!("{nodes}{text}"));
        assert_eq!((told.len(), allowed.len()), (1, 1), "{at}: {told:?} {allowed:?}");
    }
}
