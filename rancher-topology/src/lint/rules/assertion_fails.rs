//! A sentence of the topology that is not true.

use crate::diagnostic::{Diagnostic, Severity};
use crate::flow::End;
use crate::lint::{Context, Findings, Found, Lint};
use crate::reach::{Change, Counterexample, Hop, HopKind, Reach, Whom};
use crate::topology::Assertion;

pub(super) const LINT: Lint = Lint {
    id: "assertion-fails",
    severity: Severity::Error,
    summary: "What the topology asserts of who can reach whom is not true.",
    reason: "Under `assert` a topology says what has to stay true whoever changes a rule, a published port or a load balancer: \
             `internet cannot reach store`, `web can reach store on 6379/tcp`. `can` means that every one of the subject reaches \
             every one of the object, `cannot` that nobody reaches any of them; without a port, on any port that is listened on. A port of a node, a \
             load balancer or a database that is written down must be closed, also while nobody listens there. \
             The finding shows a packet that contradicts the sentence, and what lets it through or stops it.",
    source: "The document itself; what a rule admits: AWS, Amazon VPC User Guide, \"Control traffic to your AWS resources using \
             security groups\".",
    bad: "\
services:
  web: {image: web:1.4.2, placement: node, publish: [8443:8443]}
security-groups:
  nodes:
    inbound:
      - {port: 8443/tcp, from: 198.51.100.0/24, purpose: the office}
assert:
  - internet cannot reach web
",
    good: "\
services:
  web: {image: web:1.4.2, placement: node, publish: [8443:8443]}
security-groups:
  nodes:
    inbound:
      - {port: 8443/tcp, from: 198.51.100.0/24, purpose: the office}
assert:
  - 198.51.100.0/24 can reach web on 8443/tcp
  - 203.0.113.0/24 cannot reach web
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.topology.assertions.is_empty() {
        return;
    }
    let reach = Reach::of(cx.topology, &cx.flows, &cx.policy);
    for assertion in &cx.topology.assertions {
        if let Some(found) = reach.contradicted(assertion) {
            findings.push(finding(cx, assertion, &found));
        }
    }
}

fn finding(cx: &Context<'_>, assertion: &Assertion, found: &Counterexample) -> Diagnostic {
    let topology = cx.topology;
    let (client, server) = (found.client.name(topology), found.server.name(topology));
    let on = found.ports.map_or_else(String::new, |ports| format!(" on {ports}"));
    let word = match (assertion.can, found.certain) {
        (true, true) => "cannot reach",
        (true, false) => "may not reach",
        (false, true) => "can reach",
        (false, false) => "may reach",
    };
    let finding = LINT.finding(format!("`{client}` {word} `{server}`{on}"), assertion.span);
    // Where the packet is seen by the network, not inside a node.
    let wire = |hop: &&Hop| !hop.admitted.is_empty() || !hop.refused.is_empty() || !hop.doubts.is_empty();
    let packet = found.way.hops.iter().rfind(wire).or(found.way.hops.last());
    let packet = packet.map_or_else(String::new, |hop| {
        let source =
            if hop.kind == HopKind::Opens { source(cx, &found.client, hop) } else { hop.source.clone() };
        let protocol = found.ports.map_or("tcp", |ports| ports.protocol.as_str());
        format!("a packet from {source} to {}:{}/{protocol}", hop.destination, hop.ports.first())
    });
    if assertion.can {
        let refused: Vec<&str> = found.way.refusals().map(|refusal| refusal.words.as_str()).collect();
        let doubts = found.way.hops.iter().flat_map(|hop| hop.doubts.iter().map(String::as_str));
        let reasons: Vec<&str> = refused.into_iter().chain(doubts).collect();
        let is_stopped = if found.way.refusals().next().is_some() { "is stopped" } else { "may be stopped" };
        let mut finding = finding.here(format!("{packet} {is_stopped}: {}", reasons.join("; ")));
        let changes = found.way.changes();
        for change in changes.iter().take(3) {
            if let Some(place) = change.place {
                finding = finding.also(place, format!("`{}` is missing here", change.line));
            }
        }
        let write = |change: &&Change| {
            let all: Vec<String> =
                change.with.iter().chain([&change.line]).map(|line| format!("`{line}`")).collect();
            format!("{} in {}", all.join(" and "), change.to)
        };
        let lines: Vec<String> = changes.iter().map(write).collect();
        return finding.help(if lines.is_empty() {
            "state what is not certain here, or take the sentence back".to_owned()
        } else {
            format!("write {}; or take the sentence back", lines.join(", "))
        });
    }
    let doubts: Vec<&str> =
        found.way.hops.iter().flat_map(|hop| hop.doubts.iter().map(String::as_str)).collect();
    let mut finding = finding.here(if found.certain {
        format!("{packet} gets there")
    } else {
        format!("{packet} may get there: {}", doubts.join("; "))
    });
    if let Some(refusal) = found.way.refusals().next() {
        finding = finding.why(format!("{}, but who does from now on is reached", refusal.words));
    }
    let rules = found.way.hops.iter().flat_map(|hop| &hop.admitted);
    for admitted in rules.filter(|admitted| admitted.place.is_some()).take(3) {
        finding = finding.also(admitted.place.unwrap_or_default(), "this rule admits it".to_owned());
    }
    finding.help("narrow what lets it through, or take the sentence back")
}

/// An address of the client that a packet can have as its source.
fn source(cx: &Context<'_>, client: &Whom, hop: &Hop) -> String {
    match client {
        Whom::Internet(addresses) | Whom::Addresses(addresses) => addresses
            .as_networks()
            .first()
            .map_or_else(|| hop.source.clone(), |net| net.hosts().next().unwrap_or(net.addr()).to_string()),
        Whom::End(End::Node(node)) => cx.topology[*node].address.to_string(),
        Whom::End(_) => hop.source.clone(),
    }
}
