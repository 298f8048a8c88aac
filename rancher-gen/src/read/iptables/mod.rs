//! What `iptables-save` and `ip6tables-save` print (`man iptables-save`, `man iptables-extensions`).

mod conntrack;
mod matches;
mod options;
mod targets;
pub(super) mod values;

use rancher_topology::netfilter::{Chain, Policy, Rule, RuleSet, Table, Target};
use rancher_topology::packet::Family;
use rancher_topology::{Diagnostic, Span};

use options::{Word, words};

/// The id of everything that keeps a rule set from being read.
const UNREADABLE: &str = "unreadable-rule-set";

/// More chains than this that ask each other in a row are not followed.
const MOST_NESTED: usize = 256;

/// A rule set as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The rule set.
    pub rules: RuleSet,
    /// What was not understood in it, and is taken to match or not.
    pub notes: Vec<Note>,
}

/// Something that was not understood: it is bounded from both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The line, from 1.
    pub line: usize,
    /// What: `-m geoip --src-cc DE`.
    pub text: String,
}

/// Reads a rule set. The family is taken from what the text has in it, if it is not told.
///
/// # Errors
/// All lines that are not of this format, and chains that jump to each other in a circle (the kernel refuses these).
pub fn read(text: &str, family: Option<Family>) -> Result<Read, Vec<Diagnostic>> {
    let family = family.unwrap_or_else(|| family_of(text));
    let mut reader = Reader {
        rules: RuleSet { family, tables: std::collections::BTreeMap::new() },
        notes: Vec::new(),
        errors: Vec::new(),
        table: None,
    };
    for (number, line, span) in super::lines(text) {
        reader.line(number, line, span);
    }
    if reader.errors.is_empty() && reader.rules.tables.is_empty() {
        let nothing = Diagnostic::error(UNREADABLE, "no table is in this text", Span { start: 0, end: 0 })
            .here("`*filter` was looked for")
            .help("give what `iptables-save` printed");
        reader.errors.push(nothing);
    }
    reader.circles();
    if reader.errors.is_empty() {
        Ok(Read { rules: reader.rules, notes: reader.notes })
    } else {
        Err(reader.errors)
    }
}

fn family_of(text: &str) -> Family {
    let v6 = text.lines().any(|line| {
        let line = line.trim();
        if line.starts_with('#') {
            return line.contains("ip6tables");
        }
        line.starts_with("-A")
            && line.split_whitespace().any(|word| {
                let address = word.split('/').next().unwrap_or_default();
                word == "ipv6-icmp" || word == "icmp6" || address.parse::<std::net::Ipv6Addr>().is_ok()
            })
    });
    if v6 { Family::V6 } else { Family::V4 }
}

