//! More rules in a group than AWS gives it.

use super::largest;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::provider::aws::{MOST_RULES, RULES};

pub(super) const LINT: Lint = Lint {
    id: "aws-rules-of-group",
    severity: Severity::Warning,
    summary: "A security group has more than sixty rules in one direction.",
    reason: "AWS counts each peer of a rule as a rule of its own, v4 and v6 apart, and gives a group sixty in each direction unless \
             a higher quota was asked for and granted. Until then `terraform apply` stops in the middle of the group, with some of \
             its rules made and some not.",
    source: "AWS, Amazon VPC User Guide, \"Amazon VPC quotas\": inbound or outbound rules per security group.",
    bad: on_aws!(
        "\
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8443:443]}
security-groups:
  nodes:
    inbound:
      - port: 8443/tcp
        from: [
          203.0.113.1/32, 203.0.113.2/32, 203.0.113.3/32, 203.0.113.4/32, 203.0.113.5/32, 203.0.113.6/32,
          203.0.113.7/32, 203.0.113.8/32, 203.0.113.9/32, 203.0.113.10/32, 203.0.113.11/32, 203.0.113.12/32,
          203.0.113.13/32, 203.0.113.14/32, 203.0.113.15/32, 203.0.113.16/32, 203.0.113.17/32, 203.0.113.18/32,
          203.0.113.19/32, 203.0.113.20/32, 203.0.113.21/32, 203.0.113.22/32, 203.0.113.23/32, 203.0.113.24/32,
          203.0.113.25/32, 203.0.113.26/32, 203.0.113.27/32, 203.0.113.28/32, 203.0.113.29/32, 203.0.113.30/32,
          203.0.113.31/32, 203.0.113.32/32, 203.0.113.33/32, 203.0.113.34/32, 203.0.113.35/32, 203.0.113.36/32,
          203.0.113.37/32, 203.0.113.38/32, 203.0.113.39/32, 203.0.113.40/32, 203.0.113.41/32, 203.0.113.42/32,
          203.0.113.43/32, 203.0.113.44/32, 203.0.113.45/32, 203.0.113.46/32, 203.0.113.47/32, 203.0.113.48/32,
          203.0.113.49/32, 203.0.113.50/32, 203.0.113.51/32, 203.0.113.52/32, 203.0.113.53/32, 203.0.113.54/32,
          203.0.113.55/32, 203.0.113.56/32, 203.0.113.57/32, 203.0.113.58/32, 203.0.113.59/32, 203.0.113.60/32,
          203.0.113.61/32,
        ]
"
    ),
    good: on_aws!(
        "\
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8443:443]}
security-groups:
  nodes:
    inbound:
      - port: 8443/tcp
        from: 203.0.113.0/26
"
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for group in cx.policy.group_refs() {
        let effective = &cx.policy[group];
        let (count, direction) = largest(effective);
        if count <= RULES.rules {
            continue;
        }
        let written = cx.document.security_groups.get_index(group.position()).map(|(name, _)| name.span);
        let place = written.unwrap_or(cx.topology.network.span);
        findings.push(
            LINT.finding(format!("security group `{}` has {count} {direction} rules", effective.name), place)
                .why(format!("AWS gives a group {} in each direction, each peer counted as one; {MOST_RULES} for all groups of a node are the most that it grants", RULES.rules))
                .help("name a group or a wider network where many addresses stand, or a range where many ports do"),
        );
    }
}
