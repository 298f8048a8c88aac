//! The documentation: the wiki page's tables cell by cell, and what a reader and Mermaid make of every page.

#![allow(clippy::unwrap_used)]

mod support;

#[path = "docs/hostile.rs"]
mod hostile;
#[path = "docs/markdown.rs"]
mod markdown;
#[path = "docs/mermaid.rs"]
mod mermaid;

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use markdown::Page;
use rancher_gen::output::{Selection, render};
use rancher_gen::template::Templates;
use rancher_gen::tree::Tree;
use support::examples::{AS_WRITTEN, HARDENED, file, topology};

const SHOP: &str = r#"
name: shop
title: A shop
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24, zone: rack-1}, b: {cidr: 10.0.2.0/24, zone: rack-2}}}
nodes:
  web: {count: 2, first-address: {a: 10.0.1.10, b: 10.0.2.10}, os: debian-12, engine: docker-27.3.1, groups: web}
  store: {first-address: {a: 10.0.1.20}, os: ubuntu-24.04, engine: docker-27.3.1, groups: store}
security-groups:
  web:
    inbound:
      - {port: 80/tcp, from: internet, purpose: customers}
      - {port: icmp, from: 10.0.0.0/16}
      - {port: any, from: 10.9.0.0/24, purpose: administrators}
  store:
    inbound: [{port: 5432/tcp, from: web}]
    outbound: []
services:
  shop: {image: example.com/shop:1, placement: web, publish: ["80:8080"], traffic-to: [postgres]}
  postgres: {image: postgres:16.4, placement: store, publish: ["5432:5432"]}
  exporter: {image: prom/node-exporter:v1.8.2, placement: [web, store], network: host, listen: [9100]}
"#;

const TINY: &str = r#"
name: tiny
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes:
  box: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1}
services:
  web: {image: "nginx:1.27.2", placement: box, publish: ["80:80"]}
"#;

const EMPTY: &str =
    "{name: empty, network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}}";

fn fleet(nodes: usize) -> String {
    format!(
        r#"
name: fleet
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.0.0/18}}, b: {{cidr: 10.0.64.0/18}}}}}}
nodes:
  node: {{count: {nodes}, first-address: {{a: 10.0.0.10, b: 10.0.64.10}}, os: debian-12, engine: docker-27.3.1, groups: nodes}}
security-groups:
  nodes: {{inbound: [{{port: 7000/tcp, from: self, purpose: gossip}}, {{port: 9042/tcp, from: self}}]}}
services:
  store: {{image: "store:1", placement: node, naming: numbered, publish: ["7000:7000", "9042:9042"], traffic-to: [store]}}
"#
    )
}

#[track_caller]
fn docs(text: &str) -> Tree {
    let only = Selection { only: vec!["docs"], ..Selection::default() };
    render(&topology(text), &Templates::embedded(), &only).unwrap().tree
}

#[track_caller]
fn page(tree: &Tree, path: &str) -> Page {
    let page = Page::read(file(tree, path));
    assert!(page.foreign.is_empty(), "{path}: {:?}", page.foreign);
    page
}

/// A table of the wiki page, from the copy in this project: a row for a line, `\n` for a break inside a cell.
fn of_the_wiki_page(copy: &str) -> Vec<Vec<String>> {
    let width = copy.lines().next().unwrap().split('\t').count();
    let row = |line: &str| {
        let mut cells: Vec<String> = line.split('\t').map(|cell| cell.replace("\\n", "\n")).collect();
        cells.resize(width, String::new());
        cells
    };
    copy.lines().map(row).collect()
}

#[test]
fn every_cell_of_the_wiki_pages_tables_comes_out_again() {
    let tree = docs(AS_WRITTEN);
    let page = page(&tree, "docs/README.md");
    for (heading, copy) in [
        ("Security group server-nodes", include_str!("data/page/inbound-rules.tsv")),
        ("ELB listeners", include_str!("data/page/listeners.tsv")),
        ("Rancher HA management stack", include_str!("data/page/stack.tsv")),
    ] {
        let (own, wanted) = (page.table(heading), of_the_wiki_page(copy));
        for (number, (row, wanted)) in own.iter().zip(&wanted).enumerate() {
            for (column, (cell, wanted)) in row.iter().zip(wanted).enumerate() {
                assert_eq!(cell, wanted, "{heading}, row {number}, column {column}");
            }
            assert_eq!(row.len(), wanted.len(), "{heading}, row {number}");
        }
        assert_eq!(own.len(), wanted.len(), "{heading}");
    }
    assert!(page.texts.iter().any(|text| text == "a TCP, unless otherwise specified."));
}

