//! What changes between two rule sets where the kernel does something with packets between chains: each chain is the same by
//! itself, or nothing goes by it.
#![allow(clippy::unwrap_used)]

use std::fs;

mod support;
use support::cli::rancher_gen;

/// Texts with all built-in chains of some tables; the filter forwards nothing that no rule admits.
fn tables(all: &[(&str, &str)]) -> String {
    const CHAINS: &str = ":PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n\
                          :OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n";
    let chains = |table: &str| match table {
        "raw" => ":PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n",
        "filter" => ":INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n",
        _ => CHAINS,
    };
    let text = |(table, rules): &(&str, &str)| format!("*{table}\n{}{rules}COMMIT\n", chains(table));
    all.iter().map(text).collect()
}

/// A table with some rules before, and others now, beside other tables.
fn beside(others: &[(&str, &str)], table: &str, old: &str, new: &str) -> (String, String) {
    let text = |rules| tables(&[others, &[(table, rules)]].concat());
    (text(old), text(new))
}

/// The exit code of a comparison on all ways, and something that it says.
fn assert_told(texts: &(String, String), expected: i32, words: &str) {
    assert_told_of("v4", texts, expected, words);
}

fn assert_told_of(family: &str, texts: &(String, String), expected: i32, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), &texts.0).unwrap();
    fs::write(folder.path().join("new"), &texts.1).unwrap();
    let told = rancher_gen(folder.path(), &["diff", "--rules", "old", "new", "--family", family]);
    let is_right = told.code == Some(expected) && told.out.contains(words);
    assert!(is_right, "{:?} {}\n{}\n{}", told.code, told.out, texts.0, texts.1);
}

const TRACKED: (&str, &str) = ("mangle", "-A INPUT -m conntrack --ctstate INVALID -j DROP\n");

/// What the kernel does with packets between chains is not followed: it is of no account where each chain does the same by
/// itself, or where nothing goes by it.
#[test]
fn packets_change_between_chains() {
    let inside = ("mangle", "-A PREROUTING -i eth0 -d 10.0.0.0/8 -j DROP\n");
    let masked = ("nat", "-A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE\n");
    let both = [inside, masked];
    let answers = "-A FORWARD -i eth0 -d 10.0.0.0/8 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n";
    let twice = format!("{answers}{}", answers.replace("10.0.0.0/8", "10.1.0.0/16"));
    let anybody = answers.replace("-d 10.0.0.0/8 ", "");
    let limit = "-A FORWARD -m limit --limit 1/sec -j ACCEPT\n";
    let [limit_first, limit_last] = [format!("{limit}{answers}"), format!("{answers}{limit}")];
    // Answers to a sender that was changed have its address after `nat` only, and before it that of the host.
    assert_told(&beside(&both, "filter", answers, ""), 5, "table filter, chain FORWARD");
    assert_told(&beside(&both, "filter", answers, &anybody), 1, "newly admitted");
    assert_told(&beside(&both, "filter", answers, &twice), 0, "");
    let tracked = ("mangle", &*format!("{}{}", inside.1, TRACKED.1));
    assert_told(&beside(&[tracked], "filter", answers, ""), 0, "");
    assert_told(&beside(&[masked], "filter", answers, ""), 1, "newly refused");
    assert_told(&beside(&both, "filter", &limit_first, &limit_last), 5, "-m limit");
    let own = [
        ("mangle", "-A OUTPUT -d 10.0.0.0/8 -j DROP\n"),
        ("nat", "-A INPUT -s 10.0.0.0/8 -j SNAT --to-source 192.0.2.9\n"),
    ];
    let served = "-A OUTPUT -d 10.0.0.0/8 -m conntrack --ctstate ESTABLISHED -j DROP\n";
    assert_told(&beside(&own, "filter", served, ""), 5, "table filter, chain OUTPUT");
    let by_mark = ("mangle", "-A PREROUTING -d 192.0.2.1/32 -j MARK --set-xmark 0x1/0xffffffff\n");
    let marked = "-A FORWARD -d 10.0.0.5/32 -m mark --mark 0x1 -j ACCEPT\n";
    assert_told(&beside(&[by_mark, masked], "filter", "", marked), 5, "--mark 0x1");
    // What the host sends another way goes out there from then on.
    let leaving = ("filter", "-A OUTPUT -o eth0 -j DROP\n");
    let left = "-A POSTROUTING -o eth0 -j DROP\n";
    let mark = "-A OUTPUT -j MARK --set-xmark 0x1/0xffffffff\n";
    let web = ("nat", "-A OUTPUT -p tcp -j DNAT --to-destination 10.0.0.5\n");
    let moved = |mangle: &str, others: &[(&str, &str)]| {
        let marked = format!("{mangle}{left}");
        (
            tables(&[&[leaving, ("mangle", mangle)], others].concat()),
            tables(&[&[("filter", ""), ("mangle", &marked)], others].concat()),
        )
    };
    assert_told(&moved("", &[]), 0, "");
    assert_told(&moved(mark, &[]), 5, "table mangle, chain POSTROUTING");
    assert_told(&moved("", &[web]), 5, "table mangle, chain POSTROUTING");
}

