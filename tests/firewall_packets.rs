//! The rendered rules against packets: what they admit is answered, and what they do not is dropped by them.
#![allow(clippy::unwrap_used, clippy::case_sensitive_file_extension_comparisons)]

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

mod support;
use support::lab::{Lab, document, with_peers};
use support::netns::{BackEnd, answered, ask_for, exchange};
use support::tools::run;

/// Each test, with either back end.
macro_rules! with_both_back_ends {
    ($($name:ident)*) => {
        mod nft { $( #[test] fn $name() { super::$name(super::BackEnd::Nft); } )* }
        mod legacy { $( #[test] fn $name() { super::$name(super::BackEnd::Legacy); } )* }
    };
}

with_both_back_ends! {
    rules_govern_host_sockets_and_published_ports_alike
    a_container_s_address_is_closed_to_a_neighbour_that_routes_it
    ipv6_works_with_an_empty_neighbour_cache_and_is_closed_too
    udp_that_is_sent_to_everybody_is_governed_too
    an_open_connection_stays_open_when_its_port_is_closed
    packets_that_are_too_big_for_the_way_are_told_of
    a_changed_peer_list_leaves_no_gap
}

const NODE: &str = "172.22.1.210";

fn rules_govern_host_sockets_and_published_ports_alike(back_end: BackEnd) {
    let lab = Lab::new(back_end);
    let zookeeper = format!("{NODE}:2181");
    // Without the firewall everything is open: the probes below find a firewall and not a broken network.
    assert_eq!(answered(|time| lab.stranger.ask_tcp(&zookeeper, time)), "zookeeper saw 172.22.1.99");
    lab.done(&["load"]);

    assert_eq!(answered(|time| lab.friend.ask_tcp(&zookeeper, time)), "zookeeper saw 172.22.2.210");
    lab.dropped(|time| lab.stranger.ask_tcp(&zookeeper, time));
    lab.dropped(|time| lab.far.ask_tcp(&zookeeper, time));
    // A published port that no rule names.
    lab.dropped(|time| lab.friend.ask_tcp(&format!("{NODE}:18080"), time));
    // Sockets of the host.
    assert_eq!(answered(|time| lab.far.ask_tcp(&format!("{NODE}:22"), time)), "ssh saw 203.0.113.9");
    lab.dropped(|time| lab.friend.ask_tcp(&format!("{NODE}:22"), time));
    lab.dropped(|time| lab.friend.ask_tcp(&format!("{NODE}:9100"), time));
    assert_eq!(answered(|time| lab.friend.ask_udp(&format!("{NODE}:4500"), time)), "ipsec saw 172.22.2.210");
    lab.dropped(|time| lab.stranger.ask_udp(&format!("{NODE}:4500"), time));
    lab.dropped(|time| lab.friend.ask_udp(&format!("{NODE}:5353"), time));

    // What the node and its containers do themselves is not the network's.
    assert_eq!(answered(|time| lab.node.ask_tcp("172.22.2.210:9000", time)), "friend saw 172.22.1.210");
    assert_eq!(answered(|time| lab.container.ask_tcp("172.22.2.210:9000", time)), "friend saw 172.22.1.210");
    assert_eq!(
        answered(|time| lab.container.ask_tcp(&format!("{NODE}:9100"), time)),
        "metrics saw 172.17.0.2"
    );
    assert_eq!(answered(|time| lab.node.ask_tcp(&format!("{NODE}:9100"), time)), "metrics saw 172.22.1.210");
}

fn a_container_s_address_is_closed_to_a_neighbour_that_routes_it(back_end: BackEnd) {
    let lab = Lab::new(back_end);
    for neighbour in [&lab.friend, &lab.stranger] {
        neighbour.ip(&format!("route add 172.17.0.0/16 via {NODE}"));
    }
    let inside = |time| lab.friend.ask_tcp("172.17.0.2:12181", time);
    assert_eq!(answered(inside), "zookeeper saw 172.22.2.210", "it is open without the firewall");
    lab.done(&["load"]);
    lab.dropped(inside);
    // A forged source is no container.
    lab.stranger.address("eth0", "172.17.0.9/32");
    lab.stranger.ip(&format!("route change 172.17.0.0/16 via {NODE} src 172.17.0.9"));
    lab.dropped(|time| lab.stranger.ask_tcp("172.17.0.2:12181", time));
    lab.dropped(|time| lab.stranger.ask_tcp("172.17.0.1:9100", time));
    // What the container itself opens is answered, whether its address is translated on the way or not.
    let outwards = |time| lab.container.ask_tcp("172.22.2.210:9000", time);
    assert_eq!(answered(outwards), "friend saw 172.22.1.210");
    run(lab.on_node("iptables").args(["-t", "nat", "-F", "POSTROUTING"]));
    assert_eq!(answered(outwards), "friend saw 172.17.0.2");
    // The published port still leads there.
    assert_eq!(
        answered(|time| lab.friend.ask_tcp(&format!("{NODE}:2181"), time)),
        "zookeeper saw 172.22.2.210"
    );

    lab.render(
        &document()
            .replace("    groups: server-nodes\n", "    groups: server-nodes\n    routed: 172.22.2.0/24\n"),
    );
    lab.done(&["load"]);
    assert_eq!(answered(inside), "zookeeper saw 172.22.2.210", "its network is declared as routed");
    lab.dropped(|time| lab.stranger.ask_tcp("172.17.0.2:12181", time));
}

fn ipv6_works_with_an_empty_neighbour_cache_and_is_closed_too(back_end: BackEnd) {
    let lab = Lab::new(back_end);
    assert_eq!(
        answered(|time| lab.stranger.ask_tcp("[fd00:22::210]:9100", time)),
        "metrics saw fd00:22::99",
        "it is open without the firewall"
    );
    lab.done(&["load"]);
    let forget = || {
        for host in [&lab.node, &lab.friend, &lab.stranger, &lab.wire, &lab.far] {
            host.ip("-6 neighbour flush all");
        }
    };
    forget();
    assert_eq!(answered(|time| lab.node.ask_tcp("[fd00:22::211]:9000", time)), "friend saw fd00:22::210");
    forget();
    assert_eq!(answered(|time| lab.far.ask_tcp("[fd00:22::210]:22", time)), "ssh saw fd00:113::9");
    forget();
    lab.dropped(|time| lab.stranger.ask_tcp("[fd00:22::210]:9100", time));
    lab.dropped(|time| lab.stranger.ask_tcp("[fd00:22::210]:22", time));
    // A neighbour that wants to know whether the node is still there asks it alone, and not the whole wire.
    forget();
    answered(|time| lab.node.ask_tcp("[fd00:22::211]:9000", time));
    let before = lab.drops();
    lab.friend.ip("neighbour change fd00:22::210 dev eth0 nud probe");
    let end = Instant::now() + Duration::from_secs(5);
    while !lab.friend.ip("neighbour show fd00:22::210").contains("REACHABLE") {
        assert!(Instant::now() < end, "{}", lab.friend.ip("neighbour show fd00:22::210"));
    }
    assert_eq!(lab.drops(), before);
}

fn udp_that_is_sent_to_everybody_is_governed_too(back_end: BackEnd) {
    let lab = Lab::new(back_end);
    // 224.0.0.1 and ff02::1: every host is a member, and a socket that is bound to no address takes it.
    let everybody = ["172.22.255.255:5353", "224.0.0.1:5353", "[ff02::1%1]:5354"];
    let scope = |word: &str| {
        let index = lab.stranger.ip("-o link show dev eth0").split(':').next().unwrap().to_owned();
        word.replace("%1", &format!("%{index}"))
    };
    for to in everybody.map(scope) {
        assert!(answered(|time| lab.stranger.ask_udp(&to, time)).starts_with("undeclared"), "{to}");
    }
    lab.done(&["load"]);
    for to in everybody.map(scope) {
        lab.dropped(|time| lab.stranger.ask_udp(&to, time));
    }
    // Leases are renewed all the same: an answer that nobody asked for by unicast comes from a server's port.
    let lab = &lab;
    let lease = |port| move |time| lab.stranger.ask_udp_from(port, &format!("{NODE}:68"), time);
    assert_eq!(answered(lease(67)), "dhcp saw 172.22.1.99");
    lab.dropped(lease(0));
    let own = lab.node.ip("-6 -o address show dev eth0 scope link");
    let own = own.split_whitespace().nth(3).unwrap().split('/').next().unwrap();
    let near = scope(&format!("[{own}%1]:546"));
    assert!(answered(|time| lab.stranger.ask_udp(&near, time)).starts_with("dhcp saw fe80:"));
    lab.dropped(|time| lab.stranger.ask_udp("[fd00:22::210]:546", time));
}

fn an_open_connection_stays_open_when_its_port_is_closed(back_end: BackEnd) {
    let lab = Lab::new(back_end);
    let open = |host: &support::netns::Namespace, port: u16| {
        let mut stream = host.inside(move || TcpStream::connect(format!("{NODE}:{port}")).unwrap());
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        exchange(&mut stream).unwrap();
        stream
    };
    let mut streams = [open(&lab.stranger, 2181), open(&lab.stranger, 9100)];
    lab.done(&["load"]);
    for stream in &mut streams {
        exchange(stream).unwrap();
    }
    lab.dropped(|time| lab.stranger.ask_tcp(&format!("{NODE}:2181"), time));
}

fn packets_that_are_too_big_for_the_way_are_told_of(back_end: BackEnd) {
    let lab = Lab::new(back_end);
    lab.wire.ip("link set p4 mtu 1300");
    lab.done(&["load"]);
    for to in ["172.22.1.210:22", "[fd00:22::210]:22"] {
        let length = lab.far.inside(move || {
            let mut stream = TcpStream::connect(to).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            ask_for(&mut stream, *b"L").unwrap().len()
        });
        assert_eq!(length, 300_001);
    }
    // Where nobody follows the connection (as with one of before a reboot) the message itself is admitted.
    let before = lab.drops();
    for (kind, tool, to) in [("-4", "iptables", "203.0.113.9"), ("-6", "ip6tables", "fd00:113::9")] {
        for chain in ["OUTPUT", "PREROUTING"] {
            run(lab.on_node(tool).args(["-t", "raw", "-A", chain, "-j", "CT", "--notrack"]));
        }
        lab.node.ip(&format!("{kind} route flush cache"));
        let told =
            lab.node.command("ping").args([kind, "-c1", "-W1", "-Mdo", "-s1400", to]).output().unwrap();
        let told =
            String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr);
        assert!(told.contains("mtu"), "{told}");
    }
    assert_eq!(lab.drops(), before);
}

fn a_changed_peer_list_leaves_no_gap(back_end: BackEnd) {
    let lab = Lab::new(back_end);
    let documents = [with_peers(20), with_peers(21)];
    lab.render(&documents[0]);
    lab.done(&["load"]);
    assert!(lab.loaded().contains("add rgen-server-nodes"), "{}", lab.loaded());

    let over = Arc::new(AtomicBool::new(false));
    let ask_on = |host: &support::netns::Namespace, patience: u64| {
        let over = Arc::clone(&over);
        host.thread(move || {
            let to = format!("{NODE}:2181").parse().unwrap();
            let (mut asked, mut answers) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                asked += 1;
                if let Ok(mut stream) = TcpStream::connect_timeout(&to, Duration::from_millis(patience)) {
                    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                    answers += usize::from(exchange(&mut stream).is_some());
                }
            }
            (asked, answers)
        })
    };
    // A lost SYN is sent again after a second, so whatever a gap loses is counted there.
    let (friend, stranger) = (ask_on(&lab.friend, 10_000), ask_on(&lab.stranger, 3));
    let sent_again = || {
        let text = run(lab.friend.command("cat").arg("/proc/net/snmp"));
        let mut lines = text.lines().filter(|line| line.starts_with("Tcp:"));
        let names = lines.next().unwrap().split_whitespace();
        let values = lines.next().unwrap().split_whitespace();
        names.zip(values).find(|(name, _)| *name == "RetransSegs").unwrap().1.parse::<u64>().unwrap()
    };
    let before = sent_again();
    for round in 1..=6 {
        lab.render(&documents[round % 2]);
        lab.done(&["load"]);
    }
    let after = sent_again();
    over.store(true, Ordering::Relaxed);
    let (asked, answers) = friend.join().unwrap();
    assert!(asked > 50, "only {asked} connections were tried");
    assert_eq!(asked, answers);
    assert_eq!(before, after, "a packet of an admitted peer was lost");
    let (tried, wrong) = stranger.join().unwrap();
    assert!(tried > 50 && wrong == 0, "{wrong} of {tried} got in");
}