/// The cells in which the wiki page says something else than what is true: row, column, what the page prints, what is
/// true, and why. They are printed as the page has them, and corrected beside the table.
const CORRECTED: [[&str; 5]; 9] = [
    [
        "rancher-ha-parent (x3)",
        "Traffic to",
        "zookeeper, redis",
        "nothing",
        "it only holds the network namespace",
    ],
    [
        "rancher-ha-parent (x3)",
        "Ports",
        "3306/tcp",
        "3306, 18080, 2181, 2888, 3888, 6379",
        "3306 is a name in the image, and five are published",
    ],
    [
        "rancher-ha-cattle (x3)",
        "Traffic to",
        "zookeeper, redis",
        "zookeeper, redis, rancher-ext-db",
        "the page leaves the database out",
    ],
    [
        "management_load-balancer-swarm_{1,2,3}",
        "Containers",
        "management_load-blancer-swarm_{1,2,3}",
        "management_load-balancer-swarm_{1,2,3}",
        "a slip of the pen",
    ],
    [
        "rancher-ha-redis (x3)",
        "Traffic to",
        "tunnel",
        "nothing",
        "tunnels come to it; it opens no connection",
    ],
    ["rancher-ha-zk (x3)", "Traffic to", "tunnel", "zookeeper", "its peers, through tunnels"],
    ["rancher-ha (x3)", "Traffic to", "host", "rancher-ext-db, cattle", "host is the network that it is in"],
    ["rancher-ha (x3)", "Ports", "80, 18080, 3306", "nothing", "these are ports that it connects to"],
    ["NetworkAgent (x3)", "Traffic to", "all", "NetworkAgent", "all other NetworkAgents"],
];

#[test]
fn what_the_wiki_page_has_wrong_is_said_beside_its_table() {
    let tree = docs(AS_WRITTEN);
    let page = page(&tree, "docs/README.md");
    let said: Vec<&[String]> =
        page.table("Where the table differs from the cluster")[1..].iter().map(Vec::as_slice).collect();
    let wanted: Vec<&[&str]> = CORRECTED.iter().map(|cells| &cells[..4]).collect();
    assert_eq!(said, wanted);
    for text in [
        "The rows of the tunnels show what mgmt-host-1 has",
        "management_go-machine-service reaches cattle through rancher-ext-lb:443.",
        "No service of the topology listens on 22/tcp, 3306/tcp, 8080/tcp.",
        "Nothing of the topology listens on port 8080 of the targets",
        "RDS gives no fixed one",
        "Engine: MariaDB 10.0.24, created as MariaDB 10.11",
    ] {
        assert!(page.texts.iter().any(|own| own.contains(text)), "{text}\n{:#?}", page.texts);
    }
}

#[test]
fn the_sections_and_the_commands_are_the_wiki_pages_in_its_order() {
    let tree = docs(AS_WRITTEN);
    let page = page(&tree, "docs/README.md");
    let wanted = [
        "Setup Rancher HA with AWS",
        "Virtual Private Cloud (VPC)",
        "Rancher management server nodes (EC2 instances)",
        "External database (RDS)",
        "External load balancer (ELB)",
        "ELB listeners",
        "Rancher HA management stack",
    ];
    let own: Vec<&str> =
        page.headings.iter().map(String::as_str).filter(|own| wanted.contains(own)).collect();
    assert_eq!(own, wanted);
    for line in [
        "Virtual Private Cloud (VPC): rancher-vpc (w/3 subnets)",
        "VPC CIDR: 172.22.0.0/16",
        "Rancher management subnet: 172.22.1.0/24 (us-west-2a)",
        "Rancher management server nodes (EC2 instances running CentOS 7):",
        "mgmt-host-1 (172.22.1.210)",
        "mgmt-host-2 (172.22.1.211)",
        "mgmt-host-3 (172.22.1.212)",
        "Each of these nodes has Docker 1.10.3 installed and running.",
        "Listens on port 3306 on 172.22.1.26",
    ] {
        assert!(page.texts.iter().any(|own| own == line), "{line}\n{:#?}", page.texts);
    }
    let commands = page.code.iter().find(|(language, _)| language == "console").unwrap();
    assert_eq!(commands.1, include_str!("data/page/policies.txt"));
}

