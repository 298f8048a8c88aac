//! Where packets are sent: what changes of that between two rule sets.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use rancher_gen::read::ip_address;
use rancher_topology::netfilter::{
    Change, Filter, Hook, HostFacts, Kind, Known, Packet, RuleSet, SentTo, Target, Trace, Tracer,
    TranslatedTo, Translation, Verdict,
};
use rancher_topology::packet::{self, Field, Intervals};

mod support;
use support::changes::{LIMIT, MAC, change, edited, example, forward, has, read};
use support::kernel::{Family, known};
use support::rule_sets;

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
        // A rule that counts other packets counts something else.
        let told = if rules == good { vec![Kind::MayAdmit, Kind::MayRefuse] } else { Vec::new() };
        let (kinds, unseen) = change(&text(&five, rules), &text(&six, rules));
        assert_eq!((kinds, unseen), (told, rules == limited), "{rules}");
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
        (found, !change.apart().contains(&("nat", "POSTROUTING")))
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
