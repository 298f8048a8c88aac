//! What changes between two rule sets of which not everything is known: the same is the same in both.
#![allow(clippy::unwrap_used)]

use std::fs;

use rancher_topology::netfilter::{Change, Hook, HostFacts, Kind};
use rancher_topology::packet::number;

mod support;
use support::changes::{LIMIT, MAC, change, exit, forward, read};
use support::cli::rancher_gen;

const OTHER_MAC: &str = "-m mac --mac-source 00:0F:54:0C:11:05";
const NOTHING: &[Kind] = &[];

#[test]
fn what_is_not_known_is_the_same_in_both() {
    use Kind::{MayAdmit, MayRefuse};
    let web = "-p tcp -m tcp --dport 80";
    let cases: &[(String, String, &[Kind], bool)] = &[
        // A rule that changes nothing, beside one that nobody can be certain of.
        (
            format!("-A FORWARD {MAC} -j ACCEPT\n-A FORWARD {LIMIT} -j ACCEPT\n"),
            format!("-A FORWARD {MAC} -j ACCEPT\n-A FORWARD -j LOG\n-A FORWARD -s 10.0.0.1/32 -j DROP\n-A FORWARD -s 10.0.0.1/32 {LIMIT} -j ACCEPT\n-A FORWARD {LIMIT} -j ACCEPT\n"),
            &[MayRefuse],
            true,
        ),
        (
            format!("-A FORWARD {LIMIT} -j ACCEPT\n-A FORWARD {web} -j DROP\n"),
            format!("-A FORWARD {LIMIT} -j ACCEPT\n"),
            NOTHING,
            false,
        ),
        // The same card, asked for in another way.
        (
            format!("-A FORWARD {MAC} -j ACCEPT\n"),
            format!("-A FORWARD {MAC} {web} -j ACCEPT\n-A FORWARD {MAC} -j ACCEPT\n"),
            NOTHING,
            false,
        ),
        (
            format!("-A FORWARD {MAC} -j ACCEPT\n"),
            format!("-A FORWARD {MAC} {web} -j ACCEPT\n"),
            &[MayRefuse],
            false,
        ),
        (
            format!("-A FORWARD {MAC} -j ACCEPT\n"),
            format!("-A FORWARD {OTHER_MAC} -j ACCEPT\n"),
            &[MayAdmit, MayRefuse],
            false,
        ),
        // A limit is its rule's: asked once more, or by another rule, it lets others through.
        (
            format!("-A FORWARD {LIMIT} -j ACCEPT\n"),
            format!("-A FORWARD {LIMIT} -j ACCEPT\n-A FORWARD {LIMIT} -j ACCEPT\n"),
            NOTHING,
            true,
        ),
        (
            format!("-A FORWARD -j seldom\n-A seldom {LIMIT} -j ACCEPT\n"),
            format!("-A FORWARD -j seldom\n-A FORWARD -j seldom\n-A seldom {LIMIT} -j ACCEPT\n"),
            NOTHING,
            true,
        ),
        (
            format!("-A FORWARD {LIMIT} -j ACCEPT\n"),
            format!("-A FORWARD {LIMIT} {web} -j ACCEPT\n"),
            &[MayRefuse],
            true,
        ),
        // A set that was not given has an address or not, whichever way it is asked.
        (
            "-A FORWARD -m set --match-set bad src -j DROP\n-A FORWARD -j ACCEPT\n".to_owned(),
            "-A FORWARD -m set ! --match-set bad src -j ACCEPT\n".to_owned(),
            NOTHING,
            false,
        ),
        (
            "-A FORWARD -m set --match-set bad src -j DROP\n-A FORWARD -j ACCEPT\n".to_owned(),
            "-A FORWARD -m set --match-set bad dst -j DROP\n-A FORWARD -j ACCEPT\n".to_owned(),
            &[MayAdmit, MayRefuse],
            false,
        ),
        (
            "-A FORWARD -m set --match-set bad src -j DROP\n-A FORWARD -j ACCEPT\n".to_owned(),
            "-A FORWARD -j SET --add-set bad src\n-A FORWARD -m set --match-set bad src -j DROP\n-A FORWARD -j ACCEPT\n".to_owned(),
            &[MayAdmit, MayRefuse],
            false,
        ),
        // As are the host's addresses.
        (
            "-A FORWARD -m addrtype --dst-type LOCAL -j DROP\n-A FORWARD -j ACCEPT\n".to_owned(),
            "-A FORWARD -m addrtype ! --dst-type LOCAL -j ACCEPT\n".to_owned(),
            NOTHING,
            false,
        ),
    ];
    for (old, new, kinds, unseen) in cases {
        assert_eq!(change(&forward(old), &forward(new)), (kinds.to_vec(), *unseen), "{old}\n{new}");
    }
}

