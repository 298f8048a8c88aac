//! `rancher-gen validate` and `explain`: what is printed in each format, how a run ends, and what `--fix` does to a file.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};
use support::cli::{Ran, rancher_gen, rancher_gen_fed};
use support::examples::{AS_WRITTEN, HARDENED};
use support::tools::{feed, installed, python};

/// A topology without a fault.
const GOOD: &str = "\
# A small cluster.
name: x
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
";

/// The same with an allowance that silences nothing: a warning with a safe fix.
const WARNED: &str = "\
# A small cluster.
name: x # its name
network: {name: lab, cidr: 10.0.0.0/16, allow: {unused-allow: \"An émigré 🦀 wants it\"}, subnets: {a: {cidr: 10.0.1.0/24}}}
# Behind it.
";

/// The same with an error that can be resolved.
const WRONG: &str =
    "name: x\nallow: {host-bitz: Why not}\nnetwork: {name: lab, cidr: 10.0.0.0/16, subnets: {}}\n";

/// The same with an error that cannot.
const REFUSED: &str = "name: x\nnetwork: {name: lab, cidr: 10.0.0.1/16, subnets: {}}\n";

fn validate(folder: &Path, arguments: &[&str]) -> Ran {
    rancher_gen(folder, &[&["validate"], arguments].concat())
}

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cluster.yaml"), text).unwrap();
    folder
}

#[test]
fn the_exit_code_says_how_bad_it_is() {
    let cases: [(&str, &[&str], i32); 11] = [
        (GOOD, &[], 0),
        (GOOD, &["--deny", "note"], 0),
        (WARNED, &[], 0),
        (WARNED, &["--deny", "error"], 0),
        (WARNED, &["--deny", "warning"], 1),
        (WARNED, &["--deny", "warnings"], 1),
        (WARNED, &["--deny", "notes"], 1),
        (WRONG, &[], 1),
        (REFUSED, &[], 3),
        (REFUSED, &["--deny", "warnings"], 3),
        ("name: [", &[], 3),
    ];
    for format in ["human", "json", "sarif", "github"] {
        for (text, arguments, code) in cases {
            let folder = folder(text);
            let ran = validate(folder.path(), &[&["cluster.yaml", "--format", format], arguments].concat());
            assert_eq!(ran.code, Some(code), "{format} {arguments:?} {text}\n{}{}", ran.out, ran.err);
            assert_eq!(ran.err, "", "{format}");
        }
    }
    let folder = folder(GOOD);
    assert_eq!(validate(folder.path(), &["absent.yaml"]).code, Some(4));
    assert_eq!(validate(folder.path(), &["cluster.yaml", "--diff"]).code, Some(2));
    assert_eq!(validate(folder.path(), &["cluster.yaml", "--format", "xml"]).code, Some(2));
}

#[test]
fn what_could_not_be_checked_is_said_and_does_not_end_as_if_it_had_been() {
    let unknown = HARDENED.replacen(
        "engine: docker-1.10.3\n",
        "engine: docker-1.10.3\n    instance-type: zz9.large\n",
        1,
    );
    let run = |format: &str, more: &[&str]| {
        let arguments = [&["validate", "-", "--format", format], more].concat();
        rancher_gen_fed(Path::new("."), &arguments, &unknown)
    };
    for format in ["human", "json", "sarif", "github"] {
        let ran = run(format, &[]);
        assert_eq!(ran.code, Some(5), "{format}\n{}", ran.out);
        assert!(ran.out.contains("the memory of `zz9.large` is not known"), "{}", ran.out);
    }
    let human = run("human", &["--deny", "notes"]);
    assert_eq!(human.code, Some(5));
    assert!(human.out.starts_with("allowed[rancher-1-database-version] <stdin>:74:13: "), "{}", human.out);
    assert!(human.out.ends_with("<stdin>: no findings; 1 allowed; 1 lint not checked\n"), "{}", human.out);
    let sarif: Value = serde_json::from_str(&run("sarif", &[]).out).unwrap();
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "inSource");
    assert!(suppression["justification"].as_str().unwrap().contains("migration"), "{suppression}");
}

