//! What programs get of a tightening.

use rancher_gen::report::Source;
use rancher_gen::report::place::Lines;
use rancher_topology::policy::Endpoints;
use rancher_topology::tighten::{Admitted, Kept, RulePackets, RuleWords, Tightened, Widened};
use schemars::{JsonSchema, Schema};
use serde::Serialize;

/// The least rules that still admit every flow.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Tightening")]
#[serde(rename_all = "kebab-case")]
struct Printed {
    /// The file that was read.
    file: String,
    /// Whether nothing is to be done: not by the diff, and not by a person.
    tight: bool,
    /// Whether the diff is all that can be done to the text; otherwise tightening it again goes on.
    finished: bool,
    /// How many rules there were, each peer of a rule counted.
    rules_before: usize,
    /// How many there are.
    rules_after: usize,
    /// What is admitted no longer.
    closed: Vec<Part>,
    /// What is admitted anew beyond these flows, as a rule is for all members of its group and of its peer. The lines are
    /// those of the new text.
    opened: Vec<Part>,
    /// Flows that were shut out and are not any more.
    admitted: Vec<Flow>,
    /// Flows that are shut out still.
    missing: Vec<Flow>,
    /// Rules that admit more than flows need, and stay.
    kept: Vec<KeptRule>,
    /// Rules that admit more than flows need, so that they are not more than the provider gives a group.
    widened: Vec<WidenedRule>,
    /// Groups that have more rules in a direction than the provider gives.
    crowded: Vec<List>,
    /// A unified diff of the text.
    diff: String,
    /// The new text.
    text: String,
}

/// A rule with one peer, as it was written.
#[derive(Serialize, JsonSchema)]
struct Rule {
    group: String,
    /// `inbound` or `outbound`.
    direction: &'static str,
    /// `22/tcp`, `8000-8100/udp`, `icmp`, `any`.
    port: String,
    peer: String,
    /// The line of the file, counted from 1.
    line: usize,
}

/// What a rule of one text admits and no rule of the other one does. The rules of the other end are not asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Part {
    rule: Rule,
    ports: String,
    /// With whom, as networks; what has no fixed address is not among them.
    networks: Vec<String>,
    example: Packet,
    /// What of it people may miss: SSH and ICMP, which are not declared as flows; null where it is nothing.
    for_people: Option<String>,
}

/// A packet, by names or addresses.
#[derive(Serialize, JsonSchema)]
struct Packet {
    from: String,
    to: String,
    port: String,
}

/// A flow in one direction.
#[derive(Serialize, JsonSchema)]
struct Flow {
    client: String,
    server: String,
    ports: String,
    /// Whose rules it is about: `inbound` the server's, `outbound` the client's.
    direction: &'static str,
}

/// A rule that stays.
#[derive(Serialize, JsonSchema)]
struct KeptRule {
    rule: Rule,
    /// Why, in words.
    because: String,
}

/// Peers that were put together.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct WidenedRule {
    group: String,
    /// `inbound` or `outbound`.
    direction: &'static str,
    ports: String,
    peers: Vec<String>,
    /// As many peers as would have admitted nothing else.
    exact_peers: usize,
    /// Who is admitted and needs not be.
    networks: Vec<String>,
}

/// The rules of a group in a direction.
#[derive(Serialize, JsonSchema)]
struct List {
    group: String,
    /// `inbound` or `outbound`.
    direction: &'static str,
}

/// The schema of what is printed for programs.
pub(in crate::cli) fn schema() -> Schema {
    schemars::schema_for!(Printed)
}

pub(super) fn json(source: &Source, tightened: &Tightened, diff: &str) -> String {
    let (lines, new_lines) = (Lines::of(&source.text), Lines::of(&tightened.text));
    let rule_in = |lines: &Lines<'_>, rule: &RuleWords| Rule {
        group: rule.group.clone(),
        direction: rule.direction.as_str(),
        port: rule.traffic.to_string(),
        peer: rule.peer.to_string(),
        line: lines.range(rule.span).0.line,
    };
    let rule = |rule: &RuleWords| rule_in(&lines, rule);
    let part = |rule: Rule, one: &RulePackets| Part {
        rule,
        ports: one.services.to_string(),
        networks: networks(&one.peers),
        example: Packet { from: one.from.clone(), to: one.to.clone(), port: one.service.to_string() },
        for_people: Some(one.for_people()).filter(|own| !own.is_empty()).map(|own| own.to_string()),
    };
    let kept = |one: &Kept| KeptRule { rule: rule(&one.rule), because: super::because(&one.because) };
    let widened = |one: &Widened| WidenedRule {
        group: one.group.clone(),
        direction: one.direction.as_str(),
        ports: one.services.to_string(),
        peers: one.peers.iter().map(ToString::to_string).collect(),
        exact_peers: one.exact,
        networks: networks(&one.others),
    };
    let crowded = tightened.crowded.iter();
    let printed = Printed {
        file: source.name.clone(),
        tight: tightened.is_tight(),
        finished: tightened.finished,
        rules_before: tightened.before,
        rules_after: tightened.after,
        closed: tightened.closed.iter().map(|one| part(rule(&one.rule), one)).collect(),
        opened: tightened.opened.iter().map(|one| part(rule_in(&new_lines, &one.rule), one)).collect(),
        admitted: tightened.admitted.iter().map(flow).collect(),
        missing: tightened.missing.iter().map(flow).collect(),
        kept: tightened.kept.iter().map(kept).collect(),
        widened: tightened.widened.iter().map(widened).collect(),
        crowded: crowded
            .map(|(group, direction)| List { group: group.clone(), direction: direction.as_str() })
            .collect(),
        diff: diff.to_owned(),
        text: tightened.text.clone(),
    };
    crate::cli::json(&printed)
}

fn flow(one: &Admitted) -> Flow {
    Flow {
        client: one.client.clone(),
        server: one.server.clone(),
        ports: one.services.to_string(),
        direction: one.direction.as_str(),
    }
}

fn networks(endpoints: &Endpoints) -> Vec<String> {
    endpoints.as_networks().iter().map(ToString::to_string).collect()
}
