//! Load balancers with what is attached to them.

use std::collections::{BTreeMap, BTreeSet};

use rancher_topology::audit::{self, Fact, Item};
use rancher_topology::scalar::ListenerPort;
use serde_json::Value;

use super::{As, Facts, Row};
use crate::read::terraform::{Reader, is_elsewhere, kind};

const LOAD_BALANCER: &[Row] = &[
    (Fact::Internal, "/internal", As::Flag),
    (Fact::Subnets, "/subnets", As::Ids),
    (Fact::Groups, "/security_groups", As::Groups),
    (Fact::Targets, "/instances", As::Ids),
    (Fact::HealthCheck, "/health_check/0/target", As::Word),
    (Fact::IdleTimeout, "/idle_timeout", As::Number),
];

impl Reader {
    pub(super) fn load_balancer(&mut self, resource: &Value, all: &[&Value]) -> Facts {
        let mut facts = self.facts(resource, LOAD_BALANCER);
        let values = &resource["values"];
        let listeners = self.listeners(resource);
        facts.extend(listeners.map(|all| (Fact::Listeners, audit::Value::All(all))));
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
            if let Some(audit::Value::All(targets)) = facts.get_mut(&Fact::Targets) {
                targets.insert(Item::Resource(instance.to_owned()));
            }
        }
        if is_elsewhere(resource) {
            self.note(resource, "its policies are not said where it is only looked up");
            return facts;
        }
        let policies = self.policies(&values["name"], all);
        facts.extend(policies.map(|all| (Fact::ProxyProtocol, audit::Value::All(all))));
        facts
    }

    /// The listeners of a load balancer; `None` where one is not known.
    fn listeners(&mut self, resource: &Value) -> Option<BTreeSet<Item>> {
        let Some(listeners) = resource["values"]["listener"].as_array() else {
            self.odd(resource, "listener", &resource["values"]["listener"]);
            return None;
        };
        let mut all = BTreeSet::new();
        for one in listeners {
            let side = |port: &str, protocol: &str| {
                let (port, protocol) = (one[port].as_u64()?, one[protocol].as_str()?);
                format!("{port}/{}", protocol.to_ascii_lowercase()).parse::<ListenerPort>().ok()
            };
            let sides = side("lb_port", "lb_protocol").zip(side("instance_port", "instance_protocol"));
            let Some((listen, forward)) = sides else {
                self.odd(resource, "listener", one);
                return None;
            };
            all.insert(Item::Listener { listen, forward });
        }
        Some(all)
    }

    /// The policies of a load balancer that put a PROXY header before connections; `None` where one is not known.
    fn policies(&mut self, balancer: &Value, all: &[&Value]) -> Option<BTreeSet<Item>> {
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
        let mut found = Some(BTreeSet::new());
        let mut add = |port: Option<u16>, name: &str| match port {
            Some(port) => {
                found.as_mut().map(|found| found.insert(Item::Policy { port, name: name.to_owned() }));
            }
            None => found = None,
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
        found
    }
}
