//! Where a packet goes once its destination is translated: to the host itself, or on through an interface.

use ipnet::IpNet;

use super::Hook;
use super::lower::{Join, Lowering, NO, Then, View, YES};
use crate::packet::diagram::Diagram;
use crate::packet::{Family, Field, Intervals, number};

impl Lowering<'_> {
    /// What becomes of packets after the tables of PREROUTING.
    pub(super) fn routed(&mut self, view: View) -> Diagram {
        let after = Hook::Arriving.tables().len();
        let here = self.tables(&Hook::Input.tables()[after..], Then::Leaves, view);
        let through = self.tables(&Hook::Forward.tables()[after..], Then::Leaves, view);
        let through = self.leaving(through);
        let family = self.rules.family;
        let sure = to_every_host(family);
        let known = self.facts.addresses(family).zip(self.facts.broadcasts(family));
        let (to_host, elsewhere) = match known {
            Some((own, broadcasts)) => (sure.union(&own).union(&broadcasts), through),
            None => (sure, self.shared.either(here, through, Join::Verdicts)),
        };
        let to_host = self.shared.within(Field::Destination, &to_host, YES, NO);
        self.shared.diagrams.choose(to_host, here, elsewhere)
    }

    /// What goes to a network behind an interface goes out on that one, the smallest network first; what goes elsewhere
    /// may go out on any.
    fn leaving(&mut self, through: Diagram) -> Diagram {
        let family = self.rules.family;
        let mut behind: Vec<(&IpNet, &str)> = Vec::new();
        for interface in self.facts.interfaces.iter().flatten().filter(|interface| !interface.loopback) {
            let networks = interface.addresses.iter().chain(&interface.peers);
            let networks = networks.filter(|net| Family::of(net.addr()) == family);
            behind.extend(networks.map(|net| (net, interface.name.as_str())));
        }
        behind.sort_by_key(|(net, _)| net.prefix_len());
        behind.into_iter().fold(through, |leaving, (net, name)| {
            let class = self.shared.interfaces.class(name);
            let there = self.with_bits(through, Field::Outbound, u128::MAX, class);
            let network = Intervals::from_to(number(net.network()), number(net.broadcast()));
            let inside = self.shared.within(Field::Destination, &network, YES, NO);
            self.shared.diagrams.choose(inside, there, leaving)
        })
    }
}

/// The addresses that mean every host, this one too: loopback, multicast, and all of a network.
pub(super) fn to_every_host(family: Family) -> Intervals {
    match family {
        Family::V4 => Intervals::of(vec![
            (0x7F00_0000, 0x7FFF_FFFF),
            (0xE000_0000, 0xEFFF_FFFF),
            (0xFFFF_FFFF, 0xFFFF_FFFF),
        ]),
        Family::V6 => Intervals::of(vec![(1, 1), (0xFF << 120, u128::MAX)]),
    }
}
