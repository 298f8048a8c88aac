//! The lints about ports on the project's own clusters, and on the wiki page's with one thing changed.
#![allow(clippy::unwrap_used)]

use rancher_topology::lint::ports;
use rancher_topology::validate;

const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");

/// What the family finds, with the text at the main place.
fn found(text: &str) -> Vec<(&'static str, String)> {
    let report = validate(text);
    assert!(report.topology.is_some(), "{:#?}", report.findings);
    let of_the_family = |id: &str| ports::FAMILY.lints.iter().any(|lint| lint.id == id);
    let findings = report.findings.iter().filter(|finding| of_the_family(finding.id));
    findings
        .map(|finding| {
            let span = finding.labels[0].span;
            (finding.id, text[span.start..span.end].to_owned())
        })
        .collect()
}

fn changed(from: &str, to: &str) -> Vec<(&'static str, String)> {
    assert!(HARDENED.contains(from), "{from}");
    found(&HARDENED.replacen(from, to, 1))
}

#[test]
fn a_good_cluster_has_no_finding() {
    for text in [
        HARDENED,
        include_str!("../../examples/fleet/fleet.yaml"),
        include_str!("../../templates/init/topology.yaml"),
    ] {
        assert_eq!(found(text), []);
    }
}

#[test]
fn one_change_is_one_finding() {
    let one = |id, at: &str| vec![(id, at.to_owned())];
    let tunnel =
        changed("listen: [8080]\n    traffic-to: [\"zoo", "listen: [8080, 2183]\n    traffic-to: [\"zoo");
    assert_eq!(tunnel, one("port-conflict", "2181"), "a way out to the third node listens there");
    assert_eq!(changed("[2376:2376]", "[\"2181:2376\"]"), one("port-conflict", "\"2181:2376\""));
    assert_eq!(changed("[2376:2376]", "[\"22:2376\"]"), one("management-port-taken", "\"22:2376\""));
    assert_eq!(changed("[2376:2376]", "[\"45000:2376\"]"), one("ephemeral-port", "\"45000:2376\""));
    assert_eq!(
        changed("- {port: 6379/tcp", "- {port: 16379, from: self}\n      - {port: 6379/tcp"),
        one("container-port-in-rule", "16379")
    );
    assert_eq!(
        changed("\"zookeeper:2181\"", "\"zookeeper:12181\""),
        one("unheard-traffic", "\"zookeeper:12181\"")
    );
    assert_eq!(
        changed("[18080:8080", "[\"18081:8181\", 18080:8080"),
        one("publish-unheard", "\"18081:8181\"")
    );
    let probe =
        changed("probe: {http: {port: 8080, path: /ping}}", "probe: {http: {port: 18080, path: /ping}}");
    assert_eq!(probe.len(), 1, "{probe:?}");
    assert_eq!(probe[0].0, "probe-unheard");
}

#[test]
fn the_containers_port_in_the_place_of_the_nodes_is_told_of_the_flow_that_it_shuts_out() {
    for (from, to, place) in [
        ("port: 6379/tcp, from: self", "port: 16379, from: self", "16379"),
        ("{port: 3888/tcp, from", "{port: 3890/tcp, from", "3890/tcp"),
    ] {
        let text = HARDENED.replacen(from, to, 1);
        let report = validate(&text);
        let [one] = report.findings.as_slice() else { panic!("{:#?}", report.findings) };
        let span = one.labels[0].span;
        assert_eq!((one.id, &text[span.start..span.end]), ("flow-not-admitted", place));
    }
}
