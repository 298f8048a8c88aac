//! What is tightened and what is kept, in documents as people write them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fmt::Write as _;

use rancher_topology::policy::Direction;
use rancher_topology::tighten::{Because, Tightened};
use rancher_topology::validate::complete;
use rancher_topology::{tighten, validate};

const SEED: &str = include_str!("../../examples/rancher-1-ha-aws/as-written.yaml");
const HARDENED: &str = include_str!("../../examples/rancher-1-ha-aws/hardened.yaml");

/// Two pools in a group each, and in one for all; `front` asks `store` on 7000 and on 7001.
fn shop(groups: &str) -> String {
    format!(
        "\
name: shop
network: {{name: lab, cidr: 10.0.0.0/16, provider: aws, subnets: {{a: {{cidr: 10.0.1.0/24, zone: us-west-2a}}, b: {{cidr: 10.0.2.0/24, zone: us-west-2b}}}}}}
nodes:
  web: {{count: 2, first-address: {{a: 10.0.1.10, b: 10.0.2.10}}, os: debian-12, engine: docker-27.3.1, groups: [web, all], traffic-to: []}}
  box: {{first-address: {{a: 10.0.1.50}}, os: debian-12, engine: docker-27.3.1, groups: [box, all], traffic-to: []}}
services:
  front: {{image: 'front:1.2.1', placement: web, traffic-to: ['store:7000', 'store:7001']}}
  store: {{image: 'store:7.4.1', placement: box, publish: ['7000:7000', '7001:7001', '22:22', '9000:9000']}}
{groups}"
    )
}

fn rules(inbound: &str) -> String {
    shop(&format!("security-groups: {{web: {{}}, all: {{}}, box: {{inbound: [{inbound}]}}}}\n"))
}

#[track_caller]
fn tightened(text: &str) -> Tightened {
    let tightened = tighten(text).unwrap_or_else(|all| panic!("{all:#?}"));
    let again = tighten(&tightened.text).unwrap();
    assert_eq!(again.text, tightened.text);
    tightened
}

/// What becomes of the rules of `box`.
#[track_caller]
fn box_rules(inbound: &str) -> String {
    let text = tightened(&rules(inbound)).text;
    let start = text.find("box: {inbound: [").unwrap() + "box: {inbound: [".len();
    text[start..].strip_suffix("]}}\n").unwrap().to_owned()
}

fn reasons(tightened: &Tightened) -> Vec<String> {
    let one = |kept: &rancher_topology::tighten::Kept| {
        format!("{} {} {:?}", kept.rule.traffic, kept.rule.peer, kept.because)
    };
    tightened.kept.iter().map(one).collect()
}

#[test]
fn the_hardened_example_is_tight() {
    let tightened = tightened(HARDENED);
    assert_eq!(tightened.text, HARDENED);
    assert_eq!((tightened.before, tightened.after), (16, 16));
    let kept = reasons(&tightened);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].starts_with("22/tcp 203.0.113.0/24 Undeclared("), "{kept:?}");
}

#[test]
fn the_page_as_it_was_written_is_closed_to_the_world() {
    let tightened = tightened(SEED);
    let start = tightened.text.find("    inbound:\n").unwrap();
    let end = tightened.text.find("\n# External database").unwrap();
    let expected = "    inbound:
      - {type: SSH, port: 22/tcp, from: 0.0.0.0/0, purpose: ssh}
      - {type: HTTP, port: 80/tcp, from: 0.0.0.0/0, purpose: http}
      - {type: HTTPS, port: 443/tcp, from: 0.0.0.0/0, purpose: https}
      - {type: TCP, port: 81/tcp, from: [172.22.1.0/24, 172.22.2.0/24, 172.22.3.0/24], purpose: proxy_to_http}
      - {type: TCP, port: 444/tcp, from: [172.22.1.0/24, 172.22.2.0/24, 172.22.3.0/24], purpose: proxy_to_https}
      - {type: TCP, port: 6379/tcp, from: self, purpose: redis}
      - {type: TCP, port: 2181/tcp, from: self, purpose: zookeeper_client}
      - {type: TCP, port: 2888/tcp, from: self, purpose: zookeeper_quorum}
      - {type: TCP, port: 3888/tcp, from: self, purpose: zookeeper_leader}
      - {type: TCP, port: 18080/tcp, from: 0.0.0.0/0, optional: true}
      - {type: UDP, port: 500/udp, from: self, purpose: access between nodes}
      - {type: UDP, port: 4500/udp, from: self, purpose: access between nodes}
";
    assert_eq!(&tightened.text[start..end], expected);
    let gone = tightened.closed.iter().find(|one| one.rule.traffic.to_string() == "2181/tcp").unwrap();
    assert_eq!((gone.from.as_str(), gone.to.as_str()), ("198.51.100.7", "mgmt-host-1"));
    assert_eq!(gone.service.to_string(), "2181/tcp");
    // Everything around the rules stays as it was.
    assert_eq!(tightened.text[..start], SEED[..start]);
    assert!(SEED.ends_with(&tightened.text[end..]));
}

