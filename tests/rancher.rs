//! What only Rancher 1.x needs, read by a shell, by openssl and against the schema of compose file format 1.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use rancher_gen::tree::Tree;
use serde_json::{Value, json};
use support::compose::yaml;
use support::examples::{AS_WRITTEN, HARDENED, file, rendered};
use support::tools::{program, run};

const ETC: &str = "/var/lib/rancher/etc";

/// What a shell exports after it has read a node's files as the cluster manager's start script does.
fn exported(tree: &Tree, node: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().to_str().unwrap();
    for name in ["agent.conf", "server.conf"] {
        let text = file(tree, &format!("nodes/{node}/rancher/{name}"));
        fs::write(folder.path().join(name), text.replace(ETC, etc)).unwrap();
    }
    let secrets = file(tree, &format!("nodes/{node}/rancher/secrets.conf.example"));
    fs::write(folder.path().join("secrets.conf"), secrets.replace("PASSWORD=\n", "PASSWORD=0a:0b\n"))
        .unwrap();
    let script = ". \"$0/agent.conf\" && . \"$0/server.conf\" && exec env -0";
    let mut command = Command::new("sh");
    let output = run(command.env_clear().env("PATH", "/usr/bin:/bin").args(["-euc", script, etc]));
    let pairs = output.split('\0').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| key.starts_with("CATTLE_")).map(|(k, v)| (k.into(), v.into())).collect()
}

#[test]
fn the_cluster_manager_finds_its_settings_in_the_files() {
    let as_written: [(&str, &str); 18] = [
        ("CATTLE_AGENT_IP", "172.22.1.211"),
        ("CATTLE_DB_CATTLE_MYSQL_HOST", "rancher-ext-db.rancher-vpc.internal"),
        ("CATTLE_DB_CATTLE_MYSQL_NAME", "cattle"),
        ("CATTLE_DB_CATTLE_MYSQL_PORT", "3306"),
        ("CATTLE_DB_CATTLE_PASSWORD", "0a:0b"),
        ("CATTLE_DB_CATTLE_USERNAME", "cattle"),
        ("CATTLE_HA_CLUSTER_IP", "172.22.1.211"),
        ("CATTLE_HA_CLUSTER_SIZE", "3"),
        ("CATTLE_HA_CONTAINER_PREFIX", "rancher-ha-"),
        ("CATTLE_HA_HOST_REGISTRATION_URL", "https://rancher-ext-lb.rancher-vpc.internal"),
        ("CATTLE_HA_PORT_HTTP", "80"),
        ("CATTLE_HA_PORT_HTTPS", "443"),
        ("CATTLE_HA_PORT_PP_HTTP", "81"),
        ("CATTLE_HA_PORT_PP_HTTPS", "444"),
        ("CATTLE_HA_PORT_REDIS", "6379"),
        ("CATTLE_HA_PORT_SWARM", "2376"),
        ("CATTLE_HA_PORT_ZK_CLIENT", "2181"),
        ("CATTLE_HA_PORT_ZK_LEADER", "3888"),
    ];
    let mut expected: BTreeMap<String, String> =
        as_written.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    expected.insert("CATTLE_HA_PORT_ZK_QUORUM".into(), "2888".into());
    assert_eq!(exported(&rendered(AS_WRITTEN).tree, "mgmt-host-2"), expected);

    let changed = HARDENED.replace("2181:12181", "22181:12181").replace("count: 3 ", "count: 5 ").replace(
        "  registration-url: https://rancher.example.com",
        "  database-user: keeper\n  registration-url: https://rancher.example.com:8443",
    );
    let found = exported(&rendered(&changed).tree, "mgmt-host-2");
    assert_eq!(found["CATTLE_HA_PORT_ZK_CLIENT"], "22181");
    assert_eq!(found["CATTLE_HA_CLUSTER_SIZE"], "5");
    assert_eq!(found["CATTLE_AGENT_IP"], "172.22.2.210");
    assert_eq!(found["CATTLE_DB_CATTLE_USERNAME"], "keeper");
    assert_eq!(found["CATTLE_HA_HOST_REGISTRATION_URL"], "https://rancher.example.com:8443");
}

