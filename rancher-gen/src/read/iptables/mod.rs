//! What `iptables-save`, `ip6tables-save` and `iptables -S` print (`man iptables-save`, `man iptables-extensions`).

mod circles;
mod conntrack;
mod loads;
mod matches;
mod options;
mod protocols;
mod targets;
pub(super) mod values;

use rancher_topology::netfilter::{Chain, Condition, Policy, Rule, RuleSet, Table, Target};
use rancher_topology::packet::Family;
use rancher_topology::{Diagnostic, Span};

use options::{Word, words};

/// The id of everything that keeps a rule set from being read.
const UNREADABLE: &str = "unreadable-rule-set";

/// The tables that there are.
const TABLES: [&str; 5] = ["raw", "mangle", "nat", "filter", "security"];

/// The chains that no person made.
const CHAINS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/// A rule set as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The rule set.
    pub rules: RuleSet,
    /// What was not understood in it, and is taken to match or not.
    pub notes: Vec<Note>,
    /// What the text itself has that a reader may not expect: that it has a table twice, or something of the other family.
    pub remarks: Vec<Note>,
    /// Whether the text has rules of the other family, which are not among these.
    pub has_left_out: bool,
    /// Whether there may be rules that are not in the text: it is cut off, or says so. Two such texts need not be the same,
    /// though their rules are.
    pub has_more: bool,
}

/// Something that was not understood: it is bounded from both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The line, from 1.
    pub line: usize,
    /// What: `-m geoip --src-cc DE`.
    pub text: String,
}

/// Reads a rule set, as `iptables-save` or `iptables -S` prints it, or a file for `iptables-restore`. The family is taken
/// from what the text has in it, if it is not told.
///
/// Of several texts after one another those of the other family are left out, and of a table that stands there twice the
/// last one counts, as `iptables-restore` takes them. If the two are of the two back ends, both are in force on a host: what
/// the first one does is not known then.
///
/// A table without `COMMIT` may go on: what reaches the end of one of its chains may become anything, and so may, where
/// that is the end of the text, what asks a table that is not there. A last line without an end is not read then.
///
/// # Errors
/// All lines that are not of this format, and chains that jump to each other in a circle (the kernel refuses these).
pub fn read(text: &str, family: Option<Family>) -> Result<Read, Vec<Diagnostic>> {
    let lines: Vec<&str> = text.split('\n').collect();
    if let Some(wrong) = is_none(&lines).or_else(|| family.is_none().then(|| of_both(text)).flatten()) {
        return Err(vec![wrong]);
    }
    let family = family.unwrap_or_else(|| family_of(text));
    let mut reader = Reader {
        words: text.split(|c: char| c.is_whitespace() || matches!(c, '=' | '"')).collect(),
        rules: RuleSet { family, tables: std::collections::BTreeMap::new() },
        notes: Vec::new(),
        remarks: Vec::new(),
        texts_left_out: 0,
        gaps: 0,
        elsewhere: None,
        errors: Vec::new(),
        table: None,
        is_open: false,
        is_list: !lines.iter().any(|line| line.trim_start().starts_with('*')),
        left_out: false,
        by_nft: None,
        back_ends: std::collections::BTreeMap::new(),
    };
    for (number, _, span) in super::lines(text) {
        reader.line(&lines, number - 1, span);
    }
    reader.end(lines.len(), true);
    reader.elsewhere();
    reader.without_policy();
    if reader.errors.is_empty() && reader.rules.tables.is_empty() {
        let nothing = Diagnostic::error(UNREADABLE, "no table is in this text", Span { start: 0, end: 0 })
            .here("`*filter` was looked for")
            .help("give what `iptables-save` printed");
        reader.errors.push(nothing);
    }
    reader.errors.extend(circles::circles(&reader.rules));
    if reader.errors.is_empty() {
        Ok(Read {
            rules: reader.rules,
            notes: reader.notes,
            remarks: reader.remarks,
            has_left_out: reader.texts_left_out > 0,
            has_more: reader.gaps > 0,
        })
    } else {
        Err(reader.errors)
    }
}

