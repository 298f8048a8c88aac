//! What Amazon Web Services counts: rules of a group, groups of an interface.

mod groups_of_interface;
mod rules_of_group;

use crate::lint::Family;
use crate::policy::{EffectiveGroup, EffectiveRule, RulePeer};
use crate::provider::aws::counted;

/// Lints about the quotas of AWS.
pub const FAMILY: Family =
    Family { name: "Quotas", lints: &[&groups_of_interface::LINT, &rules_of_group::LINT] };

/// The larger of a group's two directions, with its name.
fn largest(group: &EffectiveGroup) -> (usize, &'static str) {
    let count =
        |rules: &[EffectiveRule]| counted(&rules.iter().map(|rule| rule.peer).collect::<Vec<RulePeer>>());
    let (inbound, outbound) = (count(&group.inbound), count(&group.outbound));
    if inbound >= outbound { (inbound, "inbound") } else { (outbound, "outbound") }
}
