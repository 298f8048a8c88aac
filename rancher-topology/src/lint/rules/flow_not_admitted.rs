//! A flow that no rule admits.

use std::collections::BTreeMap;

use super::list;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Blocked, Direction, GroupRef, ShutOut};

pub(super) const LINT: Lint = Lint {
    id: "flow-not-admitted",
    severity: Severity::Error,
    summary: "A connection that the topology needs is admitted by no security rule.",
    reason: "The packets are dropped without an answer: the client waits until it gives up, and its log says \"timeout\", \
             not which rule is missing. A ZooKeeper whose members do not reach each other never finds a leader, and what needs \
             it waits for ever.",
    source: "AWS, Amazon VPC User Guide, \"Control traffic to your AWS resources using security groups\": what no rule allows is \
             dropped. rancher/rancher issues 4685, 4709 and 4738 are clusters that waited for that reason.",
    bad: "\
services:
  api: {image: api:1.4.2, placement: node, traffic-to: cache}
  cache: {image: cache:7.2.4, placement: node, publish: [7000:7000]}
",
    good: "\
services:
  api: {image: api:1.4.2, placement: node, traffic-to: cache}
  cache: {image: cache:7.2.4, placement: node, publish: [7000:7000]}
security-groups:
  nodes:
    inbound:
      - {port: 7000/tcp, from: self, purpose: cache}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(cx, findings, &LINT, true);
}

/// Reports flows that are shut out for certain, or that may be. A rule that is missing is one cause, however many flows miss it.
pub(super) fn report(cx: &Context<'_>, findings: &mut Findings, lint: &'static Lint, certain: bool) {
    let mut missing: BTreeMap<(Direction, &[GroupRef], String), Vec<&Blocked>> = BTreeMap::new();
    for blocked in cx.admission.blocked().iter().filter(|blocked| blocked.certain == certain) {
        let key = (blocked.direction, blocked.groups.as_slice(), blocked.services.to_string());
        missing.entry(key).or_default().push(blocked);
    }
    for ((direction, groups, services), blocked) in missing {
        let Some(first) = blocked.first() else { continue };
        let names: Vec<String> = groups.iter().map(|group| format!("`{}`", cx.policy[*group].name)).collect();
        let (preposition, peers, key) = match direction {
            Direction::Inbound => ("from", ends(cx, blocked.iter().flat_map(|one| &one.from)), "inbound"),
            Direction::Outbound => ("to", ends(cx, blocked.iter().flat_map(|one| &one.to)), "outbound"),
        };
        let part = if certain { "admits" } else { "admits all that may come of" };
        let message = format!("no rule of {} {part} {services} {preposition} {}", list(&names), list(&peers));
        let group_place =
            groups.first().and_then(|group| cx.document.security_groups.get_index(group.position()));
        let group_span = group_place.map(|(name, _)| name.span);
        let flow = &cx.flows[first.flow];
        let stated = |span: crate::Span| span.end > span.start;
        let place = Some(flow.span).filter(|span| stated(*span)).or(group_span).unwrap_or_default();
        let text = |one: &Blocked| {
            let flow = &cx.flows[one.flow];
            format!("`{}` to `{}`", flow.client.name(cx.topology), flow.server.name(cx.topology))
        };
        let mut finding = lint.finding(message, place).here(text(first));
        for other in blocked.iter().skip(1).take(4).filter(|other| stated(cx.flows[other.flow].span)) {
            finding = finding.also(cx.flows[other.flow].span, text(other));
        }
        if let Some(span) = group_span.filter(|span| *span != place) {
            finding = finding.also(span, "its rules would have to admit it");
        }
        let group = groups.first().map(|group| cx.policy[*group].name.to_string()).unwrap_or_default();
        let (word, peer) =
            (if direction == Direction::Inbound { "from" } else { "to" }, peer(cx, first, direction));
        findings.push(
            finding
                .why("the packets are dropped, and the client waits until it gives up")
                .help(format!("add to `{key}` of `{group}`: `- {{port: {services}, {word}: {peer}}}`")),
        );
    }
}

fn ends<'a>(cx: &Context<'_>, ends: impl Iterator<Item = &'a ShutOut>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for end in ends {
        let name = if end.all || end.nodes.is_empty() {
            format!("`{}`", end.party.name(cx.topology))
        } else {
            let nodes: Vec<String> =
                end.nodes.iter().map(|node| format!("`{}`", cx.topology[*node].name)).collect();
            list(&nodes)
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The peer that a rule would name for it.
fn peer(cx: &Context<'_>, blocked: &Blocked, direction: Direction) -> String {
    let others = match direction {
        Direction::Inbound => &blocked.from,
        Direction::Outbound => &blocked.to,
    };
    let groups = others.iter().filter_map(|end| cx.policy.group_of(end.party));
    match groups.clone().next() {
        Some(group) if blocked.groups.contains(&group) => "self".to_owned(),
        Some(group) if group.position() < cx.document.security_groups.len() => {
            cx.policy[group].name.to_string()
        }
        Some(_) => "its subnets".to_owned(),
        None => "internet".to_owned(),
    }
}
