//! The policy engine against the kernel: random rule sets, random packets, and the kernel is right.
//!
//! `KERNEL_CASES` says how many rule sets are tried for each back end and family, `KERNEL_SEED` where the numbers begin;
//! without them it is a few, always the same.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use rancher_gen::read::{ipset, iptables};
use rancher_topology::netfilter::{
    Filter, Hook, HostFacts, HostInterface, HostRoute, Known, Packet, Tracer, Verdict,
};
use rancher_topology::packet;

mod support;
use support::kernel::{Case, Family, Interface, Judge, Protocol, known};
use support::netns::BackEnd;
use support::rule_sets::{self, INTERFACES, Random};
use support::tools::run;

/// What the engine is told of the judge's node.
fn facts(sets: &str, family: packet::Family) -> HostFacts {
    let sets = ipset::read(sets, family).unwrap();
    assert_eq!(sets.notes, []);
    let interfaces = Interface::numbered(&INTERFACES);
    let lo = HostInterface {
        name: "lo".to_owned(),
        addresses: vec!["127.0.0.1/8".parse().unwrap(), "::1/128".parse().unwrap()],
        peers: Vec::new(),
        broadcasts: Vec::new(),
        loopback: true,
    };
    let all = interfaces.iter().map(|one| HostInterface {
        name: one.name.clone(),
        addresses: vec![one.v4.into(), one.v6.into()],
        peers: Vec::new(),
        broadcasts: vec![one.v4.broadcast().into()],
        loopback: false,
    });
    let mut routes: Vec<HostRoute> = interfaces
        .iter()
        .flat_map(|one| {
            [ipnet::IpNet::from(one.v4).trunc(), ipnet::IpNet::from(one.v6).trunc()].map(|to| (to, &one.name))
        })
        .map(|(to, interface)| HostRoute { to, interface: interface.clone() })
        .collect();
    for default in ["0.0.0.0/0", "::/0"] {
        routes.push(HostRoute { to: default.parse().unwrap(), interface: interfaces[0].name.clone() });
    }
    HostFacts { interfaces: Some(all.chain([lo]).collect()), routes: Some(routes), sets: sets.sets }
}

/// What came of many cases.
#[derive(Debug, Default)]
struct Tally {
    loaded: u32,
    refused_to_load: Vec<String>,
    packets: u32,
    admitted: u32,
    possible: u32,
    followed: u32,
    disagreements: Vec<String>,
}

impl Tally {
    /// The explanation of an answer is of the same answer, where it says one. It is about first packets of connections.
    fn followed(&mut self, tracer: &mut Tracer<'_>, packet: &Packet, verdict: Verdict, rules: &str) {
        let opens = match packet.protocol {
            6 => packet.tcp_flags == Some(2),
            protocol => protocol == 17,
        };
        if opens {
            let traced = tracer.follow(packet);
            assert!(
                traced.verdict == Verdict::Possible || traced.verdict == verdict,
                "{rules}\n{packet:?}\n{traced:?}"
            );
            self.followed += u32::from(traced.verdict == verdict);
        }
    }

