//! A run that is killed leaves the old tree, or a journal from which the next run finishes the new one.
//!
//! The program calls itself under strace, which kills it at one system call after the other. It has no test harness,
//! so that every call is the main thread's and is counted.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use rancher_gen::tree::Tree;
use support::tree::{contents, on_disk, put, tree};

const CHILD: &str = "RANCHER_GEN_KILL_OUT";

fn main() {
    if let Ok(out) = std::env::var(CHILD) {
        put(&new_tree(), Path::new(&out)).unwrap();
        return;
    }
    assert!(
        Command::new("strace").arg("-V").output().is_ok(),
        "strace is missing; install it with: apt-get install strace"
    );
    a_run_killed_at_any_call_leaves_the_old_tree_or_is_finished_by_the_next();
    println!("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}

fn old_tree() -> Tree {
    tree(&[
        ("a", "old"),
        ("nodes/x/compose.yaml", "old"),
        ("nodes/x/same", "same"),
        ("gone/deep/x", "old"),
        ("turn", "file"),
    ])
}

fn new_tree() -> Tree {
    tree(&[
        ("a", "new"),
        ("nodes/x/compose.yaml", "new"),
        ("nodes/x/same", "same"),
        ("nodes/y/run.sh", "new"),
        ("turn/into", "folder"),
    ])
}

fn a_run_killed_at_any_call_leaves_the_old_tree_or_is_finished_by_the_next() {
    let (mut killed, mut before, mut after) = (0, 0, 0);
    // strace counts each call by itself.
    let calls = ["mkdir", "openat", "write", "rename", "unlink", "unlinkat", "rmdir"];
    for call in calls {
        for when in 1.. {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("out");
            put(&old_tree(), &out).unwrap();
            fs::write(out.join("nodes/x/foreign"), "mine").unwrap();
            let with_foreign = |tree: &Tree| {
                let mut all = contents(tree);
                all.insert("nodes/x/foreign".into(), "mine".into());
                all
            };
            let status = Command::new("strace")
                .args(["-f", "-qq", "-o", "/dev/null"])
                .args([
                    "-e",
                    &format!("trace={call}"),
                    "-e",
                    &format!("inject={call}:signal=KILL:when={when}"),
                ])
                .arg(std::env::current_exe().unwrap())
                .env(CHILD, &out)
                .status()
                .unwrap();
            let done = status.success();
            let committed = out.join(".rancher-gen/journal.json").exists();
            let found = on_disk(&out);
            if !done && !committed && found != with_foreign(&new_tree()) {
                assert_eq!(found, with_foreign(&old_tree()), "killed at {call} {when}, before the journal");
                before += 1;
            }
            killed += usize::from(!done);
            after += usize::from(committed);
            // The next run brings the disk to what it asks for, from wherever the killed one ended.
            let next = if when % 2 == 0 { old_tree() } else { new_tree() };
            put(&next, &out).unwrap();
            assert_eq!(on_disk(&out), with_foreign(&next), "after a kill at {call} {when}");
            assert!(!out.join(".rancher-gen/stage").exists());
            if done {
                break;
            }
        }
    }
    assert!(
        killed > 20 && before > 5 && after > 3,
        "{killed} kills, {before} before and {after} after the journal"
    );
}
