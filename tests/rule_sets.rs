//! Answers about rule sets: they hold for each packet, one by one.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use rancher_gen::read::iptables;
use rancher_topology::netfilter::{
    Change, Filter, Hook, HostFacts, Kind, Known, Packet, RuleSet, Verdict, openings,
};
use rancher_topology::packet::{self, Field, Intervals, State};

mod support;
use support::cli::rancher_gen;
use support::kernel::Family;
use support::rule_sets::{self, INTERFACES};
use support::tools::against_schema;

const RULE_SETS: u64 = 60;

fn schema(of: &str) -> serde_json::Value {
    serde_json::from_str(&rancher_gen(&std::env::temp_dir(), &["schema", of]).out).unwrap()
}

fn random(seed: u64, family: Family) -> RuleSet {
    let random = rule_sets::rule_set(&mut fastrand::Rng::with_seed(seed), family);
    let family = if family == Family::V4 { packet::Family::V4 } else { packet::Family::V6 };
    iptables::read(&random.rules, Some(family)).unwrap().rules
}

/// What is not known is bounded from both sides: the verdict is where a packet lies between the two.
#[test]
fn a_filter_is_two_sets_of_packets() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..RULE_SETS {
        let rules = random(seed, Family::V4);
        let mut filter = Filter::new(&rules, &HostFacts::default(), Hook::Input, &Known::new());
        let [least, most] = filter.bounds();
        assert!(filter.space().difference(least, most).is_empty());
        for last in 0..20 {
            let packet = opening([10, 0, 0, last].into(), [10, 0, last % 3, 1].into());
            let set = filter.set_of(&packet);
            let (certain, possible) =
                (filter.space().difference(set, least), filter.space().intersection(set, most));
            let verdict = match (certain.is_empty(), possible.is_empty()) {
                (true, _) => Verdict::Admitted,
                (_, true) => Verdict::Refused,
                _ => Verdict::Possible,
            };
            assert_eq!(filter.verdict(&packet), verdict, "seed {seed}: {packet:?}");
            seen.insert(verdict);
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

fn one(value: u128) -> Intervals {
    Intervals::from_to(value, value)
}

/// A segment that opens a connection to port 22, of which nothing more is known.
fn opening(source: IpAddr, destination: IpAddr) -> Packet {
    Packet {
        inbound: None,
        outbound: None,
        source,
        destination,
        protocol: 6,
        source_port: None,
        destination_port: Some(22),
        icmp_type: None,
        icmp_code: None,
        tcp_flags: Some(0b10),
    }
}

#[test]
fn a_matrix_says_of_classes_what_is_true_of_each_address() {
    for seed in 0..RULE_SETS {
        for family in [Family::V4, Family::V6] {
            let rules = random(seed, family);
            let mut rng = fastrand::Rng::with_seed(seed);
            let known = openings("22/tcp".parse().unwrap());
            let matrix = Filter::new(&rules, &HostFacts::default(), Hook::Forward, &known).matrix().unwrap();
            let unmarked = Known::from([(Field::Mark, one(0)), (Field::ConnectionMark, one(0))]);
            let mut filter = Filter::new(&rules, &HostFacts::default(), Hook::Forward, &unmarked);
            for _ in 0..60 {
                let (from, to) = (rule_sets::host(&mut rng, family), rule_sets::host(&mut rng, family));
                let class = |address| matrix.class(packet::number(address)).unwrap();
                let said = matrix.verdict(class(from), class(to));
                assert_eq!(said, filter.verdict(&opening(from, to)), "{seed} {family:?} {from} {to}");
            }
            let classes = matrix.classes().len();
            let alike = |a: usize, b: usize| {
                (0..classes).all(|c| {
                    matrix.verdict(a, c) == matrix.verdict(b, c)
                        && matrix.verdict(c, a) == matrix.verdict(c, b)
                })
            };
            let twins = (0..classes).flat_map(|a| (0..a).map(move |b| (a, b))).find(|&(a, b)| alike(a, b));
            assert_eq!(twins, None, "{seed} {family:?}: two classes are alike");
        }
    }
}

#[test]
fn a_change_says_of_each_packet_how_the_answers_differ() {
    let mut seen = [0; 4];
    for seed in 0..RULE_SETS {
        for family in [Family::V4, Family::V6] {
            let (before, after) = (random(seed, family), random(seed + 1000, family));
            let facts = HostFacts::default();
            let mut change = Change::of((&before, &facts), (&after, &facts), Hook::Forward);
            let space = Known::from([(Field::Mark, one(0)), (Field::ConnectionMark, one(0))]);
            let mut was = Filter::new(&before, &facts, Hook::Forward, &space);
            let mut is = Filter::new(&after, &facts, Hook::Forward, &space);
            for (at, kind) in Kind::ALL.into_iter().enumerate() {
                let (differences, _) = change.differences(kind);
                for difference in differences {
                    // What a first packet cannot be, an example cannot show.
                    let new = difference.packets.get(&Field::State);
                    if difference.example.protocol != 6
                        || new.is_some_and(|set| !set.contains(State::New.number()))
                        || difference.example.tcp_flags != Some(0b10)
                        || ![Field::Inbound, Field::Outbound].iter().all(|side| {
                            let named = if *side == Field::Inbound {
                                &difference.example.inbound
                            } else {
                                &difference.example.outbound
                            };
                            difference.packets.contains_key(side) == named.is_some()
                        })
                    {
                        continue;
                    }
                    // Where a box does not say an interface, any will do.
                    let mut example = difference.example;
                    example.inbound.get_or_insert_with(|| INTERFACES[0].to_owned());
                    example.outbound.get_or_insert_with(|| INTERFACES[1].to_owned());
                    let answers = (was.verdict(&example), is.verdict(&example));
                    let right = match kind {
                        Kind::Admits => answers == (Verdict::Refused, Verdict::Admitted),
                        Kind::Refuses => answers == (Verdict::Admitted, Verdict::Refused),
                        Kind::MayAdmit => matches!(
                            answers,
                            (Verdict::Refused | Verdict::Possible, Verdict::Possible)
                                | (Verdict::Possible, Verdict::Admitted)
                        ),
                        Kind::MayRefuse => matches!(
                            answers,
                            (Verdict::Admitted | Verdict::Possible, Verdict::Possible)
                                | (Verdict::Possible, Verdict::Refused)
                        ),
                    };
                    assert!(right, "{seed} {family:?} {kind:?} {example:?}: {answers:?}");
                    seen[at] += 1;
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn a_rule_set_is_equal_to_itself() {
    for seed in 0..RULE_SETS {
        let rules = random(seed, Family::V4);
        let facts = HostFacts::default();
        let change = Change::of((&rules, &facts), (&rules, &facts), Hook::Input);
        assert!(change.is_equal() && !change.may_differ_unseen());
    }
}

const RULES: &str = "\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:lan - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -i eth1 -j lan
-A FORWARD -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -s 198.51.100.7/32 -p tcp -m geoip --source-country DE -j ACCEPT
-A lan -s 10.1.0.0/16 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
";
const ADDRESSES: &str = "\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000
    inet 203.0.113.2/24 brd 203.0.113.255 scope global eth0
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000
    inet 10.1.0.1/16 brd 10.1.255.255 scope global eth1
";

/// A folder with the rule set, the addresses of its host and what a test brings.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("rules.txt", RULES), ("addresses.txt", ADDRESSES)].iter().chain(files) {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_matrix_is_printed_for_people_and_programs() {
    let folder = folder(&[]);
    let ask = |more: &[&str]| {
        let base = ["matrix", "--rules", "rules.txt", "--chain", "FORWARD", "--port", "22/tcp"];
        rancher_gen(folder.path(), &[&base, more].concat())
    };
    let table = ask(&["--interfaces", "addresses.txt"]);
    assert_eq!(table.code, Some(0));
    // Who is in the network of eth1 comes in there; of others it is not known where.
    let expected = "\
class 0: 0.0.0.0-10.0.255.255, 10.2.0.0-192.0.1.255, 192.0.3.0-198.51.100.6, 198.51.100.8-255.255.255.255
class 1: 10.1.0.0/16, 192.0.2.0/24
class 2: 198.51.100.7

class 1 certainly reaches every class
class 2 possibly  reaches every class

Everything else is refused.
";
    assert_eq!(table.out, expected);
    assert_eq!(
        table.err,
        "note: rules.txt:9: not understood, may match or not: -m geoip --source-country DE\n\
         note: \"possibly\" depends on what a packet does not tell, or on sets and addresses that were not given \
         (--ipset, --interfaces); it may be by these rules:\n  \
         rules.txt:9: -A FORWARD -s 198.51.100.7/32 -p tcp -m geoip --source-country DE -j ACCEPT\n"
    );

    let json = ask(&["--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    // Without the addresses, a packet of that network may come in anywhere.
    assert_eq!(value["classes"][1], serde_json::json!(["10.1.0.0/16", "198.51.100.7/32"]));
    assert_eq!(value["verdicts"][1], serde_json::json!(["possibly", "possibly", "possibly"]));
    assert_eq!(value["verdicts"][2][0], "certainly");
    assert_eq!(value["verdicts"][0][2], "refused");
    assert_eq!(value["not-understood"][0]["line"], 9);
    assert_eq!(against_schema(&schema("matrix-rules"), &value), 0);

    let csv = ask(&["--format", "csv"]);
    assert_eq!(csv.out.lines().count(), 10);
    assert!(csv.out.contains("\n192.0.2.0/24,10.1.0.0/16 198.51.100.7/32,certainly\n"), "{}", csv.out);
}

#[test]
fn each_packet_of_a_list_is_answered() {
    let packets = r#"[
        {"iif": "eth0", "src": "192.0.2.1", "dst": "203.0.113.2", "proto": "tcp", "sport": 40000, "dport": 22},
        {"iif": "eth0", "src": "192.0.2.1", "dst": "203.0.113.2", "proto": 6, "sport": 40000, "dport": 23, "flags": "SYN"},
        {"iif": "eth0", "src": "192.0.2.1", "dst": "203.0.113.2", "proto": "tcp", "flags": ["SYN", "ACK"], "dport": 22},
        {"src": "192.0.2.1", "dst": "203.0.113.2", "proto": "tcp"},
        {"iif": "eth0", "src": "192.0.2.1", "dst": "203.0.113.2", "proto": "icmp", "type": 8, "code": 0}
    ]"#;
    let folder = folder(&[
        ("packets.json", packets),
        (
            "wrong.json",
            "[{\"src\": \"10.0.0.1\",\n  \"dst\": 5},\n {\"src\": \"10.0.0.1\", \"dst\": \"10.0.0.2\", \"proto\": \"tcp\", \"dport\": 70000},\n {\"src\": \"10.0.0.1\", \"dst\": \"10.0.0.2\", \"proto\": \"tpc\"}]",
        ),
    ]);
    let base = ["reach", "--rules", "rules.txt", "--chain", "INPUT", "--packets"];
    let text = rancher_gen(folder.path(), &[&base[..], &["packets.json"]].concat());
    assert_eq!((text.code, text.out.as_str()), (Some(0), "admitted\nrefused\nadmitted\npossible\nrefused\n"));
    let json = rancher_gen(folder.path(), &[&base[..], &["packets.json", "--format", "json"]].concat());
    let verdicts: Vec<String> = serde_json::from_str(&json.out).unwrap();
    assert_eq!(verdicts.join("\n") + "\n", text.out);
    let wrong = rancher_gen(folder.path(), &[&base[..], &["wrong.json"]].concat());
    assert_eq!(wrong.code, Some(3));
    // All of them, each in its place.
    for words in [
        "wrong.json:2:",
        "write a list of packets",
        "packet 2: invalid value: integer `70000`, expected a number from 0 to 65535",
        "wrong.json:3:",
        "packet 3: \"tpc\" is no protocol that is known here",
        "wrong.json:4:2",
    ] {
        assert!(wrong.err.contains(words), "{words}: {}", wrong.err);
    }
}

#[test]
fn what_a_new_rule_set_changes_is_said_with_an_example() {
    let new = RULES.replace("-s 192.0.2.0/24", "-s 192.0.2.0/25");
    let other_unknown = RULES.replace("--source-country DE", "--source-country FR");
    let geoip = "-A FORWARD -s 198.51.100.7/32 -p tcp -m geoip --source-country DE -j ";
    let opposite = RULES.replace(
        &format!("{geoip}ACCEPT\n"),
        &format!("{geoip}DROP\n-A FORWARD -s 198.51.100.7/32 -p tcp -j ACCEPT\n"),
    );
    let folder = folder(&[
        ("new.txt", &new),
        ("unknown.txt", &other_unknown),
        ("opposite.txt", &opposite),
        ("empty.txt", ""),
    ]);
    let diff = |new: &str, more: &[&str]| {
        rancher_gen(folder.path(), &[&["diff", "--rules", "rules.txt", new], more].concat())
    };
    let same = diff("rules.txt", &[]);
    assert_eq!(
        (same.code, same.out.as_str()),
        (Some(0), "both admit and refuse the same packets, and send them to the same places\n")
    );
    let changed = diff("new.txt", &[]);
    let expected = "\
they differ

FORWARD: newly refused
  22/tcp from 192.0.2.128/25
    for example tcp 192.0.2.129:40000 → 203.0.113.1:22
";
    assert_eq!((changed.code, changed.out.as_str()), (Some(1), expected));
    let markdown = diff("new.txt", &["--format", "markdown"]);
    assert!(
        markdown.out.contains("### FORWARD: newly refused\n\n- `22/tcp from 192.0.2.128/25`"),
        "{}",
        markdown.out
    );
    let json: serde_json::Value = serde_json::from_str(&diff("new.txt", &["--format", "json"]).out).unwrap();
    assert_eq!(json["result"], "differs");
    assert_eq!(against_schema(&schema("diff-rules"), &json), 0);
    assert_eq!(
        json["chains"][1]["differences"][0]["packets"]["sources"],
        serde_json::json!(["192.0.2.128/25"])
    );
    // The same words, and the opposite done with them.
    let opposite = diff("opposite.txt", &[]);
    assert_eq!(opposite.code, Some(5), "{}", opposite.out);
    let unknown = diff("unknown.txt", &[]);
    assert_eq!(unknown.code, Some(5), "{}", unknown.out);
    let empty = diff("empty.txt", &[]);
    assert_eq!(empty.code, Some(3));
    assert!(empty.err.contains("no table is in this text"), "{}", empty.err);
}

#[test]
fn what_the_host_sends_comes_in_on_no_interface() {
    for (conditions, said) in [
        ("-i eth0", Verdict::Admitted),
        ("! -i eth0", Verdict::Refused),
        ("-i +", Verdict::Refused),
        ("! -i +", Verdict::Admitted),
    ] {
        for (table, chain) in [("filter", "OUTPUT"), ("mangle", "POSTROUTING")] {
            let text = format!(
                "*{table}\n:{chain} ACCEPT [0:0]\n:one - [0:0]\n-A {chain} -j one\n-A one {conditions} -j DROP\nCOMMIT\n"
            );
            let rules = iptables::read(&text, None).unwrap().rules;
            let mut packet = opening([10, 0, 0, 1].into(), [10, 0, 0, 9].into());
            for inbound in [None, Some("eth0".to_owned())] {
                packet.inbound = inbound;
                let whole = &Known::new();
                let mut filter = Filter::new(&rules, &HostFacts::default(), Hook::Output, whole);
                assert_eq!(filter.verdict(&packet), said, "{text}");
                let list = std::slice::from_ref(&packet);
                let mut filter = Filter::for_packets(&rules, &HostFacts::default(), Hook::Output, list);
                assert_eq!(filter.verdict(&packet), said, "{text}");
            }
        }
    }
}

#[test]
fn a_mask_with_holes_makes_no_endless_matrix() {
    let rules =
        "*filter\n:INPUT DROP [0:0]\n-A INPUT -s ::1:0:0:0:1/::ffff:ffff:ffff:ffff -j ACCEPT\nCOMMIT\n";
    let folder = folder(&[("holes.txt", rules)]);
    let arguments = ["matrix", "--rules", "holes.txt", "--chain", "INPUT", "--port", "22/tcp"];
    let ran = rancher_gen(folder.path(), &arguments);
    assert_eq!(ran.code, Some(5), "{}{}", ran.out, ran.err);
}

#[test]
fn chains_that_ask_each_other_without_end_are_refused() {
    let chains = (0..20_000).map(|at| format!(":c{at} - [0:0]\n")).collect::<Vec<_>>().concat();
    let jumps = (0..20_000).map(|at| format!("-A c{at} -j c{}\n", at + 1)).collect::<Vec<_>>().concat();
    let rules = format!("*filter\n:INPUT DROP [0:0]\n{chains}-A INPUT -j c0\n{jumps}COMMIT\n");
    let circle = "*filter\n:INPUT DROP [0:0]\n:a - [0:0]\n-A INPUT -j a\n-A a -j a\nCOMMIT\n";
    for rules in [rules.as_str(), circle] {
        let folder = folder(&[("deep.txt", rules)]);
        let arguments = ["matrix", "--rules", "deep.txt", "--chain", "INPUT", "--port", "22/tcp"];
        assert_eq!(rancher_gen(folder.path(), &arguments).code, Some(3));
    }
}

#[test]
fn a_table_that_was_not_printed_may_do_anything() {
    let rules = RULES.to_owned() + "# Table `mangle' is incompatible, use 'nft' tool.\n";
    let packets = r#"[{"iif": "eth0", "src": "192.0.2.1", "dst": "203.0.113.2", "proto": "tcp", "sport": 40000, "dport": 22}]"#;
    let twice = format!("{}{RULES}", RULES.replace("DROP", "ACCEPT"));
    let folder = folder(&[("nft.txt", &rules), ("twice.txt", &twice), ("packets.json", packets)]);
    let ask = |rules: &str| {
        let arguments = ["reach", "--rules", rules, "--chain", "INPUT", "--packets", "packets.json"];
        rancher_gen(folder.path(), &arguments)
    };
    assert_eq!(ask("rules.txt").out, "admitted\n");
    assert_eq!(ask("nft.txt").out, "possible\n");
    // The last one counts.
    let twice = ask("twice.txt");
    assert_eq!(twice.out, "admitted\n");
    assert!(twice.err.contains("note: twice.txt:12: table `filter` stands here again"), "{}", twice.err);
}

/// What is not certain is told with its reason, and what makes no difference is none.
#[test]
fn a_difference_that_is_not_certain_names_what_it_depends_on() {
    let folder = tempfile::tempdir().unwrap();
    let forward = |rules: &str| {
        format!("*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n{rules}COMMIT\n")
    };
    let limited = "-A FORWARD -m limit --limit 1/sec -j ACCEPT\n";
    let nat = |to: &str| {
        format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination {to}\nCOMMIT\n"
        )
    };
    let accept = "-A FORWARD -j ACCEPT\n";
    let files = [
        ("limited", forward(limited)),
        (
            "logged",
            forward(&format!("-A FORWARD -j LOG\n-A FORWARD -m comment --comment nothing\n{limited}")),
        ),
        (
            "opened",
            forward(&format!(
                "{limited}-A FORWARD -p udp -m udp --dport 53 -m limit --limit 2/sec -j ACCEPT\n"
            )),
        ),
        ("five", nat("10.0.0.5:8080") + &forward(accept)),
        ("six", nat("10.0.0.6:8080") + &forward(accept)),
        (
            "elsewhere",
            format!(
                "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n{}",
                forward(accept)
            ),
        ),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let diff = |old: &str, new: &str| rancher_gen(folder.path(), &["diff", "--rules", old, new]);
    assert_eq!(diff("limited", "logged").code, Some(0));
    let opened = diff("limited", "opened");
    assert_eq!(opened.code, Some(5));
    assert!(
        opened.out.contains("opened:6: -A FORWARD -p udp -m udp --dport 53 -m limit --limit 2/sec"),
        "{}",
        opened.out
    );
    let moved = diff("five", "six");
    assert_eq!(moved.code, Some(1));
    let sent = "\nFORWARD: sent elsewhere\n  80/tcp from anywhere to 192.0.2.1: 10.0.0.5:8080 before, 10.0.0.6:8080 now\n";
    assert!(moved.out.contains(sent), "{}", moved.out);
    assert_eq!(diff("five", "five").code, Some(0));
    let matrix = rancher_gen(
        folder.path(),
        &["matrix", "--rules", "elsewhere", "--chain", "FORWARD", "--port", "22/tcp"],
    );
    assert!(matrix.out.contains("possibly") && !matrix.out.contains("certainly"), "{}", matrix.out);
}

/// What a target that is not understood, or a program, may have changed, later rules may find or not.
#[test]
fn after_what_is_not_understood_nothing_of_a_packet_is_certain() {
    let v6: [IpAddr; 2] = ["fd00::5".parse().unwrap(), "fd02::1".parse().unwrap()];
    let v4: [IpAddr; 2] = [[192, 0, 2, 1].into(), [203, 0, 113, 2].into()];
    let translated = "-p tcp -j DNAT --to-destination 10.0.0.1 --to-destination 10.0.0.2";
    for (addresses, table, chain, target, accepted) in [
        (v6, "mangle", "INPUT", "-j SNPT --src-pfx fd00::/64 --dst-pfx fd01::/64", "-s fd01::/64"),
        (v6, "mangle", "PREROUTING", "-j DNPT --src-pfx fd02::/64 --dst-pfx fd01::/64", "-d fd01::/64"),
        (v4, "raw", "PREROUTING", "-j RAWSNAT --to-source 10.0.0.1/32", "-s 10.0.0.1/32"),
        (v4, "raw", "PREROUTING", "-j RAWSNAT --to-source 10.0.0.1/32", "-p tcp -m tcp --sport 1"),
        (v4, "raw", "PREROUTING", "-j UNHEARD", "-m conntrack --ctstate UNTRACKED"),
        (v4, "nat", "PREROUTING", translated, "-m conntrack --ctstate DNAT"),
        (v4, "nat", "PREROUTING", "-p tcp -g nowhere", "-m conntrack --ctstate DNAT"),
        (v4, "mangle", "PREROUTING", "-j NFQUEUE --queue-num 1", "-m mark --mark 0x1"),
        (v4, "mangle", "INPUT", "-j NFQUEUE --queue-num 1", "-s 10.0.0.1/32"),
    ] {
        let text = |target: &str| {
            format!(
                "*{table}\n:{chain} ACCEPT [0:0]\n-A {chain} {target}\nCOMMIT\n\
                 *filter\n:INPUT DROP [0:0]\n-A INPUT {accepted} -j ACCEPT\nCOMMIT\n"
            )
        };
        let packet = Packet { source_port: Some(40000), ..opening(addresses[0], addresses[1]) };
        let said = |text: &str| {
            let rules = iptables::read(text, None).unwrap().rules;
            let facts = HostFacts::default();
            let whole = Filter::new(&rules, &facts, Hook::Input, &Known::new()).verdict(&packet);
            let list = std::slice::from_ref(&packet);
            assert_eq!(
                Filter::for_packets(&rules, &facts, Hook::Input, list).verdict(&packet),
                whole,
                "{text}"
            );
            whole
        };
        assert_eq!(said(&text(target)), Verdict::Possible, "{target} {accepted}");
        assert_eq!(said(&text("-j RETURN")), Verdict::Refused, "{accepted}");
    }
}
