//! A network with addresses that are somebody's on the internet.

use ipnet::Ipv4Net;

use crate::diagnostic::Severity;
use crate::document::Document;
use crate::lint::{Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "public-network-range",
    severity: Severity::Note,
    summary: "The network's addresses are not private ones.",
    reason: "Unless the range is the operator's own, it is somebody else's on the internet, and its hosts cannot be reached \
             from the nodes: what is sent to them stays in the network. `172.32.0.0/16` is such a range, one step behind the \
             private ones.",
    source: "RFC 1918, section 3; RFC 6598, section 7; Amazon VPC User Guide, \"VPC CIDR blocks\".",
    bad: "\
network:
  name: lab
  cidr: 172.32.0.0/16
  subnets:
    a: {cidr: 172.32.1.0/24, zone: a}
    b: {cidr: 172.32.2.0/24, zone: b}
    c: {cidr: 172.32.3.0/24, zone: c}
nodes:
  node:
    count: 3
    first-address: {a: 172.32.1.10, b: 172.32.2.10, c: 172.32.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    good: "\
network:
  name: lab
  cidr: 172.31.0.0/16
  subnets:
    a: {cidr: 172.31.1.0/24, zone: a}
    b: {cidr: 172.31.2.0/24, zone: b}
    c: {cidr: 172.31.3.0/24, zone: c}
nodes:
  node:
    count: 3
    first-address: {a: 172.31.1.10, b: 172.31.2.10, c: 172.31.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    instead_of: &[],
    found: Found::Parts(check),
};

/// The ranges that are nobody's on the internet: RFC 1918, and RFC 6598 for a provider's own.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

fn check(document: &Document, findings: &mut Findings) {
    let cidr = &document.network.cidr;
    let ranges = PRIVATE.iter().filter_map(|range| range.parse::<Ipv4Net>().ok());
    if ranges.into_iter().any(|range| range.contains(&cidr.value)) {
        return;
    }
    findings.push(
        LINT.finding(format!("the network's addresses {} are not private", cidr.value), cidr.span)
            .why("hosts on the internet that have these addresses cannot be reached from the nodes")
            .help(format!("unless they are yours, take them from {}", PRIVATE.join(", "))),
    );
}

#[cfg(test)]
mod tests {
    use crate::document::read;
    use crate::lint::Findings;

    #[test]
    fn a_range_is_private_when_all_of_it_is() {
        let found = |cidr: &str| {
            let read = read(&format!("name: x\nnetwork: {{name: lab, cidr: {cidr}, subnets: {{}}}}\n"));
            let mut findings = Findings::default();
            super::check(&read.document.unwrap(), &mut findings);
            findings.found.len()
        };
        for private in ["10.0.0.0/8", "172.31.255.0/24", "192.168.0.0/16", "100.127.0.0/16"] {
            assert_eq!(found(private), 0, "{private}");
        }
        for public in ["172.0.0.0/8", "172.32.0.0/16", "100.128.0.0/16", "11.0.0.0/8", "192.0.0.0/8"] {
            assert_eq!(found(public), 1, "{public}");
        }
    }
}
