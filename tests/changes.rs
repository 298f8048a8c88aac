//! What changes between two rule sets of which not everything is known: the same is the same in both.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;

use rancher_gen::read::{ip_address, iptables};
use rancher_topology::netfilter::{
    Change, Condition, Filter, Hook, HostFacts, InterfacePattern, Kind, Known, Packet, RuleSet, SentTo,
    Target, Trace, Tracer, TranslatedTo, Translation, Verdict,
};
use rancher_topology::packet::{self, Field, Intervals, State, number};

mod support;
use support::cli::rancher_gen;
use support::kernel::{Family, known};
use support::rule_sets::{self, INTERFACES};

fn read(text: &str) -> RuleSet {
    iptables::read(text, Some(packet::Family::V4)).unwrap().rules
}

/// What the change from one text to another is: which kinds of differences there are, and whether more may be unseen.
fn change(old: &str, new: &str) -> (Vec<Kind>, bool) {
    let facts = HostFacts::default();
    let (old, new) = (read(old), read(new));
    let mut change = Change::of((&old, &facts), (&new, &facts), Hook::Forward);
    let kinds: Vec<Kind> =
        Kind::ALL.into_iter().filter(|kind| !change.differences(*kind).0.is_empty()).collect();
    assert!(!change.is_equal() || kinds.is_empty());
    (kinds, change.may_differ_unseen())
}

fn forward(rules: &str) -> String {
    let chains = if rules.contains("seldom") { ":seldom - [0:0]\n" } else { "" };
    format!("*filter\n:FORWARD DROP [0:0]\n{chains}{rules}COMMIT\n")
}

const MAC: &str = "-m mac --mac-source 00:0F:54:0C:11:04";
const OTHER_MAC: &str = "-m mac --mac-source 00:0F:54:0C:11:05";
const LIMIT: &str = "-m limit --limit 1/sec";
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

/// What is asked after a translation is asked of another packet.
#[test]
fn what_is_not_known_of_a_packet_depends_on_where_it_is_sent() {
    let nat = |to: &str| {
        format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination {to}\nCOMMIT\n"
        )
    };
    let good = "-A FORWARD -m set --match-set good dst -j ACCEPT\n";
    let spare = "-A FORWARD -m set ! --match-set good dst -j DROP\n";
    let (five, six) = (nat("10.0.0.5"), nat("10.0.0.6"));
    let text = |nat: &str, rules: &str| nat.to_owned() + &forward(rules);
    let limited = &format!("-A FORWARD {LIMIT} -j ACCEPT\n");
    let by_card = &format!("-A FORWARD {MAC} -j ACCEPT\n");
    for rules in [good, limited] {
        let (kinds, unseen) = change(&text(&five, rules), &text(&six, rules));
        assert_eq!((kinds, unseen), (vec![Kind::MayAdmit, Kind::MayRefuse], false), "{rules}");
        let with_more = rules.to_owned() + spare;
        assert_eq!(change(&text(&five, rules), &text(&five, &with_more)), (Vec::new(), false), "{rules}");
    }
    assert_eq!(change(&text(&five, by_card), &text(&six, by_card)), (Vec::new(), false));
    // The same set, asked for what was sent elsewhere and for what was not.
    let before = format!(
        "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m set ! --match-set good dst -j DROP\nCOMMIT\n{five}"
    );
    let all = "-A FORWARD -j ACCEPT\n";
    let (kinds, unseen) = change(&(before.clone() + &forward(all)), &(before + &forward(good)));
    assert_eq!((kinds, unseen), (vec![Kind::MayRefuse], false));
}

