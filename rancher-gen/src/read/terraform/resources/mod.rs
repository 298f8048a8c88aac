//! Networks, subnets, instances, load balancers, databases and names of hosts.
//!
//! What several resources say together is put together here: a subnet's routes, a load balancer's attachments and policies,
//! a database's subnets and parameters.

mod database;
mod instance;
mod load_balancer;
mod network;

use std::collections::{BTreeMap, BTreeSet};

use rancher_topology::audit::{self, Fact, Item, LiveResource, ResourceKind};
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
        let all = |ids: Vec<&str>, item: &dyn Fn(&str) -> Item| {
            audit::Value::All(ids.into_iter().map(item).collect())
        };
        Some(match how {
            As::Word => audit::Value::Word(word()?.to_owned()),
            As::Number => audit::Value::Number(value.as_u64()?),
            As::FlagOr(flag) if value.is_null() => audit::Value::Flag(flag),
            As::Flag | As::FlagOr(_) => audit::Value::Flag(value.as_bool()?),
            As::Address => audit::Value::Address(word()?.parse().ok()?),
            As::Cidr => audit::Value::Cidr(word()?.parse().ok()?),
            As::Id => audit::Value::All([Item::Resource(word()?.to_owned())].into()),
            As::Ids => all(ids()?, &|id| Item::Resource(id.to_owned())),
            As::Groups => all(ids()?, &|id| Item::Word(group(id))),
            As::Is(meant) => audit::Value::Flag(word()? == meant),
        })
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
        let ends = ends.iter().map(behind).map(Item::Resource).collect();
        Some([(Fact::LeadsTo, audit::Value::All(ends))].into())
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
