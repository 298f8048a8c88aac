//! Random rule sets, changed by a person: what is told of the change is true.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rancher_topology::netfilter::{
    Change, Condition, Filter, Hook, HostFacts, Kind, Known, Packet, RuleSet, Verdict,
};
use rancher_topology::packet::{Field, Intervals};

mod support;
use support::changes::{edited, example, has, read};
use support::kernel::{Family, known};
use support::rule_sets;

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
                        Condition::Unknown(_) | Condition::Counted { .. } | Condition::Remembered { .. } => {
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