#[test]
fn the_commands_in_the_example_make_a_key_and_a_password_under_it() {
    let tree = rendered(AS_WRITTEN).tree;
    let example = file(&tree, "nodes/mgmt-host-1/rancher/secrets.conf.example");
    let folder = tempfile::tempdir().unwrap();
    let commands: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix("#   ")).collect();
    let script = format!(
        "set -eu\n{}\n. ./secrets.conf\n
        printf '\\n%s' \"$CATTLE_DB_CATTLE_PASSWORD\" | grep -Eq '^[0-9a-f]{{32}}:[0-9a-f]+$'
        printf %b \"$(printf %s \"${{CATTLE_DB_CATTLE_PASSWORD#*:}}\" | sed 's/../\\\\x&/g')\" |
            openssl enc -d -aes-256-cbc -K \"$key\" -iv \"${{CATTLE_DB_CATTLE_PASSWORD%:*}}\"
        stat -c ' %a' secrets.conf server/encryption.key; base64 -d server/encryption.key | wc -c",
        commands.join("\n").replace(ETC, folder.path().to_str().unwrap())
    );
    let output = support::tools::feed(program("bash").args(["-c", &script]), "it's a \"pass\" $word\n");
    assert_eq!(output, "it's a \"pass\" $word 600\n 600\n32\n");
}

fn stack(text: &str) -> (Value, Value) {
    let tree = rendered(text).tree;
    let (docker, rancher) =
        (file(&tree, "rancher/cattle/docker-compose.yml"), file(&tree, "rancher/cattle/rancher-compose.yml"));
    let docker = yaml(&[docker], Some("config_schema_v1.json")).remove(0);
    (docker, yaml(&[rancher], None).remove(0))
}

/// The management stack of rancher/server v1.1.4, with the ports that its variables have by default. Of health checks
/// and scales, which that file carries too, see below.
fn management() -> Value {
    let proxy = |name: &str| {
        json!({
            "image": "rancher/server:v1.1.4", "command": [name], "links": ["cattle"],
            "labels": {"io.rancher.container.agent.role": "system"},
            "environment": {
                "PROXY_LISTEN_ADDRESS": ":8080", "PROXY_TLS_LISTEN_ADDRESS": ":8443",
                "PROXY_CATTLE_ADDRESS": "cattle:8080", "PROXY_PROTOCOL_HTTPS_PORTS": "443",
            },
        })
    };
    let worker = |name: &str| {
        json!({
            "image": "rancher/server:v1.1.4", "command": [name], "links": ["cattle"],
            "labels": {"io.rancher.container.agent.role": "system"},
            "volumes": ["/var/lib/rancher/etc:/var/lib/rancher/etc"],
        })
    };
    let selector = |links: &[&str], containers: &str| {
        json!({
            "image": "rancher/none", "links": links,
            "labels": {"io.rancher.service.selector.container": containers},
        })
    };
    json!({
        "cattle": selector(&["zookeeper", "redis"], "io.rancher.ha.service.name in (cattle, parent)"),
        "redis": selector(&["tunnel"], "io.rancher.ha.service.name=redis"),
        "zookeeper": selector(&["tunnel"], "io.rancher.ha.service.name=zk"),
        "tunnel": selector(&["redis", "zookeeper"], "io.rancher.ha.service.tunnel"),
        "websocket-proxy": proxy("wsp"),
        "websocket-proxy-ssl": proxy("wsp"),
        "rancher-compose-executor": worker("rce"),
        "go-machine-service": worker("gms"),
        "load-balancer-swarm": {
            "image": "rancher/load-balancer-service", "ports": ["2376:8443/tcp"], "links": ["websocket-proxy-ssl"],
            "labels": {"io.rancher.scheduler.global": "true"},
        },
        "load-balancer": {
            "image": "rancher/load-balancer-service", "links": ["websocket-proxy", "cattle"],
            "ports": ["80:8080", "81:8080", "443:8080", "444:8080"],
            "labels": {
                "io.rancher.scheduler.global": "true",
                "io.rancher.loadbalancer.ssl.ports": "443,444",
                "io.rancher.loadbalancer.proxy-protocol.ports": "81,444",
                "io.rancher.loadbalancer.target.websocket-proxy":
                    "/r,/v1/connectbackend,/v1/logs,/v1/stats,/v1/exec,/v1/console,/v1/dockersocket,/v1/hoststats,/v1/containerstats",
                "io.rancher.loadbalancer.target.cattle": "80=8080,81=8080,443=8080,444=8080",
            },
        },
    })
}