/// What the host sends to itself, to a group or through a tunnel comes in with a mark and a state, and what it answers or
/// copies is sent with one.
#[test]
fn packets_that_are_seldom_are_packets() {
    let new = |others: &[(&str, &str)], table: &str, rule: &str| beside(others, table, "", rule);
    let web = ("nat", "-A OUTPUT -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080\n");
    let freed = ("raw", "-A OUTPUT -o lo -j CT --notrack\n");
    let copied = ("mangle", "-A PREROUTING -j TEE --gateway 10.0.0.9\n");
    let untracked = "-A INPUT -m conntrack --ctstate UNTRACKED -j DROP\n";
    for (others, table, rule, words) in [
        (&[][..], "filter", "-A INPUT -m mark --mark 0x5 -j DROP\n", "table filter, chain INPUT"),
        (&[], "raw", "-A PREROUTING -i eth0 -m conntrack --ctstate NEW -j DROP\n", "table raw"),
        (&[], "raw", "-A OUTPUT -m conntrack --ctstate RELATED -j DROP\n", "RELATED"),
        (&[freed], "filter", untracked, "UNTRACKED"),
        (&[copied], "filter", "-A OUTPUT -m conntrack --ctstate UNTRACKED -j DROP\n", "UNTRACKED"),
        (&[TRACKED, web], "filter", "-A INPUT -m conntrack --ctstate DNAT -j DROP\n", "DNAT"),
        (&[TRACKED], "filter", "-A INPUT -m conntrack --ctorigsrc 10.0.0.1 -s 10.0.0.2 -j DROP\n", "orig"),
        (&[], "filter", "-A FORWARD -m conntrack --ctstate SNAT -j ACCEPT\n", "SNAT"),
        (&[], "filter", "-A FORWARD -m pkttype --pkt-type broadcast -j ACCEPT\n", "broadcast"),
    ] {
        assert_told(&new(others, table, rule), 5, words);
    }
    // What is related to another connection may be one of its own.
    let related = "-A PREROUTING -p tcp -m conntrack --ctstate RELATED -j DNAT --to-destination 10.0.0.5\n";
    assert_told(&new(&[], "nat", related), 5, "table nat, chain PREROUTING");
    // An answer to what is refused is a packet, too; and a table of `hashlimit` that is full drops them.
    let list = "-A OUTPUT -p icmp -m icmp --icmp-type 3 -m recent --set --name A --rdest\n\
                -A INPUT -m recent --rcheck --name A -j DROP\n";
    let refused = |target: &str| format!("{list}-A INPUT -p udp -j {target}\n");
    assert_told(&beside(&[], "filter", &refused("REJECT"), &refused("DROP")), 5, "recent");
    let full = "-A FORWARD -m hashlimit --hashlimit-upto 1000/sec --hashlimit-name z -j ACCEPT\n";
    assert_told(&new(&[], "mangle", full), 5, "hashlimit");
    let told = format!("-A INPUT {} -j LOG\n", "-m hashlimit --hashlimit-upto 1000/sec --hashlimit-name z");
    assert_told(&new(&[], "filter", &told), 5, "hashlimit");
    // A drop before connections are tracked, and one after.
    let related = "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n";
    let early = ("raw", "-A PREROUTING -s 10.2.0.2/32 -j DROP\n");
    let late = format!("-A INPUT -s 10.2.0.2/32 -j DROP\n-A FORWARD -s 10.2.0.2/32 -j DROP\n{related}");
    let moved = (tables(&[early, ("filter", related)]), tables(&[("raw", ""), ("filter", &late)]));
    assert_told(&moved, 5, "table raw, chain PREROUTING");
    // What is the same in words is not what is done with an address of the other side.
    let mapped = "-A POSTROUTING -d 10.2.0.0/24 -j NETMAP --to 10.2.0.0/24\n";
    assert_told(&new(&[], "nat", mapped), 5, "NETMAP");
    // Bits that are flipped twice, and what counts and only changes packets.
    let doubled = |table, rule: &str| beside(&[], table, rule, &rule.repeat(2));
    assert_told(&doubled("mangle", "-A PREROUTING -j MARK --set-xmark 0x1/0x0\n"), 5, "table mangle");
    assert_told(&doubled("mangle", "-A PREROUTING -j TOS --set-tos 0x04/0x00\n"), 5, "table mangle");
    assert_told(&doubled("mangle", "-A PREROUTING -j CHECKSUM --checksum-fill\n"), 0, "");
    let nth = "-A PREROUTING -m statistic --mode nth --every 2 --packet 0 -j TTL --ttl-set 1\n";
    assert_told(&doubled("mangle", nth), 5, "table mangle");
    // The counters of a set are what all its rules make them.
    let few = "-A FORWARD -p icmp -j ACCEPT\n";
    let counts = "-A FORWARD -m set --match-set x src -j ACCEPT\n";
    let asks = "-A INPUT -m set --match-set x src --packets-gt 5 -j DROP\n";
    let counted = |all: [&str; 2]| format!("{asks}{}", all.concat());
    assert_told(&beside(&[], "filter", &counted([few, counts]), &counted([counts, few])), 5, "packets-gt");
    let uncounted = counts.replace("src", "src ! --update-counters");
    assert_told(
        &beside(&[], "filter", &counted([counts, ""]), &counted([&uncounted, ""])),
        5,
        "update-counters",
    );
    // Chance has no memory.
    let chance = "-A PREROUTING -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.0.0.5\n";
    let refused =
        ("filter", "-A OUTPUT -p udp -m limit --limit 1/sec -j ACCEPT\n-A INPUT -p udp -j REJECT\n");
    let spare = format!("{chance}-A PREROUTING -p udp -j ACCEPT\n");
    assert_told(&beside(&[refused], "nat", chance, &spare), 0, "");
    // A text that does not say what becomes of the rest leaves it as it is.
    let without = |rule: &str| format!("*filter\n-A FORWARD -i eth0 -j ACCEPT\n{rule}COMMIT\n");
    let dropped = tables(&[("filter", "-A FORWARD -i eth0 -j ACCEPT\n")]);
    assert_told(&(dropped.clone(), without("")), 5, "the policy of chain `FORWARD` in table `filter`");
    assert_told(&(without(""), without("-A FORWARD -i eth0 -j DROP\n")), 0, "");
    assert_told(&(dropped, without("-A FORWARD -j DROP\n")), 0, "");
}