    fn case(
        &mut self,
        judge: &mut Judge,
        back_end: BackEnd,
        family: Family,
        random: Random,
        packets: Vec<support::kernel::Packet>,
    ) {
        let Random { rules, sets, uncertain } = random;
        let case = Case { family, back_end, rules, sets, packets, fresh: false };
        let answer = judge.ask(&case);
        if !answer.loaded {
            self.refused_to_load.push(format!("{}\n{:?}", case.rules, answer.error));
            return;
        }
        self.loaded += 1;
        let family = if family == Family::V4 { packet::Family::V4 } else { packet::Family::V6 };
        let read = iptables::read(&case.rules, Some(family)).unwrap();
        let saved = run(judge.node.command("ipset").arg("save"));
        let facts = facts(&saved, family);
        let packets: Vec<Packet> = case.packets.iter().map(known).collect();
        let mut whole = Filter::new(&read.rules, &facts, Hook::Arriving, &Known::new());
        let mut filter = Filter::for_packets(&read.rules, &facts, Hook::Arriving, &packets);
        let mut tracer = Tracer::new(&read.rules, &facts);
        for (sent, arrived) in case.packets.iter().zip(&answer.verdicts) {
            let verdict = filter.verdict(&known(sent));
            assert_eq!(verdict, whole.verdict(&known(sent)), "{}\n{sent:?}", case.rules);
            self.followed(&mut tracer, &known(sent), verdict, &case.rules);
            self.packets += 1;
            self.admitted += u32::from(arrived.is_some());
            self.possible += u32::from(verdict == Verdict::Possible);
            let agree = match verdict {
                Verdict::Admitted => arrived.is_some(),
                Verdict::Refused => arrived.is_none(),
                // An error of ICMP may be about a connection.
                Verdict::Possible => uncertain || matches!(sent.icmp_type, 1 | 3 | 11),
                Verdict::Impossible => false,
            };
            if !agree {
                self.disagreements.push(format!(
                    "{back_end:?} {family}\n{}{}{sent:?}\nthe kernel: {arrived:?}, the engine: {verdict}",
                    case.sets, case.rules
                ));
            }
        }
    }
}

/// Where they once disagreed: each with what the kernel does.
#[test]
fn old_disagreements_are_none() {
    use support::kernel::Packet as Sent;
    let v6 = |last| std::net::IpAddr::from([0xfd00, 2, 0, 0, 0, 0, 0, last]);
    let from = std::net::IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 5]);
    let v4 = |last| std::net::IpAddr::from([10, 2, 0, last]);
    let cases = [
        // An address of the host is unicast too, and several kinds have to be so at once: v6 only.
        (
            Family::V6,
            "-A INPUT -m addrtype --dst-type UNICAST -j DROP",
            Sent::new("eth0", from, v6(1), Protocol::Tcp),
            false,
        ),
        (
            Family::V6,
            "-A INPUT -m addrtype --dst-type LOCAL,MULTICAST -j DROP",
            Sent::new("eth0", from, v6(1), Protocol::Tcp),
            true,
        ),
        (
            Family::V4,
            "-A INPUT -m addrtype --dst-type UNICAST -j DROP",
            Sent::new("eth0", v4(5), v4(1), Protocol::Tcp),
            true,
        ),
        (
            Family::V4,
            "-A INPUT -m addrtype --dst-type LOCAL,MULTICAST -j DROP",
            Sent::new("eth0", v4(5), v4(1), Protocol::Tcp),
            false,
        ),
        // A connection without ports has port 0, and one of ICMP its type and code: 2048 is an echo request.
        (
            Family::V4,
            "-A INPUT -m conntrack --ctorigdstport 0 -j DROP",
            Sent::new("eth0", v4(5), v4(1), Protocol::Number(89)),
            false,
        ),
        (
            Family::V4,
            "-A INPUT -m conntrack --ctorigdstport 53 -j DROP",
            Sent::new("eth0", v4(5), v4(1), Protocol::Number(89)),
            true,
        ),
        (
            Family::V4,
            "-A INPUT -m conntrack --ctorigdstport 2048 -j DROP",
            Sent::new("eth0", v4(5), v4(1), Protocol::Icmp),
            false,
        ),
        (
            Family::V4,
            "-A INPUT -m conntrack --ctorigdstport 53 -j DROP",
            Sent::new("eth0", v4(5), v4(1), Protocol::Icmp),
            true,
        ),
    ];
    agree(cases.map(|(family, rule, packet, admitted)| {
        (family, format!("*filter\n:INPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n"), packet, admitted)
    }));
}

/// The kernel and the engine say of each packet whether it is admitted, for certain.
fn agree(cases: impl IntoIterator<Item = (Family, String, support::kernel::Packet, bool)>) {
    let mut judge = Judge::new(&Interface::numbered(&INTERFACES));
    for (family, rules, packet, admitted) in cases {
        for back_end in [BackEnd::Nft, BackEnd::Legacy] {
            let random = Random { rules: rules.clone(), sets: String::new(), uncertain: false };
            let mut tally = Tally::default();
            tally.case(&mut judge, back_end, family, random, vec![packet.clone()]);
            assert_eq!(tally.disagreements, Vec::<String>::new());
            assert_eq!(
                (tally.loaded, tally.admitted, tally.possible),
                (1, u32::from(admitted), 0),
                "{rules}"
            );
        }
    }
}