/// That a text is none of these, where no line is: one mistake, and not one for each line.
fn is_none(lines: &[&str]) -> Option<Diagnostic> {
    let words = |line: &str| line.trim().trim_start_matches('\u{feff}').to_owned();
    let is_rule = |line: &&str| {
        let line = words(line);
        line.starts_with(['*', ':', '-']) && !line.starts_with("- ") && line != "---" || line == "COMMIT"
    };
    let mut start = 0;
    let mut first = None;
    for line in lines {
        if first.is_none() && !words(line).is_empty() && !words(line).starts_with('#') {
            first = Some(Span { start, end: start + line.len() });
        }
        start += line.len() + 1;
    }
    let first = first.filter(|_| !lines.iter().any(is_rule))?;
    let wrong = Diagnostic::error(UNREADABLE, "this is no rule set of iptables", first);
    Some(wrong.here("`*filter` was looked for").help("give what `iptables-save` printed"))
}

/// That addresses of both families are in a text that does not name one: nobody can tell which rules are of which.
fn of_both(text: &str) -> Option<Diagnostic> {
    let names_one =
        |line: &str| is_of_either(line) || line.trim().strip_prefix('#').and_then(family_named).is_some();
    if text.lines().any(names_one) {
        return None;
    }
    let mut found: [Option<Span>; 2] = [None, None];
    for (_, line, span) in super::lines(text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in
            words.windows(2).filter(|pair| matches!(pair[0], "-s" | "-d" | "--source" | "--destination"))
        {
            let address = pair[1].split('/').next().unwrap_or_default();
            match address.parse::<std::net::IpAddr>() {
                Ok(std::net::IpAddr::V4(_)) => _ = found[0].get_or_insert(span),
                Ok(std::net::IpAddr::V6(_)) => _ = found[1].get_or_insert(span),
                Err(_) => {}
            }
        }
    }
    let [Some(v4), Some(v6)] = found else { return None };
    let wrong =
        Diagnostic::error(UNREADABLE, "rules of both families are in this text, and no line names one", v6);
    let wrong = wrong.here("IPv6 here").also(v4, "IPv4 here");
    Some(wrong.help("give the two texts one by one, or with the lines `# Generated by ip6tables-save` that the program prints"))
}

/// The family that the first line of a printed text names, or its addresses.
fn family_of(text: &str) -> Family {
    let lines: Vec<&str> = text.split('\n').collect();
    let named = lines.iter().find_map(|line| family_named(line.trim().strip_prefix('#')?));
    let first = || {
        let mut starts = (0..lines.len()).filter(|at| is_of_either(lines[*at]));
        let (first, second) = (starts.next()?, starts.next()?);
        Some(told(&lines[first..second]).unwrap_or(Family::V4))
    };
    named.or_else(first).or_else(|| told(&lines)).unwrap_or(Family::V4)
}

/// The family that rules tell by what they ask for.
fn told(lines: &[&str]) -> Option<Family> {
    let of_word = |word: &str| {
        let address = word.split('/').next().unwrap_or_default().parse::<std::net::IpAddr>();
        match (word, address) {
            ("ipv6-icmp" | "icmp6" | "icmpv6", _) => Some(Family::V6),
            (_, Ok(address)) => Some(Family::of(address)),
            _ => None,
        }
    };
    let rules = || lines.iter().filter(|line| line.contains("-A"));
    let mut told = rules().flat_map(|line| line.split_whitespace()).filter_map(of_word).peekable();
    let first = *told.peek()?;
    Some(if told.any(|family| family == Family::V6) { Family::V6 } else { first })
}

/// Whether a line begins what the back end nft printed of a family that it does not name (iptables 1.8.0 to 1.8.2).
fn is_of_either(line: &str) -> bool {
    line.trim()
        .strip_prefix('#')
        .is_some_and(|comment| comment.trim().starts_with("Generated by xtables-save"))
}

/// The family whose program a comment names.
fn family_named(comment: &str) -> Option<Family> {
    if !comment.contains("Generated by") || comment.contains("xtables-save") {
        return None;
    }
    comment.contains("tables").then(|| if comment.contains("ip6tables") { Family::V6 } else { Family::V4 })
}

