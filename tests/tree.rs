//! The writer against a real disk: what a person made stays, and what is ours and no longer rendered goes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use proptest::prelude::*;
use rancher_gen::tree::{ConflictKind, File, Mode, Options, Tree, TreeError, check, diff, write};

mod support;
use support::tree::{contents, on_disk, put, tree};

#[test]
fn a_second_run_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let tree = tree(&[("nodes/a/compose.yaml", "x"), ("nodes/a/run.sh", "y"), ("docs/README.md", "z")]);
    assert_eq!(put(&tree, &out).unwrap().placed, 3);
    assert_eq!(fs::metadata(out.join("nodes/a/run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
    let stamp = |path: &str| fs::metadata(out.join(path)).unwrap().modified().unwrap();
    let before = [stamp("nodes/a/compose.yaml"), stamp(".rancher-gen/manifest.json")];
    let written = put(&tree, &out).unwrap();
    assert_eq!((written.placed, written.unchanged), (0, 3));
    assert_eq!(before, [stamp("nodes/a/compose.yaml"), stamp(".rancher-gen/manifest.json")]);
    assert!(check(&tree, &out, &|_, _| true).unwrap().is_empty());
}

#[test]
fn what_is_no_longer_rendered_goes_and_what_a_person_put_stays() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    put(&tree(&[("terraform/a.tf", "1"), ("terraform/b.tf", "2"), ("old/deep/x", "3")]), out).unwrap();
    fs::write(out.join("terraform/terraform.tfstate"), "state").unwrap();
    let new = tree(&[("terraform/a.tf", "1")]);
    assert_eq!(put(&new, out).unwrap().removed, 2);
    let found = on_disk(out);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["terraform/a.tf", "terraform/terraform.tfstate"]);
    assert!(!out.join("old").exists());
}

#[test]
fn what_a_person_edited_or_put_in_the_way_is_named_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    put(&tree(&[("a", "1"), ("stale", "1")]), out).unwrap();
    for name in ["a", "stale", "b"] {
        fs::write(out.join(name), "mine").unwrap();
    }
    symlink("/etc", out.join("link")).unwrap();
    let new = tree(&[("a", "2"), ("b", "2"), ("c", "2"), ("link/passwd", "2")]);
    let Err(TreeError::Conflicts(conflicts)) = put(&new, out) else { panic!("nothing was in the way") };
    let kinds: Vec<_> = conflicts.iter().map(|c| (c.path.to_str().unwrap(), c.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("a", ConflictKind::Edited),
            ("b", ConflictKind::Foreign),
            ("link", ConflictKind::Link),
            ("stale", ConflictKind::EditedStale)
        ]
    );
    assert!(!out.join("c").exists(), "nothing is written when something is in the way");
    let forced = write(&new, out, &Options { force: true, scope: &|_, _| true });
    assert!(
        matches!(forced, Err(TreeError::Conflicts(c)) if c.len() == 1),
        "force does not write through a link"
    );
    fs::remove_file(out.join("link")).unwrap();
    write(&new, out, &Options { force: true, scope: &|_, _| true }).unwrap();
    assert_eq!(on_disk(out), contents(&new));
}

#[test]
fn another_output_s_files_are_out_of_scope() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    put(&tree(&[("docs/x.md", "1"), ("nodes/a/compose.yaml", "1"), ("nodes/b/compose.yaml", "1")]), out)
        .unwrap();
    let only = Options { force: false, scope: &|_, entry| entry.output == "compose" };
    assert_eq!(write(&tree(&[("nodes/a/compose.yaml", "2")]), out, &only).unwrap().removed, 1);
    assert_eq!(on_disk(out).keys().collect::<Vec<_>>(), ["docs/x.md", "nodes/a/compose.yaml"]);
    // The next whole run still knows the file that was out of scope.
    assert_eq!(put(&tree(&[]), out).unwrap().removed, 2);
}

#[test]
fn a_file_becomes_a_folder_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (tree(&[("a", "1")]), tree(&[("a/b", "2")]));
    for tree in [&one, &two, &one] {
        put(tree, folder.path()).unwrap();
        assert_eq!(on_disk(folder.path()), contents(tree));
    }
}

