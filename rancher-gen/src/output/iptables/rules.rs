//! What the rules' templates print.

use rancher_topology::policy::{HostPolicy, HostRule};
use rancher_topology::scalar::{Name, Traffic};
use serde::Serialize;

use super::sets;
use crate::quote::{Format, Unquotable};
use crate::template::{Piece, Raw};

#[derive(Serialize)]
pub(super) struct Rules {
    node: String,
    interfaces: Vec<Raw>,
    container_networks: Vec<Raw>,
    routed: Vec<Raw>,
    admitted: Vec<Raw>,
}

pub(super) fn v4(node: &Name, host: &HostPolicy) -> Result<Rules, Unquotable> {
    rules(node, host, true)
}

pub(super) fn v6(node: &Name, host: &HostPolicy) -> Result<Rules, Unquotable> {
    rules(node, host, false)
}

fn rules(node: &Name, host: &HostPolicy, v4: bool) -> Result<Rules, Unquotable> {
    let networks = |list: &[ipnet::Ipv4Net]| {
        if v4 { list.iter().copied().map(Raw::number).collect() } else { Vec::new() }
    };
    let mut admitted = Vec::new();
    for rule in &host.rules {
        for source in sources(rule, v4) {
            admitted.push(admit(rule, &source, v4)?);
        }
    }
    Ok(Rules {
        node: node.to_string(),
        interfaces: host.interfaces.iter().map(Raw::name).collect(),
        container_networks: networks(&host.container_networks),
        routed: networks(&host.routed),
        admitted,
    })
}

/// The sources of a rule in one family: the words that match them. None when no peer is of that family.
fn sources(rule: &HostRule, v4: bool) -> Vec<String> {
    if let (true, Some(set)) = (v4, sets::name_of(&rule.peers)) {
        return vec![format!(" -m set --match-set {set} src")];
    }
    let (first, second) = sets::families(&rule.peers);
    // Everybody is no source at all: hash:net refuses a prefix of 0, and a match on it costs for nothing.
    (if v4 { first } else { second })
        .iter()
        .map(|net| if net.prefix_len() == 0 { String::new() } else { format!(" -s {net}") })
        .collect()
}

fn admit(rule: &HostRule, source: &str, v4: bool) -> Result<Raw, Unquotable> {
    let packets = match rule.traffic {
        Traffic::Any => String::new(),
        Traffic::Icmp => if v4 { " -p icmp" } else { " -p ipv6-icmp" }.to_owned(),
        Traffic::Ports(ports) => {
            let (first, last) = (ports.range.first(), ports.range.last());
            let range = if first == last { first.to_string() } else { format!("{first}:{last}") };
            format!(" -p {} --dport {range}", ports.protocol)
        }
    };
    let purpose = rule.purpose.as_ref().map_or("no purpose is stated", |purpose| purpose.as_str());
    let comment = if source.contains("--match-set") {
        format!("{purpose} from {}", rule.peers.name)
    } else {
        purpose.to_owned()
    };
    Raw::quoted(
        Format::Iptables,
        &[
            Piece::Word("-A RANCHER-GEN-HOST"),
            Piece::Checked(source),
            Piece::Checked(&packets),
            Piece::Word(" -m comment --comment "),
            Piece::Value(&comment),
            Piece::Word(" -j RETURN"),
        ],
    )
}
