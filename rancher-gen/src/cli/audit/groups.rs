//! In what security groups differ from the model's, in words and as values.

use std::fmt::Write as _;

use rancher_topology::audit::{DifferentPeer, GroupDifference, GroupsAudit, all_ports};
use rancher_topology::policy::Direction;
use serde_json::{Value, json};

use crate::cli::words;

pub(super) fn human(audit: &GroupsAudit) -> String {
    let mut human = String::new();
    for name in &audit.missing {
        let _ = writeln!(human, "\nthe model's group {name} is not in this state");
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
    human
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

pub(super) fn value(one: &GroupDifference) -> Value {
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
