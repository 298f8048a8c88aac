//! What is wrong with the wiki page's cluster, line by line, and that nothing is with the one that was mended.

use rancher_topology::lint::Report;
use rancher_topology::{Diagnostic, validate};

const AS_WRITTEN: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");

/// What is found, in the order of the document: the line that it is found at, and what it is.
const FOUND: &[(&str, &str)] = &[
    ("first-address: {management: 172.22.1.210}", "nodes-in-one-zone"),
    ("- {type: SSH, port: 22/tcp, from: 0.0.0.0/0, purpose: ssh}", "world-open"),
    ("- {type: TCP, port: 81/tcp, from: 0.0.0.0/0, purpose: proxy_to_http}", "world-open"),
    ("- {type: TCP, port: 444/tcp, from: 0.0.0.0/0, purpose: proxy_to_https}", "world-open"),
    ("- {type: TCP, port: 6379/tcp, from: 172.22.1.0/24, purpose: redis}", "rule-wider-than-flows"),
    ("- {type: TCP, port: 2376/tcp, from: 172.22.1.0/24, purpose: swarm}", "rancher-1-swarm-entry"),
    ("- {type: TCP, port: 2181/tcp, from: 0.0.0.0/0, purpose: zookeeper_client}", "world-open"),
    (
        "- {type: TCP, port: 2888/tcp, from: 172.22.1.0/24, purpose: zookeeper_quorum}",
        "rule-wider-than-flows",
    ),
    (
        "- {type: TCP, port: 3888/tcp, from: 172.22.1.0/24, purpose: zookeeper_leader}",
        "rule-wider-than-flows",
    ),
    ("- {type: TCP, port: 3306/tcp, from: 172.22.1.0/24, purpose: mysql (RDS)}", "misplaced-rule"),
    ("- {type: TCP, port: 8080/tcp, from: 0.0.0.0/0}", "rancher-1-bootstrap-port"),
    ("- {type: TCP, port: 18080/tcp, from: 0.0.0.0/0, optional: true}", "rancher-1-api-open"),
    (
        "- {type: UDP, port: 500/udp, from: 172.22.1.0/24, purpose: access between nodes}",
        "rule-wider-than-flows",
    ),
    (
        "- {type: UDP, port: 4500/udp, from: 172.22.1.0/24, purpose: access between nodes}",
        "rule-wider-than-flows",
    ),
    ("rancher-ext-db:", "database-one-zone"),
    ("engine: mariadb-10.0.24", "aws-database-version-withdrawn"),
    ("observed-address: 172.22.1.26", "aws-database-fixed-address"),
    ("rancher-ext-lb:", "rancher-1-health-check"),
    ("- {listen: 8080/http, forward: 8080/http}", "rancher-1-bootstrap-port"),
    ("load-balancer: rancher-ext-lb", "rancher-1-registration-url"),
    ("image: rancher/server", "rancher-1-moving-tag"),
    ("stated: {traffic-to: \"zookeeper, redis\", ports: 3306/tcp}", "rancher-1-exposed-port"),
    ("stated: {ports: \"3306, 8080\"}", "rancher-1-exposed-port"),
    ("image: rancher/agent-instance", "unpinned-image"),
    ("stated: {name: \"management_load-blancer-swarm_{1,2,3}\", ports: \"2376\"}", "near-miss-name"),
    ("rancher-ha:", "rancher-1-missing-agents"),
    (
        "stated: {heading: 3 x rancher-ha (cluster-manager), traffic-to: host, ports: \"80, 18080, 3306\"}",
        "rancher-1-exposed-port",
    ),
];

/// What the mended cluster allows itself, each with a reason beside it.
const ALLOWED: &[(&str, &str)] = &[("engine: mariadb-10.11", "rancher-1-database-version")];

/// The lines that findings are at.
fn lines<'a>(
    text: &'a str,
    findings: impl IntoIterator<Item = &'a Diagnostic>,
) -> Vec<(&'a str, &'static str)> {
    let line = |finding: &Diagnostic| {
        let at = finding.labels.first().map_or(0, |label| label.span.start);
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        text[start..].lines().next().unwrap_or_default().trim()
    };
    findings.into_iter().map(|finding| (line(finding), finding.id)).collect()
}

fn assert_all_was_looked_at(report: &Report) {
    assert!(report.topology.is_some());
    assert!(report.unchecked.is_empty(), "{:#?}", report.unchecked);
}

#[test]
fn the_page_has_these_faults_at_these_lines() {
    let report = validate(AS_WRITTEN);
    assert_all_was_looked_at(&report);
    assert_eq!(lines(AS_WRITTEN, &report.findings), FOUND, "{:#?}", report.findings);
    assert!(report.allowed.is_empty());
}

#[test]
fn the_mended_cluster_has_none_but_what_it_allows_with_a_reason() {
    let report = validate(HARDENED);
    assert_all_was_looked_at(&report);
    assert_eq!(lines(HARDENED, &report.findings), [], "{:#?}", report.findings);
    let allowed = report.allowed.iter().map(|allowed| &allowed.finding);
    assert_eq!(lines(HARDENED, allowed), ALLOWED);
}
