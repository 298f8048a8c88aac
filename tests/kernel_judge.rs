//! The judge that other tests ask what the kernel does with packets: it is told here what anybody knows.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

mod support;
use support::kernel::{Answer, Arrival, Case, Family, Interface, Judge, Packet, Protocol};
use support::netns::{BACK_ENDS, BackEnd};
use support::tools::run;

use Protocol::{Icmp, Icmp6, Number, Tcp, Udp};

const NAMES: [&str; 5] = ["eth0", "eth1", "eth2", "br-lan", "ppp0"];

const ALL: [(BackEnd, Family); 4] = [
    (BackEnd::Nft, Family::V4),
    (BackEnd::Legacy, Family::V4),
    (BackEnd::Nft, Family::V6),
    (BackEnd::Legacy, Family::V6),
];

fn judge() -> Judge {
    Judge::new(&Interface::numbered(&NAMES))
}

/// The address of a host in the network of an interface; 1 is the node.
fn host(family: Family, interface: u8, number: u8) -> IpAddr {
    match family {
        Family::V4 => [10, interface, 0, number].into(),
        Family::V6 => [0xfd00, interface.into(), 0, 0, 0, 0, 0, number.into()].into(),
    }
}

/// A packet from host 5 of eth0.
fn to(family: Family, interface: u8, number: u8, proto: Protocol) -> Packet {
    Packet::new("eth0", host(family, 0, 5), host(family, interface, number), proto)
}

fn ping(family: Family) -> Protocol {
    if family == Family::V4 { Icmp } else { Icmp6 }
}

fn case((back_end, family): (BackEnd, Family), rules: &str, packets: Vec<Packet>) -> Case {
    Case { family, back_end, rules: rules.to_owned(), sets: String::new(), packets, fresh: false }
}

/// Where each packet came out, by the interface's name, `local` or `-`.
#[track_caller]
fn places(answer: &Answer) -> Vec<&str> {
    assert_eq!((answer.loaded, &answer.error), (true, &None));
    answer.verdicts.iter().map(|verdict| verdict.as_ref().map_or("-", |arrival| &arrival.to)).collect()
}

fn filter(rules: &str) -> String {
    format!("*filter\n{rules}\nCOMMIT\n")
}

fn tcp(packet: Packet, flags: &[&str]) -> Packet {
    Packet { flags: flags.iter().map(|&flag| flag.to_owned()).collect(), ..packet }
}

fn back(packet: &Packet, iif: &str) -> Packet {
    let packet = packet.clone();
    Packet {
        iif: iif.to_owned(),
        src: packet.dst,
        dst: packet.src,
        sport: packet.dport,
        dport: packet.sport,
        ..packet
    }
}

/// Nothing waits for packets, so that each has to be there when the last one is written.
#[test]
fn without_rules_every_packet_arrives() {
    let mut judge = judge();
    for family in [Family::V4, Family::V6] {
        let mut packets = Vec::new();
        let mut expected = Vec::new();
        for interface in 0..5 {
            for proto in [Tcp, Udp, ping(family), Number(47), Number(50), Number(132)] {
                packets.push(to(family, interface, 1, proto));
                expected.push("local");
                packets.push(to(family, interface, 9, proto));
                expected.push(NAMES[usize::from(interface)]);
            }
        }
        // More than the queue of a device holds.
        for _ in 0..7 {
            packets.extend_from_within(..);
            expected.extend_from_within(..);
        }
        for _ in 0..2 {
            let answer = judge.ask(&case((BackEnd::Nft, family), "", packets.clone()));
            assert_eq!(places(&answer), expected);
            for (packet, verdict) in packets.iter().zip(answer.verdicts) {
                let ports = matches!(packet.proto, Tcp | Udp);
                let arrival = verdict.unwrap();
                assert_eq!((arrival.src, arrival.dst), (packet.src, packet.dst));
                assert_eq!(arrival.sport, ports.then_some(40000));
                assert_eq!(arrival.dport, ports.then_some(80));
            }
        }
        let elsewhere = match family {
            Family::V4 => ["8.8.8.8", "10.0.255.255", "127.0.0.1"],
            Family::V6 => ["2001:db8::1", "fd00:4::", "fd00::1"],
        };
        // Its own address as a source, the first interface for the rest of the world, a broadcast.
        let packets =
            elsewhere.map(|dst| Packet::new("ppp0", host(family, 1, 1), dst.parse().unwrap(), Udp)).to_vec();
        let answer = judge.ask(&case((BackEnd::Nft, family), "", packets));
        assert_eq!(places(&answer), ["eth0", "local", "local"]);
    }
}

