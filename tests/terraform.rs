//! Terraform takes what is rendered for it, and a mock of AWS makes of it what the topology says.
//!
//! There is no registry and no cloud here: tests/data/terraform/README.md says what takes their place.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use rancher_topology::Topology;
use rancher_topology::document::Scheme;
use rancher_topology::flow::FlowGraph;
use rancher_topology::policy::{Member, RulePeer, SecurityPolicy};
use rancher_topology::scalar::Traffic;
use rancher_topology::topology::{LoadBalancerId, Origin, SubnetId};
use serde_json::{Value, json};
use support::examples::{AS_WRITTEN, HARDENED, file, rendered, topology};
use support::terraform::{Folder, addresses, files, of_kind, resources};
use support::tools::{program, run};

/// What the examples have not: dots and digits in names, every kind of traffic and peer, rules that are one to AWS,
/// certificates, two load balancers, single targets, nodes of several pools, with public addresses and without.
const ODD: &str = "
name: odd
network:
  name: Odd.Net
  provider: aws
  cidr: 10.0.0.0/16
  subnets:
    1st.subnet: {cidr: 10.0.1.0/24, zone: eu-west-1a}
    second_subnet: {cidr: 10.0.2.0/24, zone: eu-west-1b}
nodes:
  3web: {count: 11, first-address: {1st.subnet: 10.0.1.10, second_subnet: 10.0.2.10}, os: debian-12, engine: docker-27.3.1, groups: [a.b, a_dot_b]}
  arm: {first-address: {1st.subnet: 10.0.1.100}, os: ubuntu-24.04, engine: docker-27.3.1, instance-type: m7g.large, public-address: false}
  rock: {count: 2, first-address: {second_subnet: 10.0.2.100}, os: rocky-9, engine: docker-27.3.1}
security-groups:
  a.b:
    inbound:
      - {port: 22/tcp, from: 10.0.0.0/16, purpose: ssh}
      - {port: 22/tcp, from: [10.0.0.0/16, self], purpose: also ssh}
      - {port: 8000-8100, from: internet, purpose: many}
      - {port: icmp, from: internet}
      - {port: any, from: a_dot_b, optional: true, purpose: all}
      - {port: 53/udp, from: 2001:db8::/32, purpose: names}
    outbound: []
  a_dot_b:
    outbound: [{port: any, to: internet, purpose: everywhere}]
databases:
  Store: {engine: mysql-8.0, port: 3307}
  another-store: {engine: mariadb-11.4.3, port: 3306, groups: a.b}
load-balancers:
  Front:
    targets: [3web, rock-2]
    listeners:
      - {listen: 443/https, forward: 80/http, certificate: version}
      - {listen: 8443/ssl, forward: 81/tcp, certificate: web.cert, proxy-protocol: p1}
      - {listen: 8444/ssl, forward: 81/tcp, certificate: web.cert, proxy-protocol: p1}
      - {listen: 25/tcp, forward: 2525/tcp, proxy-protocol: p2}
  back: {targets: [arm, 3web-3], scheme: internal, listeners: [{listen: 80/tcp, forward: 8080/tcp}]}
services: {}
";
const CERTIFICATES: [(&str, &str); 2] = [
    ("TF_VAR__version", "arn:aws:iam::123456789012:server-certificate/one"),
    ("TF_VAR_web_dot_cert", "arn:aws:iam::123456789012:server-certificate/two"),
];

/// One node and nothing else.
const BARE: &str = "
name: bare
network: {name: bare, provider: aws, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24, zone: us-gov-west-1a}}}
nodes: {box: {first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, public-address: false}}
services: {}
";

/// A load balancer in front of nothing.
const EMPTY: &str = "
name: empty
network: {name: empty, provider: aws, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24, zone: eu-west-1a}}}
nodes: {}
load-balancers: {lb: {targets: [], scheme: internal, listeners: [{listen: 80/tcp, forward: 80/tcp}]}}
services: {}
";

