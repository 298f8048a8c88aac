//! Aliases that unfold to more than there is room for.

use crate::diagnostic::Severity;
use crate::lint::{Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "too-large",
    severity: Severity::Error,
    summary: "The document unfolds to more values than a topology can have.",
    reason: "An alias in an alias multiplies: eight lines become a hundred million values, and the program that \
             reads them takes all of the machine's memory. Alike nodes are one pool with a `count`.",
    source: "The limit of this program, twenty million values; the attack is known as \"billion laughs\" \
             (CVE-2003-1564).",
    bad: "\
a: &a [node, node, node, node, node, node, node, node, node, node]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
h: &h [*g, *g, *g, *g, *g, *g, *g, *g, *g, *g]
",
    good: "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    instead_of: &[],
    found: Found::Refused,
};