#[test]
fn each_node_has_its_own_tunnels_by_the_rule() {
    let tree = docs(AS_WRITTEN);
    let arrows = |node: usize| -> Vec<String> {
        let page = page(&tree, &format!("docs/nodes/mgmt-host-{node}.md"));
        page.table("Tunnels")[1..].iter().map(|row| row[3].clone()).collect()
    };
    assert_eq!(
        arrows(2)[..6],
        [
            "127.0.0.1:6379->172.22.1.210:6379/tcp",
            "0.0.0.0:16379->127.0.0.1:6380/tcp",
            "127.0.0.1:6381->172.22.1.212:6379/tcp",
            "127.0.0.1:2181->172.22.1.210:2181/tcp",
            "0.0.0.0:12181->127.0.0.1:2182/tcp",
            "127.0.0.1:2183->172.22.1.212:2181/tcp",
        ]
    );
    let wiki = of_the_wiki_page(include_str!("data/page/stack.tsv"));
    let seen: Vec<&str> =
        wiki.iter().filter(|row| row[1].contains("-tunnel-")).map(|row| row[5].as_str()).collect();
    assert_eq!(arrows(1), seen);
    assert_eq!(arrows(3).iter().filter(|arrow| seen.contains(&arrow.as_str())).count(), 4);
}

#[test]
fn a_nodes_page_says_who_listens_what_reaches_it_and_why() {
    let tree = docs(AS_WRITTEN);
    let page = page(&tree, "docs/nodes/mgmt-host-2.md");
    let row = |heading: &str, cells: &[&str]| {
        let table = page.table(heading);
        assert!(table.iter().any(|row| row == cells), "{cells:?}\n{table:#?}");
    };
    row(
        "Listeners on the node's addresses",
        &[
            "0.0.0.0",
            "2181",
            "tcp",
            "rancher-ha-parent",
            "12181 of rancher-ha-tunnel-zk-client",
            "2181/tcp from 0.0.0.0/0 (zookeeper_client)",
            "rancher-ha-cattle, to rancher-ha-zk through rancher-ha-tunnel-zk-client",
        ],
    );
    row(
        "Listeners on the node's addresses",
        &[
            "0.0.0.0",
            "80-81",
            "tcp",
            "management_load-balancer_2",
            "80-81 of management_load-balancer",
            "• 80/tcp from 0.0.0.0/0 (http)\n• 81/tcp from 0.0.0.0/0 (proxy_to_http)",
            "• rancher-ext-lb, to management_load-balancer\n• rancher-ext-lb, health check",
        ],
    );
    let inside = "Listeners inside containers' network namespaces";
    let redis = "rancher-ha-cattle, beside it or through rancher-ha-tunnel-redis";
    row(inside, &["0.0.0.0", "6380", "tcp", "rancher-ha-redis", "rancher-ha-parent", redis]);
    let outward = "what is beside it, for rancher-ha-redis on mgmt-host-1";
    row(inside, &["127.0.0.1", "6379", "tcp", "rancher-ha-tunnel-redis-1", "rancher-ha-parent", outward]);
    row(
        "What the firewall admits",
        &["8080/tcp", "0.0.0.0/0", "", "nothing, and rancher-ext-lb sends there"],
    );
    row(
        "What the firewall admits",
        &["3306/tcp", "172.22.1.0/24", "mysql (RDS)", "no service of the topology"],
    );
    row("Containers", &["rancher-ha", "rancher-ha", "rancher/server", "a person", "the node's own"]);
    let containers = page.table("Containers").len() - 1;
    assert_eq!(containers, 23);
    assert!(page.texts.iter().any(|text| text.contains("closes its port to new connections only")));
    // Ports that something listens on twice would be a mistake of the table: one row for a socket.
    let table = page.table(inside);
    let sockets: BTreeSet<_> = table.iter().map(|row| (&row[0], &row[1], &row[2], &row[4])).collect();
    assert_eq!(sockets.len(), table.len());
}

#[test]
fn what_was_assumed_is_listed_with_its_reason() {
    let tree = docs(AS_WRITTEN);
    let page = page(&tree, "docs/assumptions.md");
    let stands = |heading: &str, of: &str, what: &str| {
        let table = page.table(heading);
        let row = table.iter().find(|row| row[0] == of && row[1] == what);
        let row = row.unwrap_or_else(|| panic!("{of}: {what} is not in {table:#?}"));
        assert!(!row[2].is_empty() && row[3].len() > 3, "{row:?}");
    };
    stands("Network", "rancher-vpc", "subnet");
    for what in [
        "outside interfaces",
        "containers' networks",
        "instance type",
        "root volume",
        "public address",
        "what the nodes themselves connect to",
    ] {
        stands("Nodes", "mgmt-host", what);
    }
    for what in [
        "created as",
        "subnets",
        "instance type",
        "storage",
        "standby in a second zone",
        "connections at once",
        "character set",
    ] {
        stands("Databases", "rancher-ext-db", what);
    }
    for what in ["subnets", "reached from", "health check", "silent connections end after"] {
        stands("Load balancers", "rancher-ext-lb", what);
    }
    stands("Services", "every service", "when a container ends");
    for what in ["registration URL", "database in the server", "user of the database"] {
        stands("Rancher", "rancher-ha", what);
    }
    assert_eq!(page.table("Network").len(), 3, "two subnets are assumed, and the provider is stated");
    // The rules that let the stated flows through where the page has no group.
    let database = &page.table("Security group rancher-ext-db")[1..];
    assert_eq!(database, [["in", "3306/tcp", "server-nodes", "mgmt-host"].map(str::to_owned)]);
    assert!(page.headings.iter().any(|own| own == "Rules of security group server-nodes"));
    assert!(page.headings.iter().any(|own| own == "Security group rancher-ext-lb"));
}

