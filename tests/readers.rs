//! The readers of what exists, given what real programs print about things that a real kernel has.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;

mod support;
use rancher_gen::read::{ip_address, ipset, iptables};
use rancher_topology::netfilter::{AddressSet, Dimension, Entry, Policy, RuleSet};
use rancher_topology::packet::{Family, Intervals, number};
use support::netns::{BACK_ENDS, BackEnd, Namespace};
use support::tools::{feed, run};

/// The addresses of a kind in the kernel's own table.
fn in_kernel(namespace: &Namespace, family: &str, kind: &str) -> BTreeSet<IpAddr> {
    namespace
        .ip(&format!("{family} route show table local type {kind}"))
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1)?.parse().ok())
        .collect()
}

#[test]
fn the_addresses_of_a_host_are_those_that_its_kernel_takes_for_its_own() {
    let (namespace, other) = (Namespace::new("addresses"), Namespace::new("neighbour"));
    namespace.cable("eth0", &other, "far");
    namespace.address("eth0", "172.22.1.210/24 brd +");
    namespace.address("eth0", "172.22.1.220/24 label eth0:1");
    namespace.address("eth0", "10.9.0.1 peer 10.9.0.2/32");
    namespace.address("eth0", "10.8.0.1 peer 10.8.1.2/24");
    namespace.address("eth0", "10.7.0.0/31");
    namespace.address("eth0", "10.6.0.1/24 broadcast 10.6.0.77");
    namespace.address("eth0", "fd00::1/64");
    namespace.address("eth0", "fd00::5 peer fd01::5/64");
    namespace.ip("link add br-0123456789ab type bridge");
    namespace.address("br-0123456789ab", "172.18.0.1/16 brd 172.18.255.255");
    let text = namespace.ip("address");
    let read = ip_address::read(&text).unwrap();
    assert!(read.notes.is_empty(), "{:?}\n{text}", read.notes);
    assert_eq!(ip_address::read(&namespace.ip("-j address")).unwrap(), read, "{text}");

    let names: Vec<&str> = read.interfaces.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), ["br-0123456789ab", "eth0", "lo"].into());
    let all = || read.interfaces.iter().flat_map(|one| &one.addresses).map(ipnet::IpNet::addr);
    assert_eq!(all().filter(IpAddr::is_ipv4).collect::<BTreeSet<_>>(), in_kernel(&namespace, "", "local"));
    let v6: BTreeSet<IpAddr> = all().filter(IpAddr::is_ipv6).collect();
    assert!(in_kernel(&namespace, "-6", "local").is_subset(&v6), "{v6:?}");
    let broadcasts: BTreeSet<IpAddr> =
        read.interfaces.iter().flat_map(|one| &one.broadcasts).copied().collect();
    assert_eq!(broadcasts, in_kernel(&namespace, "", "broadcast"), "{text}");
    let eth = read.interfaces.iter().find(|one| one.name == "eth0").unwrap();
    assert_eq!(eth.peers, ["10.9.0.2/32", "10.8.1.2/24", "fd01::5/64"].map(|net| net.parse().unwrap()));
}

/// Whether an address is in a set with one dimension: the smallest network that has it says.
fn has(entries: &[Entry], address: &str) -> bool {
    let address = number(address.parse().unwrap());
    let around = entries.iter().filter_map(|entry| match entry.dimensions.as_slice() {
        [Dimension::Addresses(addresses)] if addresses.contains(address) => {
            Some((addresses.count(), !entry.not))
        }
        _ => None,
    });
    around.min().is_some_and(|(_, is)| is)
}

fn entries(set: &AddressSet) -> &[Entry] {
    let AddressSet::Entries(entries) = set else { panic!("{set:?}") };
    entries
}

fn sets(namespace: &Namespace, lines: &[&str], family: Family) -> ipset::Read {
    for line in lines {
        run(namespace.command("ipset").args(line.split_whitespace()));
    }
    ipset::read(&run(namespace.command("ipset").arg("save")), family).unwrap()
}

