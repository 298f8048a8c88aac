//! The rules that there should be: those that admit every flow and as little else as can be written.
//!
//! What a flow needs is put into the groups of its end in which it admits the fewest others, and named there by the
//! narrowest peers. Of choices that admit equally little the fewest rules are taken, and what is stated already before
//! what is not.

mod demands;
mod limit;

use std::collections::{BTreeMap, BTreeSet};

use super::blocked::states;
use super::need::Need;
use super::space::{Space, all_of};
use super::words::{meaning, narrowest, size};
use super::{Admission, Blocked, Direction, RuleId, StatedRule};
use crate::flow::FlowGraph;
use crate::policy::{Endpoints, GroupRef, Member, RulePeer, SecurityPolicy, Services};
use crate::scalar::Peer;
use crate::topology::{Origin, Topology};
use limit::Item;

/// What has a say beside the flows.
pub struct Given<'a> {
    /// Whether a stated rule stays as it is, whatever the flows need.
    pub stays: &'a dyn Fn(RuleId) -> bool,
    /// Whether what is shut out now is to be admitted.
    pub admits: &'a dyn Fn(&Blocked) -> bool,
    /// As many rules as a group may have in a direction.
    pub quota: Option<Quota>,
}

/// As many rules as a group may have in a direction, each range of ports with each peer counted.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// How many.
    pub rules: usize,
    /// How many rules are counted where these peers stand.
    pub counted: fn(&[RulePeer]) -> usize,
}

impl Quota {
    /// Whether a group has too many rules with these peers.
    pub(crate) fn is_exceeded<'p>(&self, peers: impl IntoIterator<Item = &'p Peer>) -> bool {
        let peers: Vec<RulePeer> = peers.into_iter().flat_map(limit::as_rules).collect();
        (self.counted)(&peers) > self.rules
    }
}

/// The rules of a group in one direction, beside those that stay as they are.
#[derive(Debug)]
#[non_exhaustive]
pub struct Least {
    /// The group; the document states it.
    pub group: GroupRef,
    /// Which of its rules.
    pub direction: Direction,
    /// Whom they name, each with the ports.
    pub rules: BTreeMap<Peer, Services>,
    /// What admits more than is needed, so that the rules are not more than may be.
    pub wider: Vec<Wider>,
    /// Whether they are too many, each range of ports with each peer counted.
    pub crowded: bool,
}

/// Peers that were put together because there were too many.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Wider {
    /// For which ports.
    pub services: Services,
    /// The peers.
    pub peers: Vec<Peer>,
    /// As many peers as would have admitted nothing else.
    pub exact: usize,
    /// Who is admitted and needs not be.
    pub others: Endpoints,
}

impl Admission {
    /// The rules that there should be, in place of all that do not stay: a list for each group and direction that the
    /// document states.
    #[must_use]
    pub fn least(
        &self,
        topology: &Topology,
        flows: &FlowGraph,
        policy: &SecurityPolicy,
        given: &Given<'_>,
    ) -> Vec<Least> {
        let space = Space::of(topology, policy);
        let needs: Vec<Need> = flows.flow_ids().filter_map(|id| Need::of(&space, flows, id)).collect();
        let both = [Direction::Inbound, Direction::Outbound];
        both.into_iter()
            .flat_map(|direction| Work::of(&space, self, given, &needs, direction).lists())
            .collect()
    }
}

/// Members that are in the same groups: to the rules they are one.
struct Class {
    groups: Vec<GroupRef>,
    /// How many nodes, load balancers and databases.
    members: usize,
    /// Whether the document states all that decides.
    stated: bool,
}

struct Rule<'a> {
    stated: &'a StatedRule,
    services: Services,
    peers: Endpoints,
    stays: bool,
}

impl Rule<'_> {
    /// The networks that it names; `None` for a group.
    fn network(&self) -> Option<Peer> {
        match *self.stated.peers.as_slice() {
            [RulePeer::Network(net)] => Some(Peer::Network(net)),
            [RulePeer::Network(_), RulePeer::Network(_)] => Some(Peer::Internet),
            _ => None,
        }
    }
}

/// What a group's rules are to admit on some ports.
#[derive(Default)]
struct Share {
    decided: BTreeSet<Peer>,
    ends: Endpoints,
    classes: BTreeSet<usize>,
}