/// From a host behind eth0 to the node, or to a host behind eth1.
fn opening(family: Family, interface: u8, host: u8) -> support::kernel::Packet {
    let to = |interface: u8, host: u8| match family {
        Family::V4 => std::net::IpAddr::from([10, interface, 0, host]),
        Family::V6 => [0xfd00, interface.into(), 0, 0, 0, 0, 0, host.into()].into(),
    };
    support::kernel::Packet::new("eth0", to(0, 5), to(interface, host), Protocol::Tcp)
}

/// On the way to the node there is no interface that a packet goes out on: its name is empty, and chains that people made
/// can ask for it.
#[test]
fn an_interface_that_is_not_there_has_an_empty_name() {
    let cases = [
        ("-o eth0", true),
        ("! -o eth0", false),
        ("-o eth+", true),
        ("! -o eth+", false),
        ("-o +", false),
        ("! -o +", true),
    ];
    let tables = [("mangle", "PREROUTING"), ("mangle", "INPUT"), ("filter", "INPUT")];
    agree([Family::V4, Family::V6].into_iter().flat_map(|family| {
        tables.into_iter().flat_map(move |(table, chain)| {
            cases.into_iter().map(move |(conditions, admitted)| {
                let rules = format!(
                    "*{table}\n:{chain} ACCEPT [0:0]\n:one - [0:0]\n-A {chain} -j one\n-A one {conditions} -j DROP\nCOMMIT\n"
                );
                (family, rules, opening(family, 0, 1), admitted)
            })
        })
    }));
}

/// What is said first of a packet's connection counts, and before it is tracked it is invalid.
#[test]
fn the_table_raw_comes_before_connections() {
    let cases = [
        ("-j CT --zone 5", "-j CT --notrack", true),
        ("-j CT --notrack", "-j CT --zone 5", false),
        ("-j CT --notrack", "-j RETURN", false),
        ("-j CT --zone 5 --ctevents new", "-m conntrack --ctstate NEW -j DROP", false),
        ("-m conntrack ! --ctstate INVALID -j DROP", "-m conntrack --ctstate INVALID -j CT --notrack", false),
        ("-m conntrack --ctstate NEW,ESTABLISHED -j DROP", "-j RETURN", true),
        ("-j CT --notrack", "-m state --state UNTRACKED -j DROP", false),
        ("-m connmark --mark 0 -j DROP", "-m connmark ! --mark 0 -j DROP", true),
    ];
    agree([Family::V4, Family::V6].into_iter().flat_map(|family| {
        cases.into_iter().map(move |(first, second, admitted)| {
            let rules = format!(
                "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING {first}\n-A PREROUTING {second}\nCOMMIT\n\
                 *filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate UNTRACKED -j DROP\nCOMMIT\n"
            );
            (family, rules, opening(family, 0, 1), admitted)
        })
    }));
    // What was not heeded is not seen by later rules either, however many of them there are.
    let twice = [
        ("--notrack", "--zone 5", "NEW", true),
        ("--notrack", "--zone 5", "UNTRACKED", false),
        ("--zone 5", "--notrack", "UNTRACKED", true),
        ("--zone 5", "--notrack", "NEW", false),
    ];
    agree([Family::V4, Family::V6].into_iter().flat_map(|family| {
        twice.into_iter().map(move |(first, second, state, admitted)| {
            let rules = format!(
                "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT {first}\n-A PREROUTING -j CT {second}\n\
                 -A PREROUTING -m conntrack --ctstate {state} -j DROP\nCOMMIT\n"
            );
            (family, rules, opening(family, 0, 1), admitted)
        })
    }));
}

