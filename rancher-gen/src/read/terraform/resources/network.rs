//! Networks, subnets and their routes.

use std::collections::BTreeSet;

use rancher_topology::audit::{self, Destination, Fact, Item, Route, Way};
use serde_json::Value;

use super::{As, Facts, Row};
use crate::read::terraform::{Reader, is_elsewhere, kind};

const NETWORK: &[Row] = &[(Fact::Cidr, "/cidr_block", As::Cidr)];

const SUBNET: &[Row] = &[
    (Fact::Cidr, "/cidr_block", As::Cidr),
    (Fact::Zone, "/availability_zone", As::Word),
    (Fact::Network, "/vpc_id", As::Id),
];

impl Reader {
    /// Tells of addresses that no model has.
    fn v6_addresses(&mut self, resource: &Value) {
        for net in self.strings(resource, "ipv6_cidr_block", &resource["values"]["ipv6_cidr_block"]) {
            let text = format!("its IPv6 addresses {net} are not looked at: the model has none");
            self.note(resource, &text);
        }
    }

    pub(super) fn network(&mut self, resource: &Value) -> Facts {
        let mut facts = self.facts(resource, NETWORK);
        self.v6_addresses(resource);
        let keys = ["enable_dns_support", "enable_dns_hostnames"];
        match keys.map(|key| resource["values"][key].as_bool()) {
            [Some(support), Some(names)] => {
                facts.insert(Fact::Names, audit::Value::Flag(support && names));
            }
            _ => self.note(resource, "`enable_dns_support` or `enable_dns_hostnames` is not known"),
        }
        facts
    }

    pub(super) fn subnet(&mut self, resource: &Value, all: &[&Value]) -> Facts {
        let mut facts = self.facts(resource, SUBNET);
        self.v6_addresses(resource);
        match routes(resource, all) {
            Ok((routes, why)) => {
                facts.insert(Fact::Routes, audit::Value::All(routes));
                if let Some(why) = why {
                    self.note(resource, &why);
                }
            }
            Err(why) => self.note(resource, &why),
        }
        facts
    }
}

/// The routes of a subnet beyond its network, and why there may be others; or why they are not known.
fn routes(subnet: &Value, all: &[&Value]) -> Result<(BTreeSet<Item>, Option<String>), String> {
    let of_kind =
        |wanted: &'static str| all.iter().filter(move |one| kind(one) == wanted).map(|one| &one["values"]);
    let values = &subnet["values"];
    let same = |one: &Value, other: &Value| one.is_string() && one == other;
    // A table that is only looked up says itself what it is for.
    let inside = of_kind("aws_route_table").flat_map(|table| {
        let all = table["associations"].as_array().into_iter().flatten();
        all.map(move |one| (table, one))
    });
    let inside: Vec<(&Value, &Value)> = inside.collect();
    let mut own = of_kind("aws_route_table_association").chain(inside.iter().map(|(_, one)| *one));
    let own = own.find(|one| same(&one["subnet_id"], &values["id"]));
    let main = || {
        let replaced = of_kind("aws_main_route_table_association");
        let replaced =
            replaced.filter(|one| same(&one["vpc_id"], &values["vpc_id"])).map(|one| &one["route_table_id"]);
        let made = of_kind("aws_vpc").filter(|one| same(&one["id"], &values["vpc_id"]));
        let inside = inside
            .iter()
            .filter(|(table, one)| one["main"] == true && same(&table["vpc_id"], &values["vpc_id"]));
        let inside = inside.map(|(_, one)| &one["route_table_id"]);
        replaced.chain(inside).chain(made.map(|one| &one["main_route_table_id"])).next()
    };
    let table = own.map(|one| &one["route_table_id"]).or_else(main).unwrap_or(&Value::Null);
    let is_it = |one: &&&Value| {
        matches!(kind(one), "aws_route_table" | "aws_default_route_table")
            && same(&one["values"]["id"], table)
    };
    let Some(found) = all.iter().find(is_it) else {
        return Err(format!("its route table {table} is not in this state"));
    };
    // The data source leaves these out.
    let why = is_elsewhere(found).then(|| {
        format!("what gateways tell its route table {table} is not said where that is only looked up")
    });
    let found = &found["values"];
    if found["propagating_vgws"].as_array().is_some_and(|all| !all.is_empty()) {
        return Err(format!("its route table {table} has routes that a gateway tells it"));
    }
    let inside = ["route", "routes"].into_iter().filter_map(|key| found[key].as_array()).flatten();
    let beside = of_kind("aws_route").filter(|one| same(&one["route_table_id"], table));
    let gateways: Vec<&str> = of_kind("aws_internet_gateway").filter_map(|one| one["id"].as_str()).collect();
    let routes = inside.chain(beside).filter_map(|route| match route_of(route, &gateways) {
        Ok(route) => route.map(Item::Route).map(Ok),
        Err(why) => Some(Err(why)),
    });
    Ok((routes.collect::<Result<_, _>>()?, why))
}

/// A route; `None` for the network's own.
fn route_of(route: &Value, gateways: &[&str]) -> Result<Option<Route>, String> {
    let word = |key: &str| route[key].as_str().filter(|word| !word.is_empty());
    let networks = ["destination_cidr_block", "destination_ipv6_cidr_block", "cidr_block", "ipv6_cidr_block"];
    let to = match (networks.into_iter().find_map(word), word("destination_prefix_list_id")) {
        (Some(net), _) => net.parse().ok().map(Destination::Network),
        (None, list) => list.map(|id| Destination::PrefixList(id.to_owned())),
    };
    let Some(to) = to else {
        return Err("a route of its table has no destination that is known".to_owned());
    };
    let gateway = word("gateway_id");
    if gateway == Some("local") {
        return Ok(None);
    }
    if gateway.is_some_and(|id| gateways.contains(&id) || id.starts_with("igw-")) {
        return Ok(Some(Route { to, way: Way::InternetGateway }));
    }
    let ways = [
        "nat_gateway_id",
        "transit_gateway_id",
        "vpc_peering_connection_id",
        "egress_only_gateway_id",
        "carrier_gateway_id",
        "local_gateway_id",
        "vpc_endpoint_id",
        "core_network_arn",
        "network_interface_id",
        "instance_id",
    ];
    match ways.into_iter().find_map(word).or(gateway) {
        Some(way) => Ok(Some(Route { to, way: Way::Other(way.to_owned()) })),
        None => Err(format!("where its route to {to} goes is not known")),
    }
}