#[test]
fn rules_become_the_narrowest_that_can_be_written() {
    let both = "{port: 7000/tcp, from: web}, {port: 7001/tcp, from: web, purpose: more}";
    assert_eq!(box_rules(both), both);
    assert_eq!(
        box_rules("{port: 7000/tcp, from: 10.0.0.0/16}, {port: 7001/tcp, from: all, purpose: more}"),
        both
    );
    assert_eq!(
        box_rules("{port: 7000-7001/tcp, from: [10.0.1.0/24, 10.0.2.0/24]}"),
        "{port: 7000-7001/tcp, from: [web]}"
    );
    assert_eq!(box_rules("{port: any, from: self}"), "{port: 7000-7001/tcp, from: web}");
    // As tight as the group, and written.
    let exact = "{port: 7000-7001/tcp, from: [10.0.1.10/32, web, 10.0.2.10/32]}";
    assert_eq!(box_rules(exact), "{port: 7000-7001/tcp, from: [web]}");
}

#[test]
fn of_as_little_the_fewest_rules() {
    assert_eq!(
        box_rules("{port: 7000/tcp, from: web}, {port: 7001/tcp, from: web}"),
        "{port: 7000-7001/tcp, from: web}"
    );
    assert_eq!(
        box_rules("{port: 7000/tcp, from: web, purpose: a}, {port: 7001/tcp, from: web, purpose: b}"),
        "{port: 7000/tcp, from: web, purpose: a}, {port: 7001/tcp, from: web, purpose: b}"
    );
    assert_eq!(
        box_rules(
            "{port: 7000-7001/tcp, from: web}, {port: 7000/tcp, from: 10.0.1.10/32}, {port: 8000/tcp, from: web}"
        ),
        "{port: 7000-7001/tcp, from: web}"
    );
}

#[test]
fn a_rule_moves_to_the_group_that_has_no_others_in_it() {
    let text = shop(
        "security-groups:\n  web: {}\n  all:\n    inbound:\n      - {port: 7000-7001/tcp, from: web}\n  box: {}\n",
    );
    assert_eq!(
        tightened(&text).text,
        text.replace("    inbound:\n      - {port: 7000-7001/tcp, from: web}\n", "    inbound: []\n")
            .replace("box: {}", "box: {inbound: [{port: 7000-7001/tcp, from: web}]}")
    );
}

#[test]
fn what_is_shut_out_gets_its_rule() {
    assert_eq!(box_rules(""), "{port: 7000-7001/tcp, from: web}");
    assert_eq!(
        box_rules("{port: 7000/tcp, from: web, purpose: a}"),
        "{port: 7000/tcp, from: web, purpose: a}, {port: 7001/tcp, from: web}"
    );
    // A slip is mended where it stands.
    assert_eq!(
        box_rules("{port: 7000/udp, from: web, purpose: a}, {port: 7001/tcp, from: web, purpose: b}"),
        "{port: 7000/tcp, from: web, purpose: a}, {port: 7001/tcp, from: web, purpose: b}"
    );
    let tightened = tightened(&rules("{port: 7000/tcp, from: web}"));
    let [one] = tightened.admitted.as_slice() else { panic!("{:?}", tightened.admitted) };
    assert_eq!(
        (one.client.as_str(), one.server.as_str(), one.services.to_string().as_str()),
        ("front", "store", "7001/tcp")
    );
    assert_eq!(one.direction, Direction::Inbound);
    assert!(tightened.closed.is_empty());
}

