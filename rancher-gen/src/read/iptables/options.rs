//! A rule's words, and its options with the module that each belongs to.

use rancher_topology::packet::Family;

use super::values;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether it was quoted: then it is a value, however it looks.
    pub(super) quoted: bool,
}

impl Word {
    /// The only family that a rule is for, if this says so.
    pub(super) fn family(&self) -> Option<Family> {
        if self.quoted { None } else { family(&self.text) }
    }
}

fn family(name: &str) -> Option<Family> {
    match name {
        "-4" | "--ipv4" => Some(Family::V4),
        "-6" | "--ipv6" => Some(Family::V6),
        _ => None,
    }
}

/// The words of a line. Double quotes hold blanks; a backslash in them takes the next character as it is.
pub(super) fn words(line: &str) -> Result<Vec<Word>, &'static str> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut word = Word { text: String::new(), quoted: false };
        if chars.peek().is_none() {
            return Ok(words);
        }
        while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
            if c != '"' {
                word.text.push(c);
                continue;
            }
            word.quoted = true;
            loop {
                match chars.next() {
                    Some('"') => break,
                    Some('\\') => word.text.extend(chars.next()),
                    Some(c) => word.text.push(c),
                    None => return Err("a quote is not closed"),
                }
            }
        }
        words.push(word);
    }
}

/// The options of a rule, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Options {
    /// The families that it is said to be for; for any if there are none.
    pub(super) families: Vec<Family>,
    /// What stands before any module.
    pub(super) own: Vec<Given>,
    /// The modules that it matches with, each with its options. What belongs to the protocol's module without its name
    /// stands in a module of the protocol's name.
    pub(super) modules: Vec<(String, Vec<Given>)>,
    /// The target's name and options, and whether it is gone to (`-g`).
    pub(super) target: Option<(String, Vec<Given>, bool)>,
}

/// An option with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) negated: bool,
    /// As it was written: `--dport`.
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

impl Given {
    /// Whether what follows is its value, however it looks: `iptables-save` prints `--comment -j` without quotes.
    fn awaits_text(&self) -> bool {
        const TEXTS: [&str; 23] = [
            "-i",
            "--in-interface",
            "-o",
            "--out-interface",
            "--comment",
            "--log-prefix",
            "--nflog-prefix",
            "--ulog-prefix",
            "--string",
            "--hex-string",
            "--helper",
            "--led-trigger-id",
            "--selctx",
            "--name",
            "--hashlimit-name",
            "--label",
            "--rateest-name",
            "--rateest",
            "--rateest1",
            "--rateest2",
            "--nfacct-name",
            "--path",
            "--genre",
        ];
        self.values.is_empty() && TEXTS.contains(&self.name.as_str())
    }

    fn is_port_list(&self) -> bool {
        let is_port =
            matches!(self.name.as_str(), "--sport" | "--dport" | "--source-port" | "--destination-port");
        is_port && self.value().is_some_and(|ports| ports.contains(','))
    }

    /// The only value.
    pub(super) fn value(&self) -> Option<&str> {
        match self.values.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl std::fmt::Display for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.negated { "! " } else { "" })?;
        f.write_str(&self.name)?;
        self.values.iter().try_for_each(|value| write!(f, " {value}"))
    }
}

/// The options that no module has.
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "-s" | "--source"
            | "--src"
            | "-d"
            | "--destination"
            | "--dst"
            | "-i"
            | "--in-interface"
            | "-o"
            | "--out-interface"
            | "-p"
            | "--protocol"
            | "-f"
            | "--fragment"
            | "-c"
            | "--set-counters"
    )
}

impl Options {
    pub(super) fn of(words: &[Word]) -> Self {
        let mut options = Self::default();
        for mut given in all(words) {
            // That module has an option `--proto` of its own.
            let is_other = options.modules.last().is_none_or(|(module, _)| module != "policy");
            if let Some(name) = whole(&given.name).filter(|_| is_other) {
                name.clone_into(&mut given.name);
            }
            if let Some(family) = family(&given.name) {
                options.families.push(family);
                continue;
            }
            match given.name.as_str() {
                "-m" | "--match" => {
                    options.modules.push((given.values.first().cloned().unwrap_or_default(), Vec::new()));
                }
                "-j" | "--jump" | "-g" | "--goto" => {
                    let goes = given.name == "-g" || given.name == "--goto";
                    options.target =
                        Some((given.values.first().cloned().unwrap_or_default(), Vec::new(), goes));
                }
                name if is_own(name) => options.own.push(given),
                name if is_of_protocol(name) => match options.modules.last_mut() {
                    // `--dport` is `--dports` cut short.
                    Some((module, of_module)) if module == "multiport" && given.is_port_list() => {
                        of_module.push(Given { name: format!("{}s", given.name), ..given });
                    }
                    _ => options.of_protocol(given),
                },
                _ => {
                    if let Some((_, of_target, _)) = &mut options.target {
                        of_target.push(given);
                    } else if let Some((_, of_module)) = options.modules.last_mut() {
                        of_module.push(given);
                    } else {
                        options.of_protocol(given);
                    }
                }
            }
        }
        options
    }