#[test]
fn an_address_is_in_a_set_where_ipset_says_so() {
    let namespace = Namespace::new("sets");
    let read = sets(
        &namespace,
        &[
            "create ip hash:ip netmask 28 timeout 100 counters comment",
            "add ip 10.0.0.16 comment nomatch",
            "create net hash:net",
            "add net 10.0.0.0/24",
            "add net 10.0.0.32/27 nomatch",
            "add net 10.0.0.40",
            "create map bitmap:ip range 10.0.0.0/24",
            "add map 10.0.0.5-10.0.0.20",
            "create six hash:net family inet6",
        ],
        Family::V4,
    );
    assert!(read.notes.is_empty(), "{:?}", read.notes);
    assert_eq!(read.sets.len(), 4);
    for (name, set) in &read.sets {
        for last in (0..64).chain(if name == "six" { 0..0 } else { 250..255 }) {
            let address = format!("10.0.0.{last}");
            let output = namespace.command("ipset").args(["test", name, &address]).output().unwrap();
            let said = name != "six" && output.status.success();
            assert_eq!(has(entries(set), &address), said, "{address} in {name}");
        }
    }
}

#[test]
fn every_kind_of_set_is_read_as_it_was_made() {
    let namespace = Namespace::new("kinds");
    let read = sets(
        &namespace,
        &[
            "create a hash:ip,port",
            "add a 10.0.0.1,80-82",
            "add a 10.0.0.1,udp:53",
            "add a 10.0.0.1,gre:0",
            "add a 10.0.0.1,99:0",
            "create b hash:net,port",
            "add b 10.0.0.0/8,sctp:5",
            "create c hash:ip,port,ip",
            "add c 10.0.0.1,tcp:80,10.2.2.2",
            "create d hash:ip,port,net",
            "add d 10.0.0.1,tcp:80,10.2.0.0/16",
            "create e hash:net,iface",
            "add e 0.0.0.0/0,eth0",
            "create f bitmap:port range 0-1000",
            "add f 5-6",
            "create g list:set",
            "add g b",
            "add g a",
            "create h hash:net,iface",
            "add h 10.0.0.0/8,physdev:eth1",
        ],
        Family::V4,
    );
    let net = |text: &str| {
        let net: ipnet::IpNet = text.parse().unwrap();
        Dimension::Addresses(Intervals::from_to(number(net.network()), number(net.broadcast())))
    };
    let ports = |protocol, first, last| Dimension::Ports { protocol, ports: Intervals::from_to(first, last) };
    let mut a: Vec<Vec<Dimension>> =
        entries(&read.sets["a"]).iter().map(|entry| entry.dimensions.clone()).collect();
    a.sort_by_key(|dimensions| format!("{dimensions:?}"));
    let mut expected: Vec<Vec<Dimension>> = [(6, 80), (6, 81), (6, 82), (17, 53), (47, 0), (99, 0)]
        .iter()
        .map(|(protocol, port)| vec![net("10.0.0.1/32"), ports(*protocol, *port, *port)])
        .collect();
    expected.sort_by_key(|dimensions| format!("{dimensions:?}"));
    assert_eq!(a, expected);
    let only = |name: &str| entries(&read.sets[name])[0].dimensions.clone();
    assert_eq!(only("b"), [net("10.0.0.0/8"), ports(132, 5, 5)]);
    assert_eq!(only("c"), [net("10.0.0.1/32"), ports(6, 80, 80), net("10.2.2.2/32")]);
    assert_eq!(only("d"), [net("10.0.0.1/32"), ports(6, 80, 80), net("10.2.0.0/16")]);
    assert_eq!(only("e"), [net("0.0.0.0/0"), Dimension::Interface("eth0".to_owned())]);
    let f: BTreeSet<String> = entries(&read.sets["f"]).iter().map(|entry| format!("{entry:?}")).collect();
    assert_eq!(f.len(), 4, "{f:?}");
    assert_eq!(read.sets["g"], AddressSet::List(vec!["b".to_owned(), "a".to_owned()]));
    assert!(matches!(&read.sets["h"], AddressSet::Unknown(reason) if reason.contains("physdev:eth1")));
    assert_eq!(read.notes.len(), 1, "{:?}", read.notes);
}