#[test]
fn what_flows_cannot_tell_is_kept_with_its_reason() {
    let rest = "{port: 7000-7001/tcp, from: web}";
    let kept = [
        (
            "{port: icmp, from: 10.0.0.0/16}",
            "icmp 10.0.0.0/16 Undeclared(\"ICMP is not declared as traffic\")",
        ),
        ("{port: 22/tcp, from: 203.0.113.0/24}", "22/tcp 203.0.113.0/24 Undeclared("),
        ("{port: 22/tcp, from: self}", "22/tcp self Undeclared("),
        ("{port: 9000/tcp, from: 0.0.0.0/0}", "9000/tcp 0.0.0.0/0 Undeclared("),
        ("{port: 8000/tcp, from: web, optional: true}", "8000/tcp web Optional"),
        (
            "{port: 8000/tcp, from: web, allow: {unused-rule: Next week}}",
            "8000/tcp web Allowed { lint: \"unused-rule\", reason: \"Next week\" }",
        ),
        (
            "{port: 6999-7002/tcp, from: web, allow: {rule-wider-than-flows: Soon}}",
            "6999-7002/tcp web Allowed { lint: \"rule-wider-than-flows\"",
        ),
    ];
    for (rule, reason) in kept {
        let after = tightened(&rules(&format!("{rule}, {rest}, {{port: 8001/tcp, from: web}}")));
        assert!(after.text.contains(rule), "{rule}: {}", after.text);
        assert!(!after.text.contains("8001"), "{rule}: {}", after.text);
        let reasons = reasons(&after);
        assert!(reasons.len() == 1 && reasons[0].starts_with(reason), "{rule}: {reasons:?}");
        // What a kept rule admits needs no other.
        assert_eq!(after.text.contains(rest), !rule.contains("6999"), "{rule}: {}", after.text);
    }
    let around = rules("{port: 8000/tcp, from: web}")
        .replace("box: {inbound", "box: {allow: {unused-rule: Soon}, inbound");
    assert!(tightened(&around).text.contains("8000/tcp"));
}

#[test]
fn what_the_internet_is_let_in_to_is_a_decision() {
    let text = complete(
        "\
services:
  web: {image: 'nginx:1.27.2', placement: node, publish: ['8443:443']}
load-balancers:
  entrance:
    targets: node
    groups: front
    scheme: internet-facing
    listeners: [{listen: 443/tcp, forward: 8443/tcp}]
    health-check: TCP:8443
security-groups:
  front:
    inbound:
      - {port: 443-444/tcp, from: [203.0.113.0/24, 198.51.100.0/24, 203.0.113.7/32]}
  nodes:
    inbound:
      - {port: 8443/tcp, from: internet}
",
    );
    let after = tightened(&text);
    let expected = text
        .replace(
            "443-444/tcp, from: [203.0.113.0/24, 198.51.100.0/24, 203.0.113.7/32]",
            "443/tcp, from: [203.0.113.0/24, 198.51.100.0/24]",
        )
        .replace("8443/tcp, from: internet", "8443/tcp, from: front");
    assert_eq!(after.text, expected);
}

#[test]
fn a_part_of_the_subnets_of_a_load_balancer_is_a_decision() {
    let text = complete(
        "\
services:
  web: {image: 'nginx:1.27.2', placement: node, publish: ['8443:443']}
load-balancers:
  entrance:
    targets: node
    subnets: [a, b]
    listeners: [{listen: 443/tcp, forward: 8443/tcp}]
    health-check: TCP:8443
security-groups:
  nodes:
    inbound:
      - {port: 8443-8444/tcp, from: [10.0.1.128/25, 10.0.3.0/24]}
",
    );
    let expected =
        text.replace("8443-8444/tcp, from: [10.0.1.128/25, 10.0.3.0/24]", "8443/tcp, from: [10.0.1.128/25]");
    assert_eq!(tightened(&text).text, expected);
    let all = text.replace("[10.0.1.128/25, 10.0.3.0/24]", "10.0.0.0/16");
    let expected =
        all.replace("8443-8444/tcp, from: 10.0.0.0/16", "8443/tcp, from: [10.0.1.0/24, 10.0.2.0/24]");
    assert_eq!(tightened(&all).text, expected);
}

#[test]
fn a_flow_that_may_be_shut_out_stays_so() {
    let allowed = rules("")
        .replace("'store:7001'", "{to: 'store:7001'}")
        .replace("placement: web, ", "placement: web, allow: {flow-not-admitted: Not yet}, ");
    let after = tightened(&allowed);
    assert_eq!(after.text, allowed);
    assert!(after.missing.is_empty());
}

