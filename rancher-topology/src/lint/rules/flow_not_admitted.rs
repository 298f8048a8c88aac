//! A flow that no rule admits.

use std::collections::{BTreeMap, BTreeSet};

use super::crossed::Crossed;
use super::{Written, forgotten_peer, list, words};
use crate::diagnostic::{Diagnostic, Edit, MOST_PLACES, Severity, Span};
use crate::flow::{Flow, Party};
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Blocked, Differs, Direction, GroupRef, NearMiss, Services, ShutOut, StatedRule};
use crate::scalar::{Peer, Ports, Traffic};
use crate::topology::Origin;

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
    instead_of: &[
        "unused-rule",
        "misplaced-rule",
        "peer-outside-network",
        "container-port-in-rule",
        "group-without-members",
    ],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(cx, findings, &LINT, true);
}

/// Reports flows that are shut out for certain, or that may be. A rule that is missing is one cause, however many flows miss
/// it; so is one that was written with a slip.
pub(super) fn report(cx: &Context<'_>, findings: &mut Findings, lint: &'static Lint, certain: bool) {
    let mut missing: BTreeMap<Cause<'_>, Vec<&Blocked>> = BTreeMap::new();
    // What a default says that nobody wrote is told of as such.
    let own = |blocked: &&Blocked| blocked.certain == certain && !is_assumed(&cx.flows[blocked.flow]);
    for blocked in cx.admission.blocked().iter().filter(own) {
        missing.entry(Cause::of(cx, lint, blocked)).or_default().push(blocked);
    }
    for (cause, blocked) in missing {
        let Some(first) = blocked.first() else { continue };
        if let Some(crossed) = cause.crossed {
            let finding = with_flows(cx, crossed.finding(cx, lint), &blocked, 2);
            let labels = finding.labels.len() + MOST_PLACES;
            let rules: BTreeSet<Span> =
                blocked.iter().filter_map(|one| Slip::of(cx, one)).map(|slip| slip.place).collect();
            let rules = rules.into_iter().map(|span| (span, "is for the port inside".to_owned()));
            findings.push(finding.also_up_to(labels, rules));
            continue;
        }
        let services = blocked.iter().fold(Services::default(), |all, one| all.union(&one.services));
        let names: Vec<String> =
            first.groups.iter().map(|group| format!("`{}`", cx.policy[*group].name)).collect();
        let (preposition, peers) = match first.direction {
            Direction::Inbound => ("from", ends(cx, blocked.iter().flat_map(|one| &one.from))),
            Direction::Outbound => ("to", ends(cx, blocked.iter().flat_map(|one| &one.to))),
        };
        let part = if certain { "admits" } else { "admits all that may come of" };
        let message = format!("no rule of {} {part} {services} {preposition} {}", list(&names), list(&peers));
        // What is allowed at the flow is told there.
        let slip = if cause.allowed.is_none() { Slip::of(cx, first) } else { None };
        let group = group_place(cx, first);
        let flow = Some(cx.flows[first.flow].span).filter(is_stated);
        let place = slip.as_ref().map(|slip| slip.place).or(flow).or(group).unwrap_or_default();
        let finding = lint
            .finding(message, place)
            .why("the packets are dropped, and the client waits until it gives up");
        findings.push(match slip {
            Some(slip) => slip.told(cx, finding, &blocked, &services),
            None => missed(cx, finding, &blocked, &services, group.filter(|span| *span != place)),
        });
    }
}

/// Where the group stands whose rules decide.
fn group_place(cx: &Context<'_>, blocked: &Blocked) -> Option<Span> {
    let group = cx.document.security_groups.get_index(blocked.groups.first()?.position())?;
    Some(group.0.span)
}

/// What flows that are shut out have in common: the rule that was meant for them, or the one that they miss.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cause<'a> {
    direction: Direction,
    groups: &'a [GroupRef],
    meant: Option<(GroupRef, usize, Differs)>,
    services: Option<String>,
    /// The allowance beside the flow.
    allowed: Option<usize>,
    /// The ports that are published as each other, where that is why.
    crossed: Option<Crossed>,
}

