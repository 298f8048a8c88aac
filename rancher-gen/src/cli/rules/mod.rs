//! Questions about a bare rule set: which one, and what is known of its host.

pub(super) mod diff;
pub(super) mod matrix;
pub(super) mod packets;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use rancher_gen::read::{self, Note};
use rancher_topology::Diagnostic;
use rancher_topology::netfilter::{Hook, HostFacts, Rule, RuleSet};
use rancher_topology::packet::Family;

use super::Failure;
use super::input;

/// What a rule set's answers depend on beside it.
#[derive(Debug, clap::Args)]
pub(super) struct Host {
    /// What `ip address` printed on the host: its addresses are known then, and what an interface may carry
    #[arg(long, value_name = "FILE", requires = "rules")]
    interfaces: Option<PathBuf>,
    /// What `ipset save` printed on the host
    #[arg(long, value_name = "FILE", requires = "rules")]
    ipset: Option<PathBuf>,
    /// v4 or v6, where the rule set does not tell
    #[arg(long, value_enum, requires = "rules")]
    family: Option<FamilyName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FamilyName {
    V4,
    V6,
}

impl FamilyName {
    pub(super) const fn family(self) -> Family {
        match self {
            Self::V4 => Family::V4,
            Self::V6 => Family::V6,
        }
    }
}

/// The way of packets through a host, by the chain of the table `filter` that decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(super) enum ChainName {
    /// To processes of the host
    Input,
    /// Through the host
    Forward,
    /// From processes of the host
    Output,
}

impl ChainName {
    pub(super) const ALL: [Self; 3] = [Self::Input, Self::Forward, Self::Output];

    pub(super) const fn hook(self) -> Hook {
        match self {
            Self::Input => Hook::Input,
            Self::Forward => Hook::Forward,
            Self::Output => Hook::Output,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "INPUT",
            Self::Forward => "FORWARD",
            Self::Output => "OUTPUT",
        }
    }
}

/// A rule set as it was read, and its host.
pub(super) struct Rules {
    pub(super) rules: RuleSet,
    pub(super) facts: HostFacts,
    /// Whether its text has rules of the other family too, and nobody said which are meant.
    pub(super) is_half: bool,
    /// Whether there may be rules that are not in its text: it is cut off, or says so.
    pub(super) has_more: bool,
    /// What was not understood, each with the file.
    pub(super) notes: Vec<(String, Note)>,
}

/// As many rules are told of which answers may depend.
const MOST_RULES: usize = 10;

impl Rules {
    /// Tells why something is only possible: by which rules of a way.
    fn tell_why(&self, path: &Path, chain: ChainName) {
        let mut unsure = self.rules.unsure(&self.facts, chain.hook());
        unsure.dedup_by(|one, other| (one.line, &one.text) == (other.line, &other.text));
        if unsure.is_empty() {
            super::tell(
                "note: \"possibly\" depends on what is left open of packets (interfaces), or on which of several addresses they are sent to\n",
            );
            return;
        }
        super::tell(
            "note: \"possibly\" depends on what a packet does not tell, or on sets and addresses that were not given (--ipset, --interfaces); it may be by these rules:\n",
        );
        for rule in unsure.iter().take(MOST_RULES) {
            super::tell(&format!("  {}\n", said(path, rule)));
        }
        if let Some(more) = unsure.len().checked_sub(MOST_RULES).filter(|more| *more > 0) {
            super::tell(&format!("  and {more} more rules\n"));
        }
    }
}

/// A rule with its place.
fn said(path: &Path, rule: &Rule) -> String {
    format!("{}:{}: {}", path.display(), rule.line, rule.text)
}

/// Reads a rule set and what is known of its host, and tells what is not understood in them.
pub(super) fn read(path: &Path, host: &Host) -> Result<Rules, Failure> {
    let family = host.family.map(FamilyName::family);
    let (name, read) = file(path, |text| read::iptables::read(text, family))?;
    for Note { line, text } in &read.remarks {
        super::tell(&format!("note: {name}:{line}: {text}\n"));
    }
    let mut notes = named(&name, read.notes);
    let mut facts = HostFacts::default();
    if let Some(path) = &host.ipset {
        let (name, sets) = file(path, |text| read::ipset::read(text, read.rules.family))?;
        facts.sets = sets.sets;
        notes.extend(named(&name, sets.notes));
    }
    if let Some(path) = &host.interfaces {
        let (name, interfaces) = file(path, read::ip_address::read)?;
        // An address that was not understood may be the host's: then none is known.
        facts.interfaces = Some(interfaces.interfaces).filter(|_| !interfaces.has_more);
        notes.extend(named(&name, interfaces.notes));
    }
    for (name, Note { line, text }) in &notes {
        super::tell(&format!("note: {name}:{line}: not understood, may match or not: {text}\n"));
    }
    let is_half = read.has_left_out && family.is_none();
    Ok(Rules { rules: read.rules, facts, is_half, has_more: read.has_more, notes })
}

fn named(name: &str, notes: Vec<Note>) -> Vec<(String, Note)> {
    notes.into_iter().map(|note| (name.to_owned(), note)).collect()
}

/// Reads a file that is not a topology.
fn file<T>(
    path: &Path,
    read: impl FnOnce(&str) -> Result<T, Vec<Diagnostic>>,
) -> Result<(String, T), Failure> {
    let source = input::source(path)?;
    let read = input::parsed(&source, read)?;
    Ok((source.name, read))
}
