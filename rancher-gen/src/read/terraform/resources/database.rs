//! Databases with their subnets and parameters.

use rancher_topology::audit::{self, Fact};
use serde_json::Value;

use super::{As, Facts, Row, at};
use crate::read::terraform::{Reader, kind};

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
    pub(super) fn database(&mut self, resource: &Value, all: &[&Value]) -> Facts {
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
            let own = Some(audit::Value::Default);
            let said = value.map_or(own, |value| Some(audit::Value::Word(value.as_str()?.to_owned())));
            match said {
                Some(said) => {
                    facts.insert(fact, said);
                }
                None => self.odd(resource, name, value.unwrap_or(&Value::Null)),
            }
        }
        facts
    }
}
