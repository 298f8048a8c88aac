//! Security groups of a state, as `terraform show -json` prints it (<https://developer.hashicorp.com/terraform/internals/json-format>,
//! "State Representation"; the resources' attributes are those of the provider `hashicorp/aws`).

use std::collections::BTreeMap;

use ipnet::IpNet;
use rancher_topology::audit::{LiveGroup, LivePeer, LiveRule, all_ports};
use rancher_topology::packet::Intervals;
use rancher_topology::policy::Direction;
use rancher_topology::{Diagnostic, Span};
use serde_json::Value;

use super::iptables::values;

/// What was read of a state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The security groups, by the names of their tags, or their own.
    pub groups: Vec<LiveGroup>,
    /// What was not understood: the address of a resource, and what of it.
    pub notes: Vec<String>,
}

/// Reads the security groups of a state.
///
/// # Errors
/// When the text is not what `terraform show -json` prints of a state.
pub fn read(text: &str) -> Result<Read, Vec<Diagnostic>> {
    let wrong = |message: String| {
        let span = Span { start: 0, end: text.len() };
        vec![
            Diagnostic::error("unreadable-state", message, span)
                .help("give what `terraform show -json` printed, without the name of a plan"),
        ]
    };
    let state: Value =
        serde_json::from_str(text).map_err(|error| wrong(format!("this is no JSON: {error}")))?;
    if state["planned_values"].is_object() {
        return Err(wrong("this is a plan, and says of nothing that it exists".to_owned()));
    }
    let root = &state["values"]["root_module"];
    if !root.is_object() {
        return Err(wrong("this JSON is no state of Terraform: `values.root_module` is missing".to_owned()));
    }
    let mut resources = Vec::new();
    collect(root, &mut resources);
    let mut reader = Reader { names: BTreeMap::new(), read: Read::default() };
    for resource in resources.iter().filter(|one| one["type"] == "aws_security_group") {
        reader.group(resource);
    }
    for resource in resources {
        reader.rules(resource);
    }
    Ok(reader.read)
}

/// The resources of a module and of those in it. Data sources are not the state's own.
fn collect<'s>(module: &'s Value, resources: &mut Vec<&'s Value>) {
    let own = module["resources"].as_array().into_iter().flatten();
    resources.extend(own.filter(|one| one["mode"] != "data"));
    for child in module["child_modules"].as_array().into_iter().flatten() {
        collect(child, resources);
    }
}

struct Reader {
    /// Names by the provider's id.
    names: BTreeMap<String, String>,
    read: Read,
}

impl Reader {
    fn group(&mut self, resource: &Value) {
        let values = &resource["values"];
        let name = [&values["tags"]["Name"], &values["tags_all"]["Name"], &values["name"]];
        let name = name.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned();
        match values["id"].as_str() {
            Some(id) => {
                self.names.insert(id.to_owned(), name.clone());
            }
            None => self.note(resource, "it has no `id`"),
        }
        if self.read.groups.iter().any(|group| group.name == name) {
            self.note(resource, &format!("another group is called `{name}` too"));
        } else {
            self.read.groups.push(LiveGroup { name, rules: Vec::new() });
        }
    }

    fn note(&mut self, resource: &Value, text: &str) {
        let address = resource["address"].as_str().unwrap_or("a resource");
        self.read.notes.push(format!("{address}: {text}"));
    }

    fn rules(&mut self, resource: &Value) {
        let values = &resource["values"];
        match resource["type"].as_str().unwrap_or_default() {
            "aws_security_group" => {
                for (key, direction) in [("ingress", Direction::Inbound), ("egress", Direction::Outbound)] {
                    for rule in values[key].as_array().into_iter().flatten() {
                        self.rule(resource, &values["id"], direction, &rule["protocol"], rule);
                    }
                }
            }
            "aws_vpc_security_group_ingress_rule" => {
                self.rule(
                    resource,
                    &values["security_group_id"],
                    Direction::Inbound,
                    &values["ip_protocol"],
                    values,
                );
            }
            "aws_vpc_security_group_egress_rule" => {
                self.rule(
                    resource,
                    &values["security_group_id"],
                    Direction::Outbound,
                    &values["ip_protocol"],
                    values,
                );
            }
            "aws_security_group_rule" => {
                let direction = match values["type"].as_str() {
                    Some("ingress") => Direction::Inbound,
                    Some("egress") => Direction::Outbound,
                    _ => return self.note(resource, "`type` is neither `ingress` nor `egress`"),
                };
                self.rule(resource, &values["security_group_id"], direction, &values["protocol"], values);
            }
            // These are filters too, and not compared.
            "aws_network_acl"
            | "aws_network_acl_rule"
            | "aws_default_network_acl"
            | "aws_default_security_group"
            | "aws_networkfirewall_firewall" => {
                self.note(resource, "it may refuse packets, and is not looked at");
            }
            _ => {}
        }
    }