/// What is redirected is sent to the first address of the interface that it came in on, and was translated only if it was
/// for another one.
#[test]
fn what_is_redirected_goes_to_the_interface_that_it_came_in_on() {
    let cases = [
        (0, 443, "-m conntrack --ctstate DNAT", true),
        (1, 443, "-m conntrack --ctstate DNAT", false),
        (0, 444, "-m conntrack --ctstate DNAT", false),
        (1, 444, "-p tcp --dport 444", false),
        (1, 443, "-m addrtype --dst-type LOCAL", false),
    ];
    agree([Family::V4, Family::V6].into_iter().flat_map(|family| {
        cases.into_iter().map(move |(interface, port, refused, admitted)| {
            let rules = format!(
                "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j REDIRECT --to-ports {port}\nCOMMIT\n\
                 *filter\n:INPUT ACCEPT [0:0]\n-A INPUT {refused} -j DROP\nCOMMIT\n"
            );
            let mut packet = opening(family, interface, 1);
            packet.dport = 443;
            (family, rules, packet, admitted)
        })
    }));
    let first = Family::V4;
    agree([(first, "-d 10.0.0.1", false), (first, "! -d 10.0.0.1", true)].map(
        |(family, refused, admitted)| {
            let rules = format!(
                "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j REDIRECT\nCOMMIT\n\
             *filter\n:INPUT ACCEPT [0:0]\n-A INPUT {refused} -j DROP\nCOMMIT\n"
            );
            (family, rules, opening(family, 1, 1), admitted)
        },
    ));
}

/// What the node sends to itself comes in on `lo` with the connection that it was sent with: it is not translated again,
/// and nothing takes its connection away.
#[test]
fn what_the_node_sends_to_itself_keeps_its_connection() {
    let with = |table: &str, rule: &str, input: &str| {
        format!(
            "*{table}\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING {rule}\nCOMMIT\n\
             *filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n-A INPUT {input} -j DROP\nCOMMIT\n"
        )
    };
    let cases = [
        ("nat", "-p tcp -j REDIRECT --to-ports 81", "-p tcp ! --dport 80", true, false),
        ("nat", "-p tcp -j REDIRECT --to-ports 81", "-m conntrack --ctstate DNAT", true, false),
        ("raw", "-j CT --notrack", "-m conntrack --ctstate UNTRACKED", true, false),
        ("raw", "-m conntrack --ctstate INVALID -j DROP", "-i eth9", true, false),
        ("raw", "-m conntrack --ctstate NEW -j DROP", "-i eth9", false, true),
        (
            "raw",
            "-j CT --notrack\n-A PREROUTING -m conntrack --ctstate UNTRACKED -j DROP",
            "-i eth9",
            true,
            false,
        ),
        ("raw", "-j CT --notrack\n-A PREROUTING -m state --state NEW -j DROP", "-i eth9", false, true),
        ("raw", "-j CT --notrack\n-A PREROUTING -m state --state INVALID -j DROP", "-i eth9", true, true),
        ("raw", "-j CT --zone 5\n-A PREROUTING -m conntrack ! --ctstate NEW -j DROP", "-i eth9", true, true),
        (
            "raw",
            "-j CT --notrack\n-A PREROUTING -j MARK --set-xmark 0x1/0x1",
            "-m mark --mark 0x1",
            false,
            false,
        ),
        ("mangle", "-i lo -j DROP", "-i eth9", false, true),
        ("mangle", "-i eth9", "-i lo", false, true),
    ];
    agree([Family::V4, Family::V6].into_iter().flat_map(|family| {
        cases.into_iter().flat_map(move |(table, rule, input, on_lo, on_eth)| {
            let outside = opening(family, 0, 1);
            let own = support::kernel::Packet {
                iif: "lo".to_owned(),
                src: opening(family, 1, 1).dst,
                ..outside.clone()
            };
            [(own, on_lo), (outside, on_eth)]
                .map(|(packet, admitted)| (family, with(table, rule, input), packet, admitted))
        })
    }));
}