/// Only the first part of a packet has ports, where nothing puts the parts together.
#[test]
fn parts_of_packets_are_packets() {
    let new = |others: &[(&str, &str)], rule: &str| beside(others, "filter", "", rule);
    assert_told(&new(&[], "-A FORWARD -f -j ACCEPT\n"), 5, "fragments");
    assert_told(&new(&[TRACKED], "-A FORWARD -f -j ACCEPT\n"), 0, "");
    assert_told(&new(&[], "-A INPUT -f -j DROP\n"), 0, "");
    let udp = |module: &str| format!("-A FORWARD -p udp {module}-j ACCEPT\n");
    assert_told(&beside(&[], "filter", &udp("-m udp "), &udp("")), 5, "fragments");
    assert_told(&beside(&[TRACKED], "filter", &udp("-m udp "), &udp("")), 0, "");
    // The last rule that has connections tracked.
    let dns = udp("-m udp --dport 53 ");
    let logged = format!("-A FORWARD -m conntrack --ctstate INVALID -j LOG\n{dns}");
    assert_told(&beside(&[], "filter", &logged, &dns), 5, "fragments");
    // What only has the name of a module in its words has nothing tracked.
    let named = ("mangle", "-A INPUT -m string --string \"helper\" --algo bm --to 65535 -j DROP\n");
    let helped = ("mangle", "-A INPUT -m helper --helper \"ftp\" -j DROP\n");
    assert_told(&new(&[named], "-A FORWARD -f -j ACCEPT\n"), 5, "fragments");
    assert_told(&new(&[helped], "-A FORWARD -f -j ACCEPT\n"), 0, "");
    assert_told(&beside(&[TRACKED], "filter", &logged, &dns), 0, "");
}