#[test]
fn every_message_of_icmp_is_read_by_the_name_that_ipset_prints() {
    let namespace = Namespace::new("messages");
    for (family, inet, address, protocol) in
        [(Family::V4, "inet", "10.0.0.1", "icmp"), (Family::V6, "inet6", "2001:db8::1", "icmpv6")]
    {
        let mut lines = format!("create {protocol} hash:ip,port family {inet}\n");
        for kind in 0..=255 {
            for code in 0..16 {
                let _ = writeln!(lines, "add {protocol} {address},{protocol}:{kind}/{code}");
            }
        }
        feed(namespace.command("ipset").arg("restore"), &lines);
        let read = ipset::read(&run(namespace.command("ipset").args(["save", protocol])), family).unwrap();
        assert!(read.notes.is_empty(), "{:?}", read.notes);
        let messages = entries(&read.sets[protocol]).iter().map(|entry| match &entry.dimensions[1] {
            Dimension::Ports { ports, .. } => ports.single().unwrap(),
            other => panic!("{other:?}"),
        });
        let expected = (0..256).flat_map(|kind| (0..16).map(move |code| kind << 8 | code));
        assert_eq!(messages.collect::<BTreeSet<_>>(), expected.collect::<BTreeSet<u128>>());
    }
}

/// The chains of a rule set that do something, without where they stand in its text.
fn rules(rules: &RuleSet) -> Vec<String> {
    let chains = rules.tables.iter().flat_map(|(table, chains)| {
        chains.chains.iter().filter_map(move |(name, chain)| {
            let drops = chain.policy == Some(Policy::Drop);
            let rules: Vec<_> = chain.rules.iter().map(|rule| (&rule.conditions, &rule.target)).collect();
            (drops || !rules.is_empty()).then(|| format!("{table} {name} {drops} {rules:?}"))
        })
    });
    chains.collect()
}

const RULES: &str = "\
*nat
:PREROUTING ACCEPT [0:0]
:published - [0:0]
-A PREROUTING -i eth0 -j published
-A published -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5:8080
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -m comment --comment -j -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:guarded - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -g guarded
-A guarded ! -s 10.0.0.0/8 -m comment --comment \"it's # not *this, :nor COMMIT\" -j REJECT
-A guarded -j LOG --log-prefix \"[4:5] -A \"
-A guarded -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
";

