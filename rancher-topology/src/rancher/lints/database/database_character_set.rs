//! A character set that the schema does not fit.

use super::{Cluster, said};
use crate::diagnostic::{Edit, Severity};
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-database-character-set",
    severity: Severity::Error,
    summary: "The database's character set is not utf8.",
    reason: "The schema has indexed columns of 255 characters. In `utf8mb4` such an index is longer than the 767 \
             bytes that a table of these servers holds, and the first start ends with \"Specified key was too \
             long\"; in a set of one byte for each character, names in other scripts are lost.",
    source: "The documentation of v1.0 and v1.1, \"Requirements\": `CREATE DATABASE … CHARACTER SET = 'utf8'`; \
             rancher/rancher#2045, #4188, #6213.",
    bad: example!(
        "databases:\n",
        "  db:\n",
        "    engine: mysql-5.7\n",
        "    port: 3306\n",
        "    groups: database\n",
        "    standby: true\n",
        "    max-connections: 200\n",
        "    character-set: utf8mb4\n",
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
    let Some(said) = Cluster::of(cx).and_then(|cluster| said(&cluster)) else { return };
    let Some(stated) = said.character_set.as_ref() else { return };
    // utf8mb3 is the same set under the name that later servers have for it.
    if !["utf8", "utf8mb3"].contains(&stated.value.to_ascii_lowercase().as_str()) {
        findings.push(
            LINT.finding(format!("`{}` does not fit Rancher's schema", stated.value), stated.span)
                .why(
                    "its indices are longer than 767 bytes in utf8mb4, and other sets lose what people write",
                )
                .help("write `character-set: utf8`")
                .suggest(vec![Edit::Replace { span: stated.span, text: "utf8".to_owned() }]),
        );
    }
}
