//! A rule that no flow uses.

use super::faulty;
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Direction, Usage};

pub(super) const LINT: Lint = Lint {
    id: "unused-rule",
    severity: Severity::Warning,
    summary: "No flow of the topology uses a rule.",
    reason: "Either the topology does not say who needs it, or nobody does: a port that is open for nothing is open for whatever \
             will listen there next. Clients outside the network are not part of a topology, so a rule for them counts as \
             unused only where nothing answers.",
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
    let unused = |rule: &crate::policy::StatedRule| {
        rule.covered_by.is_empty() && matches!(rule.usage, Usage::Unused | Usage::Nobody)
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
