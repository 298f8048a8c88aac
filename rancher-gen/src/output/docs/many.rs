//! Many things in few words: a handful is listed, more become ranges, so that a page stays readable at any size.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use rancher_topology::Topology;
use rancher_topology::topology::NodeId;

/// So many things are still read one by one.
pub(super) const HANDFUL: usize = 8;

/// Addresses: each of a handful in the given order, otherwise ranges in rising order.
pub(super) fn addresses(all: &[Ipv4Addr]) -> String {
    if all.len() <= HANDFUL {
        return listed(all);
    }
    let mut sorted: Vec<u32> = all.iter().copied().map(u32::from).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for address in sorted {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == address => *last = address,
            _ => runs.push((address, address)),
        }
    }
    let words = runs.into_iter().map(|(first, last)| {
        let (first, last) = (Ipv4Addr::from(first), Ipv4Addr::from(last));
        if first == last { first.to_string() } else { format!("{first}–{last}") }
    });
    format!("{} ({} addresses)", some(words), count(all.len()))
}

/// The addresses of nodes.
pub(super) fn addresses_of(topology: &Topology, nodes: &[NodeId]) -> String {
    let all: Vec<Ipv4Addr> = nodes.iter().map(|node| topology[*node].address).collect();
    addresses(&all)
}

/// Everything, with commas.
pub(super) fn listed<T: ToString>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}

/// The first few, with commas, and how many more there are.
pub(super) fn some<T: ToString>(all: impl IntoIterator<Item = T>) -> String {
    listed(few(all))
}

/// The first few, and how many more there are.
pub(super) fn few<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut all = all.into_iter().map(|one| one.to_string());
    let mut words: Vec<String> = all.by_ref().take(HANDFUL).collect();
    match (all.next(), all.count()) {
        (None, _) => {}
        (Some(last), 0) => words.push(last),
        (Some(_), more) => words.push(format!("and {} more", count(more + 1))),
    }
    words
}

/// A number with commas between its thousands.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Numbers behind a name as the shell writes them: `_{1,2,3}`, `_{1..5000}`, and `_1` when there is one.
pub(super) fn braces(last: usize) -> String {
    match last {
        1 => "1".to_owned(),
        2..=HANDFUL => {
            format!("{{{}}}", (1..=last).map(|number| number.to_string()).collect::<Vec<_>>().join(","))
        }
        _ => format!("{{1..{last}}}"),
    }
}

/// Any address of a network, as the wiki page writes it: `172.22.1.x`.
pub(super) fn any_of(network: Ipv4Net) -> String {
    let fixed = usize::from(network.prefix_len() / 8);
    let octets = network.network().octets();
    let words: Vec<String> =
        (0..4).map(|at| if at < fixed { octets[at].to_string() } else { "x".to_owned() }).collect();
    words.join(".")
}

#[cfg(test)]
mod tests {
    use super::{addresses, any_of, braces, count, few};
    use std::net::Ipv4Addr;

    fn from(first: [u8; 4], count: u32) -> Vec<Ipv4Addr> {
        (0..count).map(|step| Ipv4Addr::from(u32::from(Ipv4Addr::from(first)) + step)).collect()
    }

    #[test]
    fn a_handful_is_listed_and_more_become_ranges() {
        assert_eq!(addresses(&from([10, 0, 0, 1], 3)), "10.0.0.1, 10.0.0.2, 10.0.0.3");
        let mut dealt = from([10, 0, 0, 254], 4);
        dealt.extend(from([10, 1, 0, 1], 5));
        dealt.reverse();
        assert_eq!(addresses(&dealt), "10.0.0.254–10.0.1.1, 10.1.0.1–10.1.0.5 (9 addresses)");
    }

    #[test]
    fn scattered_addresses_end_in_a_number() {
        let scattered: Vec<Ipv4Addr> = (0..40).map(|step| Ipv4Addr::new(10, 0, step, 1)).collect();
        assert!(addresses(&scattered).ends_with("10.0.7.1, and 32 more (40 addresses)"));
        assert_eq!(few(1..=9).last().map(String::as_str), Some("9"), "\"and 1 more\" is longer than the one");
    }

    #[test]
    fn numbers_are_written_as_people_and_shells_do() {
        assert_eq!([count(7), count(1_000), count(1_234_567)], ["7", "1,000", "1,234,567"]);
        assert_eq!([braces(1), braces(3), braces(5_000)], ["1", "{1,2,3}", "{1..5000}"]);
    }

    #[test]
    fn what_a_prefix_leaves_open_is_an_x() {
        let any = |net: &str| any_of(net.parse().unwrap());
        assert_eq!(any("172.22.1.0/24"), "172.22.1.x");
        assert_eq!([any("10.0.0.0/12"), any("0.0.0.0/0")], ["10.x.x.x", "x.x.x.x"]);
    }
}