    /// A rule with all its peers, whichever of the three ways it is written in.
    fn rule(
        &mut self,
        resource: &Value,
        group: &Value,
        direction: Direction,
        protocol: &Value,
        rule: &Value,
    ) {
        let Some(name) = group.as_str().and_then(|id| self.names.get(id)).cloned() else {
            return self.note(resource, &format!("its group {group} is not in this state"));
        };
        let Some((protocol, ports)) = packets(protocol, rule) else {
            return self.note(resource, &format!("its protocol and ports: {rule}"));
        };
        let mut peers = Vec::new();
        for key in ["cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks"] {
            for word in strings(&rule[key]) {
                match word.parse::<IpNet>() {
                    Ok(net) => peers.push(LivePeer::Network(net.trunc())),
                    Err(_) => self.note(resource, &format!("`{key}`: {word}")),
                }
            }
        }
        let keys = ["referenced_security_group_id", "source_security_group_id", "security_groups"];
        for id in keys.iter().flat_map(|key| strings(&rule[*key])) {
            // A group of another account has its number before it.
            let id = id.rsplit_once('/').map_or(id, |(_, id)| id);
            match self.names.get(id) {
                Some(name) => peers.push(LivePeer::Group(name.clone())),
                None => peers.push(LivePeer::Group(id.to_owned())),
            }
        }
        if rule["self"] == true {
            peers.push(LivePeer::Group(name.clone()));
        }
        for list in ["prefix_list_id", "prefix_list_ids"].iter().flat_map(|key| strings(&rule[*key])) {
            self.note(resource, &format!("what is in the prefix list {list} is not known"));
        }
        let place = resource["address"].as_str().unwrap_or_default();
        let Some(group) = self.read.groups.iter_mut().find(|group| group.name == name) else { return };
        group.rules.extend(peers.into_iter().map(|peer| LiveRule {
            direction,
            protocol,
            ports: ports.clone(),
            peer,
            place: place.to_owned(),
        }));
    }
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(word) if !word.is_empty() => vec![word],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The protocol and the ports of a rule (EC2 API Reference, IpPermission).
fn packets(protocol: &Value, rule: &Value) -> Option<(Option<u8>, Intervals)> {
    let word = match protocol {
        Value::String(word) => word.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    if word == "-1" || word == "all" {
        return Some((None, all_ports()));
    }
    let protocol = values::protocol(&word)?;
    let number = |key: &str| rule[key].as_i64();
    let ports = match protocol {
        6 | 17 => {
            let (first, last) = (number("from_port")?, number("to_port")?);
            let port = |port: i64| u16::try_from(port).ok().map(u128::from);
            if (first, last) == (-1, -1) {
                all_ports()
            } else {
                Intervals::of(vec![(port(first)?, port(last)?)])
            }
        }
        // The type and the code.
        1 | 58 => match (number("from_port").unwrap_or(-1), number("to_port").unwrap_or(-1)) {
            (-1, _) => all_ports(),
            (kind, code) => {
                let kind = u128::from(u8::try_from(kind).ok()?) << 8;
                match code {
                    -1 => Intervals::from_to(kind, kind | 0xFF),
                    code => {
                        let one = kind | u128::from(u8::try_from(code).ok()?);
                        Intervals::from_to(one, one)
                    }
                }
            }
        },
        _ => all_ports(),
    };
    Some((Some(protocol), ports))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(resources: &Value) -> String {
        json!({"format_version": "1.0", "values": {"root_module": {"resources": resources}}}).to_string()
    }

    #[test]
    fn a_rule_is_the_same_whichever_way_it_is_written() {
        let group = |rules: Value| {
            json!({"address": "aws_security_group.a", "type": "aws_security_group",
                   "values": {"id": "sg-1", "tags": {"Name": "a"}, "ingress": rules}})
        };
        let separate = json!({"address": "aws_vpc_security_group_ingress_rule.a", "type": "aws_vpc_security_group_ingress_rule",
            "values": {"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 22, "to_port": 23, "cidr_ipv4": "10.0.0.0/8"}});
        let older = json!({"address": "aws_security_group_rule.a", "type": "aws_security_group_rule",
            "values": {"security_group_id": "sg-1", "type": "ingress", "protocol": "6", "from_port": 22, "to_port": 23,
                       "cidr_blocks": ["10.0.0.0/8"], "self": false}});
        let inline = json!([{"protocol": "tcp", "from_port": 22, "to_port": 23, "cidr_blocks": ["10.0.0.0/8"],
                             "ipv6_cidr_blocks": [], "security_groups": [], "self": false}]);
        let rules = |resources: Value| -> Vec<LiveRule> {
            let read = read(&state(&resources)).unwrap();
            assert!(read.notes.is_empty(), "{:?}", read.notes);
            let mut rules = read.groups[0].rules.clone();
            for rule in &mut rules {
                rule.place.clear();
            }
            rules
        };
        let first = rules(json!([group(json!([])), separate]));
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].ports, Intervals::from_to(22, 23));
        assert_eq!(rules(json!([group(json!([])), older])), first);
        assert_eq!(rules(json!([group(inline)])), first);
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let rule = |values: Value| json!({"address": "r", "type": "aws_vpc_security_group_ingress_rule", "values": values});
        let group =
            json!({"address": "g", "type": "aws_security_group", "values": {"id": "sg-1", "name": "a"}});
        let all = json!([
            group,
            rule(json!({"security_group_id": "sg-2", "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"})),
            rule(json!({"security_group_id": "sg-1", "ip_protocol": "tcp", "cidr_ipv4": "0.0.0.0/0"})),
            rule(json!({"security_group_id": "sg-1", "ip_protocol": "-1", "prefix_list_id": "pl-1"})),
            {"address": "acl", "type": "aws_network_acl", "values": {}},
        ]);
        let notes = read(&state(&all)).unwrap().notes;
        assert_eq!(notes.len(), 4, "{notes:?}");
        assert!(notes[2].contains("pl-1"), "{notes:?}");
        for text in ["", "{}", "{\"planned_values\": {}}", "[]"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
