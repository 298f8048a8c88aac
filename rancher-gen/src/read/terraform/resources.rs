//! Networks, subnets, instances, load balancers, databases and names of hosts.
//!
//! What several resources say together is put together here: a subnet's routes, a load balancer's attachments and policies,
//! a database's subnets and parameters.

use std::collections::{BTreeMap, BTreeSet};

use rancher_topology::audit::{self, Fact, LiveResource, ResourceKind};
use serde_json::Value;

use super::{Reader, address, is_elsewhere, kind};

type Facts = BTreeMap<Fact, audit::Value>;

/// The types of resources that are read here.
const READ: [&str; 22] = [
    "aws_db_instance",
    "aws_db_parameter_group",
    "aws_db_subnet_group",
    "aws_default_route_table",
    "aws_eip",
    "aws_eip_association",
    "aws_elb",
    "aws_elb_attachment",
    "aws_instance",
    "aws_internet_gateway",
    "aws_internet_gateway_attachment",
    "aws_load_balancer_backend_server_policy",
    "aws_load_balancer_policy",
    "aws_main_route_table_association",
    "aws_proxy_protocol_policy",
    "aws_route",
    "aws_route53_record",
    "aws_route53_zone",
    "aws_route_table",
    "aws_route_table_association",
    "aws_subnet",
    "aws_vpc",
];

/// Whether a type of resources is read here.
pub(super) fn is_read(kind: &str) -> bool {
    READ.contains(&kind)
}

