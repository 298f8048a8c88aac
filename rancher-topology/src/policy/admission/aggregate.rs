//! Many networks as few: those that hold them and as little else as possible.

use ipnet::Ipv4Net;

/// Networks, and the best choices of fewer ones that hold them.
///
/// The networks share no address and are in order. Every two of them meet in one network that is the smallest to hold both:
/// these make a tree, and in each of its branches a choice of so many is the best choice of some in one half and of the
/// rest in the other.
pub(super) struct Aggregation(Option<Branch>);

impl Aggregation {
    /// Of some networks, for choices of not more than so many.
    pub(super) fn of(networks: &[Ipv4Net], most: usize) -> Self {
        Self(Branch::of(networks, most.max(1)))
    }

    /// At most so many networks that hold all of them, with as few other addresses as possible.
    pub(super) fn at_most(&self, count: usize) -> Vec<Ipv4Net> {
        let mut chosen = Vec::new();
        if let Some(tree) = &self.0 {
            tree.choose(count.max(1), &mut chosen);
        }
        chosen
    }
}

struct Branch {
    all: Ipv4Net,
    held: u64,
    /// For one network, two, and so on: how many addresses there are beyond those that are asked for.
    others: Vec<u64>,
    halves: Option<Box<[Self; 2]>>,
}

impl Branch {
    fn of(networks: &[Ipv4Net], most: usize) -> Option<Self> {
        let (first, last) = (networks.first()?, networks.last()?);
        if networks.len() == 1 {
            return Some(Self { all: *first, held: addresses(*first), others: vec![0], halves: None });
        }
        let differ = u32::from(first.network()) ^ u32::from(last.broadcast());
        let bits = u8::try_from(differ.leading_zeros()).unwrap_or(32);
        let all = Ipv4Net::new(first.network(), bits).ok()?.trunc();
        let upper = u32::from(all.network()) | (1 << (31 - bits));
        let (low, high) = networks.split_at(networks.partition_point(|net| u32::from(net.network()) < upper));
        let halves = [Self::of(low, most)?, Self::of(high, most)?];
        let held = halves[0].held + halves[1].held;
        let mut others = vec![addresses(all) - held];
        for count in 2..=most.min(networks.len()) {
            let best = (1..count).map(|low| halves[0].with(low) + halves[1].with(count - low)).min();
            others.extend(best);
        }
        Some(Self { all, held, others, halves: Some(Box::new(halves)) })
    }

    /// What is beyond with so many networks.
    fn with(&self, count: usize) -> u64 {
        self.others.get(count - 1).or(self.others.last()).copied().unwrap_or_default()
    }

    fn choose(&self, most: usize, chosen: &mut Vec<Ipv4Net>) {
        let least = self.with(most);
        match &self.halves {
            Some(halves) if most > 1 && least < self.others[0] => {
                let cost = |low: &usize| halves[0].with(*low) + halves[1].with(most - low);
                let low = (1..most).min_by_key(cost).unwrap_or(1);
                halves[0].choose(low, chosen);
                halves[1].choose(most - low, chosen);
            }
            _ => chosen.push(self.all),
        }
    }
}

fn addresses(net: Ipv4Net) -> u64 {
    1 << (32 - net.prefix_len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ipnet::Ipv4Net;
    use proptest::prelude::*;

    use super::{Aggregation, addresses};

    fn aggregate(networks: &[Ipv4Net], most: usize) -> Vec<Ipv4Net> {
        Aggregation::of(networks, most + 1).at_most(most)
    }

    fn nets(words: &[&str]) -> Vec<Ipv4Net> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    #[test]
    fn what_lies_together_is_put_together() {
        let hosts = nets(&["10.0.1.10/32", "10.0.1.12/32", "10.0.2.10/32", "10.0.9.1/32"]);
        assert_eq!(aggregate(&hosts, 4), hosts);
        assert_eq!(aggregate(&hosts, 9), hosts);
        assert_eq!(aggregate(&hosts, 3), nets(&["10.0.1.8/29", "10.0.2.10/32", "10.0.9.1/32"]));
        assert_eq!(aggregate(&hosts, 2), nets(&["10.0.0.0/22", "10.0.9.1/32"]));
        assert_eq!(aggregate(&hosts, 1), nets(&["10.0.0.0/20"]));
        assert_eq!(aggregate(&[], 3), []);
        assert_eq!(aggregate(&nets(&["0.0.0.0/1", "128.0.0.0/1"]), 1), nets(&["0.0.0.0/0"]));
    }

    fn cheapest(hosts: &[Ipv4Net], all: &[Ipv4Net], most: usize) -> Option<u64> {
        let Some(first) = hosts.first() else { return Some(0) };
        if most == 0 {
            return None;
        }
        let holding = all.iter().filter(|net| net.contains(first));
        holding
            .filter_map(|net| {
                let rest: Vec<Ipv4Net> = hosts.iter().copied().filter(|host| !net.contains(host)).collect();
                Some(addresses(*net) + cheapest(&rest, all, most - 1)?)
            })
            .min()
    }

    /// Every choice of networks of the tree, tried.
    fn brute(hosts: &[Ipv4Net], most: usize) -> u64 {
        let all: Vec<Ipv4Net> = (26..=32_u8)
            .flat_map(|bits| hosts.iter().map(move |host| Ipv4Net::new(host.addr(), bits).unwrap().trunc()))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        cheapest(hosts, &all, most).unwrap()
    }

    proptest! {
        #[test]
        fn no_choice_has_fewer_other_addresses(hosts in proptest::collection::btree_set(0_u32..64, 1..8), most in 1..5_usize) {
            let hosts: Vec<Ipv4Net> =
                hosts.into_iter().map(|host| Ipv4Net::new((0x0a00_0000 + host).into(), 32).unwrap()).collect();
            let chosen = aggregate(&hosts, most);
            prop_assert!(chosen.len() <= most);
            prop_assert!(hosts.iter().all(|host| chosen.iter().any(|net| net.contains(host))));
            prop_assert_eq!(chosen.iter().map(|net| addresses(*net)).sum::<u64>(), brute(&hosts, most));
        }
    }
}