#[test]
fn people_see_the_place_and_what_to_do() {
    let folder = folder(WRONG);
    let expected = "\
error[unknown-lint]: there is no lint called `host-bitz`
 --> cluster.yaml:2:9
  |
2 | allow: {host-bitz: Why not}
  |         ^^^^^^^^^
  |
  = help: did you mean `host-bits`?

cluster.yaml: 1 error
`rancher-gen explain unknown-lint` says more
";
    assert_eq!(validate(folder.path(), &["cluster.yaml"]).out, expected);
    fs::write(folder.path().join("cluster.yaml"), GOOD).unwrap();
    assert_eq!(validate(folder.path(), &["cluster.yaml"]).out, "cluster.yaml: no findings\n");
}

#[test]
fn what_is_no_text_is_told_in_every_format() {
    for bytes in [&b""[..], b"\xff\xfe\0n\0a", b"# nothing\n", b"name: \xff\n", b"\0\0\0"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cluster.yaml"), bytes).unwrap();
        for format in ["human", "json", "sarif", "github"] {
            let ran = validate(folder.path(), &["cluster.yaml", "--format", format]);
            assert_eq!(ran.code, Some(3), "{format} {bytes:?}\n{}{}", ran.out, ran.err);
            assert!(ran.out.contains("error"), "{format} {bytes:?}\n{}", ran.out);
        }
        assert_eq!(validate(folder.path(), &["cluster.yaml", "--fix"]).code, Some(3), "{bytes:?}");
        assert_eq!(fs::read(folder.path().join("cluster.yaml")).unwrap(), bytes);
    }
}

/// Texts with findings of all kinds, and how they are printed in a format.
fn printed(format: &str) -> Vec<Value> {
    let allowed = WARNED.replace("name: x #", "allow: {unused-allow: It waits}\nname: x #");
    let texts = [GOOD, WARNED, WRONG, REFUSED, "", "name: [", AS_WRITTEN, HARDENED, &allowed];
    let print = |text: &&str| {
        let ran = rancher_gen_fed(Path::new("."), &["validate", "-", "--format", format], text);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}\n{}{}", ran.out, ran.err))
    };
    texts.iter().map(print).collect()
}

/// The mistakes that a JSON Schema finds.
fn mistakes(schema: &Value, documents: &[Value]) -> String {
    let script = "
import json, sys
from jsonschema import validators
asked = json.load(sys.stdin)
reader = validators.validator_for(asked['schema'])
reader.check_schema(asked['schema'])
for document in asked['documents']:
    for error in reader(asked['schema']).iter_errors(document): print(error.json_path, error.message)
";
    feed(python().args(["-c", script]), &json!({"schema": schema, "documents": documents}).to_string())
}

#[test]
fn json_is_as_its_schema_says() {
    let schema = rancher_gen(Path::new("."), &["schema", "findings"]).out;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let all = printed("json");
    assert_eq!(mistakes(&schema, &all), "");
    assert_ne!(mistakes(&schema, &[json!({"findings": [{"id": 1}]})]), "");
    let finding = &all[1]["findings"][0];
    assert_eq!(finding["id"], "unused-allow");
    assert_eq!(finding["severity"], "warning");
    let start = WARNED.find("unused-allow").unwrap();
    assert_eq!(finding["labels"][0]["start"], json!({"line": 3, "column": 49, "byte": start}));
    assert_eq!(finding["labels"][0]["end"], json!({"line": 3, "column": 61, "byte": start + 12}));
    // The edits are plain text: whoever applies them gets what `--fix` makes.
    let mut text = WARNED.to_owned();
    for edit in finding["fix"]["edits"].as_array().unwrap().iter().rev() {
        let byte = |point: &str| usize::try_from(edit[point]["byte"].as_u64().unwrap()).unwrap();
        text.replace_range(byte("start")..byte("end"), edit["text"].as_str().unwrap());
    }
    let fixed = rancher_gen_fed(Path::new("."), &["validate", "-", "--fix"], WARNED).out;
    assert_eq!(text, fixed);
}

