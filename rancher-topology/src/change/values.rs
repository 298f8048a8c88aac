//! Addresses and load balancers: values with a name, before and after.

use std::collections::{BTreeMap, BTreeSet};

use super::ValueChange;
use super::ends::{Matched, by_key};
use crate::document::Scheme;
use crate::policy::{Direction, RulePeer, SecurityPolicy};
use crate::topology::{Database, Listener, LoadBalancer, NodeId, SubnetId, Topology};

pub(super) fn addresses(old: &Topology, new: &Topology, matched: &Matched) -> Vec<ValueChange> {
    let mut all = Values::default();
    let network = |topology: &Topology| Some(topology.network.cidr.to_string());
    all.compare(|| "network".to_owned(), network(old), network(new));
    for (before, after) in pairs(&old.subnets, &new.subnets, |subnet| subnet.name.as_str()) {
        all.both(
            "subnet",
            before,
            after,
            |subnet| subnet.name.to_string(),
            |subnet| match &subnet.zone {
                Some(zone) => format!("{} in {zone}", subnet.cidr),
                None => subnet.cidr.to_string(),
            },
        );
    }
    for (before, after) in pairs(&old.overlays, &new.overlays, |overlay| overlay.name.as_str()) {
        all.both("overlay", before, after, |own| own.name.to_string(), |own| own.cidr.to_string());
    }
    for (before, after) in pairs(&old.pools, &new.pools, |pool| pool.name.as_str()) {
        let named = |pool: &crate::topology::Pool| pool.name.to_string();
        if let (Some(before), Some(after)) = (before, after) {
            let public =
                |pool: &crate::topology::Pool| if *pool.public_address { "yes" } else { "no" }.to_owned();
            all.both("public addresses of", Some(before), Some(after), named, public);
            let list = |networks: &[ipnet::Ipv4Net]| {
                let words: Vec<String> = networks.iter().map(ToString::to_string).collect();
                if words.is_empty() { "none".to_owned() } else { words.join(", ") }
            };
            all.both("routed networks of", Some(before), Some(after), named, |pool| list(&pool.routed));
            let containers = |pool: &crate::topology::Pool| list(&pool.container_networks);
            all.both("container networks of", Some(before), Some(after), named, containers);
        }
    }
    for (before, after) in &matched.nodes {
        let at = |topology: &Topology, id: NodeId| {
            format!("{} in {}", topology[id].address, topology[topology[id].subnet].name)
        };
        let name = || after.map_or_else(|| before.map(|id| &old[id].name), |id| Some(&new[id].name));
        let name = || format!("node {}", name().map_or_else(String::new, ToString::to_string));
        all.compare(name, before.map(|id| at(old, id)), after.map(|id| at(new, id)));
    }
    let subnets = |topology: &Topology, ids: &[SubnetId]| {
        let mut names: Vec<&str> = ids.iter().map(|id| topology[*id].name.as_str()).collect();
        names.sort_unstable();
        names.join(", ")
    };
    for (before, after) in &matched.load_balancers {
        let place = |topology: &Topology, own: &LoadBalancer| {
            let scheme = match *own.scheme {
                Scheme::InternetFacing => "internet-facing",
                Scheme::Internal => "internal",
            };
            format!("{scheme} in {}", subnets(topology, &own.subnets))
        };
        let (before, after) = (before.map(|id| &old[id]), after.map(|id| &new[id]));
        let name = || after.or(before).map_or_else(String::new, |own| own.name.to_string());
        let name = || format!("load balancer {}", name());
        all.compare(name, before.map(|own| place(old, own)), after.map(|own| place(new, own)));
    }
    for (before, after) in &matched.databases {
        let place = |topology: &Topology, own: &Database| {
            format!("port {} in {}", own.port, subnets(topology, &own.subnets))
        };
        let (before, after) = (before.map(|id| &old[id]), after.map(|id| &new[id]));
        let name = || after.or(before).map_or_else(String::new, |own| own.name.to_string());
        let name = || format!("database {}", name());
        all.compare(name, before.map(|own| place(old, own)), after.map(|own| place(new, own)));
    }
    all.0
}