/// What another rule makes of a packet, or remembers of it, is no property of it.
#[test]
fn what_rules_feed_is_not_taken_to_be_the_same() {
    let table = |table: &str, chain: &str, rules: &str| {
        format!("*{table}\n:{chain} ACCEPT [0:0]\n:twice - [0:0]\n{rules}COMMIT\n")
    };
    let mangled = |rules: &str| table("mangle", "PREROUTING", rules);
    let nat = |rules: &str| table("nat", "PREROUTING", rules) + &forward("-A FORWARD -j ACCEPT\n");
    let guard =
        "-A FORWARD -m recent --update --seconds 60 --hitcount 4 --name SSH -j DROP\n-A FORWARD -j ACCEPT\n";
    let seen = "-A FORWARD -m recent --set --name SSH\n";
    let accept = |asked: &str| forward(&format!("-A FORWARD {asked} -j ACCEPT\n"));
    let dnat = |asked: &str| format!("-A PREROUTING {asked} -j DNAT --to-destination 10.0.0.5\n");
    let queue = |number: u8| forward(&format!("-A FORWARD -j NFQUEUE --queue-num {number}\n"));
    let called = |asked: &str| {
        nat(&format!(
            "-A PREROUTING -j twice\n-A PREROUTING -j twice\n-A twice {asked} -j DNAT --to-destination 10.0.0.5\n"
        ))
    };
    let changed = "-A PREROUTING -j SET --add-set a src\n-A PREROUTING -j SET --add-set b src\n";
    let cases = [
        (forward(&format!("{seen}{guard}")), forward(guard)),
        (
            mangled("-A PREROUTING -s 10.0.0.0/8 -j DSCP --set-dscp 0x2e\n") + &accept("-m dscp --dscp 0x2e"),
            accept("-m dscp --dscp 0x2e"),
        ),
        (
            mangled("-A PREROUTING -j TTL --ttl-set 64\n") + &accept("-m ttl --ttl-eq 64"),
            accept("-m ttl --ttl-eq 64"),
        ),
        (
            mangled("-A PREROUTING -j MARK --set-mark 1\n") + &accept("-m set --match-set foo src,src"),
            mangled("-A PREROUTING -j MARK --set-mark 2\n") + &accept("-m set --match-set foo src,src"),
        ),
        (queue(0), queue(1)),
        (nat("-A PREROUTING -j FOO\n"), nat(&dnat(""))),
        (called("-m limit --limit 5/sec"), called("-m limit --limit 50/sec")),
        (
            nat(&(changed.to_owned() + &dnat("-m set --match-set a src"))),
            nat(&(changed.to_owned() + &dnat("-m set --match-set b src"))),
        ),
        (
            nat("-A PREROUTING -j DNAT --to-destination 10.0.0.5-10.0.0.9\n"),
            nat("-A PREROUTING -j DNAT --to-destination 10.0.0.5-10.0.0.8\n"),
        ),
    ];
    for (old, new) in cases {
        assert_eq!(exit(&old, &new), Some(5), "{old}\n{new}");
        assert_eq!(exit(&old, &old), Some(0), "{old}");
    }
    // The same place in other words.
    let web = |target: &str| nat(&format!("-A PREROUTING -p tcp -m tcp --dport 80 -j {target}\n"));
    let same = [
        (web("DNAT --to-destination 10.0.0.5"), web("DNAT --to 10.0.0.5")),
        (
            forward(&format!("-A FORWARD {LIMIT} -j LOG\n-A FORWARD {LIMIT} -j ACCEPT\n")),
            forward(&format!("-A FORWARD {LIMIT} -j ACCEPT\n")),
        ),
    ];
    for (old, new) in same {
        assert_eq!(exit(&old, &new), Some(0), "{old}\n{new}");
    }
    let source = |rule: &str| table("nat", "POSTROUTING", rule) + &forward("-A FORWARD -j ACCEPT\n");
    for (old, new) in [
        (
            "-A POSTROUTING --jump SNAT --to-source 1.1.1.1\n",
            "-A POSTROUTING --jump SNAT --to-source 2.2.2.2\n",
        ),
        ("", "-A POSTROUTING -j MASQUERADE\n"),
    ] {
        assert_eq!(exit(&source(old), &source(new)), Some(5), "{old}\n{new}");
    }
}