#[test]
fn the_layout_stays() {
    let block = shop(
        "\
security-groups:
  web: {}
  all: {}
  # the store
  box:
    inbound:
      # of the shop
      - port: 7000-7999/tcp # too wide
        from: 10.0.0.0/8
        purpose: 'the shop''s' # who else
      - port: 8000/tcp # forgotten
        from:
          - web
          - all # why
      # the end
",
    );
    let expected =
        block.replace("7000-7999/tcp", "7000-7001/tcp").replace("from: 10.0.0.0/8", "from: web").replace(
            "      - port: 8000/tcp # forgotten\n        from:\n          - web\n          - all # why\n",
            "",
        );
    assert_eq!(tightened(&block).text, expected);
    let peers = shop(
        "\
security-groups:
  web: {}
  all: {}
  box:
    inbound:
      - port: '7000-7001/tcp'
        from:
          - \"10.0.0.0/16\" # 1
          - web # 2
          - 10.0.9.0/24
",
    );
    let expected =
        peers.replace("          - \"10.0.0.0/16\" # 1\n", "").replace("          - 10.0.9.0/24\n", "");
    let peers = peers.replace("10.0.9.0/24", "self");
    assert_eq!(tightened(&peers).text, expected);
}

#[test]
fn one_peer_becomes_several_where_it_stands() {
    let text = shop(
        "\
security-groups:
  box:
    inbound:
      - port: 7000-7999/tcp # comment a
        from: \"10.0.1.0/24\" # comment b
        purpose: 'it''s: a \"test\" \\ x'
",
    )
    .replace("groups: [web, all], ", "")
    .replace("[box, all]", "box");
    let expected =
        text.replace("7000-7999", "7000-7001").replace("\"10.0.1.0/24\"", "[10.0.1.10/32, 10.0.2.10/32]");
    assert_eq!(tightened(&text).text, expected);
    // A rule in the place of another one has that one's layout, and not its purpose.
    let text = text.replace("7000-7999/tcp", "9000-9001/udp");
    let expected = text
        .replace("9000-9001/udp", "7000-7001/tcp")
        .replace("\"10.0.1.0/24\"", "[10.0.1.10/32, 10.0.2.10/32]")
        .replace("        purpose: 'it''s: a \"test\" \\ x'\n", "");
    assert_eq!(tightened(&text).text, expected);
}

