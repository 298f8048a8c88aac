//! Health checks, asked of real servers: by the script where the engine runs none, by the file's command where it does.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use support::compose::yaml;
use support::examples::{AS_WRITTEN, file, onto, rendered};

/// Listens on a port of its own and answers each request with a text; without a text it never answers.
struct Server {
    port: u16,
    requests: Receiver<String>,
}

fn server(answer: Option<&'static str>) -> Server {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, requests) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = String::new();
            let _ = BufReader::new(&connection).read_line(&mut request);
            let _ = heard.send(request);
            match answer {
                Some(answer) => connection.write_all(answer.as_bytes()).unwrap_or_default(),
                None => kept.push(connection),
            }
        }
    });
    Server { port, requests }
}

/// A port that nobody listens on.
fn closed() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn topology(engine: &str, services: &[(&str, String)]) -> String {
    let rows: Vec<String> = services
        .iter()
        .map(|(name, probe)| {
            format!("  {name}: {{image: a, placement: box, health: {{{probe}, timeout: 2s}}}}")
        })
        .collect();
    format!(
        "name: x
network: {{name: lab, cidr: 10.0.0.0/16, subnets: {{a: {{cidr: 10.0.1.0/24}}}}}}
nodes: {{box: {{first-address: {{a: 10.0.1.10}}, os: debian-12, engine: {engine}}}}}
services:
{}",
        rows.join("\n")
    )
}

fn http(port: u16) -> String {
    format!("probe: {{http: {{port: {port}, path: \"/ping?a='$b'&c=%s\"}}}}")
}

fn tcp(port: u16) -> String {
    format!("probe: {{tcp: {port}}}")
}

/// An engine whose containers are this machine: it runs what is to be run in `web` and `db`; others do not run.
const DOCKER: &str = "#!/bin/bash
case $1 in
ps) exit \"${ENGINE:-0}\" ;;
inspect) case $4 in web | db) echo true ;; idle) echo false ;; *) exit 1 ;; esac ;;
exec) shift 2; exec \"$@\" ;;
esac
";

fn ask(services: &[(&str, String)], engine_ends_with: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    onto(&rendered(&topology("docker-1.10.3", services)).tree, folder.path());
    let docker = folder.path().join("docker");
    fs::write(&docker, DOCKER).unwrap();
    fs::set_permissions(&docker, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let script = folder.path().join("nodes/box/health.sh");
    Command::new(script).env("PATH", path).env("ENGINE", engine_ends_with).output().unwrap()
}

#[track_caller]
fn told(services: &[(&str, String)]) -> (Option<i32>, String) {
    let output = ask(services, "0");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_script_is_content_with_what_answers_well() {
    let (ok, created) =
        (server(Some("HTTP/1.0 200 OK\r\n\r\npong")), server(Some("HTTP/1.1 204 No Content\r\n\r\n")));
    assert_eq!(told(&[("web", http(ok.port)), ("db", tcp(ok.port))]), (Some(0), String::new()));
    assert_eq!(ok.requests.recv().unwrap(), "GET /ping?a='$b'&c=%s HTTP/1.0\r\n");
    assert_eq!(told(&[("web", http(created.port))]), (Some(0), String::new()));
}

#[test]
fn the_script_names_who_is_down_or_answers_badly() {
    assert_eq!(
        told(&[("web", http(closed())), ("db", tcp(closed()))]),
        (Some(1), "unwell: web\nunwell: db\n".into())
    );
    let answers = [
        "HTTP/1.0 500 Oops\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\n\r\n",
        "HTTP/1.0 503 back in 200 seconds\r\n\r\n",
        "220 mail ready\r\n",
        "",
    ];
    for answer in answers {
        let bad = server(Some(answer));
        assert_eq!(
            told(&[("web", http(bad.port)), ("db", tcp(bad.port))]),
            (Some(1), "unwell: web\n".into()),
            "{answer}"
        );
    }
}

#[test]
fn a_silent_server_costs_its_own_timeout_and_leaves_no_process_behind() {
    let silent = server(None);
    let began = Instant::now();
    let services = [("web", http(silent.port)), ("db", http(silent.port))];
    assert_eq!(told(&services), (Some(1), "unwell: web\nunwell: db\n".into()));
    let spent = began.elapsed();
    assert!(
        spent > Duration::from_millis(750) && spent < Duration::from_secs(60),
        "it ends by itself: {spent:?}"
    );
    // The process in the container ends by itself: to kill the engine's client would leave it there.
    let tree = rendered(&topology("docker-27.3.1", &services)).tree;
    let began = Instant::now();
    assert!(!run_check(&tree, "web").status.success());
    assert!(began.elapsed() < Duration::from_secs(60), "it ends by itself");
}

#[test]
fn who_does_not_run_is_not_asked_and_an_engine_that_does_not_answer_is_told_of() {
    assert_eq!(told(&[("idle", tcp(closed())), ("absent", tcp(closed()))]), (Some(0), String::new()));
    let output = ask(&[("web", tcp(closed()))], "1");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "the engine does not answer\n");
}

/// Runs the command that a compose file has an engine run.
fn run_check(tree: &rancher_gen::tree::Tree, service: &str) -> Output {
    let document = &yaml(&[file(tree, "nodes/box/compose.yaml")], None)[0];
    // YAML gives the dollars as Compose takes them.
    let words: Vec<String> = document["services"][service]["healthcheck"]["test"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().replace("$$", "$"))
        .collect();
    assert_eq!(words[0], "CMD");
    Command::new("timeout").arg("4").args(&words[1..]).output().unwrap()
}

#[test]
fn the_command_in_a_compose_file_asks_the_same() {
    let (good, bad) = (server(Some("HTTP/1.0 200 OK\r\n\r\n")), server(Some("HTTP/1.0 500 Oops\r\n\r\n")));
    let tree = rendered(&topology("docker-27.3.1", &[("web", http(good.port)), ("db", http(bad.port))])).tree;
    assert!(run_check(&tree, "web").status.success());
    assert!(!run_check(&tree, "db").status.success());
    assert!(tree.get("nodes/box/health.sh").is_none());
}

#[test]
fn only_what_a_file_can_start_is_asked() {
    let tree = rendered(AS_WRITTEN).tree;
    let script = file(&tree, "nodes/mgmt-host-1/health.sh");
    let asked: Vec<&str> =
        script.lines().filter_map(|line| line.strip_prefix("ask ")?.split(' ').next()).collect();
    assert_eq!(asked, ["rancher-ha-cattle"]);
    let folder = tempfile::tempdir().unwrap();
    onto(&tree, folder.path());
    let script: &Path = &folder.path().join("nodes/mgmt-host-1/health.sh");
    support::tools::run(support::tools::program("shellcheck").arg(script));
}
