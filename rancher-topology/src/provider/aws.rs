//! Amazon Web Services: what it gives unasked, and asked. Source of all numbers: AWS, Amazon VPC User Guide, "Amazon VPC
//! quotas".

use crate::document::{Document, Provider};
use crate::policy::{Quota, RulePeer};

/// As many rules as a group has in one direction, unasked.
pub(crate) const RULES: Quota = Quota { rules: 60, counted };

/// As many rules as all groups of an interface may have, asked.
pub(crate) const MOST_RULES: usize = 1_000;

/// As many groups as stand on an interface, unasked.
pub(crate) const GROUPS: usize = 5;

/// As many groups as stand on an interface at most, asked.
pub(crate) const MOST_GROUPS: usize = 16;

/// Whether a document's network is one of AWS.
pub(crate) fn provides(document: &Document) -> bool {
    document.network.provider.as_ref().is_some_and(|provider| provider.value == Provider::Aws)
}

/// How rules of a direction are counted by their peers: v4 and v6 apart, a group in both; a quota holds for the larger
/// number.
pub(crate) fn counted(peers: &[RulePeer]) -> usize {
    let v6 = |peer: &&RulePeer| !matches!(peer, RulePeer::Network(net) if net.addr().is_ipv4());
    let v4 = |peer: &&RulePeer| !matches!(peer, RulePeer::Network(net) if net.addr().is_ipv6());
    peers.iter().filter(v4).count().max(peers.iter().filter(v6).count())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::counted;
    use crate::policy::{GroupRef, RulePeer};

    #[test]
    fn v4_and_v6_are_counted_apart_and_a_group_in_both() {
        let net = |net: &str| RulePeer::Network(net.parse().unwrap());
        let group = RulePeer::Group(GroupRef(0));
        assert_eq!(counted(&[]), 0);
        assert_eq!(counted(&[net("10.0.0.0/8"), net("::/0")]), 1);
        assert_eq!(counted(&[net("10.0.0.0/8"), net("::/0"), group]), 2);
        assert_eq!(counted(&[net("10.0.0.0/8"), net("fd00::/8"), net("::/0"), group]), 3);
    }
}
