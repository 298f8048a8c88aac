//! Peers that are too many for rules of their own: one set of addresses, and a packet's cost stays the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;
use rancher_topology::policy::{HostPolicy, PeerSet};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::template::Raw;

/// More addresses than this become a set. A rule costs about as much as a look-up; eight of them are still read at a glance.
const MOST_IN_RULES: usize = 8;

/// The longest name: ipset takes 31 characters (`IPSET_MAXNAMELEN` with its NUL), and the loader needs four for `.new`.
const LONGEST: usize = 27;

/// How many members a set takes when it does not say; a full one refuses more. Source: ipset(8), `maxelem`.
const DEFAULT_MOST: usize = 65_536;

#[derive(Debug, Clone, Serialize)]
pub(super) struct Set {
    pub(super) name: String,
    title: String,
    key: Raw,
    most: usize,
    networks: Vec<Raw>,
}

/// The addresses of peers in each family, v4 first: the list has them in this order. It is not walked through, because
/// every node asks this of all its peers.
pub(super) fn families(peers: &PeerSet) -> (&[IpNet], &[IpNet]) {
    peers.networks.split_at(peers.networks.partition_point(|net| matches!(net, IpNet::V4(_))))
}

/// The name of the set of these peers, if they need one.
pub(super) fn name_of(peers: &PeerSet) -> Option<String> {
    (families(peers).0.len() > MOST_IN_RULES).then(|| short(&peers.name))
}

/// The peers that a policy refers to as sets, each once, by the name of their set.
pub(super) fn named(host: &HostPolicy) -> BTreeMap<String, &Arc<PeerSet>> {
    host.rules.iter().filter_map(|rule| Some((name_of(&rule.peers)?, &rule.peers))).collect()
}

/// The sets that these policies refer to, each once, by name.
pub(super) fn of(hosts: &[HostPolicy]) -> Vec<Set> {
    let sets: BTreeMap<String, &Arc<PeerSet>> = hosts.iter().flat_map(named).collect();
    let set = |(name, peers): (String, &Arc<PeerSet>)| {
        let networks: Vec<Raw> = families(peers).0.iter().copied().map(Raw::number).collect();
        Set {
            title: peers.name.clone(),
            key: Raw::identifier(&name).unwrap_or_else(|| Raw::word("rgen")),
            most: networks.len().next_power_of_two().max(DEFAULT_MOST),
            networks,
            name,
        }
    };
    sets.into_iter().map(set).collect()
}

/// A set's name: `rgen-` and the group's, or where that is too long or has a dot, its beginning and eight digits of its SHA-256.
fn short(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let whole = format!("rgen-{name}");
    if whole.len() <= LONGEST && name.chars().all(plain) {
        return whole;
    }
    let begin: String = name.chars().filter(|c| plain(*c)).take(LONGEST - "rgen--".len() - 8).collect();
    let digest = Sha256::digest(name.as_bytes());
    format!("rgen-{begin}-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        assert_eq!(short("server-nodes"), "rgen-server-nodes");
        let long = ["a".repeat(60) + "1", "a".repeat(60) + "2"].map(|name| short(&name));
        assert!(long.iter().all(|name| name.len() <= 27), "{long:?}");
        assert_ne!(long[0], long[1]);
        assert_ne!(short("a.b"), short("ab"));
    }
}
