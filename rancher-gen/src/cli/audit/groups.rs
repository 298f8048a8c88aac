//! Security groups of a state of Terraform against the model's.

use std::fmt::Write as _;

use rancher_gen::exit::Exit;
use rancher_gen::read::terraform;
use rancher_gen::report::Source;
use rancher_topology::Topology;
use rancher_topology::audit::{self, DifferentPeer, GroupDifference, all_ports};
use rancher_topology::flow::FlowGraph;
use rancher_topology::policy::{Direction, SecurityPolicy};
use serde_json::{Value, json};

use super::Answer;
use crate::cli::Failure;
use crate::cli::words;

pub(super) fn audit(topology: &Topology, live: &Source) -> Result<Answer, Failure> {
    let read = terraform::read(&live.text).map_err(|all| super::unreadable(live, all))?;
    let policy = SecurityPolicy::of(topology, &FlowGraph::of(topology));
    let audit = audit::groups(&policy, &read.groups);
    let exit = match (audit.is_equal(), read.notes.is_empty()) {
        (false, _) => Exit::No,
        (true, true) => Exit::Done,
        (true, false) => Exit::Uncertain,
    };
    let verdict = match exit {
        Exit::Done => "admit what the model says",
        Exit::No => "differ from the model",
        _ => "may differ from the model",
    };
    let mut human = format!("{}: the security groups {verdict}\n", live.name);
    for name in &audit.missing {
        let _ = writeln!(human, "\nthe model's group {name} does not exist");
    }
    for name in &audit.unknown {
        let _ = writeln!(human, "\nthe group {name} is not in the model");
    }
    for (admits, title) in [(true, "admitted, and not by the model"), (false, "admitted by the model only")] {
        let mut all = audit.differences.iter().filter(|one| one.admits == admits).peekable();
        if all.peek().is_some() {
            let _ = writeln!(human, "\n{title}:");
        }
        for one in all {
            let _ = writeln!(human, "  {}", line(one));
            for place in &one.places {
                let _ = writeln!(human, "    by {place}");
            }
        }
    }
    if !read.notes.is_empty() {
        human.push('\n');
    }
    for note in &read.notes {
        let _ = writeln!(human, "note: {}: not understood: {note}", live.name);
    }
    let differences: Vec<Value> = audit.differences.iter().map(value).collect();
    let json = json!({
        "live": live.name,
        "result": match exit {
            Exit::Done => "equal",
            Exit::No => "differs",
            _ => "possible",
        },
        "missing-groups": audit.missing,
        "unknown-groups": audit.unknown,
        "differences": differences,
        "notes": read.notes,
    });
    Ok(Answer { human, json, exit })
}

fn peer(peer: &DifferentPeer) -> String {
    match peer {
        DifferentPeer::Addresses(family, set) => words::addresses(*family, set),
        DifferentPeer::Group(name) => format!("group {name}"),
    }
}

fn line(one: &GroupDifference) -> String {
    let protocol = one.protocol.map_or_else(|| "every other protocol".to_owned(), words::protocol);
    let ports = match (one.protocol, one.ports == all_ports()) {
        (Some(6 | 17 | 1 | 58), false) => format!("{}/{protocol}", words::ranges(&one.ports).join(", ")),
        _ => protocol,
    };
    let word = match one.direction {
        Direction::Inbound => "from",
        Direction::Outbound => "to",
    };
    format!("{}: {ports} {word} {}", one.group, peer(&one.peer))
}

fn value(one: &GroupDifference) -> Value {
    let (addresses, group) = match &one.peer {
        DifferentPeer::Addresses(family, set) => (Some(words::networks(*family, set)), None),
        DifferentPeer::Group(name) => (None, Some(name)),
    };
    json!({
        "kind": if one.admits { "admits" } else { "refuses" },
        "group": one.group,
        "direction": match one.direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        },
        "protocol": one.protocol.map(words::protocol),
        "ports": words::ranges(&one.ports),
        "addresses": addresses,
        "peer-group": group,
        "decided-by": one.places,
    })
}