/// As `iptables-save` prints it, with counters, as `iptables -S` does, and as people and mail programs leave it.
#[test]
fn a_rule_set_is_the_same_however_it_is_printed() {
    for back_end in BACK_ENDS {
        let namespace = Namespace::new("printed");
        let folder = tempfile::tempdir().unwrap();
        let path = back_end.folder(folder.path());
        let tool = |name: &str, arguments: &[&str]| {
            let mut command = namespace.command("env");
            command.arg(format!("PATH={}", path.to_str().unwrap())).arg(name).args(arguments);
            command
        };
        feed(&mut tool("iptables-restore", &["-w"]), RULES);
        namespace.set("ipv4.ip_forward", "1");
        let saved = run(&mut tool("iptables-save", &[]));
        let counted = run(&mut tool("iptables-save", &["-c"]));
        let listed: String = ["raw", "filter", "nat", "mangle"]
            .map(|table| run(&mut tool("iptables", &["-w", "-t", table, "-S"])))
            .concat();
        let with_counters: String = ["filter", "nat", "mangle", "raw"]
            .map(|table| run(&mut tool("iptables", &["-w", "-t", table, "-v", "-S"])))
            .concat();
        let six = run(&mut tool("ip6tables-save", &[]));
        let printed = iptables::read(&saved, None).unwrap();
        assert_eq!((&printed.notes[..], &printed.remarks[..]), (&[][..], &[][..]), "{saved}");
        assert_eq!(printed.rules.tables.len(), 4);
        let mut backwards: Vec<&str> = saved.split_inclusive("COMMIT\n").collect();
        backwards.reverse();
        let first = format!("# Generated by ip6tables-save v1.8.9 on Thu\n{six}");
        let (start, end) = saved.rsplit_once("COMMIT\n").unwrap();
        let without_commit = format!("{start}{end}");
        let by_hand = RULES
            .replace("-A INPUT -i lo -j ACCEPT\n", "")
            .replace("-A guarded ! -s", "-6 -A INPUT -j DROP\n-I INPUT -i lo -j ACCEPT\n-A guarded -4 ! -s");
        for (text, remarks) in [
            (counted, 0),
            (listed, 0),
            (with_counters, 0),
            (saved.replace('\n', "\r\n"), 0),
            (format!("\u{feff}\n\n{}", saved.replace("\n:", "\n # why\n\t:")), 0),
            (backwards.concat(), 0),
            (without_commit, 1),
            (saved.clone() + &saved, 4),
            (saved.clone() + &first, 1),
            (by_hand, 0),
        ] {
            let read =
                iptables::read(&text, Some(Family::V4)).unwrap_or_else(|told| panic!("{told:?}\n{text}"));
            assert_eq!(rules(&read.rules), rules(&printed.rules), "{back_end:?}\n{text}");
            assert_eq!((read.notes.len(), read.remarks.len()), (0, remarks), "{:?}\n{text}", read.remarks);
        }
        // What the other back end has is in force too.
        let other = match back_end {
            BackEnd::Nft => saved.replace(" (nf_tables)", ""),
            BackEnd::Legacy => saved.replace(" on ", " (nf_tables) on "),
        };
        let read = iptables::read(&(other + &saved), None).unwrap();
        assert_eq!(read.notes.len(), 4, "{:?}", read.notes);
        assert!(read.rules.tables["filter"].chains["INPUT"].rules[0].conditions.is_empty());
    }
}

/// A text that ends before it should: nothing that the rest could change is certain, wherever it ends.
#[test]
fn what_may_be_cut_off_may_be_anything() {
    use rancher_topology::netfilter::{Filter, Hook, HostFacts, Known, Packet, Verdict};
    let whole = "\
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 192.0.2.66/32 -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:guarded - [0:0]
-A INPUT -s 192.0.2.77/32 -j DROP
-A INPUT -p tcp -m tcp --dport 23 -j ACCEPT
-A INPUT -p tcp -j guarded
-A guarded -s 192.0.2.0/24 -j ACCEPT
-A guarded -s 198.51.100.0/24 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8023 -j DNAT --to-destination 203.0.113.1:23
COMMIT
";
    let verdicts = |text: &str| {
        let read = iptables::read(text, Some(Family::V4)).unwrap_or_else(|told| panic!("{told:?}\n{text}"));
        let facts = HostFacts::default();
        let mut filter = Filter::new(&read.rules, &facts, Hook::Input, &Known::new());
        let packet = |source: [u8; 4], port| Packet {
            inbound: Some("eth0".to_owned()),
            outbound: None,
            source: source.into(),
            destination: [203, 0, 113, 1].into(),
            protocol: 6,
            source_port: Some(40000),
            destination_port: Some(port),
            icmp_type: None,
            icmp_code: None,
            tcp_flags: Some(2),
        };
        let sources = [[192, 0, 2, 66], [192, 0, 2, 77], [192, 0, 2, 1], [198, 51, 100, 1], [8, 8, 8, 8]];
        let packets = sources.into_iter().flat_map(|source| [22, 23, 8023].map(|port| packet(source, port)));
        (packets.map(|packet| filter.verdict(&packet)).collect::<Vec<_>>(), read.notes.len())
    };
    let (expected, notes) = verdicts(whole);
    assert!(notes == 0 && !expected.contains(&Verdict::Possible), "{expected:?}");
    let mut certain = BTreeSet::new();
    for end in "*raw\n".len()..whole.len() {
        // Between two tables nobody sees that something is missing.
        let is_open = whole[..end].rfind('*') > whole[..end].rfind("COMMIT");
        if !is_open {
            continue;
        }
        let (said, notes) = verdicts(&whole[..end]);
        assert_eq!(notes, 1, "{}", &whole[..end]);
        for (at, (said, expected)) in said.iter().zip(&expected).enumerate() {
            assert!(said == expected || *said == Verdict::Possible, "{at} {said}\n{}", &whole[..end]);
            if said == expected {
                certain.insert(at);
            }
        }
    }
    // What was decided before is: the table raw drops the first.
    assert_eq!(certain, [0, 1, 2].into());
    // A table that is not closed before another one begins may go on too.
    let (said, notes) = verdicts(&whole.replacen("COMMIT\n", "", 1));
    assert_eq!((notes, said[0], said[6]), (1, Verdict::Refused, Verdict::Possible));
}