/// Where packets are sent: what the rules come to, and not their words.
#[test]
fn packets_that_are_sent_elsewhere_are_told() {
    let nat = |rules: &str| {
        format!("*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n{rules}COMMIT\n")
            + &forward("-A FORWARD -p tcp -j ACCEPT\n")
    };
    let sent = |old: &str, new: &str| {
        let facts = HostFacts::default();
        let (old, new) = (read(&nat(old)), read(&nat(new)));
        let mut change = Change::of((&old, &facts), (&new, &facts), Hook::Forward);
        let (found, whole) = change.sent_elsewhere();
        assert!(whole && change.is_equal());
        (found, change.has_same_sources())
    };
    let five =
        "-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5:8080\n";
    let six = &five.replace("10.0.0.5", "10.0.0.6");
    let masked = "-A POSTROUTING -s 10.0.0.0/8 -j SNAT --to-source 192.0.2.1\n";
    // Nothing: a second rule for the same packets, one for what is refused, one to where it goes anyway.
    let spare = format!(
        "{five}{six}-A PREROUTING -p udp -j DNAT --to-destination 10.0.0.9\n\
         -A PREROUTING -d 10.0.0.7/32 -p tcp -j DNAT --to-destination 10.0.0.7\n"
    );
    assert_eq!(sent(five, &spare), (Vec::new(), true));
    assert_eq!(sent(&format!("{five}{masked}"), &format!("{masked}{five}")), (Vec::new(), true));
    assert!(!sent(five, &format!("{five}{masked}")).1);
    assert!(!sent(&format!("{five}{masked}"), &format!("{five}{}", masked.replace("2.1", "2.2"))).1);
    let (found, _) = sent(five, six);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert!(one.certain && one.example.destination == IpAddr::from([192, 0, 2, 1]));
    let to = |last| {
        let address = TranslatedTo::Addresses([10, 0, 0, last].into(), [10, 0, 0, last].into());
        SentTo::Elsewhere(Translation {
            address: Some(address),
            ports: Some((8080, 8080)),
            choice: String::new(),
        })
    };
    assert_eq!(one.places, [(to(5), to(6))]);
    let (found, _) = sent("", five);
    assert_eq!(found[0].places, [(SentTo::Anyway, to(5))]);
    let (found, _) = sent(five, &format!("{}{five}", six.replace("-j", &format!("{LIMIT} -j"))));
    assert!(!found[0].certain && found[0].places == [(to(5), to(6))], "{found:?}");
}

