//! Texts that would break a page or a picture, or be read as something else, come out as they went in.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rancher_gen::quote::Format;

use super::{docs, mermaid, page};

/// What people and attackers write where a line of text is asked for.
const HOSTILE: [&str; 20] = [
    "a | b || c",
    "`code` ``and`` more`",
    "<script>alert(1)</script>",
    "[text](https://example.com) ![image](x.png)",
    "${HOME} %{x} {{ 7 * 7 }} {% raw %}",
    "🦀 ünïcödé 漢字",
    "**bold** _italic_ ~~gone~~ __init__",
    "# heading",
    "- item",
    "1. first",
    "2) second",
    "+ more",
    "> quote",
    "&amp; &lt; &#60; \\| \\\\",
    "$x^2$ $$y$$",
    "%%{init: {\"theme\": \"dark\"}}%% -->|x| end",
    "fa:fa-ban \"quoted\" 'single'",
    "<!-- comment --> <br> </td>",
    "|---|---|",
    "www.example.com a@b.example --- *** ___",
];

fn said_everywhere(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(
        r#"
name: shop
title: {text}
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24, title: {text}, assumed: {text}}}}}}}
nodes:
  web: {{count: 2, first-address: {{a: 10.0.1.10}}, os: debian-12, engine: docker-27.3.1, groups: web, title: {text}}}
security-groups:
  web: {{title: {text}, inbound: [{{type: {text}, port: 80/tcp, from: internet, purpose: {text}}}]}}
databases:
  db: {{title: {text}, engine: mariadb-10.11, port: 3306}}
load-balancers:
  lb: {{title: {text}, targets: web, listeners: [{{listen: 80/tcp, forward: 80/tcp}}]}}
starters:
  boss: {{service: boss, because: {text}}}
services:
  boss: {{image: "boss:1", placement: web}}
  shop:
    image: "shop:1"
    placement: web
    started-by: boss
    publish: ["80:80"]
    stated: {{heading: {text}, name: {text}, traffic-to: {text}, ports: {text}, traffic-flow: [{text}, {text}]}}
"#
    )
}

#[track_caller]
fn reads_back(text: &str) {
    let tree = docs(&said_everywhere(text));
    let main = page(&tree, "docs/README.md");
    for heading in [0, 2, 4, 5] {
        assert_eq!(main.headings[heading], text, "heading {heading} of {:?}", main.headings);
    }
    let rule = &main.table("Security group web")[1];
    assert_eq!((rule[0].as_str(), rule[4].as_str()), (text, text));
    let services = main.table("Services");
    let flow = format!("{text}\n{text}");
    assert_eq!(services[3][0], text);
    assert_eq!(
        [&services[4][1], &services[4][3], &services[4][4], &services[4][5]],
        [text, text, text, &flow]
    );
    let subnet = format!("{text}: 10.0.1.0/24, assumed: {text}");
    assert!(main.texts.contains(&subnet), "{subnet:?} is not in {:#?}", main.texts);
    let assumptions = page(&tree, "docs/assumptions.md");
    assert_eq!(assumptions.table("Network")[2][3], text);
    let node = page(&tree, "docs/nodes/web-1.md");
    assert_eq!(node.table("What the firewall admits")[1][2], text);
    assert!(node.texts.iter().any(|own| own.ends_with(&format!(": {text}"))), "{:#?}", node.texts);
    let links: BTreeSet<&str> = main.links.iter().map(String::as_str).collect();
    let ours = ["assumptions.md", "nodes/web-1.md", "nodes/web-2.md", "topology.mmd"];
    assert!(links.iter().all(|link| ours.contains(link)), "{links:?}");
}

#[test]
fn hostile_texts_read_back_as_they_were_written() {
    for text in HOSTILE {
        reads_back(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_text_reads_back_as_it_was_written(
        text in "[-#|`*_~<>&\\\\\\[\\](){}$%!:;@=+.,'\"^?/a-c0-2 é🦀]{1,24}"
            .prop_map(|text| text.trim().to_owned())
            .prop_filter("an empty text is another cell", |text| !text.is_empty())
    ) {
        reads_back(&text);
    }
}

#[test]
fn mermaid_shows_hostile_labels_as_they_were_written() {
    let picture: String = std::iter::once("flowchart TB\n".to_owned())
        .chain(HOSTILE.iter().enumerate().map(|(number, text)| {
            let label = Format::Mermaid.quote(text).unwrap();
            format!("    subgraph frame{number}[{label}]\n        node{number}[{label}]\n    end\n")
        }))
        .chain(
            HOSTILE
                .iter()
                .map(|text| format!("    node0 -->|{}| node1\n", Format::Mermaid.quote(text).unwrap())),
        )
        .collect();
    let drawn = mermaid::labels(&[&picture]).remove(0).unwrap();
    for text in HOSTILE {
        let times = drawn.iter().filter(|own| own.split_whitespace().eq(text.split_whitespace())).count();
        assert!(times >= 3, "{text:?} is shown {times} times in {drawn:#?}");
    }
}