pub(super) fn load_balancers(old: &Topology, new: &Topology, matched: &Matched) -> Vec<ValueChange> {
    let mut all = Values::default();
    for (before, after) in &matched.load_balancers {
        let (before, after) = (before.map(|id| &old[id]), after.map(|id| &new[id]));
        let Some(either) = after.or(before) else { continue };
        let [listened, listens] = [before, after].map(|own| own.map_or(&[][..], |own| &own.listeners));
        for (before, after) in pairs(listened, listens, |listener| listener.listen.port) {
            let named = |listener: &Listener| format!("{} of {}", listener.listen, either.name);
            all.both("listener", before, after, named, |listener| {
                let proxy = listener.proxy_protocol.as_ref();
                let proxy = proxy.map_or_else(String::new, |policy| format!(" with proxy protocol {policy}"));
                format!("{}, forwarded to {}{proxy}", listener.listen, listener.forward)
            });
        }
        if before.is_some() && after.is_some() {
            let check = |own: &LoadBalancer| own.health_check.to_string();
            all.both("health check of", before, after, |own| own.name.to_string(), check);
        }
        let targets = |own: Option<&LoadBalancer>| {
            own.iter().flat_map(|own| &own.targets).copied().collect::<BTreeSet<NodeId>>()
        };
        let (had, has) = (targets(before), targets(after));
        for (old_node, new_node) in &matched.nodes {
            let before = old_node.filter(|id| had.contains(id));
            let after = new_node.filter(|id| has.contains(id));
            let value = |topology: &Topology, id: NodeId| topology[id].address.to_string();
            let name = || after.map(|id| &new[id].name).or_else(|| before.map(|id| &old[id].name));
            let name = || format!("target {} of {}", name().map_or("", |name| name), either.name);
            // That its address is another one stands among the addresses.
            if before.is_none() || after.is_none() {
                all.compare(name, before.map(|id| value(old, id)), after.map(|id| value(new, id)));
            }
        }
    }
    all.0
}

/// What the rules of groups let through over IPv6. Nodes have no addresses of it in a document.
pub(super) fn over_v6(old: &SecurityPolicy, new: &SecurityPolicy) -> Vec<ValueChange> {
    let (old, new) = (peers_over_v6(old), peers_over_v6(new));
    let mut all = Values::default();
    for what in old.keys().chain(new.keys().filter(|what| !old.contains_key(*what))) {
        all.compare(|| what.clone(), old.get(what).cloned(), new.get(what).cloned());
    }
    all.0
}

/// By group, direction and traffic: the networks.
fn peers_over_v6(policy: &SecurityPolicy) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (place, rule) in policy.rules() {
        let RulePeer::Network(net @ ipnet::IpNet::V6(_)) = rule.peer else { continue };
        let word = match place.direction {
            Direction::Inbound => "in",
            Direction::Outbound => "out",
        };
        let what = format!("{} lets {word} {}", policy[place.group].name, rule.traffic);
        all.entry(what).or_default().push(net.to_string());
    }
    let sorted = |(what, mut nets): (String, Vec<String>)| {
        nets.sort();
        nets.dedup();
        (what, nets.join(", "))
    };
    all.into_iter().map(sorted).collect()
}

/// The values that differ.
#[derive(Default)]
struct Values(Vec<ValueChange>);

impl Values {
    fn compare(&mut self, what: impl Fn() -> String, before: Option<String>, after: Option<String>) {
        if before != after {
            self.0.push(ValueChange { what: what(), before, after });
        }
    }

    fn both<T>(
        &mut self,
        kind: &str,
        before: Option<&T>,
        after: Option<&T>,
        name: impl Fn(&T) -> String,
        value: impl Fn(&T) -> String,
    ) {
        let named = || format!("{kind} {}", after.or(before).map_or_else(String::new, &name));
        self.compare(named, before.map(&value), after.map(&value));
    }
}

fn pairs<'t, T, Key: Ord>(
    old: &'t [T],
    new: &'t [T],
    key: impl Fn(&'t T) -> Key,
) -> Vec<(Option<&'t T>, Option<&'t T>)> {
    by_key(old.iter().map(|one| (key(one), one)), new.iter().map(|one| (key(one), one)))
}