#[test]
fn the_management_stack_is_the_one_that_the_product_ships() {
    let (docker, rancher) = stack(HARDENED);
    assert_eq!(docker, management());
    let check = |port: u16, request: &str| {
        json!({
            "port": port, "request_line": request, "interval": 1000, "response_timeout": 1000,
            "unhealthy_threshold": 2, "healthy_threshold": 1,
        })
    };
    let expected = json!({
        "cattle": {"health_check": check(8080, "GET /ping HTTP/1.0")},
        "go-machine-service": {"scale": 2, "health_check": check(80, "")},
        "rancher-compose-executor": {"scale": 2, "health_check": check(80, "")},
        "websocket-proxy": {"scale": 2, "health_check": check(8080, "")},
        "websocket-proxy-ssl": {"scale": 2, "health_check": check(8080, "")},
        "load-balancer": {"default_cert": "system-ssl"},
    });
    assert_eq!(rancher, expected);
}

#[test]
fn every_link_of_the_stack_leads_to_a_service_in_it() {
    for text in [AS_WRITTEN, HARDENED] {
        let (docker, _) = stack(text);
        for (name, service) in docker.as_object().unwrap() {
            for link in service["links"].as_array().into_iter().flatten() {
                assert!(docker.get(link.as_str().unwrap()).is_some(), "{name} links to {link}");
            }
        }
    }
}

#[test]
fn what_differs_by_node_is_left_out_of_the_stack_and_told() {
    let changed = AS_WRITTEN.replace(
        "    environment: *proxy\n    labels: {io.rancher.container.agent.role: system}\n",
        "    environment: {PRICE: \"5$ ${a}\", PLACE: {node-index: mgmt-host}, TOKEN: {secret: PROXY_TOKEN}}\n    labels: {price: 5$}\n",
    );
    let (docker, _) = stack(&changed);
    // rancher-compose interpolates as docker-compose does.
    let expected = json!({"PRICE": "5$$ $${a}", "TOKEN": "${PROXY_TOKEN}"});
    assert_eq!(docker["websocket-proxy-ssl"]["environment"], expected);
    assert_eq!(docker["websocket-proxy-ssl"]["labels"], json!({"price": "5$$"}));
    let told = rendered(&changed).notes;
    assert!(told.iter().any(|note| note.contains("PLACE of management_websocket-proxy-ssl")), "{told:?}");
}

#[test]
fn the_database_is_made_for_the_nodes_network_and_waits_for_a_password() {
    let tree = rendered(AS_WRITTEN).tree;
    let statements: Vec<&str> =
        file(&tree, "rancher/database.sql").lines().filter(|line| !line.starts_with("--")).collect();
    assert_eq!(
        statements,
        [
            "CREATE DATABASE IF NOT EXISTS `cattle` CHARACTER SET = 'utf8' COLLATE = 'utf8_general_ci';",
            "CREATE USER IF NOT EXISTS 'cattle'@'172.22.0.0/255.255.0.0' IDENTIFIED BY PUT-THE-PASSWORD-HERE-IN-QUOTES;",
            "GRANT ALL PRIVILEGES ON `cattle`.* TO 'cattle'@'172.22.0.0/255.255.0.0';",
        ]
    );
}

#[test]
fn another_cluster_gets_nothing_of_it() {
    let start = AS_WRITTEN.find("# What is peculiar to this product").unwrap();
    let end = AS_WRITTEN.find("# A person starts the cluster manager").unwrap();
    let tree = rendered(&format!("{}{}", &AS_WRITTEN[..start], &AS_WRITTEN[end..])).tree;
    assert!(tree.iter().all(|(path, _)| !path.to_string().contains("rancher/")));
}
