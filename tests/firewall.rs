//! The rendered rules and sets, read by the programs of both back ends, and by the table of what old ones know.
#![allow(clippy::unwrap_used, clippy::case_sensitive_file_extension_comparisons)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

mod support;
use rancher_gen::output::{Rendered, Selection, render};
use rancher_gen::template::Templates;
use support::examples::{AS_WRITTEN, HARDENED, file, rendered, topology};
use support::netns::Namespace;
use support::tools::{feed, run};

/// The restoring programs by family, for both back ends.
const RESTORE: [(&str, &str); 4] = [
    ("v4", "iptables-nft-restore"),
    ("v4", "iptables-legacy-restore"),
    ("v6", "ip6tables-nft-restore"),
    ("v6", "ip6tables-legacy-restore"),
];

/// A cluster of so many nodes that all talk to each other.
fn fleet(nodes: usize) -> String {
    format!(
        "name: fleet\nnetwork:\n  name: net\n  provider: plain\n  cidr: 10.0.0.0/8\n  subnets:\n    all: {{cidr: 10.0.0.0/16}}\n\
         nodes:\n  node: {{count: {nodes}, first-address: {{all: 10.0.1.7}}, os: debian-12, engine: docker-24.0, groups: members}}\n\
         security-groups:\n  members:\n    inbound:\n      - {{port: 22/tcp, from: 10.0.0.0/24, purpose: ssh}}\n      \
         - {{port: 2380/tcp, from: self, purpose: peers}}\n      - {{port: 8472/udp, from: self, purpose: overlay}}\n"
    )
}

/// The firewall of a topology and nothing else of it.
fn firewall(text: &str) -> Rendered {
    let only = Selection { only: vec!["iptables"], node: None };
    render(&topology(text), &Templates::embedded(), &only).unwrap()
}

fn load_sets(namespace: &Namespace, tree: &Rendered) {
    for (path, set) in tree.tree.iter() {
        if path.to_string().ends_with(".ipset") {
            feed(namespace.command("ipset").arg("restore"), &set.contents);
        }
    }
}

#[test]
fn every_back_end_takes_the_rules_of_every_node() {
    let namespace = Namespace::new("files");
    for text in [AS_WRITTEN, HARDENED, &fleet(1), &fleet(300)] {
        let tree = firewall(text);
        load_sets(&namespace, &tree);
        let mut files = 0;
        for (path, rules) in tree.tree.iter() {
            let path = path.to_string();
            // All nodes of the fleet have the same rules: its first ten stand for them.
            if path.contains("/node-") && !path.contains("/node-1/") {
                continue;
            }
            for (_, program) in
                RESTORE.iter().filter(|(family, _)| path.ends_with(&format!("rules.{family}")))
            {
                feed(namespace.command(program).args(["--test", "--noflush"]), &rules.contents);
                feed(namespace.command(program).arg("--noflush"), &rules.contents);
                files += 1;
            }
        }
        assert!(files >= 4);
        run(namespace.command("iptables-nft").args(["-t", "mangle", "-F"]));
        run(namespace.command("iptables-legacy").args(["-t", "mangle", "-F"]));
        if text.contains("fleet") {
            run(namespace.command("ipset").arg("destroy"));
        }
    }
}

#[test]
fn a_fleet_of_five_thousand_is_one_set_of_which_nothing_is_lost() {
    let namespace = Namespace::new("fleet");
    let tree = firewall(&fleet(5_000));
    let set = file(&tree.tree, "cluster/iptables/rgen-members.ipset");
    feed(namespace.command("ipset").arg("restore"), set);
    for (family, program) in RESTORE {
        feed(
            namespace.command(program).arg("--noflush"),
            file(&tree.tree, &format!("nodes/node-5000/iptables/rules.{family}")),
        );
    }
    let rules = file(&tree.tree, "nodes/node-5000/iptables/rules.v4");
    assert_eq!(rules.matches("--match-set rgen-members src").count(), 2, "{rules}");
    let asked = |address: &str| {
        namespace.command("ipset").args(["-q", "test", "rgen-members", address]).status().unwrap().success()
    };
    // 10.0.1.7 and the 4,999 that follow it.
    for (address, member) in [
        ("10.0.1.6", false),
        ("10.0.1.7", true),
        ("10.0.10.4", true),
        ("10.0.20.142", true),
        ("10.0.20.143", false),
    ] {
        assert_eq!(asked(address), member, "{address}");
    }
}