/// Nor is the end of a list where its last line has no end.
#[test]
fn a_list_that_is_cut_off_may_go_on() {
    let whole = "create good hash:ip family inet\nadd good 10.0.0.1\nadd good 10.0.0.123\n";
    let unknown = |text: &str| {
        let read = ipset::read(text, Family::V4).unwrap();
        (matches!(read.sets["good"], AddressSet::Unknown(_)), read.notes.len())
    };
    assert_eq!(unknown(whole), (false, 0));
    for cut in [&whole[..whole.len() - 1], &whole[..whole.len() - 3], &whole[..whole.len() - 12]] {
        assert_eq!(unknown(cut), (true, 1), "{cut}");
    }
    let whole = "2: eth0: <UP> mtu 1500\n    inet 192.0.2.1/24 scope global eth0\n    inet 10.0.0.1/24 scope global eth0\n";
    let read = |text: &str| {
        let read = ip_address::read(text).unwrap();
        (read.has_more, read.notes.len(), read.interfaces[0].addresses.len())
    };
    assert_eq!(read(whole), (false, 0, 2));
    assert_eq!(read(&whole[..whole.len() - 20]), (true, 1, 1));
}

/// `iptables-restore` takes an option of the protocol's module wherever it stands; none of it may be lost.
#[test]
fn a_port_is_asked_for_wherever_it_stands_in_the_rule() {
    let read = |rule: &str| {
        let text = format!("*filter\n:INPUT DROP [0:0]\n-A INPUT {rule}\nCOMMIT\n");
        iptables::read(&text, Some(Family::V4)).unwrap()
    };
    let plain = read("-p tcp -m tcp --dport 22 -j ACCEPT");
    for rule in [
        "-m comment --comment ssh -p tcp --dport 22 -j ACCEPT",
        "-p tcp -j ACCEPT --dport 22",
        "-p tcp -j ACCEPT -m tcp --dport 22",
        "-p tcp -m tcp -m comment --comment x --dport 22 -j ACCEPT",
        "-p tcp -m comment --comment x -m tcp --dport 22 -j ACCEPT",
    ] {
        let other = read(rule);
        assert!(other.notes.is_empty(), "{rule}: {:?}", other.notes);
        let rules = |read: &iptables::Read| {
            let rules = &read.rules.tables["filter"].chains["INPUT"].rules;
            rules.iter().map(|rule| (rule.conditions.clone(), rule.target.clone())).collect::<Vec<_>>()
        };
        assert_eq!(rules(&other), rules(&plain), "{rule}");
    }
    // What belongs to no module that was read is told, and bounded.
    for rule in ["-p tcp -m comment --comment x --tos 4 -j ACCEPT", "-p tcp -j ACCEPT --tos 4"] {
        assert!(!read(rule).notes.is_empty(), "{rule}");
    }
}

