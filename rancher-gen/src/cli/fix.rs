//! `--fix`: what was mended, in words, and the result in the file's place.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use rancher_topology::validate::Mended;

use super::Failure;
use super::input::Text;
use rancher_gen::exit::Exit;
use rancher_gen::report::Source;
use rancher_gen::tree::unified_diff;

/// What changes, as a unified diff.
pub(super) fn diff(source: &Source, text: &str) -> String {
    // `patch` takes no absolute path; of one, it takes this with `-p1 -d /`.
    let name = source.name.trim_start_matches('/');
    unified_diff(&format!("a/{name}"), &source.text, &format!("b/{name}"), text)
}

/// How much was done and what was left out, a line each.
pub(super) fn told(mended: &Mended, name: &str, done: &str) -> String {
    let count = |number: usize| format!("{number} {}", if number == 1 { "finding" } else { "findings" });
    let mut out = format!("{name}: {} {done}\n", count(mended.applied));
    let mut left_out = |positions: &[usize], why: &str| {
        let ids: BTreeSet<&str> = positions.iter().map(|at| mended.report.findings[*at].id).collect();
        if !ids.is_empty() {
            let ids: Vec<&str> = ids.into_iter().collect();
            let _ = writeln!(out, "{} left out ({}): {why}", count(positions.len()), ids.join(", "));
        }
    };
    left_out(&mended.harmful, "the fix would bring errors that are not there now");
    left_out(&mended.unfit, "the text cannot be edited there: an alias or an anchor is in the way");
    out
}

/// Puts another text in a file's place, all of it or nothing. A symbolic link stays one, and the mode stays.
pub(super) fn write(path: &Path, read: &Text, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(path.display(), &error).and("nothing was written");
    let target = fs::canonicalize(path).map_err(failed)?;
    let marked = |text: &str| if read.marked { format!("\u{FEFF}{text}") } else { text.to_owned() };
    if fs::read(&target).map_err(failed)? != marked(&read.source.text).into_bytes() {
        let failure = Failure::said(Exit::Io, format!("{} was changed meanwhile", path.display()));
        return Err(failure.and("nothing was written; run this again"));
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    let staged = target.with_file_name(name);
    let put = || {
        let metadata = fs::metadata(&target)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(&staged)?;
        file.write_all(marked(text).as_bytes())?;
        file.set_permissions(metadata.permissions())?;
        file.sync_all()?;
        fs::rename(&staged, &target)
    };
    put().map_err(|error| {
        let _ = fs::remove_file(&staged);
        failed(error)
    })
}