#[test]
fn a_policy_drops_what_is_for_the_node_and_nothing_else() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let packets = vec![to(family, 0, 1, Tcp), to(family, 1, 1, ping(family)), to(family, 1, 9, Tcp)];
        let answer = judge.ask(&case(world, &filter(":INPUT DROP [0:0]"), packets));
        assert_eq!(places(&answer), ["-", "-", "eth1"], "{world:?}");
    }
}

#[test]
fn a_rule_sees_source_interface_protocol_and_port() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let five = host(family, 0, 5);
        let rules = filter(&format!(
            "-A INPUT -s {five} -i eth0 -p tcp --dport 80 -j DROP\n-A FORWARD -o eth2 -p udp --sport 7 -j DROP"
        ));
        let packet = to(family, 0, 1, Tcp);
        let udp = to(family, 2, 9, Udp);
        let packets = vec![
            packet.clone(),
            Packet { src: host(family, 0, 6), ..packet.clone() },
            Packet { iif: "eth1".to_owned(), ..packet.clone() },
            Packet { dport: 81, ..packet.clone() },
            Packet { proto: Udp, ..packet },
            udp.clone(),
            Packet { sport: 7, ..udp },
        ];
        let answer = judge.ask(&case(world, &rules, packets));
        assert_eq!(places(&answer), ["-", "local", "local", "local", "local", "eth2", "-"], "{world:?}");
    }
}

#[test]
fn translations_show_on_arrival() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let (far, other, node) = (host(family, 2, 9), host(family, 1, 1), host(family, 0, 1));
        let socket = |ip: IpAddr, port: u16| std::net::SocketAddr::from((ip, port));
        let rules = format!(
            "*nat\n-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination {}\n\
             -A PREROUTING -p tcp --dport 81 -j DNAT --to-destination {}\n\
             -A PREROUTING -p udp --dport 82 -j REDIRECT --to-ports 8082\n\
             -A POSTROUTING -o br-lan -p udp -j SNAT --to-source {}\nCOMMIT\n\
             *filter\n-A INPUT -p tcp --dport 80 -j DROP\n-A INPUT -p tcp --dport 81 -j DROP\nCOMMIT\n",
            socket(far, 8080),
            socket(other, 8081),
            socket(far, 99),
        );
        let packet = to(family, 0, 1, Tcp);
        let packets = vec![
            packet.clone(),
            Packet { dport: 81, ..packet.clone() },
            Packet { proto: Udp, dport: 82, dst: host(family, 4, 9), ..packet.clone() },
            Packet { dst: host(family, 3, 9), proto: Udp, ..packet },
        ];
        let answer = judge.ask(&case(world, &rules, packets));
        let arrival = |to: &str, dst, dport| {
            let src = host(family, 0, 5);
            Some(Arrival { to: to.to_owned(), src, dst, sport: Some(40000), dport: Some(dport) })
        };
        let mut expected = vec![
            arrival("eth2", far, 8080),
            arrival("local", other, 8081),
            arrival("local", node, 8082),
            arrival("br-lan", host(family, 3, 9), 80),
        ];
        let last = expected[3].as_mut().unwrap();
        (last.src, last.sport) = (far, Some(99));
        assert_eq!(answer.verdicts, expected, "{world:?}");
    }
}

