//! A rule that lets the internet into a load balancer which the internet does not reach.

use std::collections::BTreeSet;

use super::balancers;
use crate::diagnostic::{Severity, Span};
use crate::document::{Scheme, Spanned};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::Peer;
use crate::topology::{GroupId, Origin};

pub(super) const LINT: Lint = Lint {
    id: "internal-balancer-open",
    severity: Severity::Warning,
    summary: "A rule lets the whole internet into the group of an internal load balancer.",
    reason: "An internal load balancer has private addresses only, so nobody on the internet comes through such a rule. One of \
             the two is not what was meant: either people are to come in and cannot, or the rule waits for the \
             day on which the scheme is changed or the network is joined with another, and then admits everybody who is there.",
    source: "User Guide for Classic Load Balancers, \"Internal Classic Load Balancers\": their names resolve to private \
             addresses.",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    scheme: internal
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
  worker: {image: worker:2.1.0, placement: node, traffic-to: \"front:80\"}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: 0.0.0.0/0, purpose: workers}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
",
    good: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    scheme: internal
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080]}
  worker: {image: worker:2.1.0, placement: node, traffic-to: \"front:80\"}
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: nodes, purpose: workers}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
",
    instead_of: &["world-open", "unused-rule", "rule-wider-than-flows"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let topology = cx.topology;
    // What other members of a group are reached by, its rules may be for.
    let pools = topology.pools.iter().flat_map(|pool| &pool.groups);
    let facing = topology.load_balancers.iter().filter(|balancer| *balancer.scheme == Scheme::InternetFacing);
    let shared: BTreeSet<GroupId> =
        pools.chain(facing.flat_map(|balancer| &balancer.groups)).copied().collect();
    let mut told: BTreeSet<GroupId> = BTreeSet::new();
    for balancer in balancers(cx) {
        let Some(scheme) = &balancer.said.scheme else { continue };
        if *balancer.is.scheme != Scheme::Internal || balancer.is.scheme.origin != Origin::Stated {
            continue;
        }
        for group in &balancer.is.groups {
            if shared.contains(group) || !told.insert(*group) {
                continue;
            }
            let Some((name, said)) = cx.document.security_groups.get_index(group.position()) else {
                continue;
            };
            let open: Vec<(Span, String)> = said
                .inbound
                .iter()
                .filter_map(|rule| {
                    let peer = rule.from.iter().find(|peer| is_everybody(peer))?;
                    let place = if rule.from.len() > 1 { peer.span } else { rule.span };
                    Some((place, format!("{} from {}", rule.port.value, peer.value)))
                })
                .collect();
            for (place, words) in open {
                let message = format!(
                    "`{}` is internal, and its group `{}` is open to the internet",
                    balancer.is.name, name.value
                );
                findings.push(
                    LINT.finding(message, place)
                        .here(words)
                        .also(scheme.span, "it has private addresses only")
                        .why("nobody on the internet can come through this rule, so either it or the scheme is not what was meant")
                        .help(format!(
                            "name the networks that its clients come from, as in `{}`, or write `scheme: internet-facing`",
                            topology.network.cidr
                        )),
                );
            }
        }
    }
}

fn is_everybody(peer: &Spanned<Peer>) -> bool {
    match &peer.value {
        Peer::Internet => true,
        Peer::Network(net) => net.prefix_len() == 0,
        Peer::Itself | Peer::Group(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate::complete;

    #[test]
    fn a_group_that_others_are_in_too_may_be_open_for_them() {
        let found = |text: &str| {
            let report = crate::validate(&complete(text));
            assert!(report.topology.is_some(), "{report:#?}");
            report.findings.iter().filter(|finding| finding.id == LINT.id).count()
        };
        assert_eq!(found(LINT.bad), 1);
        assert_eq!(found(&LINT.bad.replace("scheme: internal", "scheme: internet-facing")), 0);
        let second = "load-balancers:
  back:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
";
        assert_eq!(found(&LINT.bad.replace("load-balancers:\n", second)), 0);
    }
}