/// On a node that is not told to take them, its own addresses and those of loopback come in on no other interface than
/// `lo`; v6 takes its own addresses, which are taken to be nobody else's all the same.
#[test]
fn a_matrix_knows_what_comes_in_on_which_interface() {
    let mut judge = Judge::new(&Interface::numbered(&INTERFACES));
    let ask = |judge: &mut Judge, rules: &str, packets| {
        let (rules, sets) = (rules.to_owned(), String::new());
        judge.ask(&Case { family: Family::V4, back_end: BackEnd::Nft, rules, sets, packets, fresh: false })
    };
    // Then its interfaces are there.
    assert!(ask(&mut judge, "", Vec::new()).loaded);
    for name in INTERFACES.into_iter().chain(["all"]) {
        judge.node.set(&format!("ipv4.conf.{name}.accept_local"), "0");
        judge.node.set(&format!("ipv4.conf.{name}.route_localnet"), "0");
    }
    let facts = facts("", packet::Family::V4);
    let places = [[10, 0, 0, 1], [10, 1, 0, 1], [10, 0, 0, 5], [127, 0, 0, 1], [127, 9, 9, 9]];
    for iif in ["lo", "eth0", "eth1"] {
        let rules = format!("*filter\n:INPUT DROP [0:0]\n-A INPUT -i {iif} -j ACCEPT\nCOMMIT\n");
        let read = iptables::read(&rules, Some(packet::Family::V4)).unwrap().rules;
        let known = rancher_topology::netfilter::openings("80/tcp".parse().unwrap());
        let matrix = Filter::new(&read, &facts, Hook::Input, &known).matrix().unwrap();
        for (src, dst) in places.into_iter().flat_map(|src| places.map(|dst| (src, dst))) {
            let is_own = |place: [u8; 4]| place[3] == 1 || place[0] == 127;
            // What is not the node's it sends from nowhere, and it is no packet of INPUT.
            if !is_own(dst) || (iif == "lo" && !is_own(src)) {
                continue;
            }
            // A host comes in on the interface whose network it is in.
            if src == [10, 0, 0, 5] && iif == "eth1" {
                continue;
            }
            let packet = support::kernel::Packet::new(iif, src.into(), dst.into(), Protocol::Tcp);
            let arrived = ask(&mut judge, &rules, vec![packet]).verdicts[0].is_some();
            let class = |place: [u8; 4]| matrix.class(packet::number(place.into())).unwrap();
            let said = matrix.verdict(class(src), class(dst));
            assert_eq!(said == Verdict::Admitted, arrived, "{iif} {src:?} {dst:?} {said}");
            assert_ne!(said, Verdict::Possible);
        }
    }
}

/// What is sent to where it goes anyway is not translated.
#[test]
fn a_translation_that_changes_nothing_is_none() {
    let tables = |to: &str, chain: &str| {
        format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp {to}\nCOMMIT\n\
             *filter\n:{chain} ACCEPT [0:0]\n-A {chain} -m conntrack --ctstate DNAT -j DROP\nCOMMIT\n"
        )
    };
    let v4 = [
        ("-j DNAT --to-destination 10.1.0.9", 9, true),
        ("-j DNAT --to-destination 10.1.0.9", 8, false),
        ("-j DNAT --to-destination 10.1.0.9:80", 9, true),
        ("-j DNAT --to-destination 10.1.0.9:81", 9, false),
        ("-j DNAT --to-destination :80", 9, true),
        ("-j DNAT --to-destination :81", 9, false),
        ("-j NETMAP --to 10.1.0.0/24", 9, true),
        ("-j NETMAP --to 10.1.1.0/24", 9, false),
        ("-j ACCEPT", 9, true),
    ];
    let v6 = [
        ("-j DNAT --to-destination fd00:1::9", 9, true),
        ("-j DNAT --to-destination fd00:1::9", 8, false),
        ("-j DNAT --to-destination [fd00:1::9]:80", 9, true),
        ("-j DNAT --to-destination [fd00:1::9]:81", 9, false),
        ("-j NETMAP --to fd00:1::/64", 9, true),
    ];
    let of = |family, cases: &[(&str, u8, bool)]| -> Vec<_> {
        let case = |(to, host, admitted): &(&str, u8, bool)| {
            (family, tables(to, "FORWARD"), opening(family, 1, *host), *admitted)
        };
        cases.iter().map(case).collect()
    };
    agree([of(Family::V4, &v4), of(Family::V6, &v6)].concat());
}