#[test]
fn what_is_no_rule_set_or_two_is_refused_once() {
    let refused = |text: &str| iptables::read(text, None).unwrap_err();
    let topology = "name: web\nnetwork:\n  name: lab\nnodes:\n  - one\n";
    let wrong = refused(topology);
    assert_eq!((wrong.len(), wrong[0].message.as_str()), (1, "this is no rule set of iptables"));
    let v6 = "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 2001:db8::/32 -j ACCEPT\nCOMMIT\n";
    let v4 = "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n";
    let wrong = refused(&format!("{v6}{v4}"));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].message.contains("both families"), "{wrong:?}");
    let named =
        format!("# Generated by ip6tables-save v1.8.9\n{v6}# Generated by iptables-save v1.8.9\n{v4}");
    assert_eq!(iptables::read(&named, None).unwrap().rules.family, Family::V6);
}

/// The back end nft of iptables 1.8.2 printed both families under one name.
#[test]
fn a_text_that_names_no_family_is_of_the_one_that_its_rules_tell() {
    let table = |rules: &str| {
        format!(
            "# Generated by xtables-save v1.8.2 on Mon May 11 18:31:04 2020\n*filter\n:INPUT DROP [0:0]\n{rules}COMMIT\n"
        )
    };
    let web = &table("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n");
    let local = &table("-A INPUT -s fe80::/10 -j ACCEPT\n");
    let private = &table("-A INPUT -s 10.0.0.0/8 -j ACCEPT\n");
    let empty = &table("");
    let rules = |texts: &[&String], family| {
        let text: String = texts.iter().map(|text| text.as_str()).collect();
        let read = iptables::read(&text, family).unwrap();
        let rules = read.rules.tables["filter"].chains["INPUT"].rules.iter();
        (read.rules.family, rules.map(|rule| rule.text.clone()).collect::<String>(), read.has_left_out)
    };
    let (v4, v6) = (Family::V4, Family::V6);
    for (texts, family, expected, line, is_half) in [
        (vec![web, empty], None, v4, "dport 22", true),
        (vec![web, empty], Some(v6), v6, "", true),
        (vec![private, local], None, v4, "10.0.0.0/8", true),
        (vec![private, local], Some(v6), v6, "fe80", true),
        (vec![local], None, v6, "fe80", false),
        (vec![local], Some(v6), v6, "fe80", false),
        (vec![web], Some(v6), v6, "dport 22", false),
        (vec![web], None, v4, "dport 22", false),
    ] {
        let (of, text, left_out) = rules(&texts, family);
        assert!(of == expected && text.contains(line) && left_out == is_half, "{texts:?} {family:?}: {text}");
    }
}

/// What is not declared is told: a misspelt chain is asked by nobody, and a policy that no line says is not known.
#[test]
fn what_a_text_does_not_declare_is_told() {
    let text = "*filter\n:INPUT DROP [0:0]\n-A INPTU -p tcp -j ACCEPT\n-A FORWARD -j LOG\nCOMMIT\n";
    let read = iptables::read(text, Some(Family::V4)).unwrap();
    let [chain] = read.remarks.as_slice() else { panic!("{:?}", read.remarks) };
    assert!(chain.line == 3 && chain.text.contains("`:INPTU - [0:0]` is missing"), "{chain:?}");
    let [policy] = read.notes.as_slice() else { panic!("{:?}", read.notes) };
    assert!(policy.line == 4 && policy.text.contains("policy of chain `FORWARD`"), "{policy:?}");
    // A policy that was said before may stay, and what is cut off has more.
    let twice = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:FORWARD DROP [0:0]\nCOMMIT\n";
    let read = iptables::read(twice, Some(Family::V4)).unwrap();
    assert!(read.notes.iter().any(|note| note.text.contains("`INPUT`")) && !read.has_more);
    assert!(iptables::read("*filter\n:INPUT DROP [0:0]\n", Some(Family::V4)).unwrap().has_more);
}