struct Work<'a> {
    space: &'a Space<'a>,
    direction: Direction,
    given: &'a Given<'a>,
    rules: Vec<Rule<'a>>,
    /// The rules of each group.
    of_group: BTreeMap<GroupRef, Vec<usize>>,
    blocked: Vec<&'a Blocked>,
    needs: &'a [Need],
    classes: Vec<Class>,
    class_of: BTreeMap<Member, usize>,
    /// The classes of each group.
    in_group: BTreeMap<GroupRef, BTreeSet<usize>>,
    /// Ports that no rule and no need tells apart.
    atoms: Vec<Services>,
}

/// Some ports, by position, of some group or class.
type At<T> = (T, usize);

impl<'a> Work<'a> {
    fn of(
        space: &'a Space<'a>,
        admission: &'a Admission,
        given: &'a Given<'a>,
        needs: &'a [Need],
        direction: Direction,
    ) -> Self {
        let own = admission.rule_ids().filter(|id| admission[*id].direction == direction);
        let rules: Vec<Rule<'_>> = own
            .map(|id| {
                let stated = &admission[id];
                let peers = all_of(stated.peers.iter().map(|peer| space.peer(*peer)));
                Rule { stated, services: stated.traffic.into(), peers, stays: (given.stays)(id) }
            })
            .collect();
        let mut of_group: BTreeMap<GroupRef, Vec<usize>> = BTreeMap::new();
        for (position, rule) in rules.iter().enumerate() {
            of_group.entry(rule.stated.group).or_default().push(position);
        }
        let (mut classes, mut class_of) = (Vec::<Class>::new(), BTreeMap::new());
        let mut known: BTreeMap<&[GroupRef], usize> = BTreeMap::new();
        let mut in_group: BTreeMap<GroupRef, BTreeSet<usize>> = BTreeMap::new();
        for member in space.policy.group_refs().flat_map(|group| &space.policy[group].members) {
            if class_of.contains_key(member) {
                continue;
            }
            let groups = space.policy.groups_of(*member);
            let class = *known.entry(groups).or_insert_with(|| {
                let stated = groups.iter().all(|group| states(space, direction, *group));
                classes.push(Class { groups: groups.to_vec(), members: 0, stated });
                classes.len() - 1
            });
            classes[class].members += match member {
                Member::Pool(id) => space.topology[*id].nodes.len(),
                Member::LoadBalancer(_) | Member::Database(_) => 1,
            };
            class_of.insert(*member, class);
            for group in groups {
                in_group.entry(*group).or_default().insert(class);
            }
        }
        let services = rules.iter().map(|rule| &rule.services);
        let atoms = Services::cut_at_bounds_of(services.chain(needs.iter().map(|need| &need.services)));
        let blocked = admission.blocked().iter().filter(|one| one.direction == direction);
        let blocked = blocked.filter(|one| !(given.admits)(one)).collect();
        Self { space, direction, given, rules, of_group, blocked, needs, classes, class_of, in_group, atoms }
    }

