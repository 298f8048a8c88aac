//! What gets to somebody and did not, and on what somebody else listens.

use std::collections::BTreeMap;

use super::ends::Matched;
use super::{Ends, Example, Life, ListeningChange, TrafficChange};
use crate::document::Provider;
use crate::flow::End;
use crate::netfilter::Kind;
use crate::policy::{Passing, Services};
use crate::reach::{Class, Matrix, Owner, Whom, as_one};
use crate::topology::Topology;

/// The ends of two topologies, those together that are alike in both.
pub(super) struct Joint<'t> {
    old: &'t Topology,
    new: &'t Topology,
    before: Matrix,
    after: Matrix,
    ends: Vec<One>,
}

/// Ends that are of one class of the old topology, and of one of the new.
struct One {
    before: Option<usize>,
    after: Option<usize>,
    ends: Ends,
}

/// What is to be said of packets, besides who sends and who gets them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    kind: Kind,
    services: Services,
    listening: Option<Vec<String>>,
}

impl<'t> Joint<'t> {
    pub(super) fn of(
        old: &'t Topology,
        new: &'t Topology,
        matched: &Matched,
        before: Matrix,
        after: Matrix,
    ) -> Self {
        let (in_old, in_new) = (machines(&before), machines(&after));
        let mut classes: BTreeMap<(Option<usize>, Option<usize>, Life), Vec<Whom>> = BTreeMap::new();
        let mut add = |pair: (Option<End>, Option<End>)| {
            let (life, end) = match pair {
                (Some(_), Some(end)) => (Life::Stays, end),
                (None, Some(end)) => (Life::Comes, end),
                (Some(end), None) => (Life::Goes, end),
                (None, None) => return,
            };
            let class =
                (pair.0.and_then(|end| in_old.get(&end)), pair.1.and_then(|end| in_new.get(&end)), life);
            classes.entry((class.0.copied(), class.1.copied(), life)).or_default().push(Whom::End(end));
        };
        for (one, other) in &matched.nodes {
            add((one.map(End::Node), other.map(End::Node)));
        }
        for (one, other) in &matched.load_balancers {
            add((one.map(End::LoadBalancer), other.map(End::LoadBalancer)));
        }
        for (one, other) in &matched.databases {
            add((one.map(End::Database), other.map(End::Database)));
        }
        let mut ends: Vec<One> = Vec::new();
        for ((before, after, life), members) in classes {
            ends.push(One { before, after, ends: Ends { members, life } });
        }
        ends.sort_by(|one, other| {
            (one.ends.life, &one.ends.members).cmp(&(other.ends.life, &other.ends.members))
        });
        ends.extend(addresses(&before, &after));
        Self { old, new, before, after, ends }
    }

    pub(super) fn traffic(&self) -> Vec<TrafficChange> {
        // Who gets it from whom, by what else is to be said.
        let mut received: BTreeMap<(usize, Said), Vec<usize>> = BTreeMap::new();
        for (to, receiver) in self.ends.iter().enumerate() {
            for (from, sender) in self.ends.iter().enumerate() {
                if from == to && receiver.ends.members.len() == 1 {
                    continue;
                }
                let passing = |matrix: &Matrix, from: Option<usize>, to: Option<usize>| {
                    from.zip(to).map(|(from, to)| matrix.passing(from, to)).unwrap_or_default()
                };
                let before = passing(&self.before, sender.before, receiver.before);
                let after = passing(&self.after, sender.after, receiver.after);
                for (kind, services) in compare(&before, &after) {
                    for said in self.said(kind, receiver, &services) {
                        received.entry((to, said)).or_default().push(from);
                    }
                }
            }
        }
        let mut alike: BTreeMap<(Said, Vec<usize>), Vec<usize>> = BTreeMap::new();
        for ((to, said), from) in received {
            alike.entry((said, from)).or_default().push(to);
        }
        let mut all: Vec<_> = alike.into_iter().collect();
        all.sort_by(|((said, from), to), ((other, others), them)| {
            (said.kind, to[0], from, said).cmp(&(other.kind, them[0], others, other))
        });
        all.into_iter().filter_map(|((said, from), to)| self.change(said, &from, &to)).collect()
    }

    /// What is to be said of services that somebody gets otherwise, cut where somebody else listens for them.
    fn said(&self, kind: Kind, to: &One, services: &Services) -> Vec<Said> {
        let (topology, class) = if matches!(kind, Kind::Admits | Kind::MayAdmit) {
            (self.new, to.after.map(|at| &self.after.classes()[at]))
        } else {
            (self.old, to.before.map(|at| &self.before.classes()[at]))
        };
        let parts = class.map(|class| class.parts(services)).unwrap_or_default();
        let said = |(services, listening): (Services, Option<Vec<Owner>>)| {
            let names = |owners: Vec<Owner>| owners.iter().map(|own| own.name(topology).to_owned()).collect();
            Said { kind, services, listening: listening.map(names) }
        };
        parts.into_iter().map(said).collect()
    }