/// A rule that changes nothing does so beside rules that count and remember as well.
#[test]
fn what_rules_count_is_the_same_if_they_are_asked_for_the_same_packets() {
    let guarded = |more: &str| {
        forward(&format!(
            "-A FORWARD -d 10.0.0.1/32 -j DROP\n{more}\
             -A FORWARD -p tcp -m tcp --dport 22 -m recent --set --name SSH -j LOG\n\
             -A FORWARD -p tcp -m tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 --name SSH -j DROP\n\
             -A FORWARD -m hashlimit --hashlimit-upto 5/sec --hashlimit-name a -j ACCEPT\n\
             -A FORWARD -m statistic --mode nth --every 2 --packet 0 -j ACCEPT\n\
             -A FORWARD -m limit --limit 1/sec -j ACCEPT\n"
        ))
    };
    let nat = |rules: &str| {
        format!("*nat\n:PREROUTING ACCEPT [0:0]\n:svc - [0:0]\n-A PREROUTING -p tcp -j svc\n{rules}COMMIT\n")
            + &forward("-A FORWARD -j ACCEPT\n")
    };
    // None of what is sent elsewhere is admitted.
    let kept = |to: &str, side: &str| {
        format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 81 -j DNAT --to-destination 10.0.{to}\nCOMMIT\n"
        ) + &forward(&format!(
            "-A FORWARD -p tcp -m tcp --dport 81 -m recent --set --name A {side} -j DROP\n\
                 -A FORWARD -m recent --rcheck --name A {side} -j DROP\n-A FORWARD -j ACCEPT\n"
        ))
    };
    let half =
        "-A svc -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.0.0.5\n";
    let other = "-A svc -j DNAT --to-destination 10.0.0.6\n";
    let base = guarded("");
    let lines: Vec<&str> = base.lines().collect();
    let swapped = |one: usize, other: usize| {
        let mut lines = lines.clone();
        lines.swap(one, other);
        lines.join("\n") + "\n"
    };
    let list = "-A FORWARD -p tcp -m tcp --dport 22 -m recent --set --name SSH -j LOG\n";
    for (old, new, expected) in [
        (&base, &guarded("-A FORWARD -s 10.0.0.9/32 -d 10.0.0.1/32 -j ACCEPT\n"), 0),
        (&base, &guarded("-A FORWARD -s 10.0.0.9/32 -j DROP\n"), 5),
        // Rules that each count for themselves, and are asked for other packets then.
        (&base, &swapped(6, 7), 5),
        (&base, &swapped(5, 6), 5),
        // What puts addresses on a list, and what looks there.
        (&base, &swapped(3, 4), 5),
        (&base, &base.replace(list, ""), 5),
        (&base, &base.replace(list, &list.replace("--name SSH", "--name A")), 5),
        (&base, &base.replace(list, &list.replace("--name SSH", "--name SSH --rdest")), 5),
        (&base, &base.replace(list, &format!("{list}{list}")), 5),
        // The dice are the same ones only for the same packets.
        (&nat(&format!("{half}{other}")), &nat(&format!("{half}{other}{other}")), 0),
        (&nat(&format!("{half}{other}")), &nat(&format!("{half}{}", other.replace("0.6", "0.7"))), 5),
        // What is remembered of where packets go depends on where they are sent.
        (&kept("0.5", "--rdest"), &kept("0.6", "--rdest"), 5),
        (&kept("0.5", "--rsource"), &kept("0.6", "--rsource"), 5),
    ] {
        assert_eq!(exit(old, new), Some(expected), "{old}\n{new}");
    }
    // On its way out of the table nat a packet is not followed.
    let leaving = |rules: &str| {
        format!(
            "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING {LIMIT} -j SNAT --to-source 10.0.0.1\nCOMMIT\n"
        ) + &forward(&format!("-A FORWARD {LIMIT} -j ACCEPT\n{rules}"))
    };
    assert_eq!(exit(&leaving(""), &leaving("-A FORWARD -j DROP\n")), Some(5));
}