    fn lists(&self) -> Vec<Least> {
        let mut demands = self.demands();
        for (at, demand) in &mut demands {
            self.decide(*at, demand);
        }
        let mut shares: BTreeMap<At<GroupRef>, Share> = BTreeMap::new();
        let mut decided: BTreeMap<(usize, Peer), BTreeSet<usize>> = BTreeMap::new();
        for ((class, atom), demand) in &demands {
            for peer in &demand.decided {
                decided.entry((*atom, peer.clone())).or_default().insert(*class);
            }
        }
        for (group, atom, peer, classes) in self.decided(decided) {
            let share = shares.entry((group, atom)).or_default();
            share.decided.insert(peer);
            share.classes.extend(classes);
        }
        let admitted = |class: usize, atom: usize, shares: &BTreeMap<At<GroupRef>, Share>| {
            let groups = self.classes[class].groups.iter();
            let decided = groups.filter_map(|group| shares.get(&(*group, atom)));
            let decided = decided.map(|share| meaning(self.space, GroupRef(0), &share.decided));
            let staying = self.rules_at(class, atom).filter(|rule| rule.stays);
            all_of(decided.chain(staying.map(|rule| rule.peers.clone())))
        };
        let mut around: BTreeMap<At<usize>, Endpoints> = BTreeMap::new();
        let mut units: BTreeMap<(usize, Member, Endpoints), BTreeSet<usize>> = BTreeMap::new();
        for ((class, atom), demand) in demands {
            let around = around.entry((class, atom)).or_insert_with(|| admitted(class, atom, &shares));
            for (member, ends) in demand.ends {
                if !self.space.is_wholly_among(&ends, around) {
                    units.entry((atom, member, ends)).or_default().insert(class);
                }
            }
        }
        let mut together: BTreeMap<(usize, BTreeSet<usize>), Vec<Endpoints>> = BTreeMap::new();
        for ((atom, _, ends), classes) in units {
            together.entry((atom, classes)).or_default().push(ends);
        }
        for ((atom, classes), ends) in together {
            let ends = all_of(ends.into_iter());
            for (group, classes) in self.places(&classes, atom, &ends) {
                let share = shares.entry((group, atom)).or_default();
                share.ends = share.ends.union(&ends);
                share.classes.extend(classes);
            }
        }
        self.written(&shares, &around)
    }

    /// Where peers that are a decision are named. What a group of all its members names as well is left out.
    fn decided(
        &self,
        wanted: BTreeMap<(usize, Peer), BTreeSet<usize>>,
    ) -> Vec<(GroupRef, usize, Peer, BTreeSet<usize>)> {
        let mut placed = Vec::new();
        for ((atom, peer), classes) in wanted {
            let named = meaning(self.space, GroupRef(0), [&peer]);
            let places = self.places(&classes, atom, &named).into_iter();
            placed
                .extend(places.map(|(group, classes)| (named.clone(), (group, atom, peer.clone(), classes))));
        }
        placed.sort_by_key(|(named, _)| size(named));
        let mut at = 0;
        while let Some((named, (_, atom, _, classes))) = placed.get(at) {
            let elsewhere = |class: &usize| {
                placed.iter().enumerate().any(|(other, (wider, (beside, same, ..)))| {
                    other != at
                        && atom == same
                        && self.classes[*class].groups.contains(beside)
                        && named.is_subset(wider)
                })
            };
            if classes.iter().all(elsewhere) {
                placed.remove(at);
            } else {
                at += 1;
            }
        }
        placed.into_iter().map(|(_, place)| place).collect()
    }

