//! What Amazon Web Services counts: rules of a group, groups of an interface.

mod groups_of_interface;
mod rules_of_group;

use crate::lint::Family;
use crate::policy::{EffectiveGroup, EffectiveRule, RulePeer};

/// Lints about the quotas of AWS.
pub const FAMILY: Family =
    Family { name: "Quotas", lints: &[&groups_of_interface::LINT, &rules_of_group::LINT] };

/// As many rules as AWS gives a group in one direction unasked, v4 and v6 apart.
const RULES: usize = 60;

/// As many groups as AWS puts on an interface unasked.
const GROUPS: usize = 5;

/// As many groups on an interface as AWS gives at most, asked.
const MOST_GROUPS: usize = 16;

/// As many rules as all groups of an interface may have, asked.
const MOST_RULES: usize = 1_000;

/// How AWS counts the rules of a direction: v4 and v6 apart, a group in both; each quota holds for the larger number.
fn counted(rules: &[EffectiveRule]) -> usize {
    let (mut v4, mut v6) = (0, 0);
    for rule in rules {
        match rule.peer {
            RulePeer::Network(net) if net.addr().is_ipv4() => v4 += 1,
            RulePeer::Network(_) => v6 += 1,
            RulePeer::Group(_) => {
                v4 += 1;
                v6 += 1;
            }
        }
    }
    v4.max(v6)
}

/// The larger of a group's two directions, with its name.
fn largest(group: &EffectiveGroup) -> (usize, &'static str) {
    let (inbound, outbound) = (counted(&group.inbound), counted(&group.outbound));
    if inbound >= outbound { (inbound, "inbound") } else { (outbound, "outbound") }
}