#[test]
fn states_are_the_kernel_s() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let with = |state: &str| filter(&format!("-A FORWARD -m conntrack --ctstate {state} -j DROP"));
        let other = |number, proto| Packet { sport: number, ..to(family, 1, 9, proto) };
        let reply = if family == Family::V4 { 0 } else { 129 };
        let packets = vec![
            other(1, Tcp),
            tcp(other(2, Tcp), &["SYN", "ACK"]),
            // The kernel picks up connections that it did not see begin (nf_conntrack_tcp_loose).
            tcp(other(3, Tcp), &["ACK"]),
            tcp(other(4, Tcp), &["SYN", "FIN"]),
            tcp(other(5, Tcp), &[]),
            tcp(other(6, Tcp), &["RST"]),
            other(7, Udp),
            other(8, ping(family)),
            Packet { icmp_type: reply, ..other(9, ping(family)) },
            tcp(back(&other(1, Tcp), "eth1"), &["SYN", "ACK"]),
            back(&other(7, Udp), "eth1"),
        ];
        let expected = [
            "NEW",
            "INVALID",
            "NEW",
            "INVALID",
            "INVALID",
            "INVALID",
            "NEW",
            "NEW",
            "INVALID",
            "ESTABLISHED",
            "ESTABLISHED",
        ];
        for state in ["NEW", "INVALID", "ESTABLISHED"] {
            let answer = judge.ask(&case(world, &with(state), packets.clone()));
            let places = places(&answer);
            for (index, known) in expected.iter().enumerate() {
                // A packet that is dropped has no reply.
                if state != "NEW" || *known != "ESTABLISHED" {
                    assert_eq!(
                        places[index] == "-",
                        *known == state,
                        "{world:?} {state} {:?}",
                        packets[index]
                    );
                }
            }
        }
    }
}

#[test]
fn icmp_is_told_apart_by_type() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let rules = match family {
            Family::V4 => "-A INPUT -p icmp --icmp-type 3/4 -j DROP\n-A INPUT -p icmp --icmp-type 8 -j DROP",
            Family::V6 => {
                "-A INPUT -p icmpv6 --icmpv6-type 1/4 -j DROP\n-A INPUT -p icmpv6 --icmpv6-type 128 -j DROP"
            }
        };
        let (echo, reply, unreachable) = if family == Family::V4 { (8, 0, 3) } else { (128, 129, 1) };
        let packets = [(echo, 0), (reply, 0), (unreachable, 4), (unreachable, 3)]
            .map(|(icmp_type, code)| Packet { icmp_type, code, ..to(family, 0, 1, ping(family)) });
        let answer = judge.ask(&case(world, &filter(rules), packets.to_vec()));
        assert_eq!(places(&answer), ["-", "local", "-", "local"], "{world:?}");
    }
}

#[test]
fn a_rejected_packet_is_not_its_error_message() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let rules = filter(
            "-A INPUT -p tcp -j REJECT --reject-with tcp-reset\n-A INPUT -p udp -j REJECT\n-A FORWARD -j REJECT",
        );
        let packets = vec![
            to(family, 0, 1, Tcp),
            to(family, 0, 1, Udp),
            to(family, 0, 1, ping(family)),
            to(family, 1, 9, Udp),
            to(family, 1, 9, ping(family)),
            // The message goes to the node itself.
            Packet { src: host(family, 0, 1), ..to(family, 1, 9, Udp) },
        ];
        let answer = judge.ask(&case(world, &rules, packets));
        assert_eq!(places(&answer), ["-", "-", "local", "-", "-", "-"], "{world:?}");
    }
}

#[test]
fn length_ttl_and_other_protocols_are_as_asked() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let (hops, header) = if family == Family::V4 { ("ttl --ttl-eq", 20) } else { ("hl --hl-eq", 40) };
        let rules = filter(&format!(
            "-A INPUT -m length --length 777 -j DROP\n-A INPUT -m {hops} 9 -j DROP\n-A INPUT -p 47 -j DROP\n\
             -A INPUT -m length --length 9000 -j DROP\n-A INPUT -p udp -m length --length {} -j DROP",
            header + 16
        ));
        let packet = to(family, 0, 1, Tcp);
        let packets = vec![
            packet.clone(),
            Packet { length: Some(777), ..packet.clone() },
            Packet { length: Some(778), ..packet.clone() },
            Packet { length: Some(9000), ..packet.clone() },
            Packet { length: Some(9001), ..packet.clone() },
            Packet { ttl: Some(9), ..packet.clone() },
            Packet { ttl: Some(1), ..packet.clone() },
            Packet { proto: Number(47), ..packet.clone() },
            Packet { proto: Number(132), ..packet.clone() },
            Packet { proto: Udp, ..packet },
        ];
        let answer = judge.ask(&case(world, &rules, packets));
        let expected = ["local", "-", "local", "-", "local", "-", "local", "-", "local", "-"];
        assert_eq!(places(&answer), expected, "{world:?}");
    }
}