struct Reader<'t> {
    /// All words of the text, wherever they stand.
    words: std::collections::HashSet<&'t str>,
    rules: RuleSet,
    notes: Vec<Note>,
    remarks: Vec<Note>,
    texts_left_out: usize,
    /// In how many places rules are missing: the text is cut off, or says so.
    gaps: usize,
    /// The line that says that there are rules elsewhere.
    elsewhere: Option<(usize, String)>,
    errors: Vec<Diagnostic>,
    table: Option<String>,
    /// Whether a `COMMIT` has to come.
    is_open: bool,
    /// Whether no table is named, as `iptables -S` prints them.
    is_list: bool,
    /// Whether what stands here is of the other family.
    left_out: bool,
    /// Whether what stands here was printed by the back end nft, if that is told.
    by_nft: Option<bool>,
    /// The back end of each table that was read.
    back_ends: std::collections::BTreeMap<String, bool>,
}

impl Reader<'_> {
    fn line(&mut self, lines: &[&str], at: usize, span: Span) {
        let (number, line) = (at + 1, lines[at].trim().trim_start_matches('\u{feff}'));
        if line.starts_with('#') {
            let family = is_of_either(line).then(|| self.family_at(lines, at));
            self.comment(number, line, family);
        } else if self.left_out || line.is_empty() || self.is_cut(lines, at) {
        } else if let Some(table) = line.strip_prefix('*') {
            self.end(number, false);
            self.begin(table.trim(), number);
            self.is_open = true;
        } else if let Some(chain) = line.strip_prefix(':') {
            self.chain(chain, span);
        } else if line == "COMMIT" {
            (self.table, self.is_open) = (None, false);
        } else {
            if self.is_list && begins_list(lines, at, self.table.is_none()) {
                self.begin(table_of(&lines[at..]), number);
            }
            self.command(number, line, span);
        }
    }

    /// Begins a table.
    fn begin(&mut self, name: &str, line: usize) {
        let mut table = Table::default();
        let before = self.rules.tables.remove(name);
        if let Some(before) = before {
            let other =
                self.by_nft.is_some_and(|nft| self.back_ends.get(name).is_some_and(|was| *was != nft));
            if other {
                let text = format!("table `{name}` of the other back end, which stands before this one");
                table = Self::unknown(&text, line);
                self.gaps += 1;
                self.notes.push(Note { line, text });
            } else if before != Table::default() {
                // `iptables-legacy-restore` leaves a policy as it is that is not said again, and the other one does not.
                let dropping =
                    before.chains.into_iter().filter(|(_, chain)| chain.policy == Some(Policy::Drop));
                table.chains.extend(dropping.map(|(name, _)| (name, Chain::default())));
                let text = format!("table `{name}` stands here again, and only the last one counts");
                self.remarks.push(Note { line, text });
            }
        }
        if let Some(nft) = self.by_nft {
            self.back_ends.insert(name.to_owned(), nft);
        }
        self.rules.tables.insert(name.to_owned(), table);
        self.table = Some(name.to_owned());
    }

    /// Whether a line has no end, where the text may be cut off: what it says is not known then.
    fn is_cut(&self, lines: &[&str], at: usize) -> bool {
        self.is_open && at + 1 == lines.len() && lines[at].trim() != "COMMIT"
    }

    /// The end of a table; of the text too, or of what one program printed, if it is the last one.
    fn end(&mut self, line: usize, is_last: bool) {
        let (true, Some(name)) = (std::mem::take(&mut self.is_open), self.table.take()) else { return };
        self.gaps += 1;
        let text = format!("what follows the end of table `{name}`, which has no COMMIT: it may be cut off");
        let missing = TABLES.iter().filter(|other| is_last && !self.rules.tables.contains_key(**other));
        for other in missing.copied().collect::<Vec<_>>() {
            self.rules.tables.insert(other.to_owned(), Self::unknown(&text, line));
            if let Some(nft) = self.by_nft {
                self.back_ends.insert(other.to_owned(), nft);
            }
        }
        if let Some(table) = self.rules.tables.get_mut(&name) {
            for chain in CHAINS {
                table.chains.entry(chain.to_owned()).or_default().policy.get_or_insert(Policy::Accept);
            }
            table.chains.values_mut().for_each(|chain| chain.rules.push(Self::anything(&text, line)));
        }
        self.notes.push(Note { line, text });
    }

    /// A rule that may do anything.
    fn anything(text: &str, line: usize) -> Rule {
        let target = Target::Unknown(text.to_owned());
        Rule { conditions: Vec::new(), target, loads: Vec::new(), line, text: text.to_owned() }
    }

    /// A table of which nothing is known: it may do anything.
    fn unknown(text: &str, line: usize) -> Table {
        let chain = || Chain { policy: Some(Policy::Accept), rules: vec![Self::anything(text, line)] };
        Table { chains: CHAINS.map(|name| (name.to_owned(), chain())).into() }
    }

    /// Rules that are not in this text come before and between these, and may do anything.
    fn elsewhere(&mut self) {
        let Some((line, text)) = self.elsewhere.take() else { return };
        let raw = self.rules.tables.entry("raw".to_owned()).or_default();
        for name in CHAINS {
            let chain = raw.chains.entry(name.to_owned()).or_default();
            chain.policy.get_or_insert(Policy::Accept);
            chain.rules.insert(0, Self::anything(&text, line));
        }
    }

    /// What becomes of the rest in a built-in chain whose policy is not in the text, which `iptables-restore` leaves as it is.
    /// That of nat is ACCEPT, as `iptables` takes no other one there (`do_command4`).
    fn without_policy(&mut self) {
        for (name, table) in self.rules.tables.iter_mut().filter(|(name, _)| *name != "nat") {
            let open = table
                .chains
                .iter_mut()
                .filter(|(name, chain)| CHAINS.contains(&name.as_str()) && chain.policy.is_none());
            for (chain_name, chain) in open {
                chain.policy = Some(Policy::Accept);
                let line = chain.rules.last().map_or(1, |rule| rule.line);
                let text = format!("the policy of chain `{chain_name}` in table `{name}` is not in the text");
                let conditions = vec![Condition::Unseen { text: text.clone(), fields: Vec::new() }];
                self.notes.push(Note { line, text: text.clone() });
                chain.rules.push(Rule { conditions, target: Target::Drop, loads: Vec::new(), line, text });
            }
        }
    }

    /// The family of what a program printed from a line on without saying which: what its rules tell, or the other one than
    /// what has the same tables and stands before it.
    fn family_at(&self, lines: &[&str], at: usize) -> Family {
        let rest = &lines[at + 1..];
        let end = rest.iter().position(|line| is_of_either(line)).unwrap_or(rest.len());
        let is_again = |line: &&str| {
            let table = line.trim().strip_prefix('*');
            table.is_some_and(|name| self.rules.tables.contains_key(name.trim()))
        };
        told(&rest[..end]).unwrap_or_else(|| match (rest[..end].iter().any(is_again), self.rules.family) {
            (true, Family::V4) => Family::V6,
            (true, Family::V6) => Family::V4,
            // One program printed all of one family before another the rest.
            (false, Family::V4) if self.left_out => Family::V6,
            (false, Family::V6) if self.left_out => Family::V4,
            (false, own) => own,
        })
    }

    /// What the program tells of the text, and that it did not print: a table that only `nft` can show may do anything.
    fn comment(&mut self, number: usize, line: &str, family: Option<Family>) {
        let text = line.trim_start_matches('#').trim();
        if let Some(family) = family.or_else(|| family_named(text)) {
            let by_nft = Some(text.contains("nf_tables") || text.contains("xtables-save"));
            let is_of_other = family != self.rules.family || self.by_nft != by_nft;
            self.end(number, is_of_other);
            self.left_out = family != self.rules.family;
            self.by_nft = by_nft;
            if self.left_out {
                self.texts_left_out += 1;
                let text = format!("what stands here is of {family}, and is left out");
                self.remarks.push(Note { line: number, text });
            }
        } else if self.left_out {
        } else if text.starts_with("Completed on") && self.is_open {
            // The program was done with the table.
            let table = self.table.take().unwrap_or_default();
            self.is_open = false;
            let text = format!("table `{table}` has no COMMIT, and was printed to its end all the same");
            self.remarks.push(Note { line: number, text });
        } else if let Some(table) = text.strip_prefix("Table `").and_then(|rest| rest.split('\'').next()) {
            self.gaps += 1;
            self.notes.push(Note { line: number, text: text.to_owned() });
            self.rules.tables.insert(table.to_owned(), Self::unknown(text, number));
        } else if text.starts_with("Warning:") {
            self.notes.push(Note { line: number, text: text.to_owned() });
            self.elsewhere = Some((number, text.to_owned()));
            self.gaps += 1;
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

    /// A rule, or what `iptables -S` prints of chains.
    fn command(&mut self, number: usize, line: &str, span: Span) {
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
        // `ip6tables-restore` passes over a rule with `-4`, and the other one over `-6` (`man iptables`).
        while let Some(family) = words.first().and_then(Word::family) {
            if family != self.rules.family {
                return;
            }
            words.remove(0);
        }
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        match texts.as_slice() {
            ["-A" | "--append", name, ..] => self.rule(name, None, &words[2..], (number, line), span),
            ["-I" | "--insert", name, place, ..] if place.parse::<usize>().is_ok() => {
                self.rule(name, place.parse().ok(), &words[3..], (number, line), span);
            }
            ["-I" | "--insert", name, ..] => self.rule(name, Some(1), &words[2..], (number, line), span),
            ["-N" | "--new-chain", name] | ["-P" | "--policy", name, "ACCEPT" | "DROP", ..] => {
                let policy = texts.get(2).unwrap_or(&"-");
                self.chain(&format!("{name} {policy}"), span);
            }
            _ => {
                let help = "`iptables-save` prints one rule a line, beginning with `-A CHAIN`";
                self.error(span, "this line is no rule", "not understood", help);
            }
        }
    }

    /// A rule at the end of a chain, or before the one at a place, counted from 1.
    fn rule(
        &mut self,
        name: &str,
        place: Option<usize>,
        words: &[Word],
        (line, text): (usize, &str),
        span: Span,
    ) {
        let Self { rules: RuleSet { tables, family }, table: Some(of), notes, remarks, words: all, .. } =
            self
        else {
            return self.outside(span);
        };
        let Some(table) = tables.get_mut(of) else { return };
        let parsed = options::Options::of(words);
        if parsed.families.iter().any(|only| only != family) {
            return;
        }
        if !table.chains.contains_key(name) && !CHAINS.contains(&name) {
            let text =
                format!("table `{of}` declares no chain `{name}`: a line `:{name} - [0:0]` is missing");
            remarks.push(Note { line, text });
        }
        let mut unclear = Vec::new();
        let conditions = matches::conditions(&parsed, *family, &|word| all.contains(word), &mut unclear);
        let target = match parsed.marks().or_else(|| parsed.may_have_target()) {
            Some(what) => {
                unclear.push(what.clone());
                Target::Unknown(what)
            }
            None => targets::target(&parsed, |name| table.chains.contains_key(name), &mut unclear),
        };
        let loads = loads::loads(&parsed, &unclear);
        notes.extend(unclear.into_iter().map(|text| Note { line, text }));
        let rule = Rule { conditions, target, loads, line, text: text.to_owned() };
        let rules = &mut table.chains.entry(name.to_owned()).or_insert_with(Chain::default).rules;
        let place = place.map_or(rules.len(), |place| place.saturating_sub(1).min(rules.len()));
        rules.insert(place, rule);
    }
}

/// Whether what `iptables -S` prints of a table begins at a line: the policies of its chains come first.
fn begins_list(lines: &[&str], at: usize, is_first: bool) -> bool {
    let is_policy = |line: &str| line.trim().starts_with("-P");
    is_first || is_policy(lines[at]) && !is_policy(lines[at - 1])
}

/// The table whose chains have the policies that these lines begin with: `iptables -S` does not print its name.
fn table_of(lines: &[&str]) -> &'static str {
    let mut names = Vec::new();
    for line in lines {
        let mut words = line.split_whitespace();
        let (Some("-P"), Some(name)) = (words.next(), words.next()) else { break };
        names.push(name);
    }
    match (names.contains(&"PREROUTING"), names.contains(&"FORWARD"), names.contains(&"POSTROUTING")) {
        (false, ..) => "filter",
        (true, true, _) => "mangle",
        (true, false, true) => "nat",
        (true, false, false) => "raw",
    }
}
