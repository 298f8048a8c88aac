//! A host's rule set against its node.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rancher_gen::exit::Exit;
use rancher_gen::read::{Note, ip_address, ipset, iptables};
use rancher_gen::report::Source;
use rancher_topology::Topology;
use rancher_topology::audit::{self, Addresses, HostAudit, HostDifference, NeededBy};
use rancher_topology::flow::FlowGraph;
use rancher_topology::netfilter::{Kind, RuleSet};
use rancher_topology::packet::Family;
use rancher_topology::topology::NodeId;
use serde_json::{Value, json};

use super::{Answer, Args};
use crate::cli::words;
use crate::cli::{Failure, input};

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
    Ok(Answer { human: host.human(live), json: host.json(live), exit: host.exit() })
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
            let word = if decision["admits"] == true { "admitted" } else { "refused" };
            let (table, chain) = (&decision["table"], &decision["chain"]);
            let (table, chain) = (table.as_str().unwrap_or_default(), chain.as_str().unwrap_or_default());
            let _ = match decision["line"].as_u64() {
                Some(line) => writeln!(
                    out,
                    "    {word} by line {line}: {} ({table})",
                    decision["rule"].as_str().unwrap_or_default()
                ),
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
    fn decisions(one: &HostDifference) -> Vec<Value> {
        let all = &one.trace.decisions;
        let chosen: Vec<_> = match all.last() {
            Some(last) if !last.admits => vec![last],
            _ if all.iter().any(|one| one.rule.is_some()) => {
                all.iter().filter(|one| one.rule.is_some()).collect()
            }
            _ => all.iter().filter(|one| one.table == "filter").collect(),
        };
        let value = |decision: &&rancher_topology::netfilter::Decision| {
            let (line, rule) =
                decision.rule.clone().map_or((None, None), |(line, text)| (Some(line), Some(text)));
            json!({
                "table": decision.table, "chain": decision.chain, "line": line, "rule": rule,
                "admits": decision.admits,
            })
        };
        chosen.iter().map(value).collect()
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

    fn json(&self, live: &Source) -> Value {
        let family = self.family;
        let differences = self.audit.differences.iter().map(|one| {
            let kind = KINDS.iter().find(|(kind, ..)| *kind == one.packets.kind).map(|(_, word, _)| word);
            let needed: Vec<String> = one.needed_by.iter().map(|needed| self.needed(needed)).collect();
            json!({
                "kind": kind,
                "certain": one.packets.kind.is_certain(),
                "packets": words::value(family, &one.packets.packets),
                "example": words::packet_value(&one.packets.example),
                "decided-by": Self::decisions(one),
                "depends-on-lines": one.trace.unclear,
                "needed-by": needed,
            })
        });
        let differences: Vec<Value> = differences.collect();
        let unneeded = self.audit.unneeded.iter().map(
            |rule| json!({"table": rule.table, "chain": rule.chain, "line": rule.line, "rule": rule.text}),
        );
        let unneeded: Vec<Value> = unneeded.collect();
        json!({
            "live": live.name,
            "node": self.topology[self.node].name.to_string(),
            "family": family.to_string(),
            "result": match self.exit() {
                Exit::Done => "equal",
                Exit::No => "differs",
                _ => "possible",
            },
            "missing-interfaces": self.audit.missing_interfaces,
            "address-elsewhere": self.audit.address_elsewhere,
            "differences": differences,
            "unneeded-rules": unneeded,
            "all-unneeded-rules": self.audit.all_unneeded,
            "notes": self.notes,
        })
    }
}
