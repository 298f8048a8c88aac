//! A rule that admits more than the flows that use it.

use std::collections::BTreeSet;

use super::{Faulty, Needless, faulty, is_wide_in_peers, is_wide_in_ports, list};
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Member, StatedRule};

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
    let needless = Needless::of(cx);
    for rule in faulty(cx, |rule| is_wide_in_peers(rule) && !needless.is(cx, rule)) {
        findings.push(of_peers(cx, &rule));
    }
    let in_ports = |rule: &StatedRule| is_wide_in_ports(rule) && !is_wide_in_peers(rule);
    for rule in faulty(cx, |rule| in_ports(rule) && !needless.is(cx, rule)) {
        findings.push(
            LINT.finding(format!("{} is wider than its flows", rule.words()), rule.written.port)
                .here(format!("no flow needs {}", rule.rules[0].excess.services))
                .help("name the ports that are needed"),
        );
    }
}

fn of_peers(cx: &Context<'_>, rule: &Faulty<'_>) -> Diagnostic {
    let topology = cx.topology;
    let members: BTreeSet<Member> =
        rule.rules.iter().flat_map(|rule| rule.excess.members.iter().copied()).collect();
    let mut others: Vec<String> = Vec::new();
    if rule.rules.iter().any(|rule| rule.excess.internet) {
        others.push("the internet".to_owned());
    }
    others.extend(members.into_iter().map(|member| match member {
        Member::Pool(id) => format!("`{}`", topology[id].name),
        Member::LoadBalancer(id) => format!("`{}`", topology[id].name),
        Member::Database(id) => format!("`{}`", topology[id].name),
    }));
    let place = match rule.written.peers.as_ref() {
        [one] => one.span,
        _ => rule.place(),
    };
    let finding = LINT
        .finding(format!("{} is wider than its flows", rule.words()), place)
        .here(format!("admits {} as well", list(&others)));
    let narrowest: BTreeSet<String> =
        rule.rules.iter().flat_map(|rule| &rule.excess.narrowest).map(ToString::to_string).collect();
    let narrowest: Vec<String> = narrowest.into_iter().collect();
    match (narrowest.as_slice(), rule.written.peers.len()) {
        ([], _) => finding.help("name its clients alone"),
        ([one], 1) => finding
            .help(format!("write `{one}`"))
            .suggest(vec![Edit::Replace { span: place, text: one.clone() }]),
        ([one], _) => finding.help(format!("`{one}` is enough in their place")),
        (several, _) => finding.help(format!("`[{}]` is enough", several.join(", "))),
    }
}