#[test]
fn check_and_diff_write_nothing_and_name_everything() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let new = tree(&[("a", "1\n"), ("run.sh", "x\n")]);
    assert_eq!(check(&new, &out, &|_, _| true).unwrap().len(), 2);
    assert!(!out.exists());
    put(&tree(&[("a", "0\n"), ("run.sh", "x\n"), ("stale", "s\n")]), &out).unwrap();
    fs::set_permissions(out.join("run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
    let told: Vec<String> =
        check(&new, &out, &|_, _| true).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["changed  a", "mode     run.sh", "stale    stale"]);
    let text = diff(&new, &out, &|_, _| true).unwrap();
    assert!(text.contains("--- a/a\n+++ b/a\n@@ -1 +1 @@\n-0\n+1\n"), "{text}");
    assert!(text.contains("--- a/stale\n+++ /dev/null\n"), "{text}");
}

#[test]
fn a_path_is_taken_once() {
    let mut tree = tree(&[("a/b", "1")]);
    let file = || File { contents: "x".into(), mode: Mode::Plain, output: "compose" };
    for path in ["a/b", "a", "a/b/c"] {
        assert!(tree.insert(path.parse().unwrap(), file()).is_err(), "{path}");
    }
    tree.insert("a/bc".parse().unwrap(), file()).unwrap();
}

#[test]
fn a_journal_of_somebody_else_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (out, victim) = (folder.path().join("out"), folder.path().join("victim"));
    fs::write(&victim, "mine").unwrap();
    fs::create_dir_all(out.join(".rancher-gen")).unwrap();
    std::os::unix::fs::symlink(folder.path(), out.join("link")).unwrap();
    for path in ["../victim", victim.to_str().unwrap(), "link/victim"] {
        let journal = format!("{{\"remove\":[\"{path}\"]}}");
        fs::write(out.join(".rancher-gen/journal.json"), journal).unwrap();
        let refused = put(&tree(&[("a", "1")]), &out).unwrap_err();
        assert!(matches!(refused, TreeError::Manifest { .. }), "{path}: {refused}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    }
}

#[test]
fn a_file_where_the_folder_should_be_is_an_error_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::write(&out, "mine").unwrap();
    assert!(put(&tree(&[("a", "1")]), &out).is_err());
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
}

#[test]
fn a_full_disk_leaves_the_old_tree() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |args: &[&str]| Command::new(args[0]).args(&args[1..]).status().unwrap().success();
    let out = folder.path().to_str().unwrap();
    assert!(
        mount(&["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", out]),
        "the test needs root to mount a small disk"
    );
    let old = tree(&[("a", "1"), ("b", "2")]);
    put(&old, folder.path()).unwrap();
    let large = "x".repeat(400 * 1024);
    let result = put(&tree(&[("a", "new"), ("large", &large)]), folder.path());
    let found = on_disk(folder.path());
    put(&old, folder.path()).unwrap();
    assert!(mount(&["umount", out]));
    assert!(
        matches!(&result, Err(TreeError::Io { source, .. }) if source.kind() == std::io::ErrorKind::StorageFull),
        "{result:?}"
    );
    assert_eq!(found, contents(&old));
}

fn any_tree() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("[ab](/[ab]){0,2}", "[01]{0,2}", 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_disk_holds_the_tree_and_what_a_person_put(old in any_tree(), new in any_tree()) {
        let make = |files: &BTreeMap<String, String>| {
            let mut tree = Tree::new();
            for (path, contents) in files {
                let file = File { contents: contents.as_str().into(), mode: Mode::Plain, output: "compose" };
                let _ = tree.insert(path.parse().unwrap(), file);
            }
            tree
        };
        let folder = tempfile::tempdir().unwrap();
        put(&make(&old), folder.path()).unwrap();
        fs::write(folder.path().join("foreign"), "mine").unwrap();
        put(&make(&new), folder.path()).unwrap();
        let mut expected = contents(&make(&new));
        expected.insert("foreign".into(), "mine".into());
        prop_assert_eq!(on_disk(folder.path()), expected);
    }
}