#[test]
fn json_stays_json() {
    let json = |inbound: &str| {
        format!(
            r#"{{
  "name": "shop",
  "network": {{"name": "lab", "cidr": "10.0.0.0/16", "subnets": {{"a": {{"cidr": "10.0.1.0/24"}}, "b": {{"cidr": "10.0.2.0/24"}}}}}},
  "nodes": {{
    "web": {{"count": 2, "first-address": {{"a": "10.0.1.10", "b": "10.0.2.10"}}, "os": "debian-12", "engine": "docker-27.3.1", "traffic-to": []}},
    "box": {{"first-address": {{"a": "10.0.1.50"}}, "os": "debian-12", "engine": "docker-27.3.1", "groups": ["box"], "traffic-to": []}}
  }},
  "services": {{
    "front": {{"image": "front:1.2.1", "placement": "web", "traffic-to": ["store:7000", "store:7001"]}},
    "store": {{"image": "store:7.4.1", "placement": "box", "publish": ["7000:7000", "7001:7001"]}}
  }},
  "security-groups": {{
    "box": {{
      "inbound": [{inbound}]
    }}
  }}
}}
"#
        )
    };
    let made = |inbound: &str| {
        let text = tightened(&json(inbound)).text;
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let (_, rest) = text.split_once("\"inbound\": [").unwrap();
        rest.strip_suffix("]\n    }\n  }\n}\n").unwrap().to_owned()
    };
    assert_eq!(made(""), r#"{"port": "7000-7001/tcp", "from": ["10.0.1.10/32", "10.0.2.10/32"]}"#);
    assert_eq!(
        made(r#"{"port": "7000-7999/tcp", "from": "10.0.0.0/16", "purpose": "a \"b\""}"#),
        r#"{"port": "7000-7001/tcp", "from": ["10.0.1.10/32", "10.0.2.10/32"], "purpose": "a \"b\""}"#
    );
    assert_eq!(
        made(
            "\n        {\"port\": \"7000/tcp\", \"from\": [\"10.0.1.10/32\", \"10.0.2.10/32\"], \"purpose\": \"a\"}\n      "
        ),
        "\n        {\"port\": \"7000/tcp\", \"from\": [\"10.0.1.10/32\", \"10.0.2.10/32\"], \"purpose\": \"a\"},\n        {\"port\": \"7001/tcp\", \"from\": [\"10.0.1.10/32\", \"10.0.2.10/32\"]}\n      "
    );
}

#[test]
fn what_an_alias_says_again_is_left_for_a_person() {
    let text = shop(
        "\
security-groups:
  web:
    inbound:
      - &both {port: 7000-7999/tcp, from: all}
      - {port: 8000/tcp, from: all}
  all: {}
  box:
    inbound:
      - *both
      - {port: 7001/tcp, from: web}
",
    );
    let after = tightened(&text);
    let own = "      - {port: 8000/tcp, from: all}\n";
    // Beside an alias nothing can be taken out; what the alias admits would make it needless.
    assert_eq!(after.text, text.replace(own, ""));
    let kept = reasons(&after);
    assert!(kept.iter().all(|one| one.ends_with(" Text")), "{kept:?}");
    assert!(after.kept.iter().any(|one| one.because == Because::Text && one.rule.group == "box"));
    let peers = shop(
        "\
security-groups:
  web:
    inbound: [{port: 22/tcp, from: &admins [10.0.0.0/8, 203.0.113.0/24]}]
  all: {}
  box:
    inbound: [{port: 7000-7001/tcp, from: *admins}]
",
    );
    let after = tightened(&peers);
    assert_eq!(after.text, peers);
    assert!(after.kept.iter().any(|one| one.because == Because::Text && one.rule.group == "box"));
}

/// Nodes with odd addresses, so that no two of them are one network; half of a pool asks a store.
fn fleet(nodes: usize, inbound: &str) -> String {
    let mut text = "\
name: fleet
network: {name: lab, cidr: 10.0.0.0/16, provider: aws, subnets: {a: {cidr: 10.0.0.0/17, zone: us-west-2a}, b: {cidr: 10.0.128.0/17, zone: us-west-2b}}}
nodes:
  box: {first-address: {b: 10.0.128.50}, os: debian-12, engine: docker-27.3.1, groups: box, traffic-to: []}
"
    .to_owned();
    for at in 0..nodes {
        let group = if at % 2 == 0 { "clients" } else { "others" };
        let (high, low) = (at / 100, 10 + at % 100 * 2);
        writeln!(text, "  n{at}: {{first-address: {{a: 10.0.{high}.{low}}}, os: debian-12, engine: docker-27.3.1, groups: [{group}, all], traffic-to: []}}").unwrap();
    }
    let asking: Vec<String> = (0..nodes).filter(|at| at % 4 == 0).map(|at| format!("n{at}")).collect();
    write!(
        text,
        "\
services:
  ask: {{image: 'ask:1.2.1', placement: [{}], traffic-to: store}}
  store: {{image: 'store:7.4.1', placement: box, publish: ['7000:7000', '7002:7002', '7004:7004']}}
security-groups: {{clients: {{}}, others: {{}}, all: {{}}, box: {{inbound: [{inbound}]}}}}
",
        asking.join(", ")
    )
    .unwrap();
    text
}

#[test]
fn more_addresses_than_a_group_may_have_rules_become_networks_or_a_group() {
    let text = fleet(200, "{port: 7000-7004/tcp, from: 10.0.0.0/16}");
    let after = tightened(&text);
    assert!(after.after <= 60, "{}", after.after);
    assert!(!after.widened.is_empty());
    assert!(after.crowded.is_empty());
    let wider = &after.widened[0];
    assert_eq!(wider.exact, 50);
    assert!(!wider.others.is_empty());
    let report = validate(&after.text);
    let ids: Vec<&str> = report.findings.iter().map(|finding| finding.id).collect();
    assert!(!ids.contains(&"flow-not-admitted") && !ids.contains(&"aws-rules-of-group"), "{ids:?}");
    // Without groups that could be named, they are networks.
    let nobody = text.replace("groups: [clients, all], ", "").replace("groups: [others, all], ", "");
    let after = tightened(&nobody);
    assert_eq!((after.after, after.widened.len()), (57, 1));
    assert_eq!((after.widened[0].exact, after.widened[0].peers.len()), (50, 19));
    // A twentieth would admit no fewer.
    // The nodes stand 2 apart and each fourth one asks: 8 apart, 50 in a row of 400 addresses and a gap.
    assert!(after.widened[0].others.count_v4() < 400, "{}", after.widened[0].others.count_v4());
    assert!(!validate(&after.text).findings.iter().any(|finding| finding.id == "flow-not-admitted"));
    // On one port there is room for all of them.
    let one = fleet(200, "{port: 7000-7004/tcp, from: 10.0.0.0/16}")
        .replace("traffic-to: store", "traffic-to: 'store:7000'");
    let after = tightened(&one);
    assert_eq!((after.after, after.widened.len()), (50, 0));
}

#[test]
fn what_an_address_sends_to_itself_is_not_closed() {
    // Of the networks, only the node's own address is not asked for any more.
    let after = tightened(&rules(
        "{port: 7000-7001/tcp, from: [10.0.1.10/32, 10.0.2.10/32, 10.0.1.50/32]}, {port: 9000/tcp, from: self}",
    ));
    assert!(after.text.contains("[{port: 7000-7001/tcp, from: [web]}]"), "{}", after.text);
    assert!(after.closed.is_empty(), "{:?}", after.closed);
    // Of more, it is not the example.
    let after = tightened(&rules("{port: 6999-7001/tcp, from: [10.0.1.50/32, web]}"));
    let [one] = after.closed.as_slice() else { panic!("{:?}", after.closed) };
    assert_eq!(
        (one.from.as_str(), one.to.as_str(), one.services.to_string().as_str()),
        ("web-1", "box", "6999/tcp")
    );
}

/// A rule is for all members of its group: who gets a rule for one of them is let in at the other, and that is told.
#[test]
fn what_a_new_rule_lets_in_besides_its_flow_is_told() {
    let text = "\
name: shop
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes:
  web: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: web, traffic-to: []}
  box: {first-address: {a: 10.0.1.50}, os: debian-12, engine: docker-27.3.1, groups: data, traffic-to: []}
  vault: {first-address: {a: 10.0.1.60}, os: debian-12, engine: docker-27.3.1, groups: data, traffic-to: []}
services:
  front: {image: 'front:1.2.1', placement: web, traffic-to: 'store:7000'}
  store: {image: 'store:7.4.1', placement: box, publish: ['7000:7000']}
security-groups: {web: {}, data: {}}
";
    let after = tightened(text);
    assert_eq!(after.admitted.len(), 1);
    assert!(after.closed.is_empty());
    let [one] = after.opened.as_slice() else { panic!("{:?}", after.opened) };
    assert_eq!((one.from.as_str(), one.to.as_str()), ("web", "vault"));
    assert_eq!((one.rule.group.as_str(), one.services.to_string().as_str()), ("data", "7000/tcp"));
    assert!(after.text[one.rule.span.start..].starts_with("{port: 7000/tcp, from: web}"), "{}", after.text);
    // With a group of its own, nothing else is let in.
    let apart = text.replace(
        "a: 10.0.1.60}, os: debian-12, engine: docker-27.3.1, groups: data",
        "a: 10.0.1.60}, os: debian-12, engine: docker-27.3.1, groups: web",
    );
    assert!(tightened(&apart).opened.iter().all(|one| one.from == "vault"), "{:?}", tightened(&apart).opened);
}