#[test]
fn the_hardened_cluster_says_where_its_host_firewalls_are_wider() {
    let tree = docs(HARDENED);
    let main = page(&tree, "docs/README.md");
    assert!(!main.headings.iter().any(|own| own.starts_with("Where the table differs")));
    let why = "the addresses of rancher-ext-lb change, so all of its subnets are admitted";
    assert!(main.texts.contains(&format!("444/tcp from load-balancer: {why}")), "{:#?}", main.texts);
    let node = page(&tree, "docs/nodes/mgmt-host-3.md");
    let table = node.table("What the firewall admits");
    let row = table.iter().find(|row| row[0] == "444/tcp").unwrap();
    assert_eq!(row[4], why);
    let inbound = main.table("Security group database");
    assert_eq!(inbound[1], ["TCP", "TCP", "3306", "server-nodes", "mysql"]);
    let cell = main.tables.iter().flat_map(|(_, rows)| rows).find(|row| row[1] == "rancher-ha (x3)").unwrap();
    let host = "rancher-ext-db.rancher-vpc.internal:3306";
    assert_eq!(cell[5], format!("172.22.1.x:x->{host}\n172.22.2.x:x->{host}\n172.22.3.x:x->{host}"));
}

#[test]
fn a_cluster_of_another_kind_gets_its_own_words() {
    let tree = docs(SHOP);
    let text: String = tree.iter().map(|(_, file)| file.contents.to_string()).collect();
    for word in ["VPC", "EC2", "RDS", "ELB", "Rancher ", "ZooKeeper", "cattle"] {
        assert!(!text.contains(word), "{word}");
    }
    let main = page(&tree, "docs/README.md");
    let wanted = [
        "A shop",
        "Network",
        "Nodes web",
        "Security group web",
        "Nodes store",
        "Security group store",
        "Services",
        "Host firewalls",
    ];
    assert_eq!(main.headings, wanted);
    assert_eq!(
        main.table("Security group web")[1..],
        [
            ["HTTP", "TCP", "80", "internet", "customers"].map(str::to_owned),
            ["ICMP", "ICMP", "all", "10.0.0.0/16", ""].map(str::to_owned),
            ["All traffic", "all", "all", "10.9.0.0/24", "administrators"].map(str::to_owned),
        ]
    );
    let web = page(&tree, "docs/nodes/web-1.md");
    let exporter =
        web.table("Listeners on the node's addresses").iter().find(|row| row[3] == "exporter").unwrap();
    assert_eq!(exporter[5], "any from 10.9.0.0/24 (administrators)");
    let store = page(&tree, "docs/nodes/store.md");
    assert_eq!(store.table("Listeners on the node's addresses")[1][5], "5432/tcp from web");
    assert!(!store.headings.iter().any(|own| own == "Tunnels"));
}

#[test]
fn a_node_that_is_rendered_alone_has_no_pages() {
    let topology = topology(SHOP);
    let only = Selection { only: vec!["docs"], node: topology.node_named("web-1") };
    assert!(render(&topology, &Templates::embedded(), &only).unwrap().tree.is_empty());
}

