//! A load balancer in one zone of several.

use std::collections::BTreeSet;

use super::balancers;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::topology::SubnetId;

pub(super) const LINT: Lint = Lint {
    id: "load-balancer-one-zone",
    severity: Severity::Warning,
    summary: "A load balancer stands in one zone, and has targets in others.",
    reason: "The zone that fails takes the entrance along: the targets in the other zones live, and nobody reaches them. Until \
             then, whatever is meant for them crosses zones. Where all targets are in the load balancer's own zone, that is \
             not the load balancer's fault, and is not told here.",
    source: "Elastic Load Balancing User Guide, \"How Elastic Load Balancing works\": enable several Availability Zones, so \
             that traffic still flows when one is unavailable.",
    bad: web_on_8080!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    subnets: a
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
"
    ),
    good: web_on_8080!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    subnets: [a, b, c]
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
"
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let zone = |subnet: SubnetId| cx.topology[subnet].zone.as_deref();
    for balancer in balancers(cx) {
        let Some(place) = balancer.subnets_place() else { continue };
        let own: BTreeSet<Option<&str>> = balancer.is.subnets.iter().map(|subnet| zone(*subnet)).collect();
        let (Some(Some(only)), 1) = (own.first(), own.len()) else { continue };
        let targets = balancer.is.targets.iter().filter_map(|node| zone(cx.topology[*node].subnet));
        let others: BTreeSet<&str> = targets.filter(|zone| zone != only).collect();
        if others.is_empty() {
            continue;
        }
        let others: Vec<String> = others.iter().take(3).map(|zone| format!("`{zone}`")).collect();
        findings.push(
            LINT.finding(format!("`{}` stands in zone `{only}` only", balancer.is.name), place)
                .here(format!("it has targets in {} as well", others.join(", ")))
                .why(format!("when zone `{only}` fails, nobody reaches what lives in the others"))
                .help("name one subnet of each zone, or leave `subnets` out"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::validate::complete;

    #[test]
    fn where_all_targets_are_in_its_zone_another_subnet_would_help_nobody() {
        let text = "\
nodes:
  node: {count: 3, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: nodes}
load-balancers:
  front:
    targets: node
    subnets: a
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
";
        let report = crate::validate(&complete(text));
        assert!(report.topology.is_some(), "{report:#?}");
        assert!(report.findings.iter().all(|f| f.id != "load-balancer-one-zone"), "{report:#?}");
    }
}