/// A store with two ports, which seventy clients each ask; in the clients' group there are many more.
fn crowd() -> String {
    let mut text = "\
name: crowd
network: {name: lab, cidr: 10.0.0.0/16, provider: aws, subnets: {a: {cidr: 10.0.0.0/17, zone: us-west-2a}}}
nodes:
  box: {first-address: {a: 10.0.126.10}, os: debian-12, engine: docker-27.3.1, groups: box, traffic-to: []}
  many: {count: 2000, first-address: {a: 10.0.72.10}, os: debian-12, engine: docker-27.3.1, groups: clients, traffic-to: []}
"
    .to_owned();
    for at in 0..140 {
        let net = if at % 2 == 0 { 0 } else { 64 };
        writeln!(text, "  n{at}: {{first-address: {{a: 10.0.{net}.{}}}, os: debian-12, engine: docker-27.3.1, groups: clients, traffic-to: []}}", 16 + at / 2 * 2).unwrap();
    }
    let asking = |from: usize| (0..70).map(|at| format!("n{}", from + 2 * at)).collect::<Vec<_>>().join(", ");
    write!(
        text,
        "\
services:
  one: {{image: 'ask:1.2.1', placement: [{}], traffic-to: 'store:1000'}}
  two: {{image: 'ask:1.2.1', placement: [{}], traffic-to: 'store:2000'}}
  store: {{image: 'store:7.4.1', placement: box, publish: ['1000:1000', '2000:2000']}}
security-groups:
  clients: {{}}
  box: {{inbound: [{{port: 1000/tcp, from: 10.0.0.0/16}}, {{port: 2000/tcp, from: 10.0.0.0/16}}]}}
",
        asking(0),
        asking(1)
    )
    .unwrap();
    text
}

