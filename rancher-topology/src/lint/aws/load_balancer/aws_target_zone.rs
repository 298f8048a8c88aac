//! Targets in a zone where their load balancer has no subnet.

use std::collections::BTreeMap;

use crate::diagnostic::Severity;
use crate::lint::load_balancer::balancers;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "aws-target-zone",
    severity: Severity::Warning,
    summary: "A load balancer has targets in a zone where it has no subnet.",
    reason: "A Classic Load Balancer forwards to the zones that it stands in and to no others. Targets elsewhere are registered, \
             are paid for, and get nothing; with them goes the reserve that they were meant to be.",
    source: "Elastic Load Balancing User Guide, \"How Elastic Load Balancing works\": targets in a zone that is not enabled \
             do not receive traffic.",
    bad: on_aws!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    subnets: [a, b]
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
"
    ),
    good: on_aws!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    subnets: [a, b, c]
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
"
    ),
    instead_of: &["load-balancer-one-zone"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let topology = cx.topology;
    for balancer in balancers(cx) {
        let Some(place) = balancer.subnets_place() else { continue };
        let own: Vec<_> = balancer.is.subnets.iter().filter_map(|id| topology[*id].zone.as_deref()).collect();
        let mut outside: BTreeMap<&str, usize> = BTreeMap::new();
        for node in &balancer.is.targets {
            let zone = topology[topology[*node].subnet].zone.as_deref();
            if let Some(zone) = zone.filter(|zone| !own.contains(zone)) {
                *outside.entry(zone).or_default() += 1;
            }
        }
        let count: usize = outside.values().sum();
        if count == 0 {
            continue;
        }
        let zones: Vec<String> = outside.keys().map(|zone| format!("`{zone}`")).collect();
        let zones = zones.join(", ");
        findings.push(
            LINT.finding(
                format!(
                    "{count} of {} targets of `{}` get no traffic",
                    balancer.is.targets.len(),
                    balancer.is.name
                ),
                place,
            )
            .here(format!("no subnet in {zones}, where they are"))
            .why("a Classic Load Balancer forwards to the zones that it stands in and to no others")
            .help(format!("add a subnet in {zones}, or leave `subnets` out for one of each zone")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    #[test]
    fn it_is_told_instead_of_the_one_zone_that_causes_it() {
        let text = super::LINT.bad.replace("subnets: [a, b]", "subnets: [a]");
        let report = crate::validate(&complete(&text));
        let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
        assert!(ids.contains(&"aws-target-zone"), "{report:#?}");
        assert!(!ids.contains(&"load-balancer-one-zone"), "{report:#?}");
        assert_eq!(report.findings[0].message, "2 of 3 targets of `front` get no traffic");
    }
}