/// The trace of a packet names the rule that sends it somewhere: where two rule sets send it to two places, it is told.
#[test]
fn what_is_sent_elsewhere_is_what_the_traces_say() {
    let mut seen = [0; 2];
    for seed in 0..600 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let random = rule_sets::rule_set(&mut rng, Family::V4);
        let old = read(&random.rules);
        if random.uncertain || !old.tables.contains_key("nat") {
            continue;
        }
        let new = edited(&mut rng, &old, "nat");
        let facts = HostFacts::default();
        let mut change = Change::of((&old, &facts), (&new, &facts), Hook::Arriving);
        let (found, _) = change.sent_elsewhere();
        let [mut before, mut after] = [&old, &new].map(|rules| Tracer::new(rules, &facts));
        let packets = rule_sets::packets(&mut rng, Family::V4, 20);
        let mut packets: Vec<(Packet, bool)> = packets.iter().map(|one| (known(one), false)).collect();
        packets.extend(
            found
                .iter()
                .filter(|one| one.certain)
                .filter_map(|one| Some((example(&one.packets, &one.example)?, true))),
        );
        for (packet, is_example) in packets {
            if !(packet.protocol == 17 || packet.tcp_flags == Some(2)) {
                continue;
            }
            let (was, is) = (before.follow(&packet), after.follow(&packet));
            if [&was, &is].iter().any(|trace| trace.verdict != Verdict::Admitted) {
                continue;
            }
            let elsewhere = place(&old, &was, &packet) != place(&new, &is, &packet);
            let mut told = found.iter().map(|one| has(&change, &one.packets, &packet));
            let told = told.try_fold(is_example, |any, one| Some(any | one?));
            if let Some(told) = told {
                assert_eq!(told, elsewhere, "{seed} {packet:?}\n{was:?}\n{is:?}\n{found:?}");
                seen[usize::from(told)] += 1;
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
}

/// Where a rule set sends a packet, by the rule of `nat` that decides about it.
fn place(rules: &RuleSet, trace: &Trace, packet: &Packet) -> Option<Translation> {
    let decision = trace.decisions.iter().rfind(|decision| decision.table == "nat")?;
    let (line, _) = decision.rule.as_ref()?;
    let all = rules.tables["nat"].chains.values().flat_map(|chain| &chain.rules);
    let mut to = all.filter(|rule| rule.line == *line).find_map(|rule| match &rule.target {
        Target::Translate(to) => Some(to.clone()),
        _ => None,
    })?;
    // What stays as it is is nowhere else.
    let own = TranslatedTo::Addresses(packet.destination, packet.destination);
    to.address.take_if(|address| *address == own);
    to.ports.take_if(|ports| Some(*ports) == packet.destination_port.map(|port| (port, port)));
    (to.address.is_some() || to.ports.is_some()).then_some(to)
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
        (web("DNAT --to-destination 10.0.0.5"), web("DNAT --to-destination 10.0.0.5:80")),
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
        (&kept("0.5", "--rsource"), &kept("0.6", "--rsource"), 0),
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
        // The same mark, asked for where it comes from.
        (restored(""), restored(&format!("{marked} -j ACCEPT\n")), 0),
        (restored(""), restored(&format!("{marked} -j DROP\n")), 1),
        (
            restored(""),
            restored("-A FORWARD -m conntrack --ctstate NEW -m mark --mark 0x40000/0xff0000 -j DROP\n"),
            0,
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
        ("-A OUTPUT -p tcp -m tcp --dport 443 -j ACCEPT\n", 0),
        ("-A OUTPUT -p tcp -m tcp --dport 444 -j ACCEPT\n", 1),
    ] {
        // Later packets of a connection may be of before.
        let rule = rule.replace("-j", "-m conntrack --ctstate NEW -j");
        fs::write(folder.path().join("old"), redirected("")).unwrap();
        fs::write(folder.path().join("new"), redirected(&rule)).unwrap();
        assert_eq!(
            rancher_gen(folder.path(), &["diff", "--rules", "old", "new"]).code,
            Some(expected),
            "{rule}"
        );
    }
}

/// Packets that there cannot be are no difference, and those of a connection that has a mark are.
#[test]
fn packets_that_there_cannot_be_make_no_difference() {
    let rules =
        |rule: &str| forward(&format!("{rule}-A FORWARD -p tcp -j ACCEPT\n-A FORWARD -p icmp -j ACCEPT\n"));
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

/// What is redirected comes to the host, and is not forwarded; what is sent to another host does not come to this one.
#[test]
fn what_is_sent_another_way_does_not_go_this_one() {
    let rules = |target: &str| {
        read(&format!(
            "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j {target}\nCOMMIT\n\
             *filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"
        ))
    };
    let host =
        ip_address::read("2: eth0: <UP> mtu 1500\n    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\n")
            .unwrap();
    let host = HostFacts { interfaces: Some(host.interfaces), ..HostFacts::default() };
    let nobody = HostFacts::default();
    let verdict = |target: &str, facts: &HostFacts, hook, port: u128| {
        let rules = rules(target);
        let known = Known::from([(Field::DestinationPort, Intervals::from_to(port, port))]);
        let packet = Packet::among(packet::Family::V4, &known, Some("eth0".to_owned())).unwrap();
        Filter::new(&rules, facts, hook, &Known::new()).verdict(&packet)
    };
    let (own, other) = ("DNAT --to-destination 192.0.2.1", "DNAT --to-destination 10.0.0.5");
    for (target, facts, hook, expected) in [
        ("REDIRECT", &nobody, Hook::Forward, Verdict::Refused),
        ("REDIRECT", &nobody, Hook::Input, Verdict::Admitted),
        (other, &host, Hook::Input, Verdict::Refused),
        (other, &host, Hook::Forward, Verdict::Admitted),
        (other, &nobody, Hook::Input, Verdict::Admitted),
        (own, &host, Hook::Input, Verdict::Admitted),
        (own, &host, Hook::Forward, Verdict::Refused),
        (own, &nobody, Hook::Forward, Verdict::Admitted),
    ] {
        assert_eq!(verdict(target, facts, hook, 80), expected, "{target} {hook:?}");
        if hook == Hook::Forward {
            assert_eq!(verdict(target, facts, hook, 81), Verdict::Admitted, "{target} {hook:?}");
        }
    }
}

/// What `diff --rules` says of forwarded packets.
fn exit(old: &str, new: &str) -> Option<i32> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), old).unwrap();
    fs::write(folder.path().join("new"), new).unwrap();
    rancher_gen(folder.path(), &["diff", "--rules", "old", "new", "--chain", "FORWARD"]).code
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

/// Whatever it is that is not known, what is told of the change is true of it.
#[test]
fn a_change_is_as_told_whatever_is_not_known() {
    let facts = HostFacts::default();
    let space =
        Known::from([Field::Mark, Field::ConnectionMark].map(|field| (field, Intervals::from_to(0, 0))));
    let mut seen: BTreeMap<(Verdict, Verdict), u32> = BTreeMap::new();
    for seed in 0..600 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let random = rule_sets::rule_set(&mut rng, Family::V4);
        if !random.uncertain {
            continue;
        }
        let old = read(&random.rules);
        let new = edited(&mut rng, &old, "filter");
        let mut change = Change::of((&old, &facts), (&new, &facts), Hook::Forward);
        let differences = Kind::ALL.map(|kind| (kind, change.differences(kind)));
        let untold = change.may_differ_unseen() || differences.iter().any(|(_, (_, whole))| !whole);
        // Each with the kind of difference that it is an example of.
        let packets = rule_sets::packets(&mut rng, Family::V4, 20);
        let mut packets: Vec<(Packet, Option<Kind>)> =
            packets.iter().map(|packet| (known(packet), None)).collect();
        for (kind, (found, _)) in &differences {
            packets.extend(
                found.iter().filter_map(|one| Some((example(&one.packets, &one.example)?, Some(*kind)))),
            );
        }
        packets.retain(|(packet, _)| packet.protocol == 17 || packet.tcp_flags == Some(2));
        for _ in 0..4 {
            let salt = rng.u64(..);
            let [old, new] = [&old, &new].map(|rules| decided(rules, salt));
            let mut was = Filter::new(&old, &facts, Hook::Forward, &space);
            let mut is = Filter::new(&new, &facts, Hook::Forward, &space);
            for (packet, example_of) in &packets {
                let answers = (was.verdict(packet), is.verdict(packet));
                let told = |kind: Kind| {
                    let (_, (found, _)) = &differences[Kind::ALL.iter().position(|one| *one == kind)?];
                    if *example_of == Some(kind) {
                        return Some(true);
                    }
                    let mut found = found.iter().map(|one| has(&change, &one.packets, packet));
                    found.try_fold(false, |any, one| Some(any | one?))
                };
                let may_be = |kind| untold || told(kind) != Some(false);
                let right = match answers {
                    (Verdict::Refused, Verdict::Admitted) => may_be(Kind::Admits) || may_be(Kind::MayAdmit),
                    (Verdict::Admitted, Verdict::Refused) => may_be(Kind::Refuses) || may_be(Kind::MayRefuse),
                    _ => told(Kind::Admits) != Some(true) && told(Kind::Refuses) != Some(true),
                };
                assert!(right, "{seed} {answers:?} {example_of:?} {packet:?}\n{}", random.rules);
                *seen.entry(answers).or_default() += 1;
            }
        }
    }
    let certain = [Verdict::Admitted, Verdict::Refused];
    for pair in certain.into_iter().flat_map(|was| certain.map(|is| (was, is))) {
        assert!(seen.get(&pair).is_some_and(|count| *count > 10), "{seen:?}");
    }
}

