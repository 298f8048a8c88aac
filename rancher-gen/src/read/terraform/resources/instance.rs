//! Machines.

use std::collections::BTreeSet;

use rancher_topology::audit::{self, Fact, Item};
use serde_json::Value;

use super::{As, Facts, Row};
use crate::read::terraform::Reader;

const INSTANCE: &[Row] = &[
    (Fact::Address, "/private_ip", As::Address),
    (Fact::Subnet, "/subnet_id", As::Id),
    (Fact::Groups, "/vpc_security_group_ids", As::Groups),
    (Fact::Machine, "/instance_type", As::Word),
    // Registry of Terraform, aws_instance: `source_dest_check` is true by default.
    (Fact::SourceCheck, "/source_dest_check", As::FlagOr(true)),
    (Fact::Storage, "/root_block_device/0/volume_size", As::Number),
    (Fact::Encrypted, "/root_block_device/0/encrypted", As::Flag),
    (Fact::MetadataTokens, "/metadata_options/0/http_tokens", As::Is("required")),
    (Fact::MetadataHops, "/metadata_options/0/http_put_response_hop_limit", As::Number),
];

impl Reader {
    pub(super) fn instance(&mut self, resource: &Value, elastic: &BTreeSet<&str>) -> Facts {
        let mut facts = self.facts(resource, INSTANCE);
        let values = &resource["values"];
        let more = ["secondary_private_ips", "ipv6_addresses"];
        let more: BTreeSet<Item> = more
            .into_iter()
            .flat_map(|key| self.strings(resource, key, &values[key]))
            .map(Item::Word)
            .collect();
        facts.insert(Fact::MoreAddresses, audit::Value::All(more));
        // EC2 API Reference, InstanceState.
        let running = match values["instance_state"].as_str() {
            Some("running") => Some(true),
            Some("pending" | "shutting-down" | "terminated" | "stopping" | "stopped") => Some(false),
            _ => None,
        };
        match running {
            Some(running) => {
                facts.insert(Fact::Running, audit::Value::Flag(running));
            }
            None => self.odd(resource, "instance_state", &values["instance_state"]),
        }
        // It has one where it was asked for, and where its subnet or somebody afterwards gave it one all the same.
        let said = [
            values["associate_public_ip_address"].as_bool(),
            values["public_ip"].as_str().map(|address| !address.is_empty()),
            values["id"].as_str().filter(|id| elastic.contains(id)).map(|_| true),
        ];
        match said.into_iter().flatten().max() {
            Some(public) => {
                facts.insert(Fact::Public, audit::Value::Flag(public));
            }
            None => self.odd(resource, "public_ip", &values["public_ip"]),
        }
        if values["network_interface"].as_array().is_some_and(|all| !all.is_empty()) {
            self.note(resource, "it has network interfaces of their own, which are not compared");
        }
        facts
    }
}