/// What rules make of packets and no later rule asks for is compared by their words.
#[test]
fn rules_that_change_something_else_are_told() {
    let mangle = |rule: &str| {
        format!("*mangle\n:PREROUTING ACCEPT [0:0]\n{rule}COMMIT\n") + &forward("-A FORWARD -j ACCEPT\n")
    };
    let marked = |mask: &str| {
        mangle(&format!("-A PREROUTING -j CONNMARK --restore-mark --nfmask {mask} --ctmask {mask}\n"))
    };
    let source = |rule: &str| {
        format!("*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING {rule}\nCOMMIT\n") + &mangle("")
    };
    let twice = |rule: &str| source(&format!("{rule}\n-A POSTROUTING {rule}"));
    let raw = |rule: &str| format!("*raw\n:PREROUTING ACCEPT [0:0]\n{rule}COMMIT\n") + &mangle("");
    let set = |words: &str| forward(&format!("-A FORWARD -j SET {words}\n-A FORWARD -j ACCEPT\n"));
    let dnat = |words: &str| {
        format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j DNAT --to-destination {words}\nCOMMIT\n"
        ) + &forward("-A FORWARD -j ACCEPT\n")
    };
    let saved = |marks: &[u8]| {
        let mark = |mark: &u8| format!("-A PREROUTING -j MARK --set-xmark {mark:#x}/0xffffffff\n");
        let save = "-A PREROUTING -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff00\n";
        let marks: Vec<String> = marks.iter().map(mark).collect();
        mangle(&format!("{}{save}{}", marks[0], marks[1..].concat()))
    };
    // Which packets come to such a rule is said by others.
    let called = |by: &str| {
        format!("*mangle\n:PREROUTING ACCEPT [0:0]\n:A - [0:0]\n{by}-A A -j TTL --ttl-set 5\nCOMMIT\n")
            + &mangle("")[39..]
    };
    let ttl = |table: &str, chain: &str| {
        format!("*{table}\n:{chain} ACCEPT [0:0]\n-A {chain} -m ttl --ttl-eq 5 -j DROP\nCOMMIT\n")
            + if table == "filter" { "" } else { "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n" }
    };
    for (old, new) in [
        (called("-A PREROUTING -s 10.0.0.0/8 -j A\n"), called("-A PREROUTING -s 11.0.0.0/8 -j A\n")),
        (
            called("-A PREROUTING -j A\n"),
            called("-A PREROUTING -s 10.0.0.5/32 -j RETURN\n-A PREROUTING -j A\n"),
        ),
        (ttl("mangle", "PREROUTING"), ttl("filter", "FORWARD")),
        (mangle("-A PREROUTING -j TTL --ttl-set 64\n"), mangle("-A PREROUTING -j TTL --ttl-set 1\n")),
        (mangle(""), mangle("-A PREROUTING -j MARK --set-xmark 0x1/0xffffffff\n")),
        (marked("0xff"), marked("0xff00")),
        // What a rule does before another one changes the packet again, or refuses it, is done.
        (saved(&[1, 2]), saved(&[2])),
        (forward("-A FORWARD -j SET --add-set A src\n-A FORWARD -j DROP\n"), forward("-A FORWARD -j DROP\n")),
        (raw(""), raw("-A PREROUTING -p udp -j CT --notrack\n")),
        (raw("-A PREROUTING -j CT --zone 1\n"), raw("-A PREROUTING -j CT --zone 2\n")),
        (set("--add-set A src"), set("--del-set A src")),
        (set("--add-set A src"), set("--add-set A dst")),
        (dnat("10.0.0.5:2000-2999/1000"), dnat("10.0.0.5:2000-2999/1500")),
        (dnat("10.0.0.5-10.0.0.6"), dnat("10.0.0.5-10.0.0.6 --persistent")),
        (source("-s 10.0.0.0/8 -j MASQUERADE"), source("-s 10.0.0.0/9 -j MASQUERADE")),
        (
            source("-m statistic --mode random --probability 0.5 -j MASQUERADE"),
            twice("-m statistic --mode random --probability 0.5 -j MASQUERADE"),
        ),
    ] {
        assert_eq!(exit(&old, &new), Some(5), "{old}\n{new}");
        assert_eq!(exit(&old, &old), Some(0), "{old}");
    }
    assert_eq!(exit(&dnat("10.0.0.5"), &dnat("10.0.0.5 --random")), Some(0));
    let masked = "-s 10.0.0.0/8 -j MASQUERADE";
    assert_eq!(exit(&source(masked), &twice(masked)), Some(0));
    let lists = |rule: &str| {
        forward(&format!("{rule}-A FORWARD -m set --match-set L src -j DROP\n-A FORWARD -j ACCEPT\n"))
    };
    // L may be a list of sets that has A.
    assert_eq!(exit(&lists(""), &lists("-A FORWARD -j SET --add-set A src\n")), Some(5));
}

