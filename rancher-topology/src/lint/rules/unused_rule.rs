//! A rule that no flow uses.

use super::{Needless, faulty, forgotten_peer, is_forgotten};
use crate::diagnostic::{Edit, Severity};
use crate::flow::{Flow, Party, Route};
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Direction, Member, RulePeer, StatedRule, Usage};

pub(super) const LINT: Lint = Lint {
    id: "unused-rule",
    severity: Severity::Warning,
    summary: "No flow of the topology uses a rule.",
    reason: "Either the topology does not say who needs it, or nobody does: a port that is open for nothing is open for whatever \
             will listen there next. Clients outside the network, and those in it that are none of \
             the nodes, are not part of a topology: a rule for them counts as unused only where nothing answers.",
    source: "NIST SP 800-41 Rev. 1, section 4.1: deny by default, admit what is needed.",
    bad: "\
security-groups:
  nodes:
    inbound:
      - {port: 7999/tcp, from: self, purpose: long forgotten}
",
    good: "\
security-groups:
  nodes:
    inbound: []
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let needless = Needless::of(cx);
    let unused = |rule: &StatedRule| {
        !needless.is(cx, rule)
            && matches!(rule.usage, Usage::Unused | Usage::Nobody)
            // That nothing is in a group is told of the group.
            && !is_forgotten(cx, rule.group)
            && forgotten_peer(cx, rule).is_none()
            && lost_flow(cx, rule).is_none()
    };
    for rule in faulty(cx, unused) {
        let why = match (&rule.rules[0].usage, rule.rules[0].direction) {
            (Usage::Nobody, _) => "its group, or the group that it names, has no members",
            (_, Direction::Inbound) => {
                "a port that is open for nothing is open for whatever listens there next"
            }
            (_, Direction::Outbound) => "what may leave and need not is a way out for an intruder",
        };
        findings.push(
            LINT.finding(format!("no flow uses {}", rule.words()), rule.place())
                .why(why)
                .help("take it away, or say under `traffic-to` who needs it")
                .suggest(rule.spans().into_iter().map(|span| Edit::Remove { span }).collect()),
        );
    }
}

/// A flow that leads nowhere and may have been meant for what a rule admits. It is told of itself; what it would have used is
/// not unused for a reason of its own.
pub(crate) fn lost_flow<'c>(cx: &'c Context<'_>, rule: &StatedRule) -> Option<&'c Flow> {
    cx.flows.flows().find(|flow| flow.route == Route::Nowhere && would_use(cx, flow, rule))
}

fn would_use(cx: &Context<'_>, flow: &Flow, rule: &StatedRule) -> bool {
    match (flow.client, flow.server) {
        (_, Party::Service(server)) => {
            let owner = &cx.topology[cx.topology.namespace_service(server)];
            let published = owner.publish.iter().map(|publish| (publish.protocol, publish.host));
            let listened = cx.topology[server].listen.iter().map(|ports| (ports.protocol, ports.range));
            published.chain(listened).any(|(protocol, range)| rule.traffic.admits(protocol, range))
        }
        (Party::LoadBalancer(balancer), _) => {
            let own = cx.policy.groups_of(Member::LoadBalancer(balancer));
            rule.peers.iter().any(|peer| matches!(peer, RulePeer::Group(group) if own.contains(group)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    fn found(rule: &str) -> usize {
        let report = validate(&complete(&format!("security-groups: {{nodes: {{inbound: [{rule}]}}}}\n")));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.iter().filter(|finding| finding.id == "unused-rule").count()
    }

    #[test]
    fn who_is_none_of_the_nodes_cannot_be_declared() {
        // Administrators in the network, in a range of their own or in a part of a subnet.
        assert_eq!(found("{port: 22/tcp, from: 10.0.9.0/24}"), 0);
        assert_eq!(found("{port: 22/tcp, from: 10.0.1.128/25}"), 0);
        assert_eq!(found("{port: 22/tcp, from: 203.0.113.0/24}"), 0);
        // Nodes are declared, and where nothing answers nobody has a use for it.
        assert_eq!(found("{port: 23/tcp, from: self}"), 1);
        assert_eq!(found("{port: 23/tcp, from: 10.0.9.0/24}"), 1);
        assert_eq!(found("{port: 53/udp, from: self}"), 1);
    }

    #[test]
    fn an_overlay_that_nobody_is_said_to_carry_has_its_tunnels() {
        let tunnels = |carried_by: &str| {
            let text = format!(
                "\
overlays: {{managed: {{cidr: 10.42.0.0/16{carried_by}}}}}
services:
  agent: {{image: 'agent:1.0.1', placement: node, listen: []}}
security-groups:
  nodes: {{inbound: [{{port: 500/udp, from: self}}, {{port: 4500/udp, from: self}}]}}
"
            );
            let report = validate(&complete(&text));
            assert!(report.topology.is_some(), "{:#?}", report.findings);
            report.findings.iter().filter(|finding| finding.id == "unused-rule").count()
        };
        assert_eq!(tunnels(""), 0);
        assert_eq!(tunnels(", carried-by: agent"), 2);
    }

    #[test]
    fn people_who_log_in_from_a_node_cannot_be_declared() {
        for peer in ["self", "10.0.1.0/24", "10.0.1.10/32"] {
            assert_eq!(found(&format!("{{port: 22/tcp, from: {peer}}}")), 0, "{peer}");
        }
        let text = "\
services:
  names: {image: bind9:9.18.1, placement: node, publish: ['53:53', '53:53/udp']}
security-groups:
  nodes:
    inbound:
      - {port: 53/tcp, from: 10.0.0.0/16}
      - {port: 53/udp, from: 10.0.0.0/16}
";
        let report = validate(&complete(text));
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
    }
}