/// How an attribute is read.
#[derive(Clone, Copy)]
enum As {
    Word,
    Number,
    Flag,
    /// A flag that the provider takes so where nothing is said.
    FlagOr(bool),
    Address,
    Cidr,
    /// The id of a resource.
    Id,
    Ids,
    /// Ids of security groups.
    Groups,
    /// Whether it is this word.
    Is(&'static str),
}

/// A fact, the attribute that says it, and how.
type Row = (Fact, &'static str, As);

const NETWORK: &[Row] = &[(Fact::Cidr, "/cidr_block", As::Cidr)];

const SUBNET: &[Row] = &[
    (Fact::Cidr, "/cidr_block", As::Cidr),
    (Fact::Zone, "/availability_zone", As::Word),
    (Fact::Network, "/vpc_id", As::Id),
];

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

const LOAD_BALANCER: &[Row] = &[
    (Fact::Internal, "/internal", As::Flag),
    (Fact::Subnets, "/subnets", As::Ids),
    (Fact::Groups, "/security_groups", As::Groups),
    (Fact::Targets, "/instances", As::Ids),
    (Fact::HealthCheck, "/health_check/0/target", As::Word),
    (Fact::IdleTimeout, "/idle_timeout", As::Number),
];

const DATABASE: &[Row] = &[
    (Fact::Engine, "/engine", As::Word),
    (Fact::Version, "/engine_version", As::Word),
    (Fact::Machine, "/instance_class", As::Word),
    (Fact::Port, "/port", As::Number),
    (Fact::Storage, "/allocated_storage", As::Number),
    (Fact::Encrypted, "/storage_encrypted", As::Flag),
    (Fact::Standby, "/multi_az", As::Flag),
    (Fact::Public, "/publicly_accessible", As::Flag),
    (Fact::Groups, "/vpc_security_group_ids", As::Groups),
];

impl Reader {
    /// Reads those of some resources that a model speaks of beside security groups.
    pub(super) fn resources(&mut self, all: &[&Value]) {
        // Instances that a public address was given to afterwards.
        let elastic = all.iter().filter(|one| kind(one) == "aws_eip" || kind(one) == "aws_eip_association");
        let elastic: BTreeSet<&str> = elastic
            .flat_map(|one| ["instance", "instance_id"].map(|key| one["values"][key].as_str()))
            .flatten()
            .collect();
        for resource in all {
            let told = self.read.notes.len();
            let facts = match kind(resource) {
                "aws_vpc" => (ResourceKind::Network, self.network(resource)),
                "aws_subnet" => (ResourceKind::Subnet, self.subnet(resource, all)),
                "aws_instance" => (ResourceKind::Instance, self.instance(resource, &elastic)),
                "aws_elb" => (ResourceKind::LoadBalancer, self.load_balancer(resource, all)),
                "aws_db_instance" => (ResourceKind::Database, self.database(resource, all)),
                "aws_route53_record" => match self.host_name(resource, all) {
                    Some(facts) => (ResourceKind::HostName, facts),
                    None => continue,
                },
                _ => continue,
            };
            self.resource(resource, facts.0, facts.1);
            let unclear = self.read.notes.split_off(told);
            if let Some(read) = self.read.resources.last_mut() {
                read.unclear = unclear;
            }
        }
        self.attached(all);
    }

    fn resource(&mut self, resource: &Value, kind: ResourceKind, facts: Facts) {
        let values = &resource["values"];
        let own = match kind {
            ResourceKind::Database => at(resource, "/identifier").1,
            ResourceKind::LoadBalancer | ResourceKind::HostName => &values["name"],
            _ => &Value::Null,
        };
        let names = [own, &values["tags"]["Name"], &values["tags_all"]["Name"], &values["id"]];
        let name = names.into_iter().find_map(Value::as_str).unwrap_or_else(|| address(resource));
        let id = values["id"].as_str().unwrap_or_else(|| {
            self.note(resource, "it has no `id`");
            address(resource)
        });
        self.read.resources.push(LiveResource {
            kind,
            name: name.trim_end_matches('.').to_owned(),
            id: id.to_owned(),
            place: address(resource).to_owned(),
            facts,
            unclear: Vec::new(),
            elsewhere: is_elsewhere(resource),
        });
    }

    /// What some attributes say; each that is not as it should be is told.
    fn facts(&mut self, resource: &Value, rows: &[Row]) -> Facts {
        let mut facts = Facts::new();
        for (fact, pointer, how) in rows {
            let (name, value) = at(resource, pointer);
            match self.value(value, *how) {
                Some(value) => {
                    facts.insert(*fact, value);
                }
                None => self.odd(resource, name, value),
            }
        }
        facts
    }

    fn odd(&mut self, resource: &Value, attribute: &str, value: &Value) {
        let attribute = attribute.replace("/0/", ".");
        self.note(resource, &format!("`{attribute}` is {value}"));
    }

    fn value(&self, value: &Value, how: As) -> Option<audit::Value> {
        let word = || value.as_str().filter(|word| !word.is_empty());
        let ids = || value.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<&str>>>();
        let group = |id: &str| self.names.get(id).cloned().unwrap_or_else(|| id.to_owned());
        Some(match how {
            As::Word => audit::Value::Word(word()?.to_owned()),
            As::Number => audit::Value::Number(value.as_u64()?),
            As::FlagOr(flag) if value.is_null() => audit::Value::Flag(flag),
            As::Flag | As::FlagOr(_) => audit::Value::Flag(value.as_bool()?),
            As::Address => audit::Value::Address(word()?.parse().ok()?),
            As::Cidr => audit::Value::Cidr(word()?.parse().ok()?),
            As::Id => audit::Value::Resources([word()?.to_owned()].into()),
            As::Ids => audit::Value::Resources(ids()?.into_iter().map(str::to_owned).collect()),
            As::Groups => audit::Value::Words(ids()?.into_iter().map(group).collect()),
            As::Is(meant) => audit::Value::Flag(word()? == meant),
        })
    }

    /// Tells of addresses that no model has.
    fn v6_addresses(&mut self, resource: &Value) {
        for net in self.strings(resource, "ipv6_cidr_block", &resource["values"]["ipv6_cidr_block"]) {
            let text = format!("its IPv6 addresses {net} are not looked at: the model has none");
            self.note(resource, &text);
        }
    }

    fn network(&mut self, resource: &Value) -> Facts {
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

    fn subnet(&mut self, resource: &Value, all: &[&Value]) -> Facts {
        let mut facts = self.facts(resource, SUBNET);
        self.v6_addresses(resource);
        match routes(resource, all) {
            Ok((routes, why)) => {
                facts.insert(Fact::Routes, audit::Value::Words(routes));
                if let Some(why) = why {
                    self.note(resource, &why);
                }
            }
            Err(why) => self.note(resource, &why),
        }
        facts
    }

    fn instance(&mut self, resource: &Value, elastic: &BTreeSet<&str>) -> Facts {
        let mut facts = self.facts(resource, INSTANCE);
        let values = &resource["values"];
        let more = ["secondary_private_ips", "ipv6_addresses"];
        let more: BTreeSet<String> =
            more.into_iter().flat_map(|key| self.strings(resource, key, &values[key])).collect();
        facts.insert(Fact::MoreAddresses, audit::Value::Words(more));
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

    fn load_balancer(&mut self, resource: &Value, all: &[&Value]) -> Facts {
        let mut facts = self.facts(resource, LOAD_BALANCER);
        let values = &resource["values"];
        let listeners = self.listeners(resource);
        facts.extend(listeners.map(|all| (Fact::Listeners, audit::Value::Words(all))));
        for one in all.iter().filter(|one| kind(one) == "aws_elb_attachment") {
            let attached = &one["values"];
            if attached["elb"] != values["name"] && attached["elb"] != values["id"] {
                continue;
            }
            let Some(instance) = attached["instance"].as_str() else {
                self.odd(one, "instance", &attached["instance"]);
                facts.remove(&Fact::Targets);
                continue;
            };
            if let Some(audit::Value::Resources(targets)) = facts.get_mut(&Fact::Targets) {
                targets.insert(instance.to_owned());
            }
        }
        if is_elsewhere(resource) {
            self.note(resource, "its policies are not said where it is only looked up");
            return facts;
        }
        let policies = self.policies(&values["name"], all);
        facts.extend(policies.map(|all| (Fact::ProxyProtocol, audit::Value::Words(all))));
        facts
    }

    /// The listeners of a load balancer; `None` where one is not known.
    fn listeners(&mut self, resource: &Value) -> Option<BTreeSet<String>> {
        let Some(all) = resource["values"]["listener"].as_array() else {
            self.odd(resource, "listener", &resource["values"]["listener"]);
            return None;
        };
        let mut words = BTreeSet::new();
        for one in all {
            let side = |port: &str, protocol: &str| {
                let port = one[port].as_u64()?;
                Some(format!("{port}/{}", one[protocol].as_str()?.to_ascii_lowercase()))
            };
            let sides = side("lb_port", "lb_protocol").zip(side("instance_port", "instance_protocol"));
            let Some((listen, forward)) = sides else {
                self.odd(resource, "listener", one);
                return None;
            };
            words.insert(audit::listener_word(&listen, &forward));
        }
        Some(words)
    }

    /// The policies of a load balancer that put a PROXY header before connections; `None` where one is not known.
    fn policies(&mut self, balancer: &Value, all: &[&Value]) -> Option<BTreeSet<String>> {
        let own = |one: &&&Value| {
            one["values"]["load_balancer_name"] == *balancer || one["values"]["load_balancer"] == *balancer
        };
        let mut headers: BTreeMap<&str, bool> = BTreeMap::new();
        for one in all.iter().filter(own).filter(|one| kind(one) == "aws_load_balancer_policy") {
            let values = &one["values"];
            let mut attributes = values["policy_attribute"].as_array().into_iter().flatten();
            let is_on = values["policy_type_name"] == "ProxyProtocolPolicyType"
                && attributes.any(|one| one["name"] == "ProxyProtocol" && one["value"] == "true");
            headers.extend(values["policy_name"].as_str().map(|name| (name, is_on)));
        }
        let mut words = Some(BTreeSet::new());
        let mut add = |port: Option<u16>, name: &str| match port {
            Some(port) => {
                words.as_mut().map(|words| words.insert(audit::policy_word(port, name)));
            }
            None => words = None,
        };
        for one in all.iter().filter(own) {
            let values = &one["values"];
            match kind(one) {
                "aws_load_balancer_backend_server_policy" => {
                    let port = values["instance_port"].as_u64().and_then(|port| u16::try_from(port).ok());
                    if port.is_none() {
                        self.odd(one, "instance_port", &values["instance_port"]);
                    }
                    for name in self.strings(one, "policy_names", &values["policy_names"]) {
                        match headers.get(name.as_str()) {
                            Some(true) => add(port, &name),
                            Some(false) => {
                                self.note(one, &format!("what the policy {name} does is not compared"));
                            }
                            None => {
                                self.note(one, &format!("the policy {name} is not in this state"));
                                add(None, &name);
                            }
                        }
                    }
                }
                "aws_proxy_protocol_policy" => {
                    for port in self.strings(one, "instance_ports", &values["instance_ports"]) {
                        if port.parse::<u16>().is_err() {
                            self.note(one, &format!("`instance_ports`: {port}"));
                        }
                        // The provider always calls it so.
                        add(port.parse().ok(), "TFEnableProxyProtocol");
                    }
                }
                _ => {}
            }
        }
        words
    }

    fn database(&mut self, resource: &Value, all: &[&Value]) -> Facts {
        let mut facts = self.facts(resource, DATABASE);
        let named = |wanted: &str, name: &Value| {
            all.iter().find(|one| kind(one) == wanted && name.is_string() && one["values"]["name"] == *name)
        };
        let group = at(resource, "/db_subnet_group_name").1;
        match named("aws_db_subnet_group", group) {
            Some(group) => facts.extend(self.facts(group, &[(Fact::Subnets, "/subnet_ids", As::Ids)])),
            None => self.note(resource, &format!("its subnet group {group} is not in this state")),
        }
        let group = at(resource, "/parameter_group_name").1;
        let Some(parameters) = named("aws_db_parameter_group", group) else {
            self.note(resource, &format!("its parameter group {group} is not in this state"));
            return facts;
        };
        let parameters = parameters["values"]["parameter"].as_array().into_iter().flatten();
        for (fact, name) in
            [(Fact::MaxConnections, "max_connections"), (Fact::CharacterSet, "character_set_server")]
        {
            let value = parameters.clone().find(|one| one["name"] == name).map(|one| &one["value"]);
            let word = value.map_or(Some("the engine's own"), Value::as_str);
            match word {
                Some(word) => {
                    facts.insert(fact, audit::Value::Word(word.to_owned()));
                }
                None => self.odd(resource, name, value.unwrap_or(&Value::Null)),
            }
        }
        facts
    }

    /// What a name leads to; `None` for a record that tells no address.
    fn host_name(&mut self, resource: &Value, all: &[&Value]) -> Option<Facts> {
        let values = &resource["values"];
        if !matches!(values["type"].as_str(), Some("A" | "AAAA" | "CNAME")) {
            self.read.aside.push(address(resource).to_owned());
            return None;
        }
        let mut ends = self.strings(resource, "records", &values["records"]);
        let aliases = values["alias"].as_array().into_iter().flatten();
        ends.extend(aliases.filter_map(|alias| alias["name"].as_str()).map(str::to_owned));
        if ends.is_empty() {
            self.note(resource, "where it leads is not known");
            return Some(Facts::new());
        }
        let behind = |end: &String| {
            let end = end.trim_end_matches('.').to_ascii_lowercase();
            let end = end.strip_prefix("dualstack.").unwrap_or(&end).to_owned();
            let own = |one: &&&Value| {
                let name = match kind(one) {
                    "aws_elb" => &one["values"]["dns_name"],
                    "aws_db_instance" => &one["values"]["address"],
                    _ => return false,
                };
                name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(&end))
            };
            let found = all.iter().find(own).and_then(|one| one["values"]["id"].as_str());
            found.map_or(end, str::to_owned)
        };
        let ends = ends.iter().map(behind).collect();
        Some([(Fact::LeadsTo, audit::Value::Resources(ends))].into())
    }

    /// Tells of public addresses and attachments that belong to nothing in the state.
    fn attached(&mut self, all: &[&Value]) {
        let ids = |wanted: &str, key: &str| -> BTreeSet<&str> {
            let of_kind = all.iter().filter(|one| kind(one) == wanted);
            of_kind.filter_map(|one| one["values"][key].as_str()).collect()
        };
        let instances = ids("aws_instance", "id");
        let balancers = ids("aws_elb", "name");
        for one in all.iter().filter(|one| !is_elsewhere(one)) {
            let values = &one["values"];
            let balancer = match kind(one) {
                "aws_elb_attachment" => &values["elb"],
                "aws_load_balancer_policy" | "aws_load_balancer_backend_server_policy" => {
                    &values["load_balancer_name"]
                }
                "aws_proxy_protocol_policy" => &values["load_balancer"],
                "aws_eip" | "aws_eip_association" => {
                    let instance = values["instance"].as_str().or(values["instance_id"].as_str());
                    if !instance.is_some_and(|id| instances.contains(id)) {
                        self.note(one, "what has this public address is not in this state");
                    }
                    continue;
                }
                _ => continue,
            };
            if !balancer.as_str().is_some_and(|name| balancers.contains(name)) {
                self.note(one, &format!("its load balancer {balancer} is not in this state"));
            }
        }
    }

    /// The words of an attribute; what is none is told.
    pub(super) fn strings(&mut self, resource: &Value, key: &str, value: &Value) -> Vec<String> {
        let mut words = Vec::new();
        let all = match value {
            Value::Null => &[],
            Value::Array(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        for one in all {
            match one.as_str() {
                Some("") => {}
                Some(word) => words.push(word.to_owned()),
                None => self.odd(resource, key, one),
            }
        }
        words
    }
}

/// What a database's attributes are called where it is only looked up (Registry of Terraform, data source
/// `aws_db_instance`).
const LOOKED_UP: [(&str, &str); 5] = [
    ("/identifier", "/db_instance_identifier"),
    ("/instance_class", "/db_instance_class"),
    ("/vpc_security_group_ids", "/vpc_security_groups"),
    ("/db_subnet_group_name", "/db_subnet_group"),
    ("/parameter_group_name", "/db_parameter_groups/0"),
];

/// An attribute, and its name.
fn at<'v>(resource: &'v Value, pointer: &'static str) -> (&'static str, &'v Value) {
    let is_other = kind(resource) == "aws_db_instance" && is_elsewhere(resource);
    let other = LOOKED_UP.iter().find(|(own, _)| is_other && *own == pointer);
    let pointer = other.map_or(pointer, |(_, other)| *other);
    (&pointer[1..], resource["values"].pointer(pointer).unwrap_or(&Value::Null))
}

/// The routes of a subnet beyond its network, and why there may be others; or why they are not known.
fn routes(subnet: &Value, all: &[&Value]) -> Result<(BTreeSet<String>, Option<String>), String> {
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
    let inside = ["route", "routes"].into_iter().flat_map(|key| found[key].as_array()).flatten();
    let beside = of_kind("aws_route").filter(|one| same(&one["route_table_id"], table));
    let gateways: Vec<&str> = of_kind("aws_internet_gateway").filter_map(|one| one["id"].as_str()).collect();
    let words = inside.chain(beside).filter_map(|route| match route_word(route, &gateways) {
        Ok(word) => word.map(Ok),
        Err(why) => Some(Err(why)),
    });
    Ok((words.collect::<Result<_, _>>()?, why))
}

/// A route in words; `None` for the network's own.
fn route_word(route: &Value, gateways: &[&str]) -> Result<Option<String>, String> {
    let word = |key: &str| route[key].as_str().filter(|word| !word.is_empty());
    let destinations = [
        "destination_cidr_block",
        "destination_ipv6_cidr_block",
        "cidr_block",
        "ipv6_cidr_block",
        "destination_prefix_list_id",
    ];
    let Some(to) = destinations.into_iter().find_map(word) else {
        return Err("a route of its table has no destination that is known".to_owned());
    };
    let gateway = word("gateway_id");
    if gateway == Some("local") {
        return Ok(None);
    }
    if gateway.is_some_and(|id| gateways.contains(&id) || id.starts_with("igw-")) {
        return Ok(Some(audit::internet_route(to)));
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
        Some(way) => Ok(Some(format!("{to} to {way}"))),
        None => Err(format!("where its route to {to} goes is not known")),
    }
}