const FLEET: &str = "
name: fleet
network:
  name: fleet
  provider: aws
  cidr: 10.0.0.0/16
  subnets: {a: {cidr: 10.0.32.0/19, zone: eu-west-1a}, b: {cidr: 10.0.64.0/19, zone: eu-west-1b}}
nodes:
  box: {count: 5000, first-address: {a: 10.0.32.10, b: 10.0.64.10}, os: debian-12, engine: docker-27.3.1}
load-balancers:
  front: {targets: box, listeners: [{listen: 80/tcp, forward: 80/tcp, proxy-protocol: p}]}
databases:
  store: {engine: mariadb-10.11, port: 3306}
services:
  mesh: {image: nginx:1.27.2, placement: box, publish: [80:80], traffic-to: [store]}
";

#[test]
fn it_is_formatted_as_terraform_would() {
    for text in [AS_WRITTEN, HARDENED, ODD, BARE, EMPTY, FLEET] {
        let folder = Folder::new(&rendered(text).tree);
        let mut fmt = program("terraform");
        run(fmt.args(["fmt", "-check", "-diff", "-recursive"]).current_dir(folder.path()));
    }
}

#[test]
fn it_can_be_read_by_another_reader_of_the_language() {
    for text in [AS_WRITTEN, HARDENED, ODD, BARE] {
        for (path, contents) in files(&rendered(text).tree) {
            if Path::new(&path).extension().is_some_and(|ending| ending == "tf") {
                let body = hcl::parse(&contents).unwrap_or_else(|error| panic!("{path}: {error}"));
                assert!(body.blocks().count() > 0 || path.ends_with("outputs.tf"), "{path} is empty");
            }
        }
    }
}

#[test]
fn the_page_s_cluster_is_applied_and_is_what_the_topology_says() {
    applied_is_what_is_said(AS_WRITTEN, &[]);
}

#[test]
fn the_hardened_cluster_is_applied_and_is_what_the_topology_says() {
    applied_is_what_is_said(HARDENED, &[]);
}

#[test]
fn a_cluster_with_odd_names_and_rules_is_applied_and_is_what_the_topology_says() {
    applied_is_what_is_said(ODD, &CERTIFICATES);
}

#[test]
fn a_single_node_is_applied_and_nothing_has_a_way_out() {
    let folder = Folder::new(&rendered(BARE).tree);
    let state = folder.applied(&[]);
    assert_eq!(addresses(&state).iter().filter(|address| address.contains("gateway")).count(), 0);
    compare(&topology(BARE), &folder.mock(None), false);
}

#[test]
fn a_cluster_without_nodes_is_applied() {
    let state = Folder::new(&rendered(EMPTY).tree).applied(&[]);
    assert_eq!(resources(&state, "aws_instance").count(), 0);
    assert_eq!(resources(&state, "aws_elb").next().unwrap()["values"]["instances"], json!([]));
}

#[test]
fn the_fifteen_rules_of_the_page_have_its_purposes() {
    let folder = Folder::new(&rendered(AS_WRITTEN).tree);
    let state = folder.applied(&[]);
    let mut rules: Vec<String> = resources(&state, "aws_vpc_security_group_ingress_rule")
        .filter(|rule| rule["address"].as_str().unwrap().contains(".server-nodes["))
        .map(|rule| {
            let v = &rule["values"];
            let text = |key: &str| v[key].as_str().unwrap().to_owned();
            assert_eq!(v["from_port"], v["to_port"]);
            format!(
                "{} {} {} {}",
                text("ip_protocol"),
                v["from_port"],
                text("cidr_ipv4"),
                text("description")
            )
        })
        .collect();
    let mut page: Vec<String> = "\
tcp 22 0.0.0.0/0 ssh
tcp 80 0.0.0.0/0 http
tcp 443 0.0.0.0/0 https
tcp 81 0.0.0.0/0 proxy_to_http
tcp 444 0.0.0.0/0 proxy_to_https
tcp 6379 172.22.1.0/24 redis
tcp 2376 172.22.1.0/24 swarm
tcp 2181 0.0.0.0/0 zookeeper_client
tcp 2888 172.22.1.0/24 zookeeper_quorum
tcp 3888 172.22.1.0/24 zookeeper_leader
tcp 3306 172.22.1.0/24 mysql (RDS)
tcp 8080 0.0.0.0/0 no purpose is stated
tcp 18080 0.0.0.0/0 optional
udp 500 172.22.1.0/24 access between nodes
udp 4500 172.22.1.0/24 access between nodes"
        .lines()
        .map(ToOwned::to_owned)
        .collect();
    rules.sort();
    page.sort();
    assert_eq!(rules, page);
}

