//! A group with rules that nothing is in.

use super::is_forgotten;
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::Member;
use crate::scalar::Name;
use crate::topology::Topology;

pub(super) const LINT: Lint = Lint {
    id: "group-without-members",
    severity: Severity::Warning,
    summary: "A security group has rules, and nothing is in it.",
    reason: "Its rules hold for nobody. Most often a pool, a load balancer or a database was to be in it and its `groups` was \
             forgotten: that one then gets a group of its own, with the rules that its flows need and none of those that are \
             written here.",
    source: "The document itself; AWS, Amazon VPC User Guide, \"Control traffic to your AWS resources using security groups\": \
             rules hold for what a group is associated with.",
    bad: "\
security-groups:
  nodes:
    inbound: []
  database:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: database}
databases:
  store: {engine: mysql-8.0, port: 3306, standby: true}
services:
  api: {image: api:1.4.2, placement: node, listen: [], traffic-to: store}
",
    good: "\
security-groups:
  nodes:
    inbound: []
  database:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: database}
databases:
  store: {engine: mysql-8.0, port: 3306, standby: true, groups: database}
services:
  api: {image: api:1.4.2, placement: node, listen: [], traffic-to: store}
",
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let groupless = groupless(cx);
    for group in cx.policy.group_refs().filter(|group| is_forgotten(cx, *group)) {
        let Some((name, _)) = cx.document.security_groups.get_index(group.position()) else { continue };
        let one = match groupless.as_slice() {
            [one] => Some(*one),
            several => several.iter().copied().find(|one| **one == name.value),
        };
        let help = match one {
            Some(one) => format!("write `groups: {}` at `{one}`", name.value),
            None => format!(
                "write `groups: {}` at the pool, load balancer or database that it is for",
                name.value
            ),
        };
        findings.push(
            LINT.finding(format!("nothing is in the security group `{}`", name.value), name.span)
                .why("its rules hold for nobody")
                .help(help),
        );
    }
}

/// What the document puts into no group.
fn groupless<'a>(cx: &Context<'a>) -> Vec<&'a Name> {
    let topology: &'a Topology = cx.topology;
    let pools = topology.pool_ids().map(|id| (Member::Pool(id), &topology[id].name));
    let balancers = topology.load_balancer_ids().map(|id| (Member::LoadBalancer(id), &topology[id].name));
    let databases = topology.database_ids().map(|id| (Member::Database(id), &topology[id].name));
    let all = pools.chain(balancers).chain(databases);
    all.filter(|(member, _)| !cx.policy.is_in_stated_group(*member)).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use crate::validate;
    use crate::validate::complete;

    const WEB: &str = "\
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
      - {port: 6379/tcp, from: self, purpose: cache}
nodes:
  node: {count: 3, first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}, os: debian-12, engine: docker-27.3.1, groups: nodes}
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners: [{listen: 80/http, forward: 8080/http}]
services:
  app: {image: a:1.4.1, placement: node, publish: [8080:8080], traffic-to: cache}
  cache: {image: redis:7.4.1, placement: node, publish: [6379:6379]}
";

    fn found(text: &str) -> Vec<(&'static str, Option<String>)> {
        let report = validate(&complete(text));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.into_iter().map(|one| (one.id, one.help)).collect()
    }

    #[test]
    fn a_forgotten_group_is_one_finding() {
        assert_eq!(found(WEB), []);
        let pool = found(&WEB.replace(", groups: nodes}", "}"));
        assert_eq!(pool, [("group-without-members", Some("write `groups: nodes` at `node`".to_owned()))]);
        let balancer = found(&WEB.replace("    groups: balancer\n", ""));
        assert_eq!(balancer, [("flow-not-admitted", Some("write `groups: balancer` at `front`".to_owned()))]);
    }
}
