//! Terraform: formatted, valid, planned without a question, applied, and read back from an AWS mock.

#![allow(clippy::unwrap_used, clippy::case_sensitive_file_extension_comparisons)]

mod support;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rancher_gen::tree::Tree;
use serde_json::{Value, json};
use support::examples::{AS_WRITTEN, HARDENED, file, onto, rendered};
use support::tools::{feed, program, python, run, top};

const FLEET: &str = include_str!("../examples/fleet/fleet.yaml");

/// What the examples do not have: TLS that ends at the load balancer, targets that are a part of a pool, all of a
/// protocol, IPv6, a rule twice, names that are no identifiers, and texts that mean something to Terraform.
const ODD: &str = r#"
name: odd
title: 'quotes " and ${title} and %{if} 🦀'
network: {name: odd.net, provider: aws, cidr: 10.9.0.0/16, subnets: {1a: {cidr: 10.9.1.0/24, zone: eu-west-1a}, b.c: {cidr: 10.9.2.0/24, zone: eu-west-1b}}}
nodes:
  web: {count: 3, first-address: {1a: 10.9.1.10, b.c: 10.9.2.10}, os: ubuntu-24.04, engine: docker-27.3.1, groups: [g.1, g-1]}
  box: {first-address: {1a: 10.9.1.100}, os: rocky-9, engine: docker-27.3.1}
security-groups:
  g.1:
    title: 'a "title" with ${x}'
    inbound:
      - {port: 22/tcp, from: 10.0.0.0/8, purpose: '"quoted" ${purpose} \ 🦀'}
      - {port: 22/tcp, from: 10.0.0.0/8, purpose: the same once more}
      - {port: icmp, from: [10.0.0.0/8, 2001:db8::/32, self]}
      - {port: any, from: g-1}
      - {port: 8000-8100/udp, from: internet, purpose: range}
  g-1: {}
load-balancers:
  one: {targets: [web-1, web-3, box], health-check: HTTP:80/ping, listeners: [{listen: 443/ssl, forward: 80/tcp, certificate: shared}]}
  two: {targets: web, scheme: internal, listeners: [{listen: 443/https, forward: 80/http, certificate: shared}]}
services:
  nginx: {image: "nginx:1.27.2", placement: [web, box], publish: ["80:80"]}
"#;

/// A rendered configuration on a disk, with the provider that has the schema and no cloud.
struct Configuration {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Configuration {
    fn of(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        onto(&rendered(text).tree, folder.path());
        let path = folder.path().join("terraform");
        Self { _folder: folder, path }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let data = top().join("tests/data/terraform");
        let mut command = python();
        command
            .arg(data.join("schema_provider.py"))
            .arg(data.join("aws-provider-schema.json"))
            .arg("--")
            .arg(program("terraform").get_program())
            .args(arguments)
            .env("TF_CLI_ARGS", "-no-color")
            .current_dir(&self.path)
            .env_remove("TF_CLI_CONFIG_FILE")
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("CHECKPOINT_DISABLE", "1");
        command
    }

    fn terraform(&self, arguments: &[&str]) -> String {
        run(&mut self.command(arguments))
    }

    /// What Terraform knows after an apply.
    fn applied(&self, variables: &[&str]) -> Value {
        self.terraform(&["init", "-backend=false"]);
        self.terraform(&["validate"]);
        let with = |words: &[&'static str]| [words, variables].concat();
        self.terraform(&with(&["apply", "-auto-approve"]));
        // `-detailed-exitcode` ends with 2 when a second apply would change something.
        self.terraform(&with(&["plan", "-detailed-exitcode"]));
        let shown = self.terraform(&["show", "-json"]);
        std::fs::write(self.path.join("state.json"), &shown).unwrap();
        serde_json::from_str(&shown).unwrap()
    }
}

fn resources(state: &Value) -> Vec<&Value> {
    state["values"]["root_module"]["resources"].as_array().unwrap().iter().collect()
}

fn of_type<'s>(state: &'s Value, kind: &str) -> Vec<&'s Value> {
    resources(state).into_iter().filter(|resource| resource["type"] == kind).collect()
}

/// An AWS of our own, on loopback; it ends with the test.
struct Mock {
    server: Child,
    port: u16,
}

impl Mock {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = python()
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mock = Self { server, port };
        for _ in 0..300 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return mock;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("moto does not listen on port {port}");
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes what a state says; the mock's refusals fail the test.
    fn replay(&self, state: &Path) {
        run(python()
            .arg(top().join("tests/data/terraform/replay_state.py"))
            .arg(state)
            .arg(self.endpoint())
            .env("AWS_EC2_METADATA_DISABLED", "true"));
    }