#[test]
fn sets_are_loaded_and_go() {
    let mut judge = judge();
    // Often: nft frees what removed rules held a while after.
    for round in 0..5 {
        for world @ (_, family) in ALL {
            let inet = if family == Family::V4 { "inet" } else { "inet6" };
            let number = 5 + round;
            let sets = format!(
                "create peers hash:ip family {inet}\nadd peers {}\ncreate ports hash:net,port family {inet}\n\
                 add ports {},tcp:80\n",
                host(family, 0, number),
                host(family, 1, 9)
            );
            let rules = filter(
                "-A INPUT -m set --match-set peers src -j DROP\n-A FORWARD -m set --match-set ports dst,dst -j DROP",
            );
            let from = |number| Packet { src: host(family, 0, number), ..to(family, 0, 1, Tcp) };
            let forward = Packet { dport: 81, ..to(family, 1, 9, Tcp) };
            let packets = vec![from(number), from(number + 1), to(family, 1, 9, Tcp), forward];
            let answer = judge.ask(&Case { sets, ..case(world, &rules, packets) });
            assert_eq!(places(&answer), ["-", "local", "-", "eth1"], "{world:?}");
        }
    }
    let missing = filter("-A INPUT -m set --match-set peers src -j DROP");
    for world @ (_, family) in ALL {
        let answer = judge.ask(&case(world, &missing, vec![to(family, 0, 1, Tcp)]));
        assert!(!answer.loaded && answer.error.unwrap().contains("peers"), "{world:?}");
    }
    let broken = Case { sets: "create a hash:ip\nadd a x\n".to_owned(), ..case(ALL[0], "", Vec::new()) };
    assert!(judge.ask(&broken).error.unwrap().contains("line 4"));
    assert_eq!(places(&judge.ask(&Case { sets: "create a hash:ip\n".to_owned(), ..broken })), [""; 0]);
}

#[test]
fn rules_that_do_not_load_are_told() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let packets = vec![to(family, 0, 1, Tcp)];
        for (rules, message) in [
            ("*filter\n:INPUT DROP [0:0]\n-A INPUT --unheard-of 1 -j ACCEPT\nCOMMIT\n", "line: 3"),
            ("*filter\n-A INPUT -j NOWHERE\nCOMMIT\n", ""),
            ("*filter\n:INPUT DROP [0:0]\nCOMMIT\n*nat\n-A PREROUTING -j DROP\nCOMMIT\n", "line: 5"),
            ("*filter\n:INPUT DROP [0:0]\n", "COMMIT expected"),
            ("*filter\n:INPUT DROP [0:0]\n*nat\nCOMMIT\n", "line: 3"),
            ("*unheard-of\nCOMMIT\n", "unheard-of"),
            ("nonsense\n", "line 1"),
        ] {
            let answer = judge.ask(&case(world, rules, packets.clone()));
            assert!(!answer.loaded, "{world:?} {rules}");
            assert_eq!(answer.verdicts, []);
            let error = answer.error.unwrap();
            assert!(error.contains(message), "{world:?} {rules}{error}");
            assert_eq!(places(&judge.ask(&case(world, "", packets.clone()))), ["local"], "{world:?} {rules}");
        }
    }
}