#[test]
fn the_number_of_nodes_is_one_change_in_the_docs_too() {
    for (nodes, tunnels) in [("1", "4 x tunnel"), ("5", "100 x tunnel"), ("40", "6,400 x tunnel")] {
        let tree = docs(&AS_WRITTEN.replace("count: 3 ", &format!("count: {nodes} ")));
        let main = page(&tree, "docs/README.md");
        let table = main.table("Rancher HA management stack");
        assert!(table.iter().any(|row| row[0] == tunnels), "{nodes}: {table:#?}");
        assert!(table.len() < 50, "{nodes}: {} rows", table.len());
    }
    let tree = docs(&AS_WRITTEN.replace("count: 3 ", "count: 40 "));
    let main = page(&tree, "docs/README.md");
    let row =
        main.table("Rancher HA management stack").iter().find(|row| row[1].contains("tunnel-redis")).unwrap();
    assert_eq!(
        row[1..3],
        ["rancher-ha-tunnel-redis-{1..40} (x40)", "172.22.1.210–172.22.1.249 (40 addresses)"]
    );
    assert_eq!(
        row[5],
        "0.0.0.0:16379->127.0.0.1:6379/tcp\n127.0.0.1:6380->172.22.1.211:6379/tcp\n…\n127.0.0.1:6418->172.22.1.249:6379/tcp"
    );
    let node = page(&tree, "docs/nodes/mgmt-host-9.md");
    let tunnels = node.table("Tunnels");
    assert_eq!(tunnels[1][3], "0.0.0.0:16379->127.0.0.1:6387/tcp");
    assert_eq!(tunnels.len(), 1 + 4 * 2);
}

#[test]
fn the_main_page_of_five_thousand_nodes_is_as_long_as_that_of_fifty() {
    let [small, large] = [50, 5_000].map(|nodes| docs(&fleet(nodes)));
    for path in ["docs/README.md", "docs/assumptions.md", "docs/topology.mmd"] {
        let (small, large) = (file(&small, path).len(), file(&large, path).len());
        assert!(large < small + 200, "{path}: {small} and {large} bytes");
    }
    let main = page(&large, "docs/README.md");
    assert_eq!(
        main.table("Services")[2][1..3],
        ["store_{1..5000}", "10.0.0.10–10.0.9.205, 10.0.64.10–10.0.73.205 (5,000 addresses)"]
    );
    assert!(main.texts.iter().any(|text| text.starts_with("5,000 nodes, node-1 to node-5000")));
    assert_eq!(page(&large, "docs/nodes/node-5000.md").table("Containers")[1][0], "store_5000");
}

#[test]
fn every_link_between_the_pages_leads_to_one() {
    for text in [AS_WRITTEN, HARDENED, SHOP, TINY, &fleet(20)] {
        let tree = docs(text);
        let paths: BTreeSet<PathBuf> = tree.iter().map(|(path, _)| PathBuf::from(path.to_string())).collect();
        let pages = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md"));
        let mut links = 0;
        for path in pages {
            for link in page(&tree, path.to_str().unwrap()).links {
                let target = resolved(path.parent().unwrap(), &link);
                let folder = link.ends_with('/') && paths.iter().any(|path| path.starts_with(&target));
                assert!(folder || paths.contains(&target), "{}: {link}", path.display());
                links += 1;
            }
        }
        assert!(links > 4);
    }
}

fn resolved(folder: &Path, link: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in folder.join(link).components() {
        match component {
            Component::ParentDir => assert!(path.pop(), "{link} leads out of the tree"),
            other => path.push(other),
        }
    }
    path
}

#[test]
fn mermaid_draws_every_picture() {
    let texts = [
        AS_WRITTEN.to_owned(),
        HARDENED.to_owned(),
        SHOP.to_owned(),
        TINY.to_owned(),
        fleet(5_000),
        EMPTY.to_owned(),
    ];
    let trees: Vec<Tree> = texts.iter().map(|text| docs(text)).collect();
    let pictures: Vec<&str> = trees.iter().map(|tree| file(tree, "docs/topology.mmd")).collect();
    for (tree, picture) in trees.iter().zip(&pictures) {
        let main = page(tree, "docs/README.md");
        assert_eq!(main.code[0], ("mermaid".to_owned(), (*picture).to_owned()));
    }
    let drawn: Vec<Vec<String>> = mermaid::labels(&pictures).into_iter().map(Result::unwrap).collect();
    for (own, wanted) in drawn.iter().zip([
        vec![
            "mgmt-host-2\n172.22.1.211",
            "rancher-ext-db\nmariadb-10.0.24\nin management, second, third",
            "3306/tcp",
        ],
        vec!["us-west-2c\nmanagement-c\n172.22.3.0/24", "mgmt-host-3\n172.22.3.210"],
        vec!["store\n10.0.1.20", "5432/tcp"],
        vec!["box\n10.0.1.10", "80, 443/tcp\n123/udp"],
        vec!["2,500 nodes\nnode-1 … node-4999\n10.0.0.10 … 10.0.9.205"],
        vec!["lab\n10.0.0.0/16"],
    ]) {
        for label in wanted {
            assert!(own.iter().any(|own| own == label), "{label:?} is not in {own:#?}");
        }
        assert!(own.len() < 30, "{own:#?}");
    }
}
