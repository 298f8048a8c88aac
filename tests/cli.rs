//! The command line, as people and CI use it.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use support::cli::{Ran, rancher_gen, rancher_gen_fed};
use support::examples::{AS_WRITTEN, HARDENED};
use support::tools::{feed, program, python};
use support::tree::on_disk;

/// A folder with the seed's topology in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cluster.yaml"), AS_WRITTEN).unwrap();
    folder
}

fn render(folder: &Path, more: &[&str]) -> Ran {
    rancher_gen(folder, &[&["render", "cluster.yaml", "--out", "out"], more].concat())
}

#[test]
fn a_second_render_changes_nothing() {
    let folder = folder();
    let first = render(folder.path(), &[]);
    assert_eq!((first.code, first.out.as_str()), (Some(0), ""), "{}", first.err);
    assert!(first.err.contains("0 unchanged, 0 removed"), "{}", first.err);
    assert!(first.err.contains("note: docker-1.10.3 knows no health checks"), "{}", first.err);
    let before = on_disk(&folder.path().join("out"));
    let second = render(folder.path(), &[]);
    assert!(second.err.contains(" 0 written, ") && second.err.contains(" 0 removed"), "{}", second.err);
    assert_eq!(on_disk(&folder.path().join("out")), before);
}

#[test]
fn check_and_diff_say_what_differs_and_write_nothing() {
    let folder = folder();
    let nothing_yet = render(folder.path(), &["--check"]);
    assert_eq!(nothing_yet.code, Some(1));
    assert!(nothing_yet.out.contains("missing  nodes/mgmt-host-1/compose.yaml\n"), "{}", nothing_yet.out);
    assert!(!folder.path().join("out").exists());

    render(folder.path(), &[]);
    let same = render(folder.path(), &["--check"]);
    assert_eq!((same.code, same.out.as_str()), (Some(0), ""));
    assert_eq!(render(folder.path(), &["--diff"]).code, Some(0));

    let edited = folder.path().join("out/nodes/mgmt-host-2/compose.yaml");
    let text = fs::read_to_string(&edited).unwrap();
    fs::write(&edited, text.replace("privileged: true", "privileged: false")).unwrap();
    let differs = render(folder.path(), &["--check"]);
    assert_eq!((differs.code, differs.out.as_str()), (Some(1), "changed  nodes/mgmt-host-2/compose.yaml\n"));
    let diff = render(folder.path(), &["--diff"]);
    assert_eq!(diff.code, Some(1));
    assert!(diff.out.contains("-    privileged: false\n+    privileged: true\n"), "{}", diff.out);
    assert!(!diff.out.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn an_edited_file_is_kept_until_it_is_forced() {
    let folder = folder();
    render(folder.path(), &[]);
    let file = folder.path().join("out/nodes/mgmt-host-1/compose.yaml");
    let rendered = fs::read_to_string(&file).unwrap();
    fs::write(&file, "mine\n").unwrap();
    fs::write(folder.path().join("cluster.yaml"), AS_WRITTEN.replace("purpose: ssh", "purpose: shell"))
        .unwrap();
    let kept = render(folder.path(), &[]);
    assert_eq!(kept.code, Some(4));
    assert!(
        kept.err.contains("nodes/mgmt-host-1/compose.yaml was edited since it was rendered"),
        "{}",
        kept.err
    );
    assert!(kept.err.contains("--force"), "{}", kept.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine\n");
    let rules = fs::read_to_string(folder.path().join("out/nodes/mgmt-host-1/iptables/rules.v4")).unwrap();
    assert!(rules.contains("\"ssh\"") && !rules.contains("\"shell\""), "all or nothing");
    assert_eq!(render(folder.path(), &["--force"]).code, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), rendered);
}

#[test]
fn one_output_or_one_node_leaves_the_others_alone() {
    let folder = folder();
    let out = folder.path().join("out");
    let only = render(folder.path(), &["--only", "iptables,systemd"]);
    assert_eq!(only.code, Some(0), "{}", only.err);
    let files = on_disk(&out);
    assert!(files.keys().all(|path| path.contains("/iptables/") || path.contains("/systemd/")), "{files:?}");
    assert_eq!(render(folder.path(), &["--only", "compose", "--node", "mgmt-host-2"]).code, Some(0));
    let more = on_disk(&out);
    assert!(files.keys().all(|path| more.contains_key(path)));
    assert!(more.contains_key("nodes/mgmt-host-2/compose.yaml"));
    assert!(!more.contains_key("nodes/mgmt-host-1/compose.yaml"));
}

#[test]
fn a_node_that_is_gone_leaves_nothing_behind() {
    let folder = folder();
    render(folder.path(), &[]);
    fs::write(folder.path().join("cluster.yaml"), AS_WRITTEN.replace("count: 3 ", "count: 1 ")).unwrap();
    assert_eq!(render(folder.path(), &[]).code, Some(0));
    let files = on_disk(&folder.path().join("out"));
    assert!(!files.keys().any(|path| path.contains("mgmt-host-2")), "{files:?}");
    assert!(!folder.path().join("out/nodes/mgmt-host-2").exists());
}

#[test]
fn wrong_use_ends_with_2_and_names_the_right_word() {
    let folder = folder();
    let node = render(folder.path(), &["--node", "mgmt-hots-2"]);
    assert_eq!(node.code, Some(2));
    assert!(node.err.contains("did you mean `mgmt-host-2`?"), "{}", node.err);
    let output = render(folder.path(), &["--only", "compos"]);
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("'compose'"), "{}", output.err);
    for wrong in [&["render", "cluster.yaml"][..], &["rendr"], &["render", "--out", "x"], &["show"]] {
        assert_eq!(rancher_gen(folder.path(), wrong).code, Some(2), "{wrong:?}");
    }
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_topology_that_is_not_good_ends_with_3_and_writes_nothing() {
    let folder = folder();
    fs::write(folder.path().join("cluster.yaml"), AS_WRITTEN.replace("count: 3 ", "cuont: 3 ")).unwrap();
    let bad = render(folder.path(), &[]);
    assert_eq!(bad.code, Some(3));
    let expected = "\
error[unknown-key]: unknown key `cuont`
  --> cluster.yaml:26:5
   |
26 |     cuont: 3 # one of 1, 3, 5; everything else follows from it
   |     ^^^^^
   |
   = help: did you mean `count`?
";
    assert!(bad.err.contains(expected), "{}", bad.err);
    assert!(bad.err.contains("error[rancher-1-moving-tag]"), "every mistake in one run: {}", bad.err);
    assert!(!folder.path().join("out").exists());
    fs::write(folder.path().join("cluster.yaml"), b"name: \xff\n").unwrap();
    let no_text = render(folder.path(), &[]);
    assert_eq!(no_text.code, Some(3));
    assert!(no_text.err.contains("cluster.yaml:1:7"), "{}", no_text.err);
}

#[test]
fn what_cannot_be_read_ends_with_4() {
    let folder = folder();
    for wrong in ["absent.yaml", "."] {
        let ran = rancher_gen(folder.path(), &["render", wrong, "--out", "out"]);
        assert_eq!(ran.code, Some(4), "{}", ran.err);
        assert!(ran.err.starts_with(&format!("error: {wrong}: ")), "{}", ran.err);
    }
    fs::write(folder.path().join("out"), "a file").unwrap();
    assert_eq!(render(folder.path(), &[]).code, Some(4));
}

#[test]
fn a_topology_is_read_from_the_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let ran = rancher_gen_fed(folder.path(), &["render", "-", "--out", "out"], HARDENED);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let bad = rancher_gen_fed(folder.path(), &["show", "-"], "nmae: x\n");
    assert_eq!(bad.code, Some(3));
    assert!(bad.err.contains("--> <stdin>:1:1"), "{}", bad.err);
}

#[test]
fn templates_can_be_replaced_and_a_broken_one_is_named() {
    let folder = folder();
    fs::create_dir_all(folder.path().join("mine/iptables")).unwrap();
    let template = folder.path().join("mine/iptables/firewall.conf.j2");
    fs::write(&template, "# ours\nNODE={{ node }}\n").unwrap();
    let ran = render(folder.path(), &["--templates", "mine"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let conf =
        fs::read_to_string(folder.path().join("out/nodes/mgmt-host-1/iptables/firewall.conf")).unwrap();
    assert_eq!(conf, "# ours\nNODE=mgmt-host-1\n");
    for broken in ["{{ node", "{{ nobody }}"] {
        fs::write(&template, broken).unwrap();
        let ran = render(folder.path(), &["--templates", "mine"]);
        assert_eq!(ran.code, Some(4), "{}", ran.err);
        assert!(ran.err.contains("iptables/firewall.conf.j2"), "{}", ran.err);
    }
    assert_eq!(render(folder.path(), &["--templates", "absent"]).code, Some(4));
}

#[test]
fn the_starter_is_written_once_and_renders() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(rancher_gen(folder.path(), &["init"]).code, Some(0));
    let again = rancher_gen(folder.path(), &["init"]);
    assert_eq!(again.code, Some(4), "a file that is there stays");
    let ran = rancher_gen(folder.path(), &["render", "topology.yaml", "--out", "out"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let printed = rancher_gen(folder.path(), &["init", "-"]).out;
    assert_eq!(printed, fs::read_to_string(folder.path().join("topology.yaml")).unwrap());
}

#[test]
fn the_schema_takes_what_the_program_takes() {
    let folder = tempfile::tempdir().unwrap();
    let schema = rancher_gen(folder.path(), &["schema"]).out;
    let starter = rancher_gen(folder.path(), &["init", "-"]).out;
    let wrong = AS_WRITTEN.replace("count: 3 ", "cuont: 3 ");
    let script = "
import json, sys, yaml
from jsonschema import Draft202012Validator
asked = json.load(sys.stdin)
schema = json.loads(asked['schema'])
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for text in asked['documents']:
    print(len(list(validator.iter_errors(yaml.safe_load(text)))))
";
    let asked = serde_json::json!({"schema": schema, "documents": [AS_WRITTEN, HARDENED, starter, wrong]})
        .to_string();
    let counts = feed(python().args(["-c", script]), &asked);
    assert_eq!(counts, "0\n0\n0\n1\n");
}

#[test]
fn show_says_the_same_in_yaml_and_in_json() {
    let folder = folder();
    let yaml = rancher_gen(folder.path(), &["show", "cluster.yaml"]).out;
    let json = rancher_gen(folder.path(), &["show", "cluster.yaml", "--format", "json"]).out;
    assert!(yaml.contains("instance-type: m5.large # assumed: 8 GiB of memory"), "{yaml}");
    let script = "
import json, sys, yaml
def stated(value):
    if isinstance(value, dict):
        if set(value) == {'value', 'assumed'}: return stated(value['value'])
        return {key: stated(inner) for key, inner in value.items()}
    return [stated(inner) for inner in value] if isinstance(value, list) else value
asked = json.load(sys.stdin)
shown = yaml.safe_load(asked['yaml'])
assert shown == stated(json.loads(asked['json'])), shown
print(sorted(shown['services'])[0], len(shown['nodes']['mgmt-host']['members']))
";
    let asked = serde_json::json!({"yaml": yaml, "json": json}).to_string();
    assert_eq!(feed(python().args(["-c", script]), &asked), "NetworkAgent 3\n");
}

#[test]
fn flows_are_a_table_json_or_a_graph() {
    let folder = folder();
    let table = rancher_gen(folder.path(), &["flows", "cluster.yaml"]).out;
    let row =
        table.lines().find(|line| line.starts_with("rancher-ha-cattle  ") && line.contains("2181")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        [
            "rancher-ha-cattle",
            "rancher-ha-zk",
            "2181/tcp",
            "tunnels",
            "rancher-ha-tunnel-zk-client",
            "traffic-to"
        ]
    );
    let hops = rancher_gen(folder.path(), &["flows", "cluster.yaml", "--hops"]).out;
    assert!(
        hops.contains(
            "rancher-ha-cattle@mgmt-host-1 => rancher-ha-zk@mgmt-host-2: \
             tunnel out 127.0.0.1:2182 (sees 127.0.0.1) -> published port 172.22.1.211:2181 (sees 172.22.1.210) \
             -> tunnel in 172.22.1.211:12181 (sees 172.22.1.210) -> server 127.0.0.1:2182\n"
        ),
        "{hops}"
    );
    let json = rancher_gen(folder.path(), &["flows", "cluster.yaml", "--format", "json", "--hops"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["flows"].as_array().unwrap().len(), table.lines().count() - 1);
    let dot = rancher_gen(folder.path(), &["flows", "cluster.yaml", "--format", "dot"]).out;
    let svg = feed(program("dot").arg("-Tsvg"), &dot);
    assert!(svg.contains("management_websocket") && svg.contains("</svg>"));
    assert_eq!(
        rancher_gen(folder.path(), &["flows", "cluster.yaml", "--format", "dot", "--hops"]).code,
        Some(2)
    );
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure_and_no_answer() {
    let folder = folder();
    let changed = AS_WRITTEN.replace("port: 22/tcp", "port: 23/tcp");
    fs::write(folder.path().join("changed.yaml"), changed).unwrap();
    let without_reader = |args: &[&str]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rancher-gen"))
            .args(args)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        child.wait_with_output().unwrap().status.code()
    };
    assert_eq!(without_reader(&["show", "cluster.yaml"]), Some(0));
    assert_eq!(without_reader(&["diff", "cluster.yaml", "changed.yaml"]), Some(1));
}

/// What a file would have the terminal do is written out there; elsewhere a text has no such characters.
#[test]
fn a_terminal_does_nothing_that_a_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let rules = |rule: &str| format!("*filter\n:FORWARD ACCEPT [0:0]\n{rule}COMMIT\n");
    let evil =
        "-A FORWARD -m limit --limit 1/sec -m comment --comment \"a\u{1b}[2Jb\u{1b}]0;c\u{7}\" -j DROP\n";
    fs::write(folder.path().join("old"), rules("")).unwrap();
    fs::write(folder.path().join("new"), rules(evil)).unwrap();
    let program = env!("CARGO_BIN_EXE_rancher-gen");
    let seen = std::process::Command::new("script")
        .args(["-qc", &format!("'{program}' diff --rules old new"), "/dev/null"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(seen.contains(r"a\u{1b}[2Jb\u{1b}]0;c\u{7}") && !seen.contains("\u{1b}[2J"), "{seen:?}");
}

#[test]
fn every_command_has_help_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["render", "validate", "explain", "show", "flows", "init", "schema"] {
        let ran = rancher_gen(folder.path(), &[command, "--help"]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.contains("Examples:\n  rancher-gen "), "{}", ran.out);
    }
    assert!(
        rancher_gen(folder.path(), &["--help"])
            .out
            .contains("3  the topology, or another text that was given, is not good")
    );
}
