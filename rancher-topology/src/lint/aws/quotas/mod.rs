//! What Amazon Web Services counts: rules of a group, groups of an interface.

mod groups_of_interface;
mod rules_of_group;

use crate::lint::Family;
use crate::policy::{EffectiveGroup, EffectiveRule, counted};

/// Lints about the quotas of AWS.
pub const FAMILY: Family =
    Family { name: "Quotas", lints: &[&groups_of_interface::LINT, &rules_of_group::LINT] };

/// As many rules as AWS gives a group in one direction unasked, v4 and v6 apart.
pub(crate) const RULES: usize = 60;

/// As many groups as AWS puts on an interface unasked.
const GROUPS: usize = 5;

/// As many groups on an interface as AWS gives at most, asked.
const MOST_GROUPS: usize = 16;

/// As many rules as all groups of an interface may have, asked.
const MOST_RULES: usize = 1_000;

/// The larger of a group's two directions, with its name.
fn largest(group: &EffectiveGroup) -> (usize, &'static str) {
    let count = |rules: &[EffectiveRule]| counted(rules.iter().map(|rule| rule.peer));
    let (inbound, outbound) = (count(&group.inbound), count(&group.outbound));
    if inbound >= outbound { (inbound, "inbound") } else { (outbound, "outbound") }
}