/// What a mark is copied from is asked in its place, and what is called twice is asked in two places.
#[test]
fn what_is_certain_is_told_as_certain() {
    let restored = |rules: &str| {
        "*mangle\n:PREROUTING ACCEPT [0:0]\n\
         -A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0xff0000 --ctmask 0xff0000\n\
         COMMIT\n"
            .to_owned()
            + &forward(&format!("{rules}-A FORWARD -m mark --mark 0x40000/0xff0000 -j ACCEPT\n"))
    };
    let limited = |calls: &str| {
        format!(
            "*filter\n:FORWARD DROP [0:0]\n:ssh - [0:0]\n{calls}-A FORWARD -p tcp -m tcp --dport 22 -j ssh\n\
             -A FORWARD -p tcp -m tcp --dport 2222 -j ssh\n-A ssh {LIMIT} -j ACCEPT\n\
             -A ssh -m recent --update --seconds 60 --name ssh -j REJECT\nCOMMIT\n"
        )
    };
    let marked = "-A FORWARD -m connmark --mark 0x40000/0xff0000 -m conntrack --ctstate ESTABLISHED";
    let dropped = "-A FORWARD -d 10.0.0.1/32 -j DROP\n";
    for (old, new, expected) in [
        // The same mark, asked for where it comes from: so it is if nothing marks packets between the two chains.
        (restored(""), restored(&format!("{marked} -j ACCEPT\n")), 5),
        (restored(""), restored(&format!("{marked} -j DROP\n")), 1),
        (
            restored(""),
            restored("-A FORWARD -m conntrack --ctstate NEW -m mark --mark 0x40000/0xff0000 -j DROP\n"),
            5,
        ),
        (limited(dropped), limited(&dropped.repeat(2)), 0),
        (limited(""), limited("-A FORWARD -p tcp -m tcp --dport 22 -j ssh\n"), 5),
    ] {
        assert_eq!(exit(&old, &new), Some(expected), "{old}\n{new}");
    }
    // What a process sends is redirected to loopback.
    let redirected = |rule: &str| {
        format!(
            "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 3129\nCOMMIT\n\
             *filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 127.0.0.1/32 -j ACCEPT\n{rule}COMMIT\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    for (rule, expected) in [
        ("-A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 3129 -j ACCEPT\n", 0),
        ("-A OUTPUT -p tcp -m tcp --dport 443 -j ACCEPT\n", 5),
        ("-A OUTPUT -p tcp -m tcp --dport 444 -j ACCEPT\n", 1),
    ] {
        // Later packets of a connection may be of before.
        let rule = rule.replace("-j", "-m conntrack --ctstate NEW -j");
        fs::write(folder.path().join("old"), redirected("")).unwrap();
        fs::write(folder.path().join("new"), redirected(&rule)).unwrap();
        let told = rancher_gen(folder.path(), &["diff", "--rules", "old", "new"]);
        assert_eq!(told.code, Some(expected), "{rule}");
        assert_eq!(told.out.contains("newly"), expected == 1, "{rule}");
    }
}

/// Packets that there cannot be are no difference, and those of a connection that has a mark are.
#[test]
fn packets_that_there_cannot_be_make_no_difference() {
    // With connections tracked before and after.
    let tracked = "*mangle\n:INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n";
    let rules = |rule: &str| {
        tracked.to_owned()
            + &forward(&format!("{rule}-A FORWARD -p tcp -j ACCEPT\n-A FORWARD -p icmp -j ACCEPT\n"))
    };
    for (rule, expected) in [
        // No rule takes connection tracking away.
        ("-A FORWARD -m conntrack --ctstate UNTRACKED -j DROP\n", 0),
        ("-A FORWARD -p tcp -m conntrack --ctstate NEW -m tcp --tcp-flags SYN,ACK SYN,ACK -j DROP\n", 0),
        ("-A FORWARD -p tcp -m conntrack --ctstate ESTABLISHED -m tcp --tcp-flags ALL NONE -j DROP\n", 0),
        // Before an answer is seen, later packets are of a new connection too, and may have its mark.
        ("-A FORWARD -p tcp -m conntrack --ctstate NEW -m tcp --tcp-flags RST RST -j DROP\n", 1),
        ("-A FORWARD -p icmp -m icmp --icmp-type 3 -m conntrack --ctstate NEW -j DROP\n", 0),
        ("-A FORWARD -i lo -j DROP\n", 0),
        ("-A FORWARD -m connmark --mark 0x1 -m conntrack --ctstate NEW -j DROP\n", 1),
        ("-A FORWARD -m connmark --mark 0x1 -j DROP\n", 1),
        ("-A FORWARD -p tcp -m conntrack --ctstate INVALID -m tcp --tcp-flags RST RST -j DROP\n", 1),
    ] {
        assert_eq!(exit(&rules(""), &rules(rule)), Some(expected), "{rule}");
    }
    let nat = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.0.2.1/32 -p tcp -j DNAT --to-destination 10.0.0.5\nCOMMIT\n";
    let inside = |rule: &str| {
        nat.to_owned() + &forward(&format!("{rule}-A FORWARD -d 10.0.0.5/32 -p tcp -j ACCEPT\n"))
    };
    // Only what was open before the rule that translates could get there.
    assert_eq!(
        exit(
            &inside(""),
            &inside("-A FORWARD -d 192.0.2.1/32 -p tcp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT\n")
        ),
        Some(5)
    );
    let folder = tempfile::tempdir().unwrap();
    let output = |rule: &str| format!("*filter\n:OUTPUT DROP [0:0]\n{rule}COMMIT\n");
    fs::write(folder.path().join("old"), output("")).unwrap();
    fs::write(folder.path().join("new"), output("-A OUTPUT -m mark --mark 0xca6c -j ACCEPT\n")).unwrap();
    let told = rancher_gen(folder.path(), &["diff", "--rules", "old", "new"]);
    assert!(told.code == Some(1) && told.out.contains("mark 0xca6c"), "{}", told.out);
}

/// A difference in more parts than can be listed is one all the same.
#[test]
fn what_is_too_much_to_list_is_told() {
    let rules = |rule: &str| forward(&format!("{rule}-A FORWARD -j ACCEPT\n"));
    let odd = "-A FORWARD -s 0.0.0.1/0.0.0.1 -j DROP\n";
    assert_eq!(exit(&rules(""), &rules(odd)), Some(1));
    assert_eq!(exit(&rules(""), &rules(&odd.replace("-j", &format!("{MAC} -j")))), Some(5));
    let facts = HostFacts::default();
    let (old, new) = (read(&rules("")), read(&rules(odd)));
    let mut change = Change::of((&old, &facts), (&new, &facts), Hook::Forward);
    let (found, whole) = change.differences(Kind::Refuses);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert!(!whole && number(one.example.source) % 2 == 1, "{one:?}");
    let sent = |to: &str| {
        format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 0.0.0.1/0.0.0.1 -j DNAT --to-destination {to}\nCOMMIT\n"
        ) + &rules("")
    };
    assert_eq!(exit(&sent("10.0.0.5"), &sent("10.0.0.6")), Some(1));
}