#[test]
fn what_is_added_to_a_document_changes_nothing_else() {
    let folder = Folder::new(&rendered(AS_WRITTEN).tree);
    folder.applied(&[]);
    let inbound = "    inbound:\n";
    for (from, to, created) in [
        (
            inbound,
            "    inbound:\n      - {port: 9100/tcp, from: 172.22.0.0/16, purpose: metrics}\n",
            vec![r#"aws_vpc_security_group_ingress_rule.server-nodes["9100/tcp from 172.22.0.0/16"]"#],
        ),
        (
            "security-groups:\n",
            "security-groups:\n  first:\n    inbound: [{port: 22/tcp, from: 10.0.0.0/8}]\n    outbound: []\n",
            vec![
                "aws_security_group.first",
                r#"aws_vpc_security_group_ingress_rule.first["22/tcp from 10.0.0.0/8"]"#,
            ],
        ),
        (
            "  subnets:\n",
            "  subnets:\n    zero: {cidr: 172.22.9.0/24, zone: us-west-2a}\n",
            vec![r#"aws_route_table_association.network["zero"]"#, r#"aws_subnet.network["zero"]"#],
        ),
        (
            "count: 3 #",
            "count: 5 #",
            vec![r#"aws_instance.mgmt-host["mgmt-host-4"]"#, r#"aws_instance.mgmt-host["mgmt-host-5"]"#],
        ),
        // Two rules of one kind are one to AWS: a second purpose is a word in its description.
        (inbound, "    inbound:\n      - {port: 22/tcp, from: 0.0.0.0/0, purpose: rescue}\n", vec![]),
    ] {
        assert!(AS_WRITTEN.contains(from), "{from}");
        folder.put(&rendered(&AS_WRITTEN.replacen(from, to, 1)).tree);
        let changes = folder.changes();
        let made: Vec<&str> = of_kind(&changes, "create");
        assert_eq!(made, created);
        assert_eq!(of_kind(&changes, "delete"), Vec::<&str>::new());
    }
}

#[test]
fn hostile_texts_come_back_as_they_were_written() {
    let hostile = "\"q\" ${var.x} %{if true} $${y} 'z' \\ # /* 🦀";
    let yaml = serde_json::to_string(hostile).unwrap();
    let text = AS_WRITTEN
        .replacen("purpose: ssh}", &format!("purpose: {yaml}}}"), 1)
        .replacen("title: Rancher management subnet}", &format!("title: {yaml}}}"), 1)
        .replacen(
            "assumed: The page speaks of three subnets and gives one}",
            &format!("assumed: {yaml}}}"),
            1,
        )
        .replace("title: Rancher management server nodes", &format!("title: {yaml}"))
        .replace("title: External", &format!("title: {yaml} #"))
        .replacen("title: Setup Rancher HA with AWS", &format!("title: {yaml}"), 1);
    let folder = Folder::new(&rendered(&text).tree);
    run(program("terraform").args(["fmt", "-check", "-diff"]).current_dir(folder.path()));
    let state = folder.applied(&[]);
    let tags: BTreeMap<String, Value> = resources(&state, "")
        .map(|resource| {
            (resource["address"].as_str().unwrap().to_owned(), resource["values"]["tags"].clone())
        })
        .collect();
    let rule = r#"aws_vpc_security_group_ingress_rule.server-nodes["22/tcp from 0.0.0.0/0"]"#;
    assert_eq!(tags[rule]["Purpose"], hostile);
    assert_eq!(tags[r#"aws_subnet.network["management"]"#]["Title"], hostile);
    assert_eq!(tags[r#"aws_subnet.network["second"]"#]["Assumed"], hostile);
    assert!(rendered(&text).notes.iter().any(|note| note.contains("the tag `Purpose`")));
    let known = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    let rules = resources(&state, "aws_vpc_security_group_ingress_rule");
    for description in rules.map(|rule| rule["values"]["description"].as_str().unwrap().to_owned()) {
        assert!(description.chars().all(known), "AWS refuses {description}");
    }
}

#[test]
fn what_protects_nodes_and_databases_is_on() {
    let folder = Folder::new(&rendered(AS_WRITTEN).tree);
    let state = folder.applied(&[]);
    for node in resources(&state, "aws_instance").map(|node| &node["values"]) {
        assert_eq!(node["root_block_device"][0]["encrypted"], true);
        assert_eq!(node["metadata_options"][0]["http_tokens"], "required");
        assert_eq!(node["metadata_options"][0]["http_put_response_hop_limit"], 1);
    }
    let database = &resources(&state, "aws_db_instance").next().unwrap()["values"];
    for on in
        ["storage_encrypted", "manage_master_user_password", "deletion_protection", "copy_tags_to_snapshot"]
    {
        assert_eq!(database[on], true, "{on}");
    }
    assert_eq!(database["publicly_accessible"], false);
    assert_eq!(database["password"], Value::Null);
    assert_eq!(database["final_snapshot_identifier"], "rancher-ext-db-final");
    assert_eq!(database["skip_final_snapshot"], false);
    let outputs = &state["values"]["outputs"];
    assert_eq!(outputs["nodes"]["value"]["mgmt-host-2"]["private"], "172.22.1.211");
    let host_name = &outputs["databases"]["value"]["rancher-ext-db"]["host_name"];
    assert_eq!(host_name, "rancher-ext-db.rancher-vpc.internal");
    assert!(outputs["load_balancers"]["value"]["rancher-ext-lb"]["dns_name"].is_string());
}

#[test]
fn a_database_can_be_destroyed_on_purpose_and_without_a_snapshot() {
    let folder = Folder::new(&rendered(AS_WRITTEN).tree);
    let state = folder.applied(&[("TF_VAR_deletion_protection", "false"), ("TF_VAR_final_snapshot", "")]);
    let database = &resources(&state, "aws_db_instance").next().unwrap()["values"];
    assert_eq!(database["deletion_protection"], false);
    assert_eq!(database["skip_final_snapshot"], true);
    run(&mut folder.terraform(&[], "destroy -auto-approve"));
}

#[test]
fn a_certificate_that_is_not_named_stops_the_plan_with_what_to_set() {
    let folder = Folder::new(&rendered(ODD).tree);
    let output = folder.terraform(&[], "init -backend=false && plan").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{told}");
    for variable in ["variable _version", "variable web_dot_cert"] {
        assert!(told.contains(variable), "{told}");
    }
}

#[test]
fn an_image_of_one_s_own_is_taken_and_nothing_is_looked_up() {
    let folder = Folder::new(&rendered(AS_WRITTEN).tree);
    let state = folder.applied(&[("TF_VAR_image_ids", r#"{"mgmt-host":"ami-0123"}"#)]);
    assert!(resources(&state, "aws_instance").all(|node| node["values"]["ami"] == "ami-0123"));
    assert_eq!(resources(&state, "aws_ami").count(), 0);
    let wrong = [("TF_VAR_image_ids", r#"{"mgmt-hots":"ami-0123"}"#)];
    let output = folder.terraform(&wrong, "plan").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("name of no pool"));
}

#[test]
fn the_address_that_the_database_was_seen_at_is_asked_for_nowhere() {
    let tree = rendered(AS_WRITTEN).tree;
    let seen = "172.22.1.26";
    assert!(file(&tree, "terraform/databases.tf").contains(&format!("# It was seen at {seen}")));
    for (path, contents) in files(&tree) {
        let lines = contents.lines().filter(|line| line.contains(seen));
        assert!(lines.into_iter().all(|line| line.trim_start().starts_with('#')), "{path}");
    }
}

#[test]
fn what_is_assumed_is_said_with_its_reason() {
    let assumed = |text: &str| {
        let topology = topology(text);
        let (pool, database, balancer) =
            (&topology.pools[0], &topology.databases[0], &topology.load_balancers[0]);
        [
            ("nodes-mgmt-host.tf", pool.instance_type.origin),
            ("nodes-mgmt-host.tf", pool.root_volume.origin),
            ("nodes-mgmt-host.tf", pool.public_address.origin),
            ("databases.tf", database.instance_type.origin),
            ("databases.tf", database.storage.origin),
            ("databases.tf", database.standby.origin),
            ("databases.tf", database.max_connections.origin),
            ("load-balancers.tf", balancer.scheme.origin),
            ("load-balancers.tf", balancer.health_check.origin),
            ("load-balancers.tf", balancer.idle_timeout.origin),
        ]
    };
    for text in [AS_WRITTEN, HARDENED] {
        let tree = rendered(text).tree;
        let mut reasons = 0;
        for (path, origin) in assumed(text) {
            if let Origin::Assumed(because) = origin {
                let contents = file(&tree, &format!("terraform/{path}"));
                assert!(contents.contains(&format!(": {because}\n")), "{path}: {because}");
                reasons += 1;
            }
        }
        assert!(reasons > 0);
    }
    let hardened = rendered(HARDENED).tree;
    assert!(!file(&hardened, "terraform/load-balancers.tf").contains("#   idle_timeout"));
    assert!(!file(&hardened, "terraform/databases.tf").contains("#   engine_version"));
    let as_written = rendered(AS_WRITTEN).tree;
    assert!(file(&as_written, "terraform/databases.tf").contains("#   engine_version: RDS no longer makes"));
}

#[test]
fn the_script_does_by_hand_what_terraform_does() {
    for (text, variables) in [(AS_WRITTEN, &[][..]), (ODD, &CERTIFICATES[..])] {
        let folder = Folder::new(&rendered(text).tree);
        let script = folder.path().join("proxy-protocol.sh");
        run(program("shellcheck").arg(&script));
        run(Command::new("bash").arg("-n").arg(&script));
        folder.applied(variables);
        let by_terraform = &folder.mock(None)["load_balancers"];
        assert_eq!(&folder.mock(Some(&script))["load_balancers"], by_terraform);
    }
}

#[test]
fn the_script_runs_the_page_s_commands() {
    let script = file(&rendered(AS_WRITTEN).tree, "terraform/proxy-protocol.sh").to_owned();
    let joined = script.replace("\\\n", " ");
    let words: Vec<String> =
        joined.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "LB_NAME=rancher-ext-lb",
        "POLICY_NAME=rancher-ext-lb-ProxyProtocol-policy",
        r#"elb create-load-balancer-policy --load-balancer-name "${LB_NAME}" --policy-name "${POLICY_NAME}" --policy-type-name ProxyProtocolPolicyType --policy-attributes AttributeName=ProxyProtocol,AttributeValue=true"#,
        r#"elb set-load-balancer-policies-for-backend-server --load-balancer-name "${LB_NAME}" --instance-port 81 --policy-names "${POLICY_NAME}""#,
        r#"elb set-load-balancer-policies-for-backend-server --load-balancer-name "${LB_NAME}" --instance-port 444 --policy-names "${POLICY_NAME}""#,
    ] {
        assert!(words.iter().any(|own| own == line), "{line}\n{script}");
    }
    assert!(script.contains("instead of it, never a step after it"));
}

#[test]
fn a_plain_network_has_no_terraform() {
    let plain = ODD.replace("provider: aws", "provider: plain");
    assert_eq!(files(&rendered(&plain).tree).count(), 0);
}

#[test]
fn a_fleet_is_a_short_line_for_each_node_in_a_file_of_its_own() {
    let tree = rendered(FLEET).tree;
    let nodes = file(&tree, "terraform/nodes-box.tf");
    assert_eq!(nodes.matches("address = \"10.0.").count(), 5_000);
    assert!(nodes.len() < 5_000 * 100, "{} bytes", nodes.len());
    let others: usize =
        files(&tree).filter(|(path, _)| !path.contains("nodes-box")).map(|(_, text)| text.len()).sum();
    assert!(others < 50_000, "{others} bytes beside the nodes");
}

fn applied_is_what_is_said(text: &str, variables: &[(&str, &str)]) {
    let folder = Folder::new(&rendered(text).tree);
    let state = folder.applied(variables);
    assert!(resources(&state, "aws_vpc_security_group_").all(|rule| rule["values"]["description"] != ""));
    let topology = topology(text);
    compare(&topology, &folder.mock(None), true);
    spoken_to_targets(&topology, &state);
}

/// What load balancers speak to their targets, which the mock does not remember.
fn spoken_to_targets(topology: &Topology, state: &Value) {
    for balancer in &topology.load_balancers {
        let own = resources(state, "aws_elb").find(|elb| elb["values"]["name"] == balancer.name.as_str());
        let listeners = own.unwrap()["values"]["listener"].as_array().unwrap();
        assert_eq!(listeners.len(), balancer.listeners.len());
        for listener in &balancer.listeners {
            let same_port = listeners.iter().find(|l| l["lb_port"] == listener.listen.port).unwrap();
            assert_eq!(same_port["instance_protocol"], listener.forward.protocol.as_str());
        }
    }
}

/// What the mock says of everything, against what the topology says.
fn compare(topology: &Topology, mock: &Value, entrances: bool) {
    let name_of = |subnet: SubnetId| topology[subnet].name.to_string();
    let subnets: BTreeMap<_, _> = topology
        .subnets
        .iter()
        .map(|s| (s.name.to_string(), json!([s.cidr.to_string(), s.zone.as_ref().unwrap().to_string()])))
        .collect();
    assert_eq!(mock["subnets"], json!(subnets));

    let policy = SecurityPolicy::of(topology, &FlowGraph::of(topology));
    let group_names =
        |member| sorted(policy.groups_of(member).iter().map(|group| policy[*group].name.to_string()));
    assert_eq!(mock_rules(mock), said_rules(&policy));

    let instances: BTreeMap<_, _> = topology
        .nodes
        .iter()
        .map(|node| {
            let pool = &topology[node.pool];
            let said = json!({
                "address": node.address.to_string(), "subnet": name_of(node.subnet),
                "type": pool.instance_type.to_string(), "public": *pool.public_address,
                "groups": group_names(Member::Pool(node.pool)),
            });
            (node.name.to_string(), said)
        })
        .collect();
    assert_eq!(mock["instances"], json!(instances));

    let databases: BTreeMap<_, _> = topology
        .database_ids()
        .map(|id| {
            let database = &topology[id];
            let version = &database.create_as.version;
            let said = json!({
                "engine": format!("{}-{}.{}", database.create_as.product, version.major(), version.minor()), "port": database.port, "standby": *database.standby,
                "groups": group_names(Member::Database(id)),
                "subnets": sorted(database.subnets.iter().map(|subnet| name_of(*subnet))),
                "parameters": {
                    "max_connections": database.max_connections.to_string(),
                    "character_set_server": database.character_set.to_string(),
                },
            });
            (database.name.to_ascii_lowercase(), said)
        })
        .collect();
    assert_eq!(mock["databases"], json!(databases));

    let balancers: BTreeMap<_, _> = topology
        .load_balancer_ids()
        .map(|id| (topology[id].name.to_string(), said_of_balancer(topology, id, &group_names)))
        .collect();
    assert_eq!(mock["load_balancers"], json!(balancers));

    let mut records: BTreeMap<String, &str> = BTreeMap::new();
    records.extend(topology.load_balancers.iter().map(|b| (b.host_name(&topology.network), "A")));
    records.extend(topology.databases.iter().map(|d| (d.host_name(&topology.network), "CNAME")));
    assert_eq!(mock["records"], json!(records));
    if let Some(rancher) = &topology.rancher_1
        && rancher.registration_url.origin != Origin::Stated
    {
        assert!(records.contains_key(rancher.registration_url.host()));
    }
    assert_eq!(entrances, !records.is_empty());
}

fn said_of_balancer(
    topology: &Topology,
    id: LoadBalancerId,
    group_names: &dyn Fn(Member) -> Vec<String>,
) -> Value {
    let balancer = &topology[id];
    let arn = |variable: &str| match variable {
        "version" => CERTIFICATES[0].1,
        _ => CERTIFICATES[1].1,
    };
    let mut listeners: Vec<(u16, String, u16, &str)> = balancer
        .listeners
        .iter()
        .map(|l| {
            let certificate = l.certificate.as_deref().map_or("", arn);
            (l.listen.port, l.listen.protocol.as_str().to_uppercase(), l.forward.port, certificate)
        })
        .collect();
    listeners.sort();
    let mut policies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for listener in &balancer.listeners {
        if let Some(policy) = &listener.proxy_protocol {
            policies.entry(listener.forward.port.to_string()).or_default().insert(policy.to_string());
        }
    }
    json!({
        "scheme": match *balancer.scheme { Scheme::Internal => "internal", Scheme::InternetFacing => "internet-facing" },
        "health_check": balancer.health_check.to_string(),
        "idle_timeout": balancer.idle_timeout.milliseconds / 1_000,
        "listeners": listeners,
        "instances": sorted(balancer.targets.iter().map(|node| topology[*node].name.to_string())),
        "groups": group_names(Member::LoadBalancer(id)),
        "subnets": sorted(balancer.subnets.iter().map(|subnet| topology[*subnet].name.to_string())),
        "policies": policies,
    })
}

/// Group, direction, protocol, ports and peer of each rule of the policy.
fn said_rules(policy: &SecurityPolicy) -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for group in &policy.groups {
        for (direction, rule) in group
            .inbound
            .iter()
            .map(|rule| ("in", rule))
            .chain(group.outbound.iter().map(|rule| ("out", rule)))
        {
            let (peer, v6) = match rule.peer {
                RulePeer::Network(network) => (network.to_string(), network.to_string().contains(':')),
                RulePeer::Group(other) => (policy[other].name.to_string(), false),
            };
            let packets = match rule.traffic {
                Traffic::Any => "-1 any".to_owned(),
                Traffic::Icmp => format!("{} -1..-1", if v6 { "icmpv6" } else { "icmp" }),
                Traffic::Ports(p) => format!("{} {}..{}", p.protocol, p.range.first(), p.range.last()),
            };
            said.insert(format!("{} {direction} {packets} {peer}", group.name));
        }
    }
    said
}

fn mock_rules(mock: &Value) -> BTreeSet<String> {
    let all = mock["rules"].as_array().unwrap();
    let rules: BTreeSet<String> = all
        .iter()
        .map(|rule| {
            let text = |key: &str| rule[key].as_str().unwrap();
            let protocol = text("protocol");
            let packets = if protocol == "-1" {
                "-1 any".to_owned()
            } else {
                format!("{protocol} {}..{}", rule["ports"][0], rule["ports"][1])
            };
            format!("{} {} {packets} {}", text("group"), text("direction"), text("peer"))
        })
        .collect();
    assert_eq!(rules.len(), all.len(), "AWS refuses a rule that is there already");
    rules
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}
