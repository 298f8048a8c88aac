//! Addresses and load balancers: values with a name, before and after.

use std::collections::{BTreeMap, BTreeSet};

use super::ValueChange;
use super::ends::{Matched, by_key};
use crate::document::Scheme;
use crate::policy::{Direction, RulePeer, SecurityPolicy};
use crate::topology::{Listener, LoadBalancer, Node, NodeId, Pool, SubnetId, Topology};

pub(super) fn addresses(old: &Topology, new: &Topology, matched: &Matched) -> Vec<ValueChange> {
    let mut all = Values::of(old, new);
    let network = |topology: &Topology| Some(topology.network.cidr.to_string());
    all.compare(|| "network".to_owned(), network(old), network(new));
    for pair in pairs(&old.subnets, &new.subnets, |subnet| subnet.name.as_str()) {
        all.both(
            "subnet",
            pair,
            |own| own.name.to_string(),
            |_, own| match &own.zone {
                Some(zone) => format!("{} in {zone}", own.cidr),
                None => own.cidr.to_string(),
            },
        );
    }
    for pair in pairs(&old.overlays, &new.overlays, |overlay| overlay.name.as_str()) {
        all.both("overlay", pair, |own| own.name.to_string(), |_, own| own.cidr.to_string());
    }
    let list = |networks: &[ipnet::Ipv4Net]| {
        let words: Vec<String> = networks.iter().map(ToString::to_string).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    };
    for pair in pairs(&old.pools, &new.pools, |pool| pool.name.as_str()) {
        if let (Some(_), Some(_)) = pair {
            let named = |pool: &Pool| pool.name.to_string();
            let public = |pool: &Pool| if *pool.public_address { "yes" } else { "no" }.to_owned();
            all.both("public addresses of", pair, named, |_, pool| public(pool));
            all.both("routed networks of", pair, named, |_, pool| list(&pool.routed));
            all.both("container networks of", pair, named, |_, pool| list(&pool.container_networks));
        }
    }
    for (before, after) in &matched.nodes {
        let pair = (before.map(|id| &old[id]), after.map(|id| &new[id]));
        all.both(
            "node",
            pair,
            |own| own.name.to_string(),
            |topology, own| format!("{} in {}", own.address, topology[own.subnet].name),
        );
    }
    let subnets = |topology: &Topology, ids: &[SubnetId]| {
        let mut names: Vec<&str> = ids.iter().map(|id| topology[*id].name.as_str()).collect();
        names.sort_unstable();
        names.join(", ")
    };
    for (before, after) in &matched.load_balancers {
        let pair = (before.map(|id| &old[id]), after.map(|id| &new[id]));
        all.both(
            "load balancer",
            pair,
            |own| own.name.to_string(),
            |topology, own| {
                let scheme = match *own.scheme {
                    Scheme::InternetFacing => "internet-facing",
                    Scheme::Internal => "internal",
                };
                format!("{scheme} in {}", subnets(topology, &own.subnets))
            },
        );
    }
    for (before, after) in &matched.databases {
        let pair = (before.map(|id| &old[id]), after.map(|id| &new[id]));
        all.both(
            "database",
            pair,
            |own| own.name.to_string(),
            |topology, own| format!("port {} in {}", own.port, subnets(topology, &own.subnets)),
        );
    }
    all.found
}

pub(super) fn load_balancers(old: &Topology, new: &Topology, matched: &Matched) -> Vec<ValueChange> {
    let mut all = Values::of(old, new);
    for (before, after) in &matched.load_balancers {
        let (before, after) = (before.map(|id| &old[id]), after.map(|id| &new[id]));
        let Some(either) = after.or(before) else { continue };
        let [listened, listens] = [before, after].map(|own| own.map_or(&[][..], |own| &own.listeners));
        for pair in pairs(listened, listens, |listener| listener.listen.port) {
            let named = |listener: &Listener| format!("{} of {}", listener.listen, either.name);
            all.both("listener", pair, named, |_, listener| {
                let proxy = listener.proxy_protocol.as_ref();
                let proxy = proxy.map_or_else(String::new, |policy| format!(" with proxy protocol {policy}"));
                format!("{}, forwarded to {}{proxy}", listener.listen, listener.forward)
            });
        }
        if let pair @ (Some(_), Some(_)) = (before, after) {
            let check = |_: &Topology, own: &LoadBalancer| own.health_check.to_string();
            all.both("health check of", pair, |own| own.name.to_string(), check);
        }
        let targets = |own: Option<&LoadBalancer>| {
            own.iter().flat_map(|own| &own.targets).copied().collect::<BTreeSet<NodeId>>()
        };
        let (had, has) = (targets(before), targets(after));
        for (old_node, new_node) in &matched.nodes {
            let before = old_node.filter(|id| had.contains(id)).map(|id| &old[id]);
            let after = new_node.filter(|id| has.contains(id)).map(|id| &new[id]);
            // That its address is another one stands among the addresses.
            if before.is_none() || after.is_none() {
                let named = |own: &Node| format!("{} of {}", own.name, either.name);
                all.both("target", (before, after), named, |_, own| own.address.to_string());
            }
        }
    }
    all.found
}

/// What the rules of groups let through over IPv6. Nodes have no addresses of it in a document.
pub(super) fn over_v6(old: &SecurityPolicy, new: &SecurityPolicy) -> Vec<ValueChange> {
    let (old, new) = (peers_over_v6(old), peers_over_v6(new));
    let mut found = Vec::new();
    for what in old.keys().chain(new.keys().filter(|what| !old.contains_key(*what))) {
        found.extend(difference(|| what.clone(), old.get(what).cloned(), new.get(what).cloned()));
    }
    found
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

/// The values of two topologies that differ.
struct Values<'t> {
    old: &'t Topology,
    new: &'t Topology,
    found: Vec<ValueChange>,
}

impl<'t> Values<'t> {
    const fn of(old: &'t Topology, new: &'t Topology) -> Self {
        Self { old, new, found: Vec::new() }
    }

    fn compare(&mut self, what: impl Fn() -> String, before: Option<String>, after: Option<String>) {
        self.found.extend(difference(what, before, after));
    }

    /// Compares a value of a thing, in its own topology.
    fn both<T>(
        &mut self,
        kind: &str,
        (before, after): (Option<&T>, Option<&T>),
        name: impl Fn(&T) -> String,
        value: impl Fn(&Topology, &T) -> String,
    ) {
        let named = || format!("{kind} {}", after.or(before).map_or_else(String::new, &name));
        let (old, new) = (self.old, self.new);
        self.compare(named, before.map(|own| value(old, own)), after.map(|own| value(new, own)));
    }
}

fn difference(
    what: impl Fn() -> String,
    before: Option<String>,
    after: Option<String>,
) -> Option<ValueChange> {
    (before != after).then(|| ValueChange { what: what(), before, after })
}

fn pairs<'t, T, Key: Ord>(
    old: &'t [T],
    new: &'t [T],
    key: impl Fn(&'t T) -> Key,
) -> Vec<(Option<&'t T>, Option<&'t T>)> {
    by_key(old.iter().map(|one| (key(one), one)), new.iter().map(|one| (key(one), one)))
}