    /// The option with which asking for something sets the packet's mark, if it is there (`net/netfilter/xt_socket.c`).
    pub(super) fn marks(&self) -> Option<String> {
        let all = self.modules.iter().flat_map(|(_, given)| given);
        all.map(|given| &given.name)
            .find(|name| name.len() > 3 && "--restore-skmark".starts_with(*name))
            .cloned()
    }

    /// An option that no module has, in a rule without a target: it may be one (`-jDROP`).
    pub(super) fn may_have_target(&self) -> Option<String> {
        let (_, given) = self.modules.iter().find(|(name, _)| name.is_empty())?;
        given.first().filter(|_| self.target.is_none()).map(ToString::to_string)
    }

    /// An option that the protocol's module knows, wherever it stands: what stands before it may be another module's or a
    /// target's (`getopt` asks every module that was named, and the protocol's).
    fn of_protocol(&mut self, given: Given) {
        let protocol = self.own.iter().find(|own| matches!(own.name.as_str(), "-p" | "--protocol"));
        let protocol =
            protocol.and_then(|own| own.values.first()).map(|word| module_of(word)).unwrap_or_default();
        let is_named = |(name, _): &&mut (String, Vec<Given>)| PROTOCOLS.contains(&name.as_str());
        match self.modules.iter_mut().rfind(is_named) {
            Some((_, of_module)) => of_module.push(given),
            None => self.modules.push((protocol, vec![given])),
        }
    }
}

/// The module of a protocol that is written in some way.
fn module_of(word: &str) -> String {
    let name = match values::protocol(word) {
        Some(1) => "icmp",
        Some(6) => "tcp",
        Some(17) => "udp",
        Some(33) => "dccp",
        Some(58) => "icmp6",
        Some(132) => "sctp",
        Some(136) => "udplite",
        _ => word,
    };
    name.to_owned()
}

/// The modules of protocols.
const PROTOCOLS: [&str; 9] =
    ["tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmp6", "icmpv6", "ipv6-icmp"];

/// Options that no module but a protocol's has.
fn is_of_protocol(name: &str) -> bool {
    matches!(
        name,
        "--sport"
            | "--source-port"
            | "--dport"
            | "--destination-port"
            | "--tcp-flags"
            | "--syn"
            | "--tcp-option"
            | "--icmp-type"
            | "--icmpv6-type"
            | "--chunk-types"
            | "--dccp-types"
            | "--dccp-option"
    )
}

fn all(words: &[Word]) -> Vec<Given> {
    let mut all: Vec<Given> = Vec::new();
    let mut negated = false;
    let is_option = |word: &Word| {
        let begins = !word.quoted && word.text.len() > 1 && word.text.starts_with('-');
        begins && (!is_number(&word.text) || word.family().is_some())
    };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        if !word.quoted && word.text == "!" {
            let before_option = words.peek().is_some_and(|next| is_option(next));
            match all.last_mut() {
                // The way of old versions: `-s ! 10.0.0.1`.
                Some(last) if !before_option && last.values.is_empty() => last.negated = true,
                _ => negated = true,
            }
        } else if is_option(word) && !all.last().is_some_and(Given::awaits_text) {
            // `--dport=22` is `--dport 22`.
            let (name, value) = match word.text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ => (word.text.as_str(), None),
            };
            let values = value.map(str::to_owned).into_iter().collect();
            all.push(Given { negated: std::mem::take(&mut negated), name: name.to_owned(), values });
        } else if let Some(last) = all.last_mut() {
            last.values.push(word.text.clone());
        } else {
            all.push(Given { negated: false, name: word.text.clone(), values: Vec::new() });
        }
    }
    all
}

/// The name of an option that is cut short, if there is one that begins so (`getopt_long`).
fn whole(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 11] = [
        "--destination",
        "--destination-port",
        "--fragment",
        "--goto",
        "--in-interface",
        "--jump",
        "--match",
        "--out-interface",
        "--protocol",
        "--source",
        "--source-port",
    ];
    let mut longer = NAMES.into_iter().filter(|long| long.starts_with(name));
    match (longer.next(), longer.next()) {
        (only, None) if name.len() > 4 => only,
        _ => None,
    }
}

fn is_number(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}