#[test]
fn a_set_of_five_thousand_addresses_is_loaded_at_once() {
    // Every second address, so that nothing can be drawn together.
    let namespace = Namespace::new("large");
    let mut pools = String::new();
    for number in 0..5_000_u32 {
        let (third, fourth) = (number / 125, 2 * (number % 125) + 4);
        let _ = write!(
            pools,
            "\n  other-{number}: {{first-address: {{all: 10.0.{third}.{fourth}}}, os: debian-12, engine: docker-24.0, groups: members}}"
        );
    }
    let text = fleet(1)
        .replace("10.0.1.7", "10.0.200.7")
        .replace("\nsecurity-groups:", &format!("{pools}\nsecurity-groups:"));
    let tree = firewall(&text);
    let set = file(&tree.tree, "cluster/iptables/rgen-members.ipset");
    assert_eq!(set.matches("\nadd ").count(), 5_001);
    let begin = Instant::now();
    feed(namespace.command("ipset").arg("restore"), set);
    assert!(begin.elapsed().as_secs() < 10);
    let list = run(namespace.command("ipset").args(["list", "-t", "rgen-members"]));
    assert!(list.contains("Number of entries: 5001"), "{list}");
}

/// The comments of a rule set as `iptables-save` prints them.
fn comments(saved: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in saved.lines().filter(|line| line.starts_with("-A RANCHER-GEN-HOST")) {
        let Some((_, rest)) = line.split_once("--comment ") else { continue };
        let mut word = String::new();
        let mut chars = rest.chars();
        let quoted = rest.starts_with('"');
        if quoted {
            chars.next();
        }
        while let Some(c) = chars.next() {
            match c {
                '\\' => word.extend(chars.next()),
                '"' if quoted => break,
                ' ' if !quoted => break,
                c => word.push(c),
            }
        }
        found.push(word);
    }
    found
}

#[test]
fn a_purpose_of_any_characters_is_read_back_as_it_was() {
    let purposes = [
        "say \"hello\" 'there'".to_owned(),
        "back\\slash \\\" and \\n".into(),
        "100 % ${HOME} $(id) `id` %i %%".into(),
        "🦀".repeat(50),
        "-j ACCEPT".into(),
        "!".into(),
        "# nothing".into(),
        " blanks at both ends ".into(),
        "COMMIT".into(),
        "*mangle".into(),
        "\u{e9}\u{5d0}\u{4e2d}".into(),
        "\\".into(),
        "\"".into(),
    ];
    let mut rules = String::new();
    for (number, purpose) in purposes.iter().enumerate() {
        let quoted = serde_json::to_string(purpose).unwrap();
        let _ =
            writeln!(rules, "      - {{port: {}/tcp, from: 10.0.0.0/24, purpose: {quoted}}}", number + 100);
        let _ =
            writeln!(rules, "      - {{port: {}/tcp, from: \"fd00::/64\", purpose: {quoted}}}", number + 100);
    }
    let long = "a".repeat(63);
    let text = (fleet(300)
        + &rules
        + &format!("      - {{port: 99/tcp, from: self, purpose: {}}}\n", "🦀".repeat(50)))
        .replace("members", &long);
    let tree = firewall(&text);
    let namespace = Namespace::new("purposes");
    load_sets(&namespace, &tree);
    for (family, program) in RESTORE {
        let rules = file(&tree.tree, &format!("nodes/node-1/iptables/rules.{family}"));
        feed(namespace.command(program).arg("--test"), rules);
        feed(namespace.command(program).arg("--noflush"), rules);
        let saved = run(namespace.command(&program.replace("restore", "save")).args(["-t", "mangle"]));
        let found = comments(&saved);
        let own: Vec<&String> = found.iter().filter(|comment| purposes.contains(comment)).collect();
        assert_eq!(own, purposes.iter().collect::<Vec<_>>(), "{program}\n{saved}");
        if family == "v4" {
            // Two hundred bytes, ` from ` and the name are more than a comment can hold: it is cut at a character.
            let cut = found
                .iter()
                .find(|comment| comment.starts_with("🦀") && comment.contains(" from aaa"))
                .unwrap();
            assert!(cut.ends_with("a…") && cut.len() <= 255, "{} {cut}", cut.len());
        }
    }
}