/// A rule has the kernel do something as it is there, also in a chain that nothing leads to.
#[test]
fn rules_that_are_never_asked_are_there() {
    let dns = ("filter", "-A FORWARD -p udp -m udp --dport 53 -j DROP\n-A FORWARD -j ACCEPT\n");
    let dead = |rule: &str| beside(&[dns], "mangle", "", &format!(":dead - [0:0]\n-A dead {rule}\n"));
    let tracking = [
        "-m conntrack --ctstate NEW",
        "-m socket",
        "-j CONNMARK --set-xmark 0x1/0xffffffff",
        "-j CONNSECMARK --save",
        "-p tcp -j TPROXY --on-port 1 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0",
        "-m geoip --source-country DE",
    ];
    for rule in tracking {
        assert_told(&dead(rule), 5, "fragments");
    }
    for rule in ["-j HMARK --hmark-tuple src --hmark-mod 2", "-j CT --notrack", "-m mark --mark 0x1 -j DROP"]
    {
        assert_told(&dead(rule), 0, "");
    }
    assert_told(&dead("-m physdev --physdev-is-bridged"), 5, "frames of bridges");
    // A part that comes alone goes on, or waits for the others.
    let hosts = ("filter", "-A FORWARD -s 10.0.0.1/32 -j ACCEPT\n");
    assert_told(
        &beside(&[hosts], "mangle", "", "-A PREROUTING -m conntrack --ctstate NEW\n"),
        5,
        "fragments",
    );
    // The table nat is there, without a rule.
    let zones =
        ("raw", "-A PREROUTING -i eth0 -j CT --zone-orig 1\n-A PREROUTING -i eth1 -j CT --zone-orig 2\n");
    assert_told(&(tables(&[zones, hosts]), tables(&[zones, hosts, ("nat", "")])), 5, "table nat");
    assert_told(&(tables(&[TRACKED, hosts]), tables(&[TRACKED, hosts, ("nat", "")])), 0, "");
    // What remembers packets is made as the first rule says that names it.
    let listed = (
        "filter",
        "-A INPUT -m recent --rcheck --name X --mask 255.255.255.255 --rsource -j DROP\n-A INPUT -p udp -m recent --set --name X --mask 255.255.255.255 --rsource\n",
    );
    let other = ":dead - [0:0]\n-A dead -m recent --rcheck --name X --mask 255.0.0.0 --rsource\n";
    assert_told(&beside(&[listed], "raw", other, ""), 5, "--rcheck --name X");
}

/// A rule counts for every chain that leads to it.
#[test]
fn a_rule_counts_for_all_that_ask_it() {
    let counted = ":X - [0:0]\n-A INPUT -p udp -j X\n-A INPUT -j DROP\n-A X -m limit --limit 1/hour --limit-burst 4 -j ACCEPT\n";
    let also = |rules: &str| beside(&[], "filter", counted, &format!("{counted}{rules}"));
    for rules in [
        "-A OUTPUT -p udp -j X\n",
        "-A OUTPUT -p udp -g X\n",
        ":Z - [0:0]\n-A OUTPUT -j Z\n-A Z -p udp -j X\n",
        "-A FORWARD -p udp -j X\n-A FORWARD -j ACCEPT\n",
    ] {
        let (old, new) = also(rules);
        assert_told(&(new.clone(), old.clone()), if rules.contains("FORWARD") { 1 } else { 5 }, "");
        assert_told(&(old, new), if rules.contains("FORWARD") { 1 } else { 5 }, "");
    }
    let asked = format!("{counted}-A OUTPUT -p udp -j X\n");
    let spared = asked.replace("-A OUTPUT -p udp", "-A OUTPUT -s 192.0.2.1/32 -j ACCEPT\n-A OUTPUT -p udp");
    assert_told(&beside(&[], "filter", &asked, &spared), 5, "chain INPUT");
    assert_told(&beside(&[], "filter", &asked, &format!("{asked}-A OUTPUT -j ACCEPT\n")), 0, "");
}