    /// The rules of a class that are for some ports.
    fn rules_at(&self, class: usize, atom: usize) -> impl Iterator<Item = &Rule<'a>> {
        self.classes[class].groups.iter().flat_map(move |group| self.rules_in(*group, atom))
    }

    fn rules_in(&self, group: GroupRef, atom: usize) -> impl Iterator<Item = &Rule<'a>> {
        let own = self.of_group.get(&group).into_iter().flatten().map(|rule| &self.rules[*rule]);
        own.filter(move |rule| self.atoms[atom].is_subset(&rule.services))
    }

    /// The groups that together hold some classes, and as few other members as can be; each with those that it holds.
    fn places(
        &self,
        classes: &BTreeSet<usize>,
        atom: usize,
        peers: &Endpoints,
    ) -> Vec<(GroupRef, BTreeSet<usize>)> {
        let others = |group: &GroupRef| -> usize {
            let outside = self.in_group[group].difference(classes);
            outside.map(|class| self.classes[*class].members).sum()
        };
        let stated = |group: &GroupRef| {
            let mut own = self.rules_in(*group, atom).filter(|rule| !rule.stays);
            own.any(|rule| !rule.peers.intersection(peers).is_empty())
        };
        let candidates: BTreeSet<GroupRef> =
            classes.iter().flat_map(|class| &self.classes[*class].groups).copied().collect();
        let mut ranked: Vec<(GroupRef, BTreeSet<usize>)> = candidates
            .into_iter()
            .filter(|group| matches!(self.space.policy[*group].origin, Origin::Stated))
            .map(|group| (group, self.in_group[&group].intersection(classes).copied().collect()))
            .collect();
        // The fewest others first, then those that hold the most, then where a rule for it stands already.
        ranked.sort_by_cached_key(|(group, held)| {
            (others(group), std::cmp::Reverse(held.len()), !stated(group), *group)
        });
        let (mut left, mut chosen) = (classes.clone(), Vec::new());
        for (group, held) in ranked {
            if held.iter().any(|class| left.contains(class)) {
                left = left.difference(&held).copied().collect();
                chosen.push((group, held));
            }
        }
        // A later one may hold all that an earlier one was taken for.
        for at in (0..chosen.len()).rev() {
            let elsewhere = |class: &usize| {
                chosen.iter().enumerate().any(|(other, (_, held))| other != at && held.contains(class))
            };
            if chosen[at].1.iter().all(elsewhere) {
                chosen.remove(at);
            }
        }
        chosen
    }

    fn written(
        &self,
        shares: &BTreeMap<At<GroupRef>, Share>,
        around: &BTreeMap<At<usize>, Endpoints>,
    ) -> Vec<Least> {
        let stated = self.space.policy.group_refs().filter(|group| {
            matches!(self.space.policy[*group].origin, Origin::Stated)
                && states(self.space, self.direction, *group)
        });
        let mut known: BTreeMap<(GroupRef, [Endpoints; 3]), Vec<Peer>> = BTreeMap::new();
        let mut lists = Vec::new();
        for group in stated {
            let mut items: Vec<Item> = Vec::new();
            for ((_, atom), share) in shares.range((group, 0)..=(group, usize::MAX)) {
                let around = share.classes.iter().filter_map(|class| around.get(&(*class, *atom)));
                let around =
                    around.cloned().reduce(|one, other| one.intersection(&other)).unwrap_or_default();
                let needed = self.space.missing(&share.ends, &around);
                // What is admitted anyhow is no reason to admit it here: it may go one day.
                let allowed = share.ends.clone();
                let decided: Vec<Peer> = share.decided.iter().cloned().collect();
                let mut peers = Vec::new();
                if !needed.is_empty() {
                    let fresh = || narrowest(self.space, group, &needed, &allowed, &around);
                    let fresh = known
                        .entry((group, [&needed, &allowed, &around].map(Clone::clone)))
                        .or_insert_with(fresh)
                        .clone();
                    let stated = self.stated(group, *atom, &needed, &allowed);
                    peers = stated.filter(|stated| stated.len() <= fresh.len()).unwrap_or(fresh);
                }
                let services = self.atoms[*atom].clone();
                let same = |item: &&mut Item| {
                    (&item.needed, &item.allowed, &item.peers, &item.decided)
                        == (&needed, &allowed, &peers, &decided)
                };
                match items.iter_mut().find(same) {
                    Some(item) => item.services = item.services.union(&services),
                    None => items.push(Item { services, needed, allowed, peers, decided }),
                }
            }
            lists.push(self.list(group, items));
        }
        lists
    }

    /// Peers that stand there, where they admit all of it and nothing else.
    fn stated(
        &self,
        group: GroupRef,
        atom: usize,
        needed: &Endpoints,
        allowed: &Endpoints,
    ) -> Option<Vec<Peer>> {
        let own = self.rules_in(group, atom).filter(|rule| !rule.stays && rule.peers.is_subset(allowed));
        let mut own: Vec<(Peer, Endpoints)> = own
            .filter(|rule| !rule.peers.intersection(needed).is_empty())
            .map(|rule| (self.peer_of(rule), rule.peers.clone()))
            .collect();
        let is_enough = |some: &[(Peer, Endpoints)]| {
            self.space.missing(needed, &all_of(some.iter().map(|(_, peers)| peers.clone()))).is_empty()
        };
        if !is_enough(&own) {
            return None;
        }
        for at in (0..own.len()).rev() {
            let one = own.remove(at);
            if !is_enough(&own) {
                own.insert(at, one);
            }
        }
        Some(own.into_iter().map(|(peer, _)| peer).collect())
    }

    fn peer_of(&self, rule: &Rule<'_>) -> Peer {
        rule.network().unwrap_or_else(|| match rule.stated.peers.first() {
            Some(RulePeer::Group(group)) if *group != rule.stated.group => {
                Peer::Group(self.space.policy[*group].name.clone())
            }
            _ => Peer::Itself,
        })
    }
}
