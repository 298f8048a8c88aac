//! Examples of lints: sections of a topology, and the rest that makes a whole one of them.

use super::products_rest;
use crate::lint::Rest;

/// The rest of an example's topology, section by section: nothing is wrong with it.
const REST: Rest = &[
    ("name", "name: example\n"),
    (
        "network",
        "\
network:
  name: lab
  cidr: 10.0.0.0/16
  subnets:
    a: {cidr: 10.0.1.0/24, zone: a}
    b: {cidr: 10.0.2.0/24, zone: b}
    c: {cidr: 10.0.3.0/24, zone: c}
",
    ),
    (
        "nodes",
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: debian-12
    engine: docker-27.3.1
    groups: nodes
",
    ),
    (
        "security-groups",
        "\
security-groups:
  nodes:
    inbound: []
",
    ),
];

/// Makes a whole topology of an example: the sections that it leaves out are those of a small cluster without a fault.
///
/// An example with a product's own section gets a small cluster of that product.
/// What the example says comes first, so that its lines keep their numbers.
#[must_use]
pub fn complete(example: &str) -> String {
    let says = |text: &str, section: &str| {
        text.lines().any(|line| line.strip_prefix(section).is_some_and(|rest| rest.starts_with(':')))
    };
    let products = products_rest().iter().filter(|(key, _)| says(example, key));
    let mut text = example.to_owned();
    for (section, rest) in products.flat_map(|(_, rest)| *rest).chain(REST) {
        if !says(&text, section) {
            text.push_str(rest);
        }
    }
    text
}