impl<'a> Cause<'a> {
    fn of(cx: &Context<'_>, lint: &Lint, blocked: &'a Blocked) -> Self {
        let meant = blocked.near_miss.map(|miss| {
            let rule = &cx.admission[miss.rule];
            (rule.group, rule.place.rule, miss.differs)
        });
        // But for its ports, a rule that was meant for several has the ports of them all.
        let one_rule_for_all = meant.is_some_and(|(_, _, differs)| differs != Differs::Ports);
        let services = (!one_rule_for_all).then(|| blocked.services.to_string());
        let allowed = cx.allowed(lint, cx.flows[blocked.flow].span);
        if let Some(crossed) = Crossed::of(cx, blocked).filter(|_| allowed.is_none()) {
            let (direction, crossed) = (Direction::Inbound, Some(crossed));
            return Self { direction, groups: &[], meant: None, services: None, allowed, crossed };
        }
        Self {
            direction: blocked.direction,
            groups: &blocked.groups,
            meant,
            services,
            allowed,
            crossed: None,
        }
    }
}

/// No rule is near.
fn missed(
    cx: &Context<'_>,
    finding: Diagnostic,
    blocked: &[&Blocked],
    services: &Services,
    group_place: Option<Span>,
) -> Diagnostic {
    let first = blocked[0];
    let group = first.groups.first().map(|group| cx.policy[*group].name.to_string()).unwrap_or_default();
    let mut finding = with_flows(cx, finding.here(between(cx, first)), &blocked[1..], 4);
    if let Some(span) = group_place {
        finding = finding.also(span, "its rules would have to admit it");
    }
    let (key, word) = (first.direction.as_str(), first.direction.peer_key());
    let peer = peer(cx, first);
    finding.help(format!("add to `{key}` of `{group}`: `- {{port: {services}, {word}: {peer}}}`"))
}

/// The rule that was meant, and what stands there.
struct Slip<'a> {
    differs: Differs,
    rule: &'a StatedRule,
    written: Written<'a>,
    place: Span,
}

impl<'a> Slip<'a> {
    fn of(cx: &'a Context<'_>, blocked: &Blocked) -> Option<Self> {
        let NearMiss { rule, differs, .. } = blocked.near_miss?;
        let rule = &cx.admission[rule];
        let written = Written::of(cx, rule)?;
        let place = match differs {
            Differs::Protocol | Differs::Ports => written.port,
            Differs::Peer => written.peer(rule)?.span,
            Differs::Group => written.span,
        };
        Some(Self { differs, rule, written, place })
    }

    fn told(
        &self,
        cx: &Context<'_>,
        finding: Diagnostic,
        blocked: &[&Blocked],
        services: &Services,
    ) -> Diagnostic {
        let first = blocked[0];
        let group = first.groups.first().map(|group| cx.policy[*group].name.to_string()).unwrap_or_default();
        let instead = match self.differs {
            Differs::Protocol => match self.rule.traffic {
                // A range stays one: some of its ports may be for others.
                Traffic::Ports(ports) => Ports { protocol: ports.protocol.other(), ..ports }.to_string(),
                Traffic::Icmp | Traffic::Any => services.to_string(),
            },
            Differs::Ports => services.to_string(),
            Differs::Peer => {
                if let Some(told) = self.client_forgotten(cx, &finding, blocked) {
                    return told;
                }
                peer(cx, first)
            }
            Differs::Group => {
                let finding = finding.here(format!("did you mean it for `{group}`?"));
                let (key, word) = (first.direction.as_str(), first.direction.peer_key());
                // `self` is another group there.
                let peer = match self.written.peer(self.rule).map(|peer| &peer.value) {
                    Some(Peer::Itself) | None => peer(cx, first),
                    Some(other) => other.to_string(),
                };
                return with_flows(cx, finding, blocked, 5).help(format!(
                    "take it out here, where no flow uses {}, and add to `{key}` of `{group}`: \
                     `- {{port: {}, {word}: {peer}}}`",
                    words(self.rule, &self.written),
                    self.rule.traffic
                ));
            }
        };
        let finding = finding.here(format!("did you mean `{instead}`?"));
        let finding = with_flows(cx, finding, blocked, 5).help(format!(
            "write `{instead}`; as it stands, no flow uses {}",
            words(self.rule, &self.written)
        ));
        // What has no name of its own in a document cannot be written there.
        if instead.contains(' ') {
            return finding;
        }
        finding.suggest(vec![Edit::Replace { span: self.place, text: instead }])
    }
}

