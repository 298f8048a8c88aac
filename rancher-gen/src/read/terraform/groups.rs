//! Security groups and their rules, whichever of the three ways these are written in.

use ipnet::IpNet;
use rancher_topology::audit::{LiveGroup, LivePeer, LiveRule, all_ports};
use rancher_topology::packet::Intervals;
use rancher_topology::policy::Direction;
use serde_json::Value;

use super::Reader;
use crate::read::iptables::values;

impl Reader {
    /// Reads a group.
    pub(super) fn group(&mut self, resource: &Value) {
        let values = &resource["values"];
        let name = [&values["tags"]["Name"], &values["tags_all"]["Name"], &values["name"]];
        let mut name = name.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned();
        if self.read.groups.iter().any(|group| group.name == name) {
            // It is another group, and none of the model.
            name = format!("{name} ({})", values["id"].as_str().unwrap_or_else(|| super::address(resource)));
        }
        match values["id"].as_str() {
            Some(id) => {
                self.names.insert(id.to_owned(), name.clone());
            }
            None => self.note(resource, "it has no `id`"),
        }
        let elsewhere = super::is_elsewhere(resource);
        self.read.groups.push(LiveGroup { name, rules: Vec::new(), elsewhere });
    }

    /// Reads the rules of a resource that has such; whether it is one.
    pub(super) fn rules(&mut self, resource: &Value) -> bool {
        let values = &resource["values"];
        match super::kind(resource) {
            "aws_security_group" => {
                for (key, direction) in [("ingress", Direction::Inbound), ("egress", Direction::Outbound)] {
                    if values.get(key).is_some_and(|rules| !rules.is_array()) {
                        self.note(resource, &format!("`{key}` is {}", values[key]));
                    }
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
                    _ => {
                        self.note(resource, "`type` is neither `ingress` nor `egress`");
                        return true;
                    }
                };
                self.rule(resource, &values["security_group_id"], direction, &values["protocol"], values);
            }
            _ => return false,
        }
        true
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
            for word in self.strings(resource, key, &rule[key]) {
                match word.parse::<IpNet>() {
                    Ok(net) => peers.push(LivePeer::Network(net.trunc())),
                    Err(_) => self.note(resource, &format!("`{key}`: {word}")),
                }
            }
        }
        let keys = ["referenced_security_group_id", "source_security_group_id", "security_groups"];
        let ids: Vec<String> = keys.iter().flat_map(|key| self.strings(resource, key, &rule[*key])).collect();
        for id in &ids {
            // A group of another account has its number before it.
            let id = id.rsplit_once('/').map_or(id.as_str(), |(_, id)| id);
            match self.names.get(id) {
                Some(name) => peers.push(LivePeer::Group(name.clone())),
                None => peers.push(LivePeer::Group(id.to_owned())),
            }
        }
        if rule["self"] == true {
            peers.push(LivePeer::Group(name.clone()));
        }
        let keys = ["prefix_list_id", "prefix_list_ids"];
        let lists: Vec<String> =
            keys.iter().flat_map(|key| self.strings(resource, key, &rule[*key])).collect();
        if peers.is_empty() && lists.is_empty() {
            self.note(resource, "it names no other side");
        }
        for list in lists {
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
    use crate::read::terraform::read;

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