    fn ask(&self, script: &str) -> Value {
        let head = "
import boto3, json, sys
def client(name):
    return boto3.client(name, endpoint_url=sys.argv[1], region_name='us-west-2',
                        aws_access_key_id='test', aws_secret_access_key='test')
ec2, elb, rds, route53 = map(client, ('ec2', 'elb', 'rds', 'route53'))
";
        let script = format!("{head}{script}");
        let printed = run(python().arg("-c").arg(script).arg(self.endpoint()));
        serde_json::from_str(&printed).unwrap()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn is_formatted(tree: &Tree) {
    let folder = tempfile::tempdir().unwrap();
    onto(tree, folder.path());
    run(program("terraform").args(["fmt", "-check", "-diff", "-recursive"]).arg(folder.path()));
}

#[test]
fn it_is_formatted_as_terraform_would() {
    for text in [AS_WRITTEN, HARDENED, ODD] {
        is_formatted(&rendered(text).tree);
    }
}

#[test]
fn five_thousand_nodes_are_a_line_each_and_formatted() {
    let text = FLEET
        .replace("name: lab", "name: lab\n  provider: aws")
        .replace("zone: a}", "zone: eu-west-1a}")
        .replace("zone: b}", "zone: eu-west-1b}")
        .replace("zone: c}", "zone: eu-west-1c}");
    let tree = rendered(&text).tree;
    let nodes = file(&tree, "terraform/nodes-node.tf");
    assert_eq!(nodes.lines().filter(|line| line.contains("= { address = ")).count(), 5_000);
    assert!(nodes.len() < 600_000, "{} bytes", nodes.len());
    let rest: usize = tree.iter().filter(|(path, _)| path.as_str().starts_with("terraform/")).count();
    assert!(rest < 10, "no file for each node");
    is_formatted(&tree);
}

#[test]
fn a_plain_network_has_none() {
    assert!(!rendered(FLEET).tree.iter().any(|(path, _)| path.as_str().starts_with("terraform/")));
}

#[test]
fn the_page_is_applied_and_aws_says_the_same() {
    let configuration = Configuration::of(AS_WRITTEN);
    configuration.applied(&[]);
    let mock = Mock::start();
    mock.replay(&configuration.path.join("state.json"));

    let rules = mock.ask(
        "
groups = {g['GroupId']: g['GroupName'].rsplit('-', 1)[0] for g in ec2.describe_security_groups()['SecurityGroups']}
rules = []
for rule in ec2.describe_security_group_rules()['SecurityGroupRules']:
    peer = rule.get('CidrIpv4') or rule.get('ReferencedGroupInfo', {}).get('GroupId')
    rules.append([rule['IsEgress'], rule['IpProtocol'], rule.get('FromPort'), peer, rule.get('Description', '')])
print(json.dumps(rules))
",
    );
    let mut inbound: Vec<String> = rules
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule[0] == false && rule[3].as_str().is_some_and(|peer| peer.contains('/')))
        .map(|rule| {
            format!(
                "{} {} {} {}",
                rule[1].as_str().unwrap(),
                rule[2],
                rule[3].as_str().unwrap(),
                rule[4].as_str().unwrap()
            )
        })
        .collect();
    inbound.sort();
    let mut page: Vec<String> = [
        "tcp 22 0.0.0.0/0 ssh",
        "tcp 80 0.0.0.0/0 http",
        "tcp 443 0.0.0.0/0 https",
        "tcp 81 0.0.0.0/0 proxy_to_http",
        "tcp 444 0.0.0.0/0 proxy_to_https",
        "tcp 6379 172.22.1.0/24 redis",
        "tcp 2376 172.22.1.0/24 swarm",
        "tcp 2181 0.0.0.0/0 zookeeper_client",
        "tcp 2888 172.22.1.0/24 zookeeper_quorum",
        "tcp 3888 172.22.1.0/24 zookeeper_leader",
        "tcp 3306 172.22.1.0/24 mysql (RDS)",
        "tcp 8080 0.0.0.0/0 ",
        "tcp 18080 0.0.0.0/0 ",
        "udp 500 172.22.1.0/24 access between nodes",
        "udp 4500 172.22.1.0/24 access between nodes",
        // The load balancer's own group, which the page does not speak of.
        "tcp 80 0.0.0.0/0 internet",
        "tcp 443 0.0.0.0/0 internet",
        "tcp 8080 0.0.0.0/0 internet",
    ]
    .map(str::to_owned)
    .to_vec();
    page.sort();
    assert_eq!(inbound, page);

    let found = mock.ask(
        "
instances = [i for r in ec2.describe_instances()['Reservations'] for i in r['Instances']]
balancer = elb.describe_load_balancers()['LoadBalancerDescriptions'][0]
database = rds.describe_db_instances()['DBInstances'][0]
parameters = rds.describe_db_parameters(DBParameterGroupName=database['DBParameterGroups'][0]['DBParameterGroupName'])
zone = route53.list_hosted_zones()['HostedZones'][0]
records = route53.list_resource_record_sets(HostedZoneId=zone['Id'])['ResourceRecordSets']
print(json.dumps({
    'addresses': sorted(i['PrivateIpAddress'] for i in instances),
    'listeners': sorted([l['Listener'][k] for k in ('LoadBalancerPort', 'Protocol', 'InstanceProtocol', 'InstancePort')]
                        for l in balancer['ListenerDescriptions']),
    'targets': len(balancer['Instances']),
    'policies': sorted((p['InstancePort'], p['PolicyNames']) for p in balancer['BackendServerDescriptions']),
    'database': [database['DBInstanceIdentifier'], database['Engine'], database['EngineVersion'],
                 len(database['DBSubnetGroup']['Subnets'])],
    'parameters': sorted((p['ParameterName'], p['ParameterValue']) for p in parameters['Parameters']),
    'names': sorted(r['Name'] for r in records if r['Type'] in ('A', 'CNAME')),
}))
",
    );
    let policy = "rancher-ext-lb-ProxyProtocol-policy";
    assert_eq!(
        found,
        json!({
            "addresses": ["172.22.1.210", "172.22.1.211", "172.22.1.212"],
            "listeners": [[80, "TCP", "TCP", 81], [443, "TCP", "TCP", 444], [8080, "HTTP", "HTTP", 8080]],
            "targets": 3,
            "policies": [[81, [policy]], [444, [policy]]],
            "database": ["rancher-ext-db", "mariadb", "10.11", 3],
            "parameters": [["character_set_server", "utf8"], ["max_connections", "151"]],
            "names": ["rancher-ext-db.rancher-vpc.internal.", "rancher-ext-lb.rancher-vpc.internal."],
        })
    );
}

#[test]
fn the_hardened_cluster_is_applied_and_its_groups_admit_each_other() {
    let configuration = Configuration::of(HARDENED);
    let state = configuration.applied(&[]);
    let mock = Mock::start();
    mock.replay(&configuration.path.join("state.json"));
    let world = of_type(&state, "aws_vpc_security_group_ingress_rule")
        .into_iter()
        .filter(|rule| rule["values"]["cidr_ipv4"] == "0.0.0.0/0")
        .map(|rule| rule["name"].as_str().unwrap())
        .collect::<BTreeSet<_>>();
    assert_eq!(
        world,
        BTreeSet::from(["load-balancer_443-tcp_0-0-0-0_0", "load-balancer_80-tcp_0-0-0-0_0"]),
        "only the load balancer is open to the world"
    );
    for instance in of_type(&state, "aws_instance") {
        let values = &instance["values"];
        assert_eq!(values["metadata_options"][0]["http_tokens"], "required");
        assert_eq!(values["root_block_device"][0]["encrypted"], true);
    }
    let database = of_type(&state, "aws_db_instance")[0];
    assert_eq!(database["values"]["multi_az"], true);
    assert_eq!(database["values"]["manage_master_user_password"], true);
    assert_eq!(database["values"]["password"], Value::Null);
}

#[test]
fn what_the_examples_do_not_have_is_applied_too() {
    let configuration = Configuration::of(ODD);
    configuration.terraform(&["init", "-backend=false"]);
    let without = configuration.command(&["plan"]).output().unwrap();
    let told = String::from_utf8_lossy(&without.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("set the variable certificate_shared to the ARN"), "{told}");

    let state = configuration.applied(&["-var=certificate_shared=arn:aws:acm:eu-west-1:1:certificate/x"]);
    let rules: BTreeSet<&str> = of_type(&state, "aws_vpc_security_group_ingress_rule")
        .into_iter()
        .map(|rule| rule["name"].as_str().unwrap())
        .filter(|name| name.starts_with("g-1-"))
        .collect();
    assert_eq!(rules.len(), 7, "{rules:?}");
    let targets: BTreeSet<String> = of_type(&state, "aws_elb_attachment")
        .into_iter()
        .map(|one| format!("{} {}", one["name"].as_str().unwrap(), one["index"].as_str().unwrap()))
        .collect();
    assert_eq!(
        targets.iter().map(String::as_str).collect::<Vec<_>>(),
        ["one_box box", "one_web web-1", "one_web web-3", "two_web web-1", "two_web web-2", "two_web web-3"]
    );
}

#[test]
fn another_rule_or_node_leaves_every_other_resource_as_it_is() {
    let addresses = |text: &str| -> Vec<(String, Value)> {
        let configuration = Configuration::of(text);
        configuration.terraform(&["init", "-backend=false"]);
        configuration.terraform(&["plan", "-out=plan"]);
        let plan: Value = serde_json::from_str(&configuration.terraform(&["show", "-json", "plan"])).unwrap();
        let resources = plan["planned_values"]["root_module"]["resources"].as_array().unwrap();
        resources.iter().map(|r| (r["address"].as_str().unwrap().to_owned(), r["values"].clone())).collect()
    };
    let before = addresses(HARDENED);
    let more = HARDENED
        .replacen(
            "      - {port: 81/tcp, from: load-balancer",
            "      - {port: 9100/tcp, from: 203.0.113.0/24, purpose: metrics}\n      - {port: 81/tcp, from: load-balancer",
            1,
        )
        .replacen("count: 3 ", "count: 5 ", 1);
    let after = addresses(&more);
    let changed: Vec<&str> = before
        .iter()
        .filter(|(address, values)| !after.iter().any(|other| &other.0 == address && &other.1 == values))
        .map(|(address, _)| address.as_str())
        .collect();
    assert_eq!(changed, [] as [&str; 0], "nothing that was there changes");
    let new: BTreeSet<&str> = after
        .iter()
        .map(|(address, _)| address.as_str())
        .filter(|address| !before.iter().any(|(other, _)| other == address))
        .collect();
    assert_eq!(
        new,
        BTreeSet::from([
            "aws_elb_attachment.rancher-ext-lb_mgmt-host[\"mgmt-host-4\"]",
            "aws_elb_attachment.rancher-ext-lb_mgmt-host[\"mgmt-host-5\"]",
            "aws_instance.mgmt-host[\"mgmt-host-4\"]",
            "aws_instance.mgmt-host[\"mgmt-host-5\"]",
            "aws_vpc_security_group_ingress_rule.server-nodes_9100-tcp_203-0-113-0_24",
        ])
    );
}

#[test]
fn texts_that_mean_something_to_terraform_are_only_texts() {
    let tree = rendered(ODD).tree;
    for (path, contents) in tree.iter().filter(|(path, _)| path.as_str().ends_with(".tf")) {
        hcl::parse(&contents.contents).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let group = file(&tree, "terraform/security-group-g.1.tf");
    // AWS's descriptions have an alphabet; what is not in it stands as `-`, and whole in the comment.
    assert!(group.contains("# \"quoted\" ${purpose} \\ 🦀\n"), "{group}");
    assert!(group.contains("description       = \"-quoted- $${purpose} - -\"\n"), "{group}");
}

#[test]
fn the_cli_script_does_what_the_page_does() {
    let script = rendered(AS_WRITTEN).tree;
    let script = file(&script, "terraform/proxy-protocol-rancher-ext-lb.sh");
    feed(program("shellcheck").arg("-"), script);
    // An `aws` that says what it was asked.
    let folder = tempfile::tempdir().unwrap();
    let aws = folder.path().join("aws");
    std::fs::write(&aws, "#!/bin/sh\necho aws \"$@\"\n").unwrap();
    run(Command::new("chmod").arg("+x").arg(&aws));
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let said = feed(Command::new("bash").arg("-s").env("PATH", path).env_remove("AWS_PROFILE"), script);
    let policy = "rancher-ext-lb-ProxyProtocol-policy";
    let set = |port: u16| {
        format!(
            "aws --profile dev elb set-load-balancer-policies-for-backend-server \
             --load-balancer-name rancher-ext-lb --instance-port {port} --policy-names {policy}\n"
        )
    };
    assert_eq!(
        said,
        format!(
            "aws --profile dev elb create-load-balancer-policy --load-balancer-name rancher-ext-lb \
             --policy-name {policy} --policy-type-name ProxyProtocolPolicyType \
             --policy-attributes AttributeName=ProxyProtocol,AttributeValue=true\n{}{}",
            set(81),
            set(444)
        )
    );
}