#[test]
fn nothing_remains_of_an_earlier_case() {
    let mut judge = judge();
    for world @ (_, family) in ALL {
        let syn = to(family, 1, 9, Tcp);
        let answered = tcp(back(&syn, "eth1"), &["SYN", "ACK"]);
        let local = to(family, 0, 1, Tcp);
        for rules in [
            "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n",
            "*filter\n-A INPUT -j DROP\n-A FORWARD -j DROP\nCOMMIT\n",
            "*mangle\n:PREROUTING DROP [0:0]\nCOMMIT\n",
            "*raw\n-A PREROUTING -j DROP\nCOMMIT\n",
            "*security\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n",
        ] {
            for next @ (_, next_family) in ALL {
                let packets = vec![local.clone(), syn.clone()];
                assert_eq!(places(&judge.ask(&case(world, rules, packets))), ["-", "-"], "{world:?} {rules}");
                // The tables are named, their policies are not.
                let packets = vec![to(next_family, 0, 1, Tcp), to(next_family, 1, 9, Tcp)];
                let named = "*filter\nCOMMIT\n*mangle\nCOMMIT\n";
                let answer = judge.ask(&case(next, named, packets));
                assert_eq!(places(&answer), ["local", "eth1"], "{world:?} {rules} {next:?}");
            }
        }

        let replies = filter(
            ":FORWARD DROP [0:0]\n-A FORWARD -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -i eth0 -j ACCEPT",
        );
        let both = judge.ask(&case(world, &replies, vec![syn.clone(), answered.clone()]));
        assert_eq!(places(&both), ["eth1", "eth0"], "{world:?}");
        let alone = judge.ask(&case(world, &replies, vec![answered]));
        assert_eq!(places(&alone), ["-"], "{world:?}");

        let twice = filter(
            "-A INPUT -m recent --name seen --rcheck -j DROP\n-A INPUT -m recent --name seen --set -j ACCEPT",
        );
        for _ in 0..3 {
            let answer = judge.ask(&case(world, &twice, vec![local.clone(), local.clone()]));
            assert_eq!(places(&answer), ["local", "-"], "{world:?}");
        }
    }
}

/// One process loads the rules of many cases: what stands then is what a process of their own would have loaded.
#[test]
fn rules_stand_as_a_process_of_their_own_loads_them() {
    let texts = [
        "*filter\n:INPUT DROP [0:0]\n:OWN - [0:0]\n:own - [0:0]\n-A INPUT -j OWN\n-A OWN -p tcp -m multiport --dports 1,5:9 -g own\n\
         -A own -m comment --comment \"a # b\" -j RETURN\n-A FORWARD ! -i eth0 -m conntrack --ctstate NEW -j OWN\nCOMMIT\n",
        "# a comment\n*nat\n:OWN - [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080\n-A OWN -j RETURN\nCOMMIT\n\
         *filter\n:OWN - [0:0]\n-A OWN -m mark --mark 0x1/0xf -j DROP\n-A INPUT -p tcp --syn -j OWN\n-A INPUT -m limit --limit 5/min -j LOG\nCOMMIT\n",
        "*mangle\n-A PREROUTING -p udp -m length --length 0:100 -j MARK --set-xmark 0x1/0xf\n:OWN -\n-A FORWARD -j OWN\nCOMMIT\n",
        "*filter\n-A INPUT -s 10.0.0.0/8 -j DROP\nCOMMIT\n*filter\n-A INPUT -j REJECT\nCOMMIT\n\n# end\n",
        "",
    ];
    let mut judge = judge();
    for back_end in BACK_ENDS {
        let save = if back_end == BackEnd::Nft { "iptables-nft-save" } else { "iptables-legacy-save" };
        let saved = |judge: &Judge| -> Vec<String> {
            let text = run(&mut judge.node.command(save));
            let rules = text.lines().filter(|line| !line.starts_with('#'));
            // Without the counts of packets and bytes.
            rules.map(|line| line.split(" [").next().unwrap().to_owned()).collect()
        };
        for first in texts {
            for second in texts {
                let world = (back_end, Family::V4);
                let standing = [true, false].map(|fresh| {
                    for rules in [first, second] {
                        let answer = judge.ask(&Case { fresh, ..case(world, rules, Vec::new()) });
                        assert_eq!(places(&answer), [""; 0]);
                    }
                    saved(&judge)
                });
                assert_eq!(standing[0], standing[1], "{back_end:?}\n{first}\n{second}");
            }
        }
    }
}