/// The same rule in other words is the same rule.
#[test]
fn what_is_written_in_other_ways_is_the_same() {
    let pairs = [
        ("-p tcp -m tcp --dport 80", "-p 6 --dport 80"),
        ("-p tcp -m tcp --dport 80", "-p TCP --dport 80"),
        ("-m limit --limit 1/sec", "-m limit --limit 60/minute --limit-burst 5"),
        ("-m limit", "-m limit --limit 3/HOUR"),
        ("-m mac --mac-source 00:0f:54:0c:11:04", MAC),
        ("-m addrtype --dst-type LOCAL,BROADCAST", "-m addrtype --dst-type BROADCAST,LOCAL"),
        ("-m pkttype --pkt-type broadcast", "-m pkttype --pkt-type BROADCAST"),
        ("-m conntrack --ctproto 6", "-m conntrack --ctproto tcp"),
        ("-m conntrack --ctorigsrc 10.0.0.0/8", "-m conntrack --ctorigsrc 10.0.0.0/255.0.0.0"),
        ("-m conntrack --ctorigdstport 10", "-m conntrack --ctorigdstport 010"),
        ("-s 10.0.0.0/8", "-s 10.0.0.0/010"),
    ];
    let rule = |words: &str| forward(&format!("-A FORWARD {words} -j ACCEPT\n"));
    for (one, other) in pairs {
        assert_eq!(exit(&rule(one), &rule(other)), Some(0), "{one} {other}");
    }
    for (one, other) in
        [("-m limit --limit 1/sec", "-m limit --limit 1/min"), ("-m limit --limit-burst 6", "-m limit")]
    {
        assert_eq!(exit(&rule(one), &rule(other)), Some(5), "{one} {other}");
    }
}

