//! Too few connections for the servers.

use super::{Cluster, said};
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-database-connections",
    severity: Severity::Warning,
    summary: "The database accepts fewer connections than the servers may hold.",
    reason: "Each server keeps up to 50 connections open, and more under load. When the database accepts no more, \
             the server logs \"Too many connections\" and stops processing; the page shows containers that hang \
             in \"activating\".",
    source: "The documentation of v1.0 and v1.1, \"Requirements\": 50 connections for each server, and more than \
             150; rancher/rancher#2236, #5015, #6839.",
    bad: example!(
        "databases:\n",
        "  db:\n",
        "    engine: mysql-5.7\n",
        "    port: 3306\n",
        "    groups: database\n",
        "    standby: true\n",
        "    max-connections: 100\n",
        "    character-set: utf8\n",
    ),
    good: example!(
        "databases:\n",
        "  db:\n",
        "    engine: mysql-5.7\n",
        "    port: 3306\n",
        "    groups: database\n",
        "    standby: true\n",
        "    max-connections: 200\n",
        "    character-set: utf8\n",
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let Some(stated) = said(&cluster).and_then(|said| said.max_connections.as_ref()) else { return };
    let size = cluster.is.size(cx.topology);
    let needed = u32::try_from(size).unwrap_or(u32::MAX).saturating_mul(50).max(151);
    if stated.value < needed {
        findings.push(
            LINT.finding(format!("{} connections are too few for {size} servers", stated.value), stated.span)
                .why("each server holds 50, and the documentation asks for more than 150 in all")
                .help(format!("write {needed} or more"))
                .suggest(vec![Edit::Replace { span: stated.span, text: needed.to_string() }]),
        );
    }
}
