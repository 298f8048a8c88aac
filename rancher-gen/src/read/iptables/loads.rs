//! What the kernel does for all packets from when a rule is there.

use rancher_topology::netfilter::Loaded;

use super::options::Options;

/// Of a rule whose parts `unclear` are not understood.
pub(super) fn loads(options: &Options, unclear: &[String]) -> Vec<Loaded> {
    let of_modules = options.modules.iter().filter_map(|(name, _)| by_match(name));
    let of_target = options.target.as_ref().and_then(|(name, given, _)| {
        // `xt_ct_tg_check` is done then.
        let is_untracked = given.iter().any(|given| given.name.starts_with("--notr"));
        by_target(name).filter(|_| !is_untracked)
    });
    let unknown = unclear.iter().cloned().map(Loaded::Unknown);
    of_modules.chain(of_target).chain(unknown).collect()
}

/// Matches that are checked by functions which call `nf_ct_netns_get`, or `nf_defrag_ipv4_enable` (`socket`); and
/// `physdev_mt_check`.
fn by_match(name: &str) -> Option<Loaded> {
    Some(match name {
        "cluster" | "connbytes" | "connlabel" | "connlimit" | "connmark" | "conntrack" | "helper"
        | "socket" | "state" => Loaded::Defragmentation,
        "physdev" => Loaded::BridgeFilter,
        _ => return None,
    })
}

/// Targets that are checked so.
fn by_target(name: &str) -> Option<Loaded> {
    Some(match name {
        "CLUSTERIP" | "CONNMARK" | "CONNSECMARK" | "CT" | "DNAT" | "MASQUERADE" | "NETMAP" | "REDIRECT"
        | "SNAT" | "SYNPROXY" | "TPROXY" => Loaded::Defragmentation,
        _ => return None,
    })
}