/// What came to these programs after CentOS 7, and what has to be used in its place.
///
/// Sources: the release notes of iptables (<https://www.netfilter.org/projects/iptables/>: 1.6.0, 1.6.2) and of ipset
/// (its ChangeLog), `ip6tables-restore(8)` and `iptables(8)` of 1.4.21, systemd's NEWS, bash's CHANGES (4.3 to 5.1), git's
/// and iproute2's man pages of kernel 3.10.
const TOO_NEW: [(&str, &str); 21] = [
    ("iptables-restore -w", "1.6.2"),
    ("iptables-restore --wait", "1.6.2"),
    ("--wait-interval", "iptables 1.6.0"),
    ("-w 1", "iptables 1.6.0: -w takes no seconds before"),
    ("-w 5", "iptables 1.6.0: -w takes no seconds before"),
    ("-m cgroup --path", "iptables 1.6.0"),
    ("--random-fully", "iptables 1.6.2"),
    ("bucketsize", "ipset 7.7"),
    ("initval", "ipset 7.7"),
    ("--wildcard", "ipset 7.4"),
    ("ip -j", "iproute2 4.14"),
    ("ip -br", "iproute2 4.1"),
    ("enable --now", "systemd 220"),
    ("disable --now", "systemd 220"),
    ("systemd-run --wait", "systemd 232"),
    ("--collect", "systemd 236"),
    ("wait -n", "bash 4.3"),
    ("local -n", "bash 4.3"),
    ("declare -n", "bash 4.3"),
    ("mapfile -d", "bash 4.4"),
    ("EPOCHSECONDS", "bash 5.0"),
];

#[test]
fn scripts_and_rules_for_centos_7_use_what_it_knows() {
    let tree = rendered(HARDENED).tree;
    let mut read = 0;
    for (path, file) in tree.iter() {
        let path = path.to_string();
        if !path.contains("/mgmt-host-1/") || path.contains("compose") {
            continue;
        }
        read += 1;
        for (number, line) in file.contents.lines().enumerate() {
            for (words, since) in TOO_NEW {
                assert!(
                    !line.contains(words),
                    "{path}:{}: {words} is known since {since}\n{line}",
                    number + 1
                );
            }
        }
        if path.ends_with(".sh") {
            old_bash_can_read(&path, &file.contents);
        }
    }
    assert!(read > 10);
}

/// bash 4.2: no `${x@Q}` (4.4), and under `set -u` an empty array is unset, so it is expanded as `${a[@]+"${a[@]}"}`.
fn old_bash_can_read(path: &str, text: &str) {
    for (number, line) in text.lines().enumerate() {
        let transformed = line.split("${").skip(1).any(|rest| {
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            rest[name.len()..].starts_with('@') && !name.is_empty()
        });
        assert!(!transformed, "{path}:{}: ${{x@…}} is known since bash 4.4\n{line}", number + 1);
        for (position, _) in line.match_indices("[@]}\"") {
            let begin = line[..position].rfind("\"${").unwrap();
            let name = &line[begin + 3..position];
            let guarded = line[..begin].ends_with(&format!("${{{name}[@]+"));
            // An array that is made with something in it, or of which the line says that it has something.
            let made_full = text.contains(&format!(" {name}=(/")) || text.contains(&format!("\n{name}=(s"));
            let never_empty = line.contains("# never empty") || made_full;
            assert!(guarded || never_empty, "{path}:{}: {name} may be empty\n{line}", number + 1);
        }
    }
}

#[test]
fn every_rendered_script_passes_shellcheck() {
    let folder = tempfile::tempdir().unwrap();
    let (mut scripts, mut confs) = (BTreeSet::new(), BTreeSet::new());
    for text in [AS_WRITTEN, HARDENED, &fleet(2)] {
        for (path, file) in rendered(text).tree.iter() {
            let path = path.to_string();
            if path.ends_with(".sh") {
                scripts.insert(file.contents.to_string());
            } else if path.starts_with("nodes/") && path.ends_with(".conf") && !path.contains("/systemd/") {
                confs.insert(file.contents.to_string());
            }
        }
    }
    // Most are the same on every node.
    assert!(scripts.len() >= 3 && confs.len() >= 6, "{} {}", scripts.len(), confs.len());
    let shellcheck = |texts: BTreeSet<String>, words: &[&str]| {
        let mut command = support::tools::program("shellcheck");
        command.args(words);
        for (number, text) in texts.iter().enumerate() {
            let path = folder.path().join(format!("{}-{number}", words.len()));
            fs::write(&path, text).unwrap();
            command.arg(path);
        }
        run(&mut command);
    };
    shellcheck(scripts, &["--severity=style"]);
    // A `.conf` is read by bash and has no line of its own that says so; what it sets is used by whoever reads it.
    shellcheck(confs, &["--shell=bash", "--exclude=SC2034,SC1091"]);
}