/// A rule set in which what a packet does not tell is decided, and as in every other one with the same salt.
fn decided(rules: &RuleSet, salt: u64) -> RuleSet {
    let mut all = rules.clone();
    for (table, chains) in &mut all.tables {
        for (chain, rules) in &mut chains.chains {
            let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
            for rule in &mut rules.rules {
                let conditions = format!("{:?}", rule.conditions);
                let number = numbers.entry(conditions.clone()).or_default();
                for condition in &mut rule.conditions {
                    let asked = match condition {
                        Condition::Unseen { .. } => format!("{salt} {condition:?}"),
                        Condition::Unknown(_) | Condition::Counted(_) | Condition::Remembered { .. } => {
                            format!("{salt} {table} {chain} {conditions} {number} {condition:?}")
                        }
                        _ => continue,
                    };
                    *condition = if hash(&asked).is_multiple_of(2) {
                        Condition::All(vec![])
                    } else {
                        Condition::Any(vec![])
                    };
                }
                *number += 1;
            }
        }
    }
    all
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// An example of a difference, if it is of the first packets of connections. Where it says no interface, any will do.
fn example(packets: &Known, example: &Packet) -> Option<Packet> {
    let mut packet = example.clone();
    let states = packets.get(&Field::State);
    let sides = [(Field::Inbound, &mut packet.inbound), (Field::Outbound, &mut packet.outbound)];
    for ((side, name), any) in sides.into_iter().zip(INTERFACES) {
        if name.is_none() && packets.contains_key(&side) {
            return None;
        }
        name.get_or_insert_with(|| any.to_owned());
    }
    states.is_none_or(|set| set.contains(State::New.number())).then_some(packet)
}

/// Whether a packet that begins a connection is among others; `None` if that is a question of where it goes out.
fn has(change: &Change, packets: &Known, packet: &Packet) -> Option<bool> {
    if packet.outbound.is_none() && packets.contains_key(&Field::Outbound) {
        return None;
    }
    let port = |port: Option<u16>| port.map(u128::from);
    let class = |name: &Option<String>| name.as_ref().map(|name| class(change, name));
    Some(packets.iter().all(|(field, set)| {
        let value = match field {
            Field::State => Some(State::New.number()),
            Field::Inbound => class(&packet.inbound),
            Field::Outbound => class(&packet.outbound),
            Field::Source => Some(number(packet.source)),
            Field::Destination | Field::SentTo => Some(number(packet.destination)),
            Field::Protocol => Some(packet.protocol.into()),
            Field::SourcePort => port(packet.source_port),
            Field::DestinationPort | Field::SentToPort => port(packet.destination_port),
            Field::TcpFlags => packet.tcp_flags.map(u128::from),
            Field::IcmpType | Field::IcmpCode => None,
            _ => Some(0),
        };
        value.is_none_or(|value| set.contains(value))
    }))
}

/// The number that stands for an interface: that of its name, of the longest prefix of it, or of all others.
fn class(change: &Change, name: &str) -> u128 {
    let mut best = None;
    for number in 0.. {
        let (patterns, is_others) = change.interfaces(&Intervals::points([number]));
        if is_others {
            return best.map_or(number, |(_, number)| number);
        }
        let length = match patterns[0] {
            InterfacePattern::Name(own) => (own == name).then_some(usize::MAX),
            InterfacePattern::Prefix(own) => name.starts_with(own).then_some(own.len()),
        };
        if let Some(length) = length {
            best = best.max(Some((length, number)));
        }
    }
    unreachable!("after the last one there are others")
}

/// A rule set in which a person changed something.
fn edited(rng: &mut fastrand::Rng, rules: &RuleSet, table: &str) -> RuleSet {
    let mut new = rules.clone();
    let chains = &mut new.tables.get_mut(table).unwrap().chains;
    for _ in 0..rng.usize(1..6) {
        let chain = chains.iter_mut().filter(|(name, chain)| *name != "INPUT" && !chain.rules.is_empty());
        let mut chain: Vec<_> = chain.map(|(_, chain)| chain).collect();
        if chain.is_empty() {
            break;
        }
        let chain = chain.swap_remove(rng.usize(0..chain.len()));
        let last = chain.rules.len() - 1;
        let at = rng.usize(0..=last);
        match rng.u8(0..4) {
            0 => _ = chain.rules.remove(at),
            1 => chain.rules.insert(rng.usize(0..=at), chain.rules[at].clone()),
            2 => chain.rules.swap(at, last),
            _ => {
                let target = &mut chain.rules[at].target;
                *target = if *target == Target::Accept { Target::Drop } else { Target::Accept };
            }
        }
    }
    // A line for each rule, also for those that stand there twice.
    let all = new
        .tables
        .values_mut()
        .flat_map(|table| table.chains.values_mut())
        .flat_map(|chain| &mut chain.rules);
    all.enumerate().for_each(|(at, rule)| rule.line = at);
    new
}
