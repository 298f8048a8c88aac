//! A host's rule set against its node.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rancher_gen::exit::Exit;
use rancher_gen::read::{Note, ip_address, ipset, iptables};
use rancher_gen::report::Source;
use rancher_topology::Topology;
use rancher_topology::audit::{self, Addresses, HostAudit, HostDifference, NeededBy};
use rancher_topology::flow::FlowGraph;
use rancher_topology::netfilter::{Decision, Kind, RuleSet};
use rancher_topology::packet::Family;
use rancher_topology::topology::NodeId;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Args, Compared};
use crate::cli::words;
use crate::cli::{Failure, input};

/// What a node's rule set does.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Printed {
    /// The file.
    live: String,
    node: String,
    /// `IPv4` or `IPv6`.
    family: String,
    result: Compared,
    /// Interfaces that the model states and the host does not have.
    missing_interfaces: Vec<String>,
    /// Whether the node's address is on none of the interfaces that the model states.
    address_elsewhere: bool,
    differences: Vec<PrintedDifference>,
    /// Rules that admit something beyond the model, and that nothing of it needs.
    unneeded_rules: Vec<UnneededRule>,
    /// Whether every rule was tried for that.
    all_unneeded_rules: bool,
    /// Why the answer is not about all that there is.
    notes: Vec<String>,
}

/// Packets that are treated otherwise than the model says.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct PrintedDifference {
    /// `admits`, `refuses`, `may-admit` or `may-refuse`.
    kind: &'static str,
    certain: bool,
    packets: words::Packets,
    example: words::OnePacket,
    /// What decides about the example.
    decided_by: Vec<Decided>,
    /// The lines of rules that may be met or not, and would change that.
    depends_on_lines: Vec<usize>,
    /// What in the model needs the packets to be admitted.
    needed_by: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Decided {
    table: &'static str,
    chain: String,
    /// Null where the policy of the chain decides, as the rule.
    line: Option<usize>,
    rule: Option<String>,
    admits: bool,
}

#[derive(Serialize, JsonSchema)]
struct UnneededRule {
    table: String,
    chain: String,
    line: usize,
    rule: String,
}

/// What was found, and what it was concluded from.
struct Host<'t> {
    topology: &'t Topology,
    flows: FlowGraph,
    node: NodeId,
    family: Family,
    audit: HostAudit,
    /// Why the answer is not about all that there is.
    notes: Vec<String>,
}

pub(super) fn audit(
    args: &Args,
    topology: &Topology,
    node: NodeId,
    live: &Source,
) -> Result<Answer, Failure> {
    let mut notes = Vec::new();
    let told = |source: &Source, all: Vec<Note>, notes: &mut Vec<String>| {
        notes.extend(
            all.into_iter()
                .map(|note| format!("{}:{}: not understood: {}", source.name, note.line, note.text)),
        );
    };
    let rules = rules(live, &mut notes, &told)?;
    let addresses = if let Some(path) = &args.interfaces {
        let source = input::source(path)?;
        let read = input::parsed(&source, ip_address::read)?;
        told(&source, read.notes, &mut notes);
        if read.has_more { Addresses::Some(read.interfaces) } else { Addresses::All(read.interfaces) }
    } else {
        let assumed = "the host is taken to have the addresses of the model, and no others (--interfaces)";
        notes.push(assumed.to_owned());
        Addresses::OfModel
    };
    let sets = match &args.ipset {
        Some(path) => {
            let source = input::source(path)?;
            let read = input::parsed(&source, |text| ipset::read(text, rules.family))?;
            told(&source, read.notes, &mut notes);
            read.sets
        }
        None => BTreeMap::new(),
    };
    let flows = FlowGraph::of(topology);
    let audit = audit::host(topology, &flows, node, &rules, addresses, sets);
    if !audit.whole {
        notes.push("there may be more differences than are listed".to_owned());
    }
    let host = Host { topology, flows, node, family: rules.family, audit, notes };
    Ok(Answer {
        human: host.human(live),
        printed: super::Printed::Rules(host.printed(live)),
        exit: host.exit(),
    })
}

/// The rules. A host that has none has tables without chains, or prints nothing at all.
fn rules(
    live: &Source,
    notes: &mut Vec<String>,
    told: &impl Fn(&Source, Vec<Note>, &mut Vec<String>),
) -> Result<RuleSet, Failure> {
    if live.text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
        notes.push(format!("{}: no rules are in it, so nothing is refused", live.name));
        let family = if live.text.contains("ip6tables") { Family::V6 } else { Family::V4 };
        return Ok(RuleSet { family, tables: BTreeMap::new() });
    }
    let read = input::parsed(live, |text| iptables::read(text, None))?;
    notes.extend(read.remarks.iter().map(|note| format!("{}:{}: {}", live.name, note.line, note.text)));
    told(live, read.notes, notes);
    Ok(read.rules)
}

const KINDS: [(Kind, &str, &str); 4] = [
    (Kind::Admits, "admits", "admits, and the model does not"),
    (Kind::Refuses, "refuses", "refuses, and the model admits"),
    (Kind::MayAdmit, "may-admit", "may admit, and the model does not"),
    (Kind::MayRefuse, "may-refuse", "may refuse, and the model admits"),
];

