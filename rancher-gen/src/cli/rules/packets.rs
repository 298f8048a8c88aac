//! `rancher-gen reach --rules … --packets`: what becomes of a list of packets.

use std::path::Path;

use rancher_gen::exit::Exit;
use rancher_gen::read;
use rancher_topology::netfilter::{Filter, Verdict};

use super::{ChainName, Host};
use crate::cli::Failure;

/// Prints what becomes of each packet of a list: `admitted`, `refused` or `possible`, in its order.
pub(in crate::cli) fn run(
    path: &Path,
    host: &Host,
    chain: ChainName,
    packets: &Path,
    as_json: bool,
) -> Result<Exit, Failure> {
    let rules = super::read(path, host)?;
    let (_, packets) = super::file(packets, |text| read::packets::read(text, rules.rules.family))?;
    let mut filter = Filter::for_packets(&rules.rules, &rules.facts, chain.hook(), &packets);
    let verdicts: Vec<Verdict> = packets.iter().map(|packet| filter.verdict(packet)).collect();
    let is_unsure = verdicts.contains(&Verdict::Possible);
    let verdicts: Vec<String> = verdicts.into_iter().map(|verdict| verdict.to_string()).collect();
    let text = if as_json {
        crate::cli::json(&verdicts)
    } else {
        verdicts.into_iter().map(|verdict| verdict + "\n").collect()
    };
    crate::cli::print(&text)?;
    if is_unsure {
        rules.tell_why(path, chain);
    }
    Ok(Exit::Done)
}
