//! A rule that others make needless.

use super::{Faulty, Needless, Written, faulty, words};
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::StatedRule;

pub(super) const LINT: Lint = Lint {
    id: "redundant-rule",
    severity: Severity::Note,
    summary: "Other rules of the group admit all that a rule admits.",
    reason: "Taking it away changes nothing, and leaving it there hides what is admitted: whoever closes the port by removing one \
             of them has not closed it. AWS counts it among the sixty rules of a group.",
    source: "Equality of the sets of admitted packets with and without the rule.",
    bad: "\
services:
  store: {image: store:3.6.4, placement: node, publish: [7000:7000], traffic-to: store}
security-groups:
  nodes:
    inbound:
      - {port: 7000/tcp, from: self}
      - {port: 7000/tcp, from: nodes}
",
    good: "\
services:
  store: {image: store:3.6.4, placement: node, publish: [7000:7000], traffic-to: store}
security-groups:
  nodes:
    inbound:
      - {port: 7000/tcp, from: self}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let needless = Needless::of(cx);
    for rule in faulty(cx, |rule| needless.is(cx, rule)) {
        let covering = || rule.rules.iter().flat_map(|rule| &rule.covered_by).map(|id| &cx.admission[*id]);
        let others = if rule.rules.iter().all(|rule| rule.covered_by.len() == 1) {
            "another rule admits"
        } else {
            "other rules together admit"
        };
        let edits = rule.spans().into_iter().map(|span| Edit::Remove { span }).collect();
        let finding = LINT
            .finding(format!("{others} all of {}", rule.words()), rule.place())
            .why("taking it away changes nothing, and closing the port takes more than removing one of them");
        // Where the other one is wider than anybody is known to need, or the text is another group's as well, a person has
        // to choose.
        let stays = |other: &StatedRule| {
            other.is_tight() || rule.rules.iter().all(|rule| other.packets.is_subset(&rule.packets))
        };
        let mut finding = if is_shared(cx, &rule) {
            finding.help("take it away").suggest(edits)
        } else if covering().all(stays) {
            finding.help("take it away").fix(edits)
        } else {
            finding.help("take away the one that is not meant").suggest(edits)
        };
        for other in covering().take(4) {
            if let Some(written) = Written::of(cx, other) {
                finding = finding.also(written.place(other), words(other, &written));
            }
        }
        findings.push(finding);
    }
}

/// Whether the rule's text is the rule of several groups, by an alias.
fn is_shared(cx: &Context<'_>, rule: &Faulty<'_>) -> bool {
    let groups = cx.document.security_groups.values();
    let spans = groups.flat_map(|group| {
        let outbound = group.outbound.iter().flatten().map(|rule| rule.span);
        group.inbound.iter().map(|rule| rule.span).chain(outbound)
    });
    spans.filter(|span| *span == rule.written.span).count() > 1
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Applicability, Diagnostic};
    use crate::validate;
    use crate::validate::complete;

    const STORE: &str =
        "services: {store: {image: 'a:1', placement: node, publish: ['2379:2379'], traffic-to: store}}\n";

    fn findings(rules: &str) -> Vec<Diagnostic> {
        let report =
            validate(&complete(&format!("{STORE}security-groups: {{nodes: {{inbound: [{rules}]}}}}\n")));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.into_iter().filter(|finding| !finding.id.contains("unpinned")).collect()
    }

    fn ids(rules: &str) -> Vec<&'static str> {
        findings(rules).iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn the_narrow_rules_beside_one_that_is_open_to_the_world_are_not_the_fault() {
        for world in ["internet", "0.0.0.0/0"] {
            let rules = format!(
                "{{port: 22/tcp, from: 198.51.100.0/24}}, {{port: any, from: {world}}}, {{port: 2379/tcp, from: self}}"
            );
            assert_eq!(ids(&rules), ["world-open"]);
        }
    }

    #[test]
    fn the_narrow_rule_beside_one_that_is_wider_than_its_flows_is_not_the_fault() {
        assert_eq!(
            ids("{port: 2379/tcp, from: self}, {port: 2000-2999/tcp, from: self}"),
            ["rule-wider-than-flows"]
        );
    }

    #[test]
    fn of_two_rules_for_nobody_both_are() {
        let rules =
            "{port: 2379/tcp, from: self}, {port: 6000-6999/tcp, from: self}, {port: 6100/tcp, from: self}";
        assert_eq!(ids(rules), ["unused-rule", "unused-rule"]);
    }

    #[test]
    fn a_rule_that_is_there_twice_is_needless_once_whatever_else_it_is() {
        let rules = "{port: 2000-2999/tcp, from: self}, {port: 2000-2999/tcp, from: self}";
        assert_eq!(ids(rules), ["rule-wider-than-flows", "redundant-rule"]);
    }

    #[test]
    fn it_is_taken_out_unasked_only_where_what_stays_is_as_narrow_as_can_be() {
        let fix = |rules: &str| {
            let found = findings(rules);
            let [one] = found.as_slice() else { panic!("{rules}: {found:#?}") };
            assert_eq!(one.id, "redundant-rule", "{rules}");
            one.fix.clone().map(|fix| fix.applicability)
        };
        let used = "{port: 2379/tcp, from: self}";
        assert_eq!(
            fix(&format!("{used}, {{port: 2379/tcp, from: 10.0.1.10/32}}")),
            Some(Applicability::Safe)
        );
        // It holds addresses that nobody has: one of the two says more than was meant.
        assert_eq!(
            fix(&format!("{used}, {{port: 2379/tcp, from: 10.0.0.0/16}}")),
            Some(Applicability::Suggested)
        );
        // Who comes from outside is not declared, so that nobody knows which of the two they need.
        let outside = |second: &str| {
            format!("{used}, {{port: 22/tcp, from: 198.51.100.0/24}}, {{port: 22/tcp, from: {second}}}")
        };
        assert_eq!(fix(&outside("198.51.100.0/28")), Some(Applicability::Suggested));
        assert_eq!(fix(&outside("198.51.100.0/24")), Some(Applicability::Safe));
    }
}