impl Host<'_> {
    fn exit(&self) -> Exit {
        let certain = |one: &HostDifference| one.packets.kind.is_certain();
        let HostAudit { differences, missing_interfaces, address_elsewhere, whole, .. } = &self.audit;
        if differences.iter().any(certain) || !missing_interfaces.is_empty() || *address_elsewhere {
            Exit::No
        } else if differences.is_empty() && *whole {
            Exit::Done
        } else {
            Exit::Uncertain
        }
    }

    fn human(&self, live: &Source) -> String {
        let mut out = String::new();
        let name = &self.topology[self.node].name;
        let family = match self.family {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        };
        let verdict = match self.exit() {
            Exit::Done => "does with every connection what the model says",
            Exit::No => "differs from the model",
            _ => "may differ from the model",
        };
        let _ = writeln!(out, "{}: {family} of {name} {verdict}", live.name);
        for interface in &self.audit.missing_interfaces {
            let _ = writeln!(
                out,
                "\nthe model's interface {interface} is not on the host: rules that name it protect nothing"
            );
        }
        if self.audit.address_elsewhere {
            let address = self.topology[self.node].address;
            let _ = writeln!(out, "\n{address} is on none of the interfaces that the model states");
        }
        for (kind, _, title) in KINDS {
            let mut of_kind = self.audit.differences.iter().filter(|one| one.packets.kind == kind).peekable();
            if of_kind.peek().is_some() {
                let _ = writeln!(out, "\n{title}:");
            }
            for one in of_kind {
                self.difference(&mut out, one);
            }
        }
        if !self.audit.unneeded.is_empty() || !self.audit.all_unneeded {
            let _ = writeln!(out, "\nrules that nothing of the model needs:");
            for rule in &self.audit.unneeded {
                let _ = writeln!(out, "  line {}: {} ({})", rule.line, rule.text, rule.table);
            }
        }
        if !self.audit.all_unneeded {
            let _ = writeln!(out, "  there may be more of them: not every rule was tried");
        }
        if !self.notes.is_empty() {
            out.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(out, "note: {note}");
        }
        out
    }

    fn difference(&self, out: &mut String, one: &HostDifference) {
        let _ = writeln!(out, "  {}", words::line(self.family, &one.packets.packets));
        let _ = writeln!(out, "    for example {}", words::packet(&one.packets.example));
        for decision in Self::decisions(one) {
            let word = if decision.admits { "admitted" } else { "refused" };
            let (table, chain) = (decision.table, &decision.chain);
            let _ = match &decision.rule {
                Some((line, rule)) => writeln!(out, "    {word} by line {line}: {rule} ({table})"),
                None => writeln!(out, "    {word} by the policy of {chain} ({table})"),
            };
        }
        if !one.trace.unclear.is_empty() {
            let lines: Vec<String> = one.trace.unclear.iter().map(ToString::to_string).collect();
            let _ = writeln!(out, "    depends on line {}", lines.join(", "));
        }
        for needed in &one.needed_by {
            let _ = writeln!(out, "    needed by {}", self.needed(needed));
        }
    }

    /// What decides: the refusal, or of what is admitted the rules that say so, or else the policies.
    fn decisions(one: &HostDifference) -> Vec<&Decision> {
        let all = &one.trace.decisions;
        match all.last() {
            Some(last) if !last.admits => vec![last],
            _ if all.iter().any(|one| one.rule.is_some()) => {
                all.iter().filter(|one| one.rule.is_some()).collect()
            }
            _ => all.iter().filter(|one| one.table == "filter").collect(),
        }
    }

    fn needed(&self, needed: &NeededBy) -> String {
        match needed {
            NeededBy::Flow(id) => {
                let flow = &self.flows[*id];
                let (client, server) = (flow.client.name(self.topology), flow.server.name(self.topology));
                format!("the flow {client} → {server} {}", flow.ports)
            }
            NeededBy::Rule(at) => {
                let rule = self.audit.policy.rules.get(*at);
                rule.map_or_else(String::new, |rule| {
                    let purpose = rule.purpose.as_ref().map_or("no purpose is stated", |text| text.as_str());
                    format!("the rule {} from {} ({purpose})", rule.traffic, rule.peers.name)
                })
            }
            NeededBy::Dhcp => "the node itself: answers of DHCP".to_owned(),
            NeededBy::Routed => "networks that are routed to containers".to_owned(),
            _ => String::new(),
        }
    }

    fn printed(&self, live: &Source) -> Printed {
        let HostAudit { differences, unneeded, all_unneeded, missing_interfaces, address_elsewhere, .. } =
            &self.audit;
        let unneeded = unneeded.iter().map(|rule| UnneededRule {
            table: rule.table.clone(),
            chain: rule.chain.clone(),
            line: rule.line,
            rule: rule.text.clone(),
        });
        Printed {
            live: live.name.clone(),
            node: self.topology[self.node].name.to_string(),
            family: self.family.to_string(),
            result: Compared::of(self.exit()),
            missing_interfaces: missing_interfaces.clone(),
            address_elsewhere: *address_elsewhere,
            differences: differences.iter().map(|one| self.printed_difference(one)).collect(),
            unneeded_rules: unneeded.collect(),
            all_unneeded_rules: *all_unneeded,
            notes: self.notes.clone(),
        }
    }

    fn printed_difference(&self, one: &HostDifference) -> PrintedDifference {
        let kind = KINDS.iter().find(|(kind, ..)| *kind == one.packets.kind);
        let decided = Self::decisions(one).into_iter().map(|decision| Decided {
            table: decision.table,
            chain: decision.chain.clone(),
            line: decision.rule.as_ref().map(|(line, _)| *line),
            rule: decision.rule.as_ref().map(|(_, text)| text.clone()),
            admits: decision.admits,
        });
        PrintedDifference {
            kind: kind.map_or("", |(_, word, _)| word),
            certain: one.packets.kind.is_certain(),
            packets: words::Packets::of(self.family, &one.packets.packets),
            example: words::OnePacket::of(&one.packets.example),
            decided_by: decided.collect(),
            depends_on_lines: one.trace.unclear.clone(),
            needed_by: one.needed_by.iter().map(|needed| self.needed(needed)).collect(),
        }
    }
}