/// Of a text with rules of both families one half is compared: that it is the same is not that all is.
#[test]
fn half_of_a_text_is_not_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let table =
        |program: &str, rule: &str| format!("# Generated by {program} v1.8.9 (nf_tables)\n{}", forward(rule));
    let text = |rule: &str| table("iptables-save", "-A FORWARD -j ACCEPT\n") + &table("ip6tables-save", rule);
    fs::write(folder.path().join("old"), text("")).unwrap();
    fs::write(folder.path().join("new"), text("-A FORWARD -i eth0 -p tcp -m tcp --syn -j ACCEPT\n")).unwrap();
    let diff =
        |more: &[&str]| rancher_gen(folder.path(), &[&["diff", "--rules", "old", "new"], more].concat());
    let either = diff(&[]);
    assert_eq!(either.code, Some(5), "{}", either.out);
    assert!(either.out.contains("only those of v4 are compared: --family says which"), "{}", either.out);
    assert_eq!(diff(&["--family", "v4"]).code, Some(0));
    let v6 = diff(&["--family", "v6"]);
    assert_eq!(v6.code, Some(1));
    assert!(v6.out.contains("tcp from anywhere flags SYN without FIN, RST, ACK in on eth0"), "{}", v6.out);
    let value: serde_json::Value =
        serde_json::from_str(&diff(&["--family", "v6", "--format", "json"]).out).unwrap();
    let one = &value["chains"][1]["differences"][0];
    assert_eq!((&one["in"], &one["in-all-but"]), (&serde_json::json!(["eth0"]), &serde_json::Value::Null));
}

/// Where the same unknown things are asked for everywhere, nothing is taken to be the same before memory runs out.
#[test]
fn many_things_that_are_not_known_come_to_an_end() {
    let many = |of: &dyn Fn(usize) -> String| forward(&(0..400).map(of).collect::<String>());
    let crossing = |at: usize| {
        let sides = ["-s 10.0.0.{}", "-d 10.0.0.{}", "-p tcp -m tcp --sport {}", "-p tcp -m tcp --dport {}"];
        let side = sides[at % 4].replace("{}", &(1 + at / 4).to_string());
        format!("-A FORWARD {side} -m limit --limit {}/min -j ACCEPT\n", 1 + at)
    };
    let text = many(&crossing);
    assert_eq!(exit(&text, &text), Some(0));
    assert_eq!(exit(&text, &text.replace("-A FORWARD -s 10.0.0.1 ", "-A FORWARD -s 10.0.0.2 ")), Some(5));
}
