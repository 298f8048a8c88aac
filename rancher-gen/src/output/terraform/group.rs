//! Security groups and their rules.

use indexmap::IndexMap;
use ipnet::IpNet;
use rancher_topology::policy::{EffectiveRule, GroupRef, RulePeer, SecurityPolicy};
use rancher_topology::scalar::Traffic;
use rancher_topology::topology::Origin;
use serde::Serialize;

use super::heading;
use super::label::{aligned, label};
use crate::output::Context;
use crate::quote::Unquotable;
use crate::template::Raw;

/// The most characters of a rule's description, and of a tag. Source: EC2 API Reference, IpRange; EC2 User Guide, "Tag restrictions".
const DESCRIPTION: usize = 255;
const TAG: usize = 256;

#[derive(Serialize)]
pub(super) struct Group {
    label: Raw,
    name: String,
    heading: String,
    because: Option<&'static str>,
    prefix: String,
    description: String,
    rules: Vec<Rules>,
}

/// The rules of one direction.
#[derive(Serialize)]
struct Rules {
    resource: Raw,
    /// Why there are rules that the document does not state.
    because: Option<&'static str>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    key: Raw,
    protocol: Raw,
    ports: Option<(Raw, Raw)>,
    network: Option<(Raw, String)>,
    group: Option<Raw>,
    description: String,
    /// What the rule is for, where its description cannot say it as it is written.
    purpose: Option<String>,
}

impl Group {
    /// Whether a purpose stands in a tag, since a description cannot hold it.
    pub(super) fn has_tags(&self) -> bool {
        self.rules.iter().flat_map(|rules| &rules.rows).any(|row| row.purpose.is_some())
    }
}

pub(super) fn view(cx: &Context<'_>, id: GroupRef) -> Result<Group, Unquotable> {
    let group = &cx.policy[id];
    let directions = [
        ("aws_vpc_security_group_ingress_rule", "from", &group.inbound),
        ("aws_vpc_security_group_egress_rule", "to", &group.outbound),
    ];
    let rules = directions.into_iter().filter(|(.., rules)| !rules.is_empty());
    Ok(Group {
        label: label(&group.name),
        name: group.name.to_string(),
        heading: heading(&group.name, group.title.as_ref()),
        because: reason(group.origin),
        prefix: format!("{}-", group.name),
        description: format!("{} of {}", group.name, cx.topology.name),
        rules: rules
            .map(|(resource, word, rules)| directed(cx.policy, Raw::word(resource), word, rules))
            .collect::<Result<_, _>>()?,
    })
}

fn reason(origin: Origin) -> Option<&'static str> {
    match origin {
        Origin::Stated => None,
        Origin::Assumed(because) => Some(because),
    }
}

/// The rules of one direction: one for each kind of packet and peer. AWS refuses two of one kind, whatever they are for.
fn directed(
    policy: &SecurityPolicy,
    resource: Raw,
    word: &str,
    rules: &[EffectiveRule],
) -> Result<Rules, Unquotable> {
    let mut kinds: IndexMap<(Traffic, RulePeer), Vec<&EffectiveRule>> = IndexMap::new();
    for rule in rules {
        kinds.entry((rule.traffic, rule.peer)).or_default().push(rule);
    }
    let name = |peer: &RulePeer| match peer {
        RulePeer::Network(network) => network.to_string(),
        RulePeer::Group(group) => policy[*group].name.to_string(),
    };
    let keys: Vec<String> =
        kinds.keys().map(|(traffic, peer)| format!("{traffic} {word} {}", name(peer))).collect();
    let keys = aligned(keys.iter().map(String::as_str))?;
    Ok(Rules {
        resource,
        because: rules.iter().find_map(|rule| reason(rule.origin)),
        rows: keys
            .into_iter()
            .zip(&kinds)
            .map(|(key, ((traffic, peer), rules))| row(policy, key, *traffic, *peer, rules))
            .collect(),
    })
}

fn row(policy: &SecurityPolicy, key: Raw, traffic: Traffic, peer: RulePeer, rules: &[&EffectiveRule]) -> Row {
    let is_v6 = matches!(peer, RulePeer::Network(IpNet::V6(_)));
    // Sources: EC2 API Reference, IpPermission: `-1` is every protocol, and every type of ICMP.
    let all_types = || Some((Raw::word("-1"), Raw::word("-1")));
    let (protocol, ports) = match traffic {
        Traffic::Any => (Raw::word("-1"), None),
        Traffic::Icmp if is_v6 => (Raw::word("icmpv6"), all_types()),
        Traffic::Icmp => (Raw::word("icmp"), all_types()),
        Traffic::Ports(ports) => (
            Raw::number(ports.protocol),
            Some((Raw::number(ports.range.first()), Raw::number(ports.range.last()))),
        ),
    };
    let (network, group) = match peer {
        RulePeer::Group(group) => (None, Some(label(&policy[group].name))),
        RulePeer::Network(network) => {
            let argument = if is_v6 { "cidr_ipv6" } else { "cidr_ipv4" };
            (Some((Raw::word(argument), network.to_string())), None)
        }
    };
    let mut purposes: Vec<String> = Vec::new();
    for purpose in rules.iter().map(|rule| purpose(rule)) {
        if !purposes.contains(&purpose) {
            purposes.push(purpose);
        }
    }
    let whole = purposes.join("; ");
    let description = description(&whole);
    let purpose = (description != whole).then(|| cut(&whole, TAG));
    Row { key, protocol, ports, network, group, description, purpose }
}

fn purpose(rule: &EffectiveRule) -> String {
    let mut text = rule.purpose.as_ref().map(ToString::to_string).unwrap_or_default();
    let notes = [(rule.optional, "optional"), (rule.origin != Origin::Stated, "assumed")];
    let notes: Vec<&str> = notes.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    if text.is_empty() && notes.is_empty() {
        text.push_str("no purpose is stated");
    } else if text.is_empty() {
        text = notes.join(", ");
    } else if !notes.is_empty() {
        text = format!("{text} ({})", notes.join(", "));
    }
    text
}

/// A description as AWS takes it: what it refuses becomes `_`, and what is too long is cut.
///
/// Source: EC2 API Reference, IpRange: `a-z`, `A-Z`, `0-9`, spaces and `._-:/()#,@[]+=&;{}!$*`, at most 255 of them.
fn description(text: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    cut(text.trim(), DESCRIPTION).chars().map(|c| if known(c) { c } else { '_' }).collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::{cut, description};

    #[test]
    fn a_description_holds_what_aws_takes() {
        assert_eq!(description("mysql (RDS)"), "mysql (RDS)");
        assert_eq!(description(" \"q\" ${x} %{y} \\ 🦀 <a> "), "_q_ ${x} _{y} _ _ _a_");
        assert_eq!(description(&"x".repeat(300)).len(), 255);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("🦀🦀🦀🦀🦀", 4), "🦀...");
        assert_eq!(cut("🦀🦀", 2), "🦀🦀");
    }
}