    fn change(&self, said: Said, from: &[usize], to: &[usize]) -> Option<TrafficChange> {
        let (sender, receiver) = (&self.ends[*from.first()?], &self.ends[*to.first()?]);
        let second = std::ptr::eq(sender, receiver).then(|| sender.ends.members.get(1)).flatten();
        let one = second.unwrap_or(&sender.ends.members[0]);
        let example = Example {
            source: self.address(one, sender.ends.life, None),
            destination: self.address(&receiver.ends.members[0], receiver.ends.life, Some(one)),
            service: said.services.ranges().first()?.first(),
        };
        let ends = |all: &[usize]| of_one_kind(all.iter().map(|at| self.ends[*at].ends.clone()));
        let Said { kind, services, listening } = said;
        Some(TrafficChange { kind, from: ends(from), to: ends(to), services, listening, example })
    }

    /// An address of an end, or its name where it has no fixed one. For the internet, a node of AWS has a public one.
    fn address(&self, end: &Whom, life: Life, sender: Option<&Whom>) -> String {
        let topology = if life == Life::Goes { self.old } else { self.new };
        let is_translated =
            *topology.network.provider == Provider::Aws && matches!(sender, Some(Whom::Internet(_)));
        match end {
            Whom::End(End::Node(id)) if is_translated => format!("public address of {}", topology[*id].name),
            Whom::End(End::Node(id)) => topology[*id].address.to_string(),
            Whom::End(_) => end.name(topology),
            Whom::Internet(all) | Whom::Addresses(all) => {
                let first = all.as_networks().first().and_then(|net| net.hosts().next());
                first.map_or_else(String::new, |address| address.to_string())
            }
        }
    }

    pub(super) fn listening(&self) -> Vec<ListeningChange> {
        let mut all = Vec::new();
        for one in &self.ends {
            let (Some(before), Some(after)) = (one.before, one.after) else { continue };
            let (before, after) = (&self.before.classes()[before], &self.after.classes()[after]);
            let (Some(listened), Some(listens)) = (&before.listening, &after.listening) else { continue };
            let ports: Vec<Services> =
                listened.iter().chain(listens).map(|listening| listening.ports.into()).collect();
            let names = |topology: &Topology, class: &Class, piece: &Services| {
                let owners = class.listens(piece).unwrap_or_default();
                owners.iter().map(|owner: &Owner| owner.name(topology).to_owned()).collect::<Vec<_>>()
            };
            let mut found: BTreeMap<(Vec<String>, Vec<String>), Services> = BTreeMap::new();
            for piece in Services::cut_at_bounds_of(ports.iter()) {
                let pair = (names(self.old, before, &piece), names(self.new, after, &piece));
                if pair.0 != pair.1 {
                    let known = found.entry(pair).or_default();
                    *known = known.union(&piece);
                }
            }
            all.extend(found.into_iter().map(|((before, after), services)| ListeningChange {
                at: one.ends.clone(),
                services,
                before,
                after,
            }));
        }
        all
    }
}

/// The class of each machine.
fn machines(matrix: &Matrix) -> BTreeMap<End, usize> {
    let classes = matrix.classes().iter().enumerate();
    let ends = classes.flat_map(|(at, class)| class.members.iter().map(move |member| (member, at)));
    ends.filter_map(|(member, at)| match member {
        Whom::End(end) => Some((*end, at)),
        Whom::Internet(_) | Whom::Addresses(_) => None,
    })
    .collect()
}

/// The addresses that no node has before and after.
fn addresses(before: &Matrix, after: &Matrix) -> Vec<One> {
    let mut all = Vec::new();
    for (old, class) in before.classes().iter().enumerate() {
        for (new, other) in after.classes().iter().enumerate() {
            for member in class.members.iter().flat_map(|one| other.members.iter().map(move |two| (one, two)))
            {
                let both = match member {
                    (Whom::Internet(one), Whom::Internet(two)) => Whom::Internet(one.intersection(two)),
                    (
                        Whom::Internet(one) | Whom::Addresses(one),
                        Whom::Internet(two) | Whom::Addresses(two),
                    ) => Whom::Addresses(one.intersection(two)),
                    _ => continue,
                };
                if matches!(&both, Whom::Internet(own) | Whom::Addresses(own) if own.is_empty()) {
                    continue;
                }
                let ends = Ends { members: vec![both], life: Life::Stays };
                all.push(One { before: Some(old), after: Some(new), ends });
            }
        }
    }
    all
}

/// What becomes otherwise. Where both say "possibly" nothing is known to change.
fn compare(before: &Passing, after: &Passing) -> impl Iterator<Item = (Kind, Services)> {
    let both = |one: &Services, other: &Services| one.intersection(other);
    let may_admit = after.possible.difference(&before.all()).union(&both(&after.certain, &before.possible));
    let may_refuse = before.possible.difference(&after.all()).union(&both(&before.certain, &after.possible));
    let all = [
        (Kind::Admits, after.certain.difference(&before.all())),
        (Kind::Refuses, before.certain.difference(&after.all())),
        (Kind::MayAdmit, may_admit),
        (Kind::MayRefuse, may_refuse),
    ];
    all.into_iter().filter(|(_, services)| !services.is_empty())
}

/// Ends of one kind as one.
fn of_one_kind(all: impl Iterator<Item = Ends>) -> Vec<Ends> {
    let kind = |ends: &Ends| std::mem::discriminant(&ends.members[0]);
    let mut joined: Vec<Ends> = Vec::new();
    for ends in all {
        match joined.iter_mut().find(|known| known.life == ends.life && kind(known) == kind(&ends)) {
            Some(known) => known.members.extend(ends.members),
            None => joined.push(ends),
        }
    }
    for ends in &mut joined {
        ends.members = as_one(std::mem::take(&mut ends.members));
    }
    joined
}