impl Slip<'_> {
    /// The rule names a group that nothing is in, and the document puts the client into none.
    fn client_forgotten(
        &self,
        cx: &Context<'_>,
        finding: &Diagnostic,
        blocked: &[&Blocked],
    ) -> Option<Diagnostic> {
        let group = forgotten_peer(cx, self.rule)?;
        let (name, _) = cx.document.security_groups.get_index(group.position())?;
        let others = match self.rule.direction {
            Direction::Inbound => &blocked[0].from,
            Direction::Outbound => &blocked[0].to,
        };
        let client = others.iter().map(|end| end.party).find(|party| {
            cx.policy.group_of(*party).is_some_and(|group| cx.policy[group].origin != Origin::Stated)
        })?;
        let finding = finding.clone().here(format!("nothing is in `{}`", name.value));
        let finding = with_flows(cx, finding, blocked, 4).also(name.span, "its rules hold for nobody");
        Some(finding.help(format!("write `groups: {}` at `{}`", name.value, client.name(cx.topology))))
    }
}

/// Whether a default says a flow, and not the document.
pub(super) fn is_assumed(flow: &Flow) -> bool {
    !is_stated(&flow.span)
}

fn is_stated(span: &Span) -> bool {
    span.end > span.start
}

/// Shows where the document says flows, and between whom they are.
fn with_flows(cx: &Context<'_>, finding: Diagnostic, blocked: &[&Blocked], most: usize) -> Diagnostic {
    let stated = blocked.iter().filter(|one| is_stated(&cx.flows[one.flow].span));
    stated.take(most).fold(finding, |finding, one| finding.also(cx.flows[one.flow].span, between(cx, one)))
}

fn between(cx: &Context<'_>, blocked: &Blocked) -> String {
    let flow = &cx.flows[blocked.flow];
    format!("`{}` to `{}`", flow.client.name(cx.topology), flow.server.name(cx.topology))
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

/// The peers that a rule would name for it, as they are written.
fn peer(cx: &Context<'_>, blocked: &Blocked) -> String {
    let others = match blocked.direction {
        Direction::Inbound => &blocked.from,
        Direction::Outbound => &blocked.to,
    };
    let named = others.iter().find_map(|end| Some((end.party, cx.policy.group_of(end.party)?)));
    match named {
        Some((_, group)) if blocked.groups.contains(&group) => "self".to_owned(),
        Some((_, group)) if cx.policy[group].origin == Origin::Stated => cx.policy[group].name.to_string(),
        Some((party, _)) => match subnets_of(cx, party).as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        },
        None => "internet".to_owned(),
    }
}