/// Over v6 nobody finds the protocol of a part that begins with another header.
#[test]
fn parts_over_v6_may_have_no_protocol() {
    let told = |old: &str, new: &str, expected, words: &str| {
        assert_told_of("v6", &beside(&[], "filter", old, new), expected, words);
    };
    let (tcp, others, all) =
        ("-A FORWARD -p tcp -j ACCEPT\n", "-A FORWARD ! -p tcp -j ACCEPT\n", "-A FORWARD -j ACCEPT\n");
    told(&format!("{tcp}{others}"), all, 5, "fragments");
    told(&format!("{tcp}{all}"), all, 5, "fragments");
    told(all, &format!("-A FORWARD -p udp -j LOG\n{all}"), 5, "fragments");
    told(tcp, &format!("{tcp}{tcp}"), 0, "");
    told(all, &format!("-A FORWARD -s 2001:db8::/32 -j ACCEPT\n{all}"), 0, "");
    let both = |rules: &str| beside(&[TRACKED], "filter", rules, all);
    assert_told_of("v6", &both(&format!("{tcp}{all}")), 0, "");
}

/// Chance chooses the number of an echo, though there is one place only.
#[test]
fn an_echo_may_have_another_number() {
    let random = |rule: &str| {
        let rule = format!("-A PREROUTING {rule}\n");
        beside(&[("filter", "-A FORWARD -j ACCEPT\n")], "nat", &rule, &rule.replace('\n', " --random\n"))
    };
    assert_told(&random("-d 192.0.2.1/32 -j DNAT --to-destination 10.0.0.1"), 5, "--random");
    assert_told(&random("-p icmp -j REDIRECT"), 5, "--random");
    assert_told(&random("-p tcp -j DNAT --to-destination 10.0.0.1"), 0, "");
    assert_told(&random("-p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080"), 0, "");
}

/// A reset ends the connection that it answers, where connections are tracked.
#[test]
fn a_reset_ends_a_connection() {
    let answers = "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A FORWARD -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT\n";
    let urgent = |target: &str, answers: &str| {
        tables(&[("filter", &format!("-A FORWARD -p tcp -m tcp --tcp-flags URG URG -j {target}\n{answers}"))])
    };
    let pair = |one, other, answers| (urgent(one, answers), urgent(other, answers));
    let reset = "REJECT --reject-with tcp-reset";
    assert_told(&pair(reset, "DROP", answers), 5, "--reject-with tcp-reset");
    assert_told(&pair(reset, "REJECT", answers), 5, "--reject-with tcp-reset");
    assert_told(&pair("REJECT --reject-with TCP-RST", "DROP", answers), 5, "--reject-with TCP-RST");
    assert_told(&pair("REJECT", "DROP", answers), 0, "");
    assert_told(&pair(reset, "DROP", "-A FORWARD -s 10.0.0.1/32 -j ACCEPT\n"), 0, "");
}

/// What is forwarded came in on another interface than loopback, and the example of it too.
#[test]
fn an_example_is_a_packet_that_there_can_be() {
    let texts = beside(
        &[],
        "filter",
        "-A FORWARD -i eth0 -j DROP\n-A FORWARD -i eth1 -j DROP\n-A FORWARD -j ACCEPT\n",
        "-A FORWARD ! -i lo -j DROP\n-A FORWARD -j ACCEPT\n",
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), &texts.0).unwrap();
    fs::write(folder.path().join("new"), &texts.1).unwrap();
    let told = rancher_gen(folder.path(), &["diff", "--rules", "old", "new"]);
    assert!(told.code == Some(1) && !told.out.contains("on lo"), "{}", told.out);
    let headers =
        beside(&[], "filter", "-A INPUT -p tcp -j DROP\n-A INPUT -p udp -j DROP\n", "-A INPUT -j DROP\n");
    assert_told_of("v6", &headers, 1, "for example icmp 2001:db8::1");
}