struct Reader {
    rules: RuleSet,
    notes: Vec<Note>,
    errors: Vec<Diagnostic>,
    table: Option<String>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str, span: Span) {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('*') {
            let table = table.trim().to_owned();
            if self.rules.tables.insert(table.clone(), Table::default()).is_some() {
                let help = "give what one host printed for one family: `iptables-save`, or `ip6tables-save`";
                self.error(span, &format!("table `{table}` stands here twice"), "again", help);
            }
            self.table = Some(table);
        } else if let Some(chain) = line.strip_prefix(':') {
            self.chain(chain, span);
        } else if line == "COMMIT" {
            self.table = None;
        } else if line.starts_with('#') {
            self.comment(number, line);
        } else if !line.is_empty() {
            self.rule(number, line, span);
        }
    }

    /// What the program tells that it did not print: a table that only `nft` can show may do anything.
    fn comment(&mut self, number: usize, line: &str) {
        let text = line.trim_start_matches('#').trim();
        if let Some(table) = text.strip_prefix("Table `").and_then(|rest| rest.split('\'').next()) {
            self.notes.push(Note { line: number, text: text.to_owned() });
            let rule = || Rule {
                conditions: Vec::new(),
                target: Target::Unknown(text.to_owned()),
                line: number,
                text: line.to_owned(),
            };
            let chains = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]
                .map(|name| (name.to_owned(), Chain { policy: Some(Policy::Accept), rules: vec![rule()] }));
            self.rules.tables.insert(table.to_owned(), Table { chains: chains.into() });
        } else if text.starts_with("Warning:") {
            self.notes.push(Note { line: number, text: text.to_owned() });
        }
    }

    fn error(&mut self, span: Span, message: &str, label: &str, help: &str) {
        self.errors.push(Diagnostic::error(UNREADABLE, message, span).here(label).help(help));
    }

    fn chain(&mut self, line: &str, span: Span) {
        let mut words = line.split_whitespace();
        let policy = match (words.next(), words.next()) {
            (Some(_), Some("ACCEPT")) => Some(Policy::Accept),
            (Some(_), Some("DROP" | "REJECT")) => Some(Policy::Drop),
            (Some(_), Some("-") | None) => None,
            _ => {
                let help = "a chain is written `:INPUT ACCEPT [0:0]` or `:NAME - [0:0]`";
                return self.error(
                    span,
                    "this declares no chain",
                    "its policy is not ACCEPT, DROP or `-`",
                    help,
                );
            }
        };
        let name = line.split_whitespace().next().unwrap_or_default().to_owned();
        let Some(table) = self.table_here() else {
            return self.outside(span);
        };
        table.chains.entry(name).or_default().policy = policy;
    }

    fn outside(&mut self, span: Span) {
        self.error(
            span,
            "this stands in no table",
            "before it, `*filter` or another table is missing",
            "give the whole text of `iptables-save`",
        );
    }

    fn table_here(&mut self) -> Option<&mut rancher_topology::netfilter::Table> {
        self.rules.tables.get_mut(self.table.as_ref()?)
    }

    fn rule(&mut self, number: usize, line: &str, span: Span) {
        let mut words = match words(line) {
            Ok(words) => words,
            Err(problem) => {
                return self.error(
                    span,
                    problem,
                    "in this line",
                    "give the text as `iptables-save` printed it",
                );
            }
        };
        // With `-c`, the counters of a rule stand before it.
        if words.first().is_some_and(|word| word.text.starts_with('[')) {
            words.remove(0);
        }
        let (name, rest) = match words.as_slice() {
            [Word { text: command, .. }, Word { text: name, .. }, rest @ ..]
                if command == "-A" || command == "--append" =>
            {
                (name.clone(), rest)
            }
            _ => {
                let help = "`iptables-save` prints one rule a line, beginning with `-A CHAIN`";
                return self.error(span, "this line is no rule", "not understood", help);
            }
        };
        let Self { rules: RuleSet { tables, family }, table: Some(table), notes, .. } = self else {
            return self.outside(span);
        };
        let Some(table) = tables.get_mut(table) else { return };
        let parsed = options::Options::of(rest);
        let mut unclear = Vec::new();
        let conditions = matches::conditions(&parsed, *family, &mut unclear);
        let target = targets::target(&parsed, |name| table.chains.contains_key(name), &mut unclear);
        notes.extend(unclear.into_iter().map(|text| Note { line: number, text }));
        let rule = Rule { conditions, target, line: number, text: line.to_owned() };
        table.chains.entry(name).or_insert_with(Chain::default).rules.push(rule);
    }

    /// Finds chains that ask each other in a circle.
    fn circles(&mut self) {
        for (table, chains) in &self.rules.tables {
            let asks = |name: &str| {
                let rules = chains.chains.get(name).map_or(&[] as &[Rule], |chain| &chain.rules);
                rules.iter().filter_map(|rule| match &rule.target {
                    Target::Jump(to) | Target::Goto(to) => Some(to.as_str()),
                    _ => None,
                })
            };
            // Kahn's way: chains that nobody asks are taken away until none is left, or only circles.
            let mut asked: std::collections::BTreeMap<&str, usize> =
                chains.chains.keys().map(|name| (name.as_str(), 0)).collect();
            for name in chains.chains.keys() {
                asks(name).for_each(|to| *asked.entry(to).or_default() += 1);
            }
            let mut free: Vec<&str> =
                asked.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
            let mut left = asked.len();
            let mut depths: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
            while let Some(name) = free.pop() {
                left -= 1;
                let depth = depths.get(name).copied().unwrap_or_default() + 1;
                if depth == MOST_NESTED + 1 {
                    let message =
                        format!("chains of table `{table}` ask each other {MOST_NESTED} deep and deeper");
                    let error =
                        Diagnostic::error(UNREADABLE, message, Span::default()).here("in this rule set");
                    self.errors.push(error.help("the kernel follows 16 (nftables), and no person more"));
                }
                for to in asks(name) {
                    let known = depths.entry(to).or_default();
                    *known = depth.max(*known);
                    if let Some(count) = asked.get_mut(to) {
                        *count -= 1;
                        if *count == 0 {
                            free.push(to);
                        }
                    }
                }
            }
            if left > 0 {
                let circle: Vec<String> = asked
                    .iter()
                    .filter(|(_, count)| **count > 0)
                    .map(|(name, _)| format!("`{name}`"))
                    .collect();
                let message =
                    format!("chains of table `{table}` ask each other in a circle: {}", circle.join(", "));
                let error = Diagnostic::error(UNREADABLE, message, Span { start: 0, end: 0 })
                    .here("in this rule set")
                    .help("the kernel refuses such a rule set (`Too many levels of symbolic links`)");
                self.errors.push(error);
            }
        }
    }
}
