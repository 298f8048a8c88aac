//! A rule for a database on a group that the database is not in.

use super::{Written, words};
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};
use crate::policy::{Direction, Member, Usage};
use crate::scalar::{Protocol, Traffic};

pub(super) const LINT: Lint = Lint {
    id: "misplaced-rule",
    severity: Severity::Warning,
    summary: "A rule for a database's port stands on a group that the database is not in.",
    reason: "Rules let in: the database's own group has to admit its clients. On the clients' group the rule opens a port on \
             which nothing answers, today.",
    source: "AWS, Amazon RDS User Guide, \"Controlling access with security groups\".",
    bad: "\
services:
  api: {image: api:1.4.2, placement: node, traffic-to: store}
databases:
  store: {engine: mysql-8.0, port: 3306, standby: true}
security-groups:
  nodes:
    inbound:
      - {port: 3306/tcp, from: 10.0.0.0/16, purpose: database}
",
    good: "\
services:
  api: {image: api:1.4.2, placement: node, traffic-to: store}
databases:
  store: {engine: mysql-8.0, port: 3306, standby: true, groups: store}
security-groups:
  nodes:
    inbound: []
  store:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: database}
",
    instead_of: &["unused-rule"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for rule in cx.admission.rules().iter().filter(|rule| rule.direction == Direction::Inbound) {
        let Traffic::Ports(ports) = rule.traffic else { continue };
        let holds_a_database =
            cx.policy[rule.group].members.iter().any(|member| matches!(member, Member::Database(_)));
        if rule.usage != Usage::Unused || holds_a_database || ports.protocol != Protocol::Tcp {
            continue;
        }
        let database = cx.topology.databases.iter().find(|database| ports.range.contains(database.port));
        let (Some(database), Some(written)) = (database, Written::of(cx, rule)) else { continue };
        findings.push(
            LINT.finding(format!("{} is on the wrong group", words(rule, &written)), written.place(rule))
                .here(format!("no member of `{}` is a database", cx.policy[rule.group].name))
                .also(database.span, "the database that listens on it")
                .why("the rule admits packets to the members of its group, and the database is none of them")
                .help(format!("move it to the group of `{}`", database.name))
                .suggest(vec![Edit::Remove { span: written.span }]),
        );
    }
}