/// The subnets that something is in, in the order of the document.
fn subnets_of(cx: &Context<'_>, party: Party) -> Vec<String> {
    let topology = cx.topology;
    let ids: BTreeSet<_> = match party {
        Party::Pool(id) => topology[id].nodes.iter().map(|node| topology[*node].subnet).collect(),
        Party::LoadBalancer(id) => topology[id].subnets.iter().copied().collect(),
        Party::Database(id) => topology[id].subnets.iter().copied().collect(),
        Party::Service(id) => topology[id].placement.iter().map(|node| topology[*node].subnet).collect(),
        Party::Internet => BTreeSet::new(),
    };
    ids.into_iter().map(|id| topology[id].cidr.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Diagnostic, Edit};
    use crate::validate;
    use crate::validate::complete;

    fn findings(rules: &str) -> Vec<Diagnostic> {
        let text = format!(
            "\
services:
  store: {{image: 'a:1.0', placement: node, publish: ['2380:2390'], traffic-to: store, quorum: majority}}
security-groups:
  nodes: {{inbound: [{rules}]}}
  other: {{inbound: []}}
"
        );
        let report = validate(&complete(&text));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings
    }

    #[test]
    fn the_rule_that_was_meant_is_shown_with_what_to_write() {
        for (rule, meant) in [
            ("{port: 2381/tcp, from: self}", "2380/tcp"),
            ("{port: 3280/tcp, from: self}", "2380/tcp"),
            ("{port: 2390/tcp, from: self}", "2380/tcp"),
            ("{port: 2380/udp, from: self}", "2380/tcp"),
            ("{port: 2300-2399/udp, from: self}", "2300-2399/tcp"),
            ("{port: 2380/tcp, from: other}", "self"),
            ("{port: 2380/tcp, from: 10.0.9.0/24}", "self"),
            ("{port: 2380/tcp, from: 172.20.1.0/24}", "self"),
        ] {
            let found = findings(rule);
            let [one] = found.as_slice() else { panic!("{rule}: {found:#?}") };
            assert_eq!(one.id, "flow-not-admitted", "{rule}");
            assert_eq!(one.labels[0].text, format!("did you mean `{meant}`?"), "{rule}");
            assert_eq!(one.labels[1].text, "`store` to `store`", "{rule}");
            let edits = &one.fix.as_ref().unwrap().edits;
            assert!(matches!(&edits[..], [Edit::Replace { text, .. }] if text == meant), "{rule}: {edits:?}");
        }
    }

    #[test]
    fn ports_that_are_published_as_each_other_are_one_finding() {
        let text = complete(
            "\
services:
  store: {image: 'a:1.0', placement: node, publish: ['2379:2380', '2380:2379'], traffic-to: {to: 'store:2380', scope: other-nodes}}
  client: {image: 'a:1.0', placement: edge, listen: [], traffic-to: 'store:2379'}
security-groups:
  nodes: {inbound: [{port: 2380/tcp, from: self}, {port: 2379/tcp, from: edge}]}
  edge: {inbound: []}
nodes:
  node: {count: 3, first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}, os: debian-12, engine: docker-27.3.1, groups: nodes}
  edge: {count: 3, first-address: {a: 10.0.1.50, b: 10.0.2.50, c: 10.0.3.50}, os: debian-12, engine: docker-27.3.1, groups: edge}
",
        );
        let report = validate(&text);
        let [one] = report.findings.as_slice() else { panic!("{:#?}", report.findings) };
        assert_eq!(one.id, "flow-not-admitted");
        assert_eq!(one.help.as_deref(), Some("write `2379:2379` and `2380:2380`"));
        let fixed = text.replace("'2379:2380', '2380:2379'", "'2379:2379', '2380:2380'");
        assert!(validate(&fixed).findings.is_empty());
    }

    #[test]
    fn a_rule_that_is_moved_names_its_clients_from_there() {
        let report = validate(&complete(
            "\
services:
  edge: {image: 'a:1.0', placement: node, listen: [], traffic-to: main}
databases:
  main: {engine: mysql-8.0, port: 3306, standby: true, groups: database}
security-groups:
  nodes: {inbound: [{port: 3306/tcp, from: self}]}
  database: {inbound: []}
",
        ));
        let [one] = report.findings.as_slice() else { panic!("{:#?}", report.findings) };
        let help = one.help.as_deref().unwrap_or_default();
        assert!(
            help.ends_with("add to `inbound` of `database`: `- {port: 3306/tcp, from: nodes}`"),
            "{help}"
        );
    }

    #[test]
    fn a_rule_for_something_else_is_a_matter_of_its_own() {
        for rule in
            ["{port: 7999/tcp, from: self}", "{port: 2381/tcp, from: other}", "{port: 2381/udp, from: self}"]
        {
            let ids: Vec<_> = findings(rule).iter().map(|finding| finding.id).collect();
            assert_eq!(ids, ["flow-not-admitted", "unused-rule"], "{rule}");
        }
        // Who comes from outside is not declared, so that nobody knows that they do not need it.
        let found = findings("{port: 2380/tcp, from: 198.51.100.0/24}");
        assert!(found.iter().all(|one| one.labels[0].text == "`store` to `store`"), "{found:#?}");
    }
}