/// Sets of every kind that this kernel has, as `ipset save` prints them, asked for in every direction.
#[test]
fn a_set_of_every_kind_has_what_the_kernel_finds_in_it() {
    let mut judge = Judge::new(&Interface::numbered(&INTERFACES));
    for family in [Family::V4, Family::V6] {
        let mut rng = fastrand::Rng::with_seed(7);
        let (sets, asked) = rule_sets::sets(&mut rng, family);
        let packets = rule_sets::packets(&mut rng, family, 120);
        let mut found: BTreeMap<&str, u32> = BTreeMap::new();
        for (kind, asked) in asked {
            let rules = format!(
                "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -m set --match-set {asked} -j DROP\n\
                 -A FORWARD -m set --match-set {asked} -j DROP\nCOMMIT\n"
            );
            let random = Random { rules, sets: sets.clone(), uncertain: false };
            let mut tally = Tally::default();
            tally.case(&mut judge, BackEnd::Nft, family, random, packets.clone());
            assert_eq!(tally.refused_to_load, Vec::<String>::new());
            assert_eq!(tally.disagreements, Vec::<String>::new());
            assert_eq!(tally.possible, 0, "{asked}\n{sets}");
            *found.entry(kind).or_default() += tally.packets - tally.admitted;
        }
        // Sets that nothing is in would prove nothing.
        assert!(found.values().all(|found| *found > 0), "{found:?}");
    }
}

#[test]
fn the_kernel_and_the_engine_agree() {
    let number =
        |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |value| value.parse().unwrap());
    let (cases, seed) = (number("KERNEL_CASES", 50), number("KERNEL_SEED", 1));
    let combinations = [BackEnd::Nft, BackEnd::Legacy].map(|b| [(b, Family::V4), (b, Family::V6)]).concat();
    // Two judges for each, as the kernel waits more than it works.
    let judges: Vec<_> = combinations.into_iter().flat_map(|one| [(one, 0), (one, 1)]).collect();
    let threads: Vec<_> = judges
        .into_iter()
        .map(|((back_end, family), half)| {
            std::thread::spawn(move || {
                let mut judge = Judge::new(&Interface::numbered(&INTERFACES));
                let mut tally = Tally::default();
                for at in (half..cases).step_by(2) {
                    let mut rng = fastrand::Rng::with_seed(seed.wrapping_mul(1_000_003) + at);
                    let random = rule_sets::rule_set(&mut rng, family);
                    let packets = rule_sets::packets(&mut rng, family, 30);
                    tally.case(&mut judge, back_end, family, random, packets);
                }
                tally
            })
        })
        .collect();
    let mut all = Tally::default();
    for thread in threads {
        let tally = thread.join().unwrap();
        all.loaded += tally.loaded;
        all.packets += tally.packets;
        all.admitted += tally.admitted;
        all.possible += tally.possible;
        all.followed += tally.followed;
        all.refused_to_load.extend(tally.refused_to_load);
        all.disagreements.extend(tally.disagreements);
    }
    println!(
        "{} rule sets, {} packets, {} admitted, {} of which the engine is not certain",
        all.loaded, all.packets, all.admitted, all.possible
    );
    assert!(
        all.disagreements.is_empty(),
        "{} disagreements, the smallest:\n{}",
        all.disagreements.len(),
        all.disagreements.iter().min_by_key(|one| one.len()).unwrap()
    );
    assert!(
        all.refused_to_load.is_empty(),
        "{} rule sets did not load, the first:\n{}",
        all.refused_to_load.len(),
        all.refused_to_load[0]
    );
    assert!(all.followed > all.packets / 3, "{} of {} could be explained", all.followed, all.packets);
    // Rules and packets that never meet would prove nothing.
    assert!(
        all.admitted > all.packets / 5 && all.admitted < all.packets * 4 / 5,
        "{} of {}",
        all.admitted,
        all.packets
    );
}
