//! A rule that others make needless.

use super::{Faulty, Written, faulty, words};
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
    for rule in faulty(cx, |rule| !rule.covered_by.is_empty()) {
        let covering = || rule.rules.iter().flat_map(|rule| &rule.covered_by).map(|id| &cx.admission[*id]);
        let others = if rule.rules.iter().all(|rule| rule.covered_by.len() == 1) {
            "another rule admits"
        } else {
            "other rules together admit"
        };
        let edits = rule.spans().into_iter().map(|span| Edit::Remove { span }).collect();
        let mut finding = LINT
            .finding(format!("{others} all of {}", rule.words()), rule.place())
            .why("taking it away changes nothing, and closing the port takes more than removing one of them")
            .help("take it away");
        // Where the other one is too wide, or the text is another group's as well, a person has to choose.
        let too_wide = covering().any(|other| other.excess.internet || !other.excess.members.is_empty());
        finding = if too_wide || is_shared(cx, &rule) { finding.suggest(edits) } else { finding.fix(edits) };
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