#[test]
fn sarif_is_as_its_schema_says() {
    let schema = fs::read_to_string(installed("sarif-schema-2.1.0.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let all = printed("sarif");
    assert_eq!(mistakes(&schema, &all), "");
    let run = &all[1]["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["level"], "warning");
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    // A crab is one character and two UTF-16 code units.
    let deleted = &result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"];
    assert_eq!(deleted["endColumn"], json!(87), "{deleted}");
    let refused = &all[3]["runs"][0]["invocations"][0];
    assert_eq!(refused["executionSuccessful"], false);
    let waiting = all[3]["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let json = &printed("json")[3]["unchecked"];
    assert_eq!(waiting.len(), json.as_array().unwrap().len());
}

#[test]
fn many_lints_that_could_not_look_are_told_in_a_line() {
    let folder = folder("");
    let run = |format: &str| validate(folder.path(), &["cluster.yaml", "--format", format]).out;
    let all = serde_json::from_str::<Value>(&run("json")).unwrap()["unchecked"].as_array().unwrap().len();
    assert!(all > 50);
    let told = format!("{all} lints could not look: the errors have to be mended first");
    let github = run("github");
    let annotation = format!("::warning file=cluster.yaml,title=not checked::{told}");
    assert_eq!(github.lines().skip(1).collect::<Vec<_>>(), [annotation]);
    assert!(run("human").lines().any(|line| line == told), "{}", run("human"));
}

#[test]
fn annotations_name_the_file_whatever_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a'\"b,c:d%\ne.yaml";
    fs::write(folder.path().join(name), WRONG).unwrap();
    let ran = validate(folder.path(), &[name, "--format", "github"]);
    assert_eq!(
        ran.out,
        "::error file=a'\"b%2Cc%3Ad%25%0Ae.yaml,line=2,endLine=2,col=9,endColumn=17,title=unknown-lint::there is no \
         lint called `host-bitz`%0AHelp: did you mean `host-bits`?\n"
    );
    let sarif: Value =
        serde_json::from_str(&validate(folder.path(), &[name, "--format", "sarif"]).out).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%27%22b%2Cc%3Ad%25%0Ae.yaml");
}

#[test]
fn fixes_keep_comments_and_a_second_run_changes_nothing() {
    let folder = folder(WARNED);
    let file = folder.path().join("cluster.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("cluster.yaml", folder.path().join("link.yaml")).unwrap();
    let diff = validate(folder.path(), &["link.yaml", "--fix", "--diff"]);
    assert_eq!(diff.code, Some(1));
    assert!(diff.out.starts_with("--- a/link.yaml\n+++ b/link.yaml\n"), "{}", diff.out);
    assert_eq!(fs::read_to_string(&file).unwrap(), WARNED, "--diff writes nothing");

    let ran = validate(folder.path(), &["link.yaml", "--fix"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str()),
        ("link.yaml: no findings\n", "link.yaml: 1 finding mended\n")
    );
    let fixed = WARNED.replace("{unused-allow: \"An émigré 🦀 wants it\"}", "{}");
    assert_eq!(fs::read_to_string(&file).unwrap(), fixed);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(folder.path().join("link.yaml")).unwrap().is_symlink());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");

    let before = fs::metadata(&file).unwrap().modified().unwrap();
    let again = validate(folder.path(), &["link.yaml", "--fix"]);
    assert_eq!((again.code, again.err.as_str()), (Some(0), "link.yaml: 0 findings mended\n"));
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), before);
    assert_eq!(validate(folder.path(), &["link.yaml", "--fix", "--diff"]).code, Some(0));
}

#[test]
fn a_diff_of_what_cannot_be_resolved_tells_the_errors() {
    let half = REFUSED.replace("subnets: {}", "subnets: {a: {cidr: 10.1.0.0/24}}");
    for (text, mended, error) in
        [("name: [", 0, "error[yaml-syntax]"), (&half, 1, "error[subnet-outside-network]"), ("", 0, "error[")]
    {
        let folder = folder(text);
        let ran = validate(folder.path(), &["cluster.yaml", "--fix", "--diff"]);
        assert_eq!(ran.code, Some(3), "{text}\n{}{}", ran.out, ran.err);
        assert_eq!(ran.out.is_empty(), mended == 0, "{}", ran.out);
        assert!(ran.err.contains(&format!("cluster.yaml: {mended} finding")), "{}", ran.err);
        assert!(ran.err.contains(error), "{text}\n{}", ran.err);
        assert_eq!(fs::read_to_string(folder.path().join("cluster.yaml")).unwrap(), text);
    }
}

#[test]
fn a_fix_that_brings_an_error_is_left_out_and_said() {
    let folder = folder(
        "\
name: x
allow:
  port-conflict: Left behind
  world-open: &why Left behind too
  etcd-size: Left behind as well
title: *why
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
",
    );
    let ran = validate(folder.path(), &["cluster.yaml", "--fix"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(
        ran.err,
        "cluster.yaml: 2 findings mended\n1 finding left out (unused-allow): the fix would bring errors that are not \
         there now\n"
    );
    assert!(ran.out.contains("`world-open` finds nothing here"), "{}", ran.out);
    assert!(!ran.out.contains("`--fix` mends"), "{}", ran.out);
    let text = fs::read_to_string(folder.path().join("cluster.yaml")).unwrap();
    assert!(text.contains("allow:\n  world-open: &why Left behind too\ntitle:"), "{text}");
}

#[test]
fn fixes_of_the_standard_input_go_to_the_standard_output() {
    let ran = rancher_gen_fed(Path::new("."), &["validate", "-", "--fix"], WARNED);
    assert!(
        ran.out.starts_with("# A small cluster.\n") && ran.out.ends_with("# Behind it.\n"),
        "{}",
        ran.out
    );
    assert_eq!(ran.err, "<stdin>: no findings\n<stdin>: 1 finding mended\n");
}

#[test]
fn a_byte_order_mark_stays_through_a_fix() {
    let folder = folder(&format!("\u{FEFF}{WARNED}"));
    assert_eq!(validate(folder.path(), &["cluster.yaml", "--fix"]).code, Some(0));
    let text = fs::read_to_string(folder.path().join("cluster.yaml")).unwrap();
    assert!(text.starts_with("\u{FEFF}# A small") && text.contains("allow: {}"), "{text}");
}

#[test]
fn a_render_tells_findings_and_goes_on_unless_they_are_denied() {
    let folder = folder(WARNED);
    let render = |more: &[&str]| {
        rancher_gen(folder.path(), &[&["render", "cluster.yaml", "--out", "out"], more].concat())
    };
    let denied = render(&["--deny", "warnings"]);
    assert_eq!(denied.code, Some(1));
    assert!(
        denied.err.contains("warning[unused-allow]") && denied.err.contains("nothing was written"),
        "{}",
        denied.err
    );
    assert!(!folder.path().join("out").exists());
    let done = render(&[]);
    assert_eq!(done.code, Some(0));
    assert_eq!(done.err.matches("warning[unused-allow]").count(), 1, "{}", done.err);
    let check = render(&["--check", "--deny", "error"]);
    assert_eq!((check.code, check.out.as_str()), (Some(0), ""));
    assert_eq!(render(&["--check", "--deny", "warning"]).code, Some(1));
}

#[test]
fn explain_lists_every_lint_and_tells_about_each() {
    let list = rancher_gen(Path::new("."), &["explain"]);
    assert_eq!(list.code, Some(0));
    for lint in rancher_topology::validate::lints() {
        assert!(list.out.contains(&format!("    {} ", lint.id)), "{}", list.out);
        let told = rancher_gen(Path::new("."), &["explain", lint.id]);
        assert_eq!(told.code, Some(0));
        assert!(
            told.out.contains(&format!("[{}]: ", lint.id)),
            "its example is shown with its finding: {}",
            told.out
        );
        let (words, _) = told.out.split_once("\nAn example:\n").unwrap();
        for line in words.lines() {
            assert!(line.chars().count() <= 100 || !line.contains(' '), "{line}");
        }
    }
    let wrong = rancher_gen(Path::new("."), &["explain", "host-bit"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("did you mean `host-bits`?"), "{}", wrong.err);
    let loud = rancher_gen(Path::new("."), &["explain", "WORLD-OPEN"]);
    assert!(loud.err.contains("did you mean `world-open`?"), "{}", loud.err);
}
