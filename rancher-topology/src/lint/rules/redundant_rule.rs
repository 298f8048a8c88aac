//! A rule that others make needless.

use super::{Written, words};
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};

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
    instead_of: &["rule-wider-than-flows"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for rule in cx.admission.rules().iter().filter(|rule| !rule.covered_by.is_empty()) {
        let Some(written) = Written::of(cx, rule) else { continue };
        let place = written.place(rule);
        let others =
            if rule.covered_by.len() == 1 { "another rule admits" } else { "other rules together admit" };
        let mut finding = LINT
            .finding(format!("{others} all of {}", words(rule, &written)), place)
            .why("taking it away changes nothing, and closing the port takes more than removing one of them")
            .help("take it away")
            .fix(vec![Edit::Remove { span: place }]);
        for other in rule.covered_by.iter().take(4) {
            let other = &cx.admission[*other];
            if let Some(written) = Written::of(cx, other) {
                finding = finding.also(written.place(other), words(other, &written));
            }
        }
        findings.push(finding);
    }
}
