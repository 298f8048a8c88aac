//! The defects of a network that a scanner of rendered files does not see, in one topology: each is told once, at its line.
#![allow(clippy::unwrap_used)]

use rancher_topology::validate;

/// Each line with a defect ends in the id of the lint that has to tell it.
// Two rules that are open to the world belong first below `inbound`, as soon as a lint tells them from the document's parts.
const DEFECTS: &str = "\
name: nine
network:
  name: lab
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.2.128/25, zone: c}       # subnet-overlap
    d: {cidr: 10.1.4.0/24, zone: a}         # subnet-outside-network
overlays:
  managed: {cidr: 10.0.64.0/18}             # overlay-collision
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
  runner:
    first-address: {a: 10.0.1.11}           # duplicate-address
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
  builder:
    first-address: {a: 10.0.3.10}           # address-outside-subnet
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
security-groups:
  nodes:
    inbound:
      - {port: 3888-2888/tcp, from: self, purpose: quorum}           # wrong-value
      - {port: 7000/tcp, from: 10.0.1.7/24, purpose: cache}          # host-bits
services:
  cache: {image: cache:7.2.4, placement: node, publish: [7000:7000]}
  api: {image: api:1.4.2, placement: node, traffic-to: cache}
";

#[test]
fn each_defect_of_the_network_is_told_once_at_its_line_and_nothing_else_is() {
    let expected: Vec<(usize, &str)> = DEFECTS
        .lines()
        .zip(1..)
        .filter_map(|(line, number)| line.split_once("# ").map(|(_, id)| (number, id)))
        .collect();
    let report = validate(DEFECTS);
    let told: Vec<(usize, &str)> = report
        .findings
        .iter()
        .map(|finding| {
            let start = finding.labels.first().unwrap().span.start;
            (DEFECTS[..start].matches('\n').count() + 1, finding.id)
        })
        .collect();
    assert_eq!(told, expected, "{:#?}", report.findings);
    assert!(report.topology.is_none());
}