#[test]
fn the_provider_s_rules_are_spent_where_they_save_most() {
    let after = tightened(&crowd());
    assert_eq!((after.after, after.crowded.len()), (60, 0), "{}", after.text);
    let others: Vec<u128> = after.widened.iter().map(|wider| wider.others.count_v4()).collect();
    assert_eq!(after.widened.iter().map(|wider| wider.exact).collect::<Vec<_>>(), [70, 70]);
    assert!(others.iter().sum::<u128>() < 100, "{others:?}");
}

#[test]
fn purposes_are_put_together_only_where_there_are_too_many() {
    let ports = |first: usize| {
        (first..first + 70).map(|port| format!("'{port}:{port}'")).collect::<Vec<_>>().join(", ")
    };
    let rules: Vec<String> = (7100..7170)
        .map(|port| format!("{{port: {port}/tcp, from: 10.0.0.0/16, purpose: p{port}}}"))
        .collect();
    let text = rules_with(&ports(7100), &rules.join(", "));
    let after = tightened(&text);
    assert_eq!((after.before, after.after), (70, 1), "{}", after.text);
    let few: Vec<String> = rules.iter().take(50).cloned().collect();
    let text = rules_with(&ports(7100).split(", ").take(50).collect::<Vec<_>>().join(", "), &few.join(", "));
    assert_eq!(tightened(&text).after, 50);
}

fn rules_with(publish: &str, inbound: &str) -> String {
    rules(inbound)
        .replace("'7000:7000', '7001:7001', '22:22', '9000:9000'", publish)
        .replace("['store:7000', 'store:7001']", "store")
}

#[test]
fn ten_thousand_nodes_are_looked_at_in_reasonable_time() {
    let text = "\
name: fleet
network: {name: lab, cidr: 10.0.0.0/16, provider: aws, subnets: {a: {cidr: 10.0.0.0/16, zone: us-west-2a}}}
nodes:
  box: {count: 10000, first-address: {a: 10.0.0.10}, os: debian-12, engine: docker-27.3.1, groups: boxes, traffic-to: []}
services:
  store: {image: 'store:7.4.1', placement: box, publish: ['7000:7000'], traffic-to: store}
security-groups:
  boxes:
    inbound:
      - {port: 7000-7999/tcp, from: 10.0.0.0/8}
";
    let start = std::time::Instant::now();
    let after = tightened(text);
    assert_eq!(after.text, text.replace("7000-7999/tcp, from: 10.0.0.0/8", "7000/tcp, from: self"));
    let after = tightened(&fleet(2_000, "{port: 7000-7004/tcp, from: 10.0.0.0/8}"));
    assert!(after.after <= 60);
    let took = start.elapsed();
    assert!(took.as_secs() < 120, "{took:?}");
}

#[test]
fn what_cannot_be_read_is_refused() {
    assert!(tighten("").is_err());
    assert!(tighten("name: [").is_err());
    assert!(tighten(&rules("{port: 7000/tcp, from: nobody}")).is_err());
    let none = shop("");
    assert!(tighten(&none).is_err(), "groups that are not there");
}

/// Who logs in from machine to machine needs the way out of the one as well as the way into the other.
#[test]
fn a_bastion_keeps_its_way_out() {
    let text = shop(
        "security-groups: {web: {outbound: [{port: 22/tcp, to: box}, {port: 9000/tcp, to: box}]}, all: {}, \
         box: {inbound: [{port: 22/tcp, from: 10.9.0.0/16}]}}\n",
    );
    let tightened = tightened(&text);
    assert!(tightened.text.contains("{port: 22/tcp, to: box}"), "{}", tightened.text);
    assert!(!tightened.text.contains("9000/tcp, to"), "{}", tightened.text);
    let kept = reasons(&tightened);
    assert!(kept.iter().any(|reason| reason.contains("people who log in from there")), "{kept:?}");
}
