//! A rule that admits more than the flows that use it.

use super::{Written, list, words};
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Member, StatedRule, Usage};

pub(super) const LINT: Lint = Lint {
    id: "rule-wider-than-flows",
    severity: Severity::Note,
    summary: "A rule admits ports or peers that none of its flows is for.",
    reason: "What is admitted and not needed is what an intruder uses to get from one machine to the next. A rule that names the \
             group of its clients admits these and follows them when their addresses change.",
    source: "NIST SP 800-41 Rev. 1, section 4.1: deny by default, admit what is needed.",
    bad: "\
services:
  store: {image: store:3.6.4, placement: node, publish: [7000:7000], traffic-to: store}
security-groups:
  nodes:
    inbound:
      - {port: 7000-7999/tcp, from: self}
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
    for rule in cx.admission.rules().iter().filter(|rule| matches!(rule.usage, Usage::Flows(_))) {
        let Some(written) = Written::of(cx, rule) else { continue };
        let excess = &rule.excess;
        if excess.internet || !excess.members.is_empty() {
            findings.push(of_peers(cx, rule, &written));
        } else if !excess.services.is_empty() {
            findings.push(
                LINT.finding(format!("{} is wider than its flows", words(rule, &written)), written.port)
                    .here(format!("no flow needs {}", excess.services))
                    .help("name the ports that are needed"),
            );
        }
    }
}

fn of_peers(cx: &Context<'_>, rule: &StatedRule, written: &Written<'_>) -> Diagnostic {
    let topology = cx.topology;
    let mut others: Vec<String> = Vec::new();
    if rule.excess.internet {
        others.push("the internet".to_owned());
    }
    others.extend(rule.excess.members.iter().map(|member| match member {
        Member::Pool(id) => format!("`{}`", topology[*id].name),
        Member::LoadBalancer(id) => format!("`{}`", topology[*id].name),
        Member::Database(id) => format!("`{}`", topology[*id].name),
    }));
    let place = written.peer(rule).map_or(written.span, |peer| peer.span);
    let finding = LINT
        .finding(format!("{} is wider than its flows", words(rule, written)), place)
        .here(format!("admits {} as well", list(&others)));
    let narrowest: Vec<String> = rule.excess.narrowest.iter().map(ToString::to_string).collect();
    match narrowest.as_slice() {
        [] => finding.help("name its clients alone"),
        [one] => finding
            .help(format!("write `{one}`"))
            .suggest(vec![Edit::Replace { span: place, text: one.clone() }]),
        several => finding.help(format!("write `[{}]`", several.join(", "))),
    }
}
