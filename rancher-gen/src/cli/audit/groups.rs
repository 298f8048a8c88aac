//! In what security groups differ from the model's, in words and as values.

use std::fmt::Write as _;

use rancher_topology::audit::{DifferentPeer, GroupDifference, GroupsAudit, all_ports};
use rancher_topology::policy::Direction;
use schemars::JsonSchema;
use serde::Serialize;

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

/// What a security group admits otherwise than the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Printed {
    /// `admits` what the model does not, or `refuses` what the model admits.
    kind: &'static str,
    group: String,
    /// `inbound` or `outbound`.
    direction: &'static str,
    /// Null for every one that no rule names.
    protocol: Option<String>,
    /// Numbers and ranges of them; of ICMP the type times 256 and the code.
    ports: Vec<String>,
    /// The other side as networks; null where it is a group.
    addresses: Option<Vec<String>>,
    /// The other side where it is a group.
    peer_group: Option<String>,
    /// The addresses of the rules that admit it.
    decided_by: Vec<String>,
}

pub(super) fn printed(one: &GroupDifference) -> Printed {
    let (addresses, peer_group) = match &one.peer {
        DifferentPeer::Addresses(family, set) => (Some(words::networks(*family, set)), None),
        DifferentPeer::Group(name) => (None, Some(name.clone())),
    };
    Printed {
        kind: if one.admits { "admits" } else { "refuses" },
        group: one.group.clone(),
        direction: one.direction.as_str(),
        protocol: one.protocol.map(words::protocol),
        ports: words::ranges(&one.ports),
        addresses,
        peer_group,
        decided_by: one.places.clone(),
    }
}
