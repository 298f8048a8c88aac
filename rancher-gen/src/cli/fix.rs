//! `--fix`: applying safe fixes until none is left, and putting the result in the file's place.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use rancher_topology::lint::Report;
use rancher_topology::{Fix, Severity, document, fix as edit, validate};

use super::Failure;
use super::input::Text;
use rancher_gen::exit::Exit;
use rancher_gen::report::Source;
use rancher_gen::tree::unified_diff;

/// What is mended may bring up something else that can be; no topology needs as many rounds as this.
const ROUNDS: usize = 20;

/// A text with its safe fixes.
pub(super) struct Mended {
    /// The text.
    pub(super) text: String,
    /// What is left to say about it.
    pub(super) report: Report,
    applied: usize,
    /// Whether the last fixes were given up, because they brought errors that were not there before.
    given_up: bool,
}

/// Applies the safe fixes of a text's findings.
pub(super) fn fix(source: &Source) -> Mended {
    let report = validate(&source.text);
    let mut mended = Mended { text: source.text.clone(), report, applied: 0, given_up: false };
    for _ in 0..ROUNDS {
        let fixes: Vec<&Fix> =
            mended.report.findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        let Ok(fixed) = edit::apply(&mended.text, &fixes) else { break };
        if fixed.applied == 0 || fixed.text == mended.text {
            break;
        }
        let report = validate(&fixed.text);
        if is_worse((&mended.text, &mended.report), (&fixed.text, &report)) {
            mended.given_up = true;
            break;
        }
        mended =
            Mended { text: fixed.text, report, applied: mended.applied + fixed.applied, given_up: false };
    }
    mended
}

/// Whether a text got errors that it did not have. What could not be looked at before brings none: it hid them.
fn is_worse(before: (&str, &Report), after: (&str, &Report)) -> bool {
    let stage = |(text, report): (&str, &Report)| match &report.topology {
        Some(_) => 2,
        None => u8::from(document::read(text).document.is_some()),
    };
    let (was, is) = (stage(before), stage(after));
    if was != is {
        return is < was;
    }
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in &before.1.findings {
        *known.entry((finding.id, &finding.message)).or_default() += 1;
    }
    after.1.findings.iter().filter(|finding| finding.severity == Severity::Error).any(|finding| {
        match known.get_mut(&(finding.id, finding.message.as_str())) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        }
    })
}

impl Mended {
    /// What changes, as a unified diff.
    pub(super) fn diff(&self, source: &Source) -> String {
        let name = &source.name;
        unified_diff(&format!("a/{name}"), &source.text, &format!("b/{name}"), &self.text)
    }

    /// How much was done, in a line or two.
    pub(super) fn told(&self, name: &str, done: &str) -> String {
        let what = if self.applied == 1 { "finding" } else { "findings" };
        let mut out = format!("{name}: {} {what} {done}\n", self.applied);
        if self.given_up {
            out.push_str(
                "the other fixes were left out: with them there would be errors that are not there now\n",
            );
        }
        out
    }
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

#[cfg(test)]
mod tests {
    use super::is_worse;
    use rancher_topology::validate;

    #[test]
    fn a_text_is_worse_with_an_error_that_it_did_not_have() {
        let good = "name: x\nnetwork: {name: lab, cidr: 10.0.0.0/16, subnets: {}}\n";
        let wrong = format!("allow: {{host-bitz: Why}}\n{good}");
        let (refused, broken) = (good.replace("0.0/16", "0.1/16"), "name: [");
        let worse = |before: &str, after: &str| {
            let reports = (validate(before), validate(after));
            is_worse((before, &reports.0), (after, &reports.1))
        };
        for (before, after) in
            [(good, wrong.as_str()), (good, &refused), (&wrong, broken), (&refused, broken)]
        {
            assert!(worse(before, after), "{before}{after}");
            assert!(!worse(after, before), "what was hidden is no new error: {after}{before}");
            assert!(!worse(before, before));
        }
    }
}
