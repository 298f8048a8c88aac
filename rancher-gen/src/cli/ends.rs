//! Ends of connections in words.

use std::collections::BTreeMap;

use rancher_topology::Topology;
use rancher_topology::flow::End;
use rancher_topology::policy::Services;
use rancher_topology::reach::Whom;
use rancher_topology::topology::{PoolId, ServiceId};

/// The most names that a person is told in one list; JSON has all.
const MOST: usize = 4;

/// Names in a row: of all nodes of a pool the pool's, of all instances of a service the service's.
pub(super) fn names(topology: &Topology, ends: &[Whom]) -> String {
    let mut words = all_names(topology, ends);
    if words.len() > MOST {
        let more = words.len() - (MOST - 1);
        words.truncate(MOST - 1);
        words.push(format!("{more} more"));
    }
    match words.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => words.concat(),
    }
}

/// The same names, all of them.
pub(super) fn all_names(topology: &Topology, ends: &[Whom]) -> Vec<String> {
    let mut pools: BTreeMap<PoolId, usize> = BTreeMap::new();
    let mut services: BTreeMap<ServiceId, usize> = BTreeMap::new();
    for end in ends {
        match end {
            Whom::End(End::Node(id)) => *pools.entry(topology[*id].pool).or_default() += 1,
            Whom::End(End::Instance(id)) => *services.entry(topology[*id].service).or_default() += 1,
            _ => {}
        }
    }
    pools.retain(|id, count| *count > 1 && *count == topology[*id].nodes.len());
    services.retain(|id, count| *count > 1 && *count == topology[*id].placement.len());
    let mut words: Vec<String> = Vec::new();
    for end in ends {
        let whole = match end {
            Whom::End(End::Node(id)) => pools
                .get(&topology[*id].pool)
                .map(|count| format!("{} ({count} nodes)", topology[topology[*id].pool].name)),
            Whom::End(End::Instance(id)) => services
                .get(&topology[*id].service)
                .map(|count| format!("{} ({count} instances)", topology[topology[*id].service].name)),
            _ => None,
        };
        let word = whole.unwrap_or_else(|| end.name(topology));
        if words.last() != Some(&word) {
            words.push(word);
        }
    }
    words
}

/// The addresses of ends, as networks; nothing of those that have no fixed one.
pub(super) fn addresses_of(topology: &Topology, ends: &[Whom]) -> Vec<String> {
    let mut nodes = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for end in ends {
        match end {
            Whom::End(End::Node(id)) => nodes.push(ipnet::Ipv4Net::from(topology[*id].address)),
            Whom::End(_) => {}
            Whom::Internet(all) | Whom::Addresses(all) => {
                words.extend(all.as_networks().iter().map(ToString::to_string));
            }
        }
    }
    words.extend(ipnet::Ipv4Net::aggregate(&nodes).iter().map(ToString::to_string));
    words
}

/// What connections are for, a word for each part: `2181/tcp`, `icmp`.
pub(super) fn services(services: &Services) -> Vec<String> {
    services.ranges().iter().map(ToString::to_string).collect()
}
