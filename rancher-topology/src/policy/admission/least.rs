//! The rules that there should be: those that admit every flow and as little else as can be written.
//!
//! What a flow needs is put into the groups of its end in which it admits the fewest others, and named there by the
//! narrowest peers. Of choices that admit equally little the fewest rules are taken, and what is stated already before
//! what is not.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::aggregate::aggregate;
use super::blocked::states;
use super::need::{Need, Part};
use super::space::{Space, all_of};
use super::words::{by_group, meaning, missing, narrowest, size};
use super::{Admission, Blocked, Direction, RuleId, StatedRule};
use crate::flow::FlowGraph;
use crate::policy::groups::counted;
use crate::policy::{Endpoints, GroupRef, Member, RulePeer, SecurityPolicy, Services, Unfixed};
use crate::scalar::Peer;
use crate::topology::{Origin, Topology};

/// What has a say beside the flows.
pub struct Given<'a> {
    /// Whether a stated rule stays as it is, whatever the flows need.
    pub stays: &'a dyn Fn(RuleId) -> bool,
    /// Whether what is shut out now is to be admitted.
    pub admits: &'a dyn Fn(&Blocked) -> bool,
    /// As many rules as a group may have in a direction, each port range with each peer counted.
    pub most: Option<usize>,
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

/// With whom some members have to do on some ports.
#[derive(Default)]
struct Demand {
    /// Peers that stand there and are a decision of their own.
    decided: Vec<Peer>,
    /// Whether the internet is among them.
    internet: bool,
    ends: BTreeMap<Member, Endpoints>,
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
        for ((atom, peer), classes) in decided {
            let named = meaning(self.space, GroupRef(0), [&peer]);
            for (group, classes) in self.places(&classes, atom, &named) {
                let share = shares.entry((group, atom)).or_default();
                share.decided.insert(peer.clone());
                share.classes.extend(classes);
            }
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
                if !missing(self.space, &ends, around).is_empty() {
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

    /// The rules of a class that are for some ports.
    fn rules_at(&self, class: usize, atom: usize) -> impl Iterator<Item = &Rule<'a>> {
        self.classes[class].groups.iter().flat_map(move |group| self.rules_in(*group, atom))
    }

    fn rules_in(&self, group: GroupRef, atom: usize) -> impl Iterator<Item = &Rule<'a>> {
        let own = self.of_group.get(&group).into_iter().flatten().map(|rule| &self.rules[*rule]);
        own.filter(move |rule| self.atoms[atom].is_subset(&rule.services))
    }

    /// What all flows need, for each class and each range of ports.
    fn demands(&self) -> BTreeMap<At<usize>, Demand> {
        let mut demands: BTreeMap<At<usize>, Demand> = BTreeMap::new();
        for need in self.needs {
            let mut own: BTreeMap<usize, Endpoints> = BTreeMap::new();
            for part in need.own(self.direction) {
                let class = part.member().and_then(|member| self.class_of.get(&member));
                if let Some(class) = class.filter(|class| self.classes[**class].stated) {
                    let known = own.entry(*class).or_default();
                    *known = known.union(&part.endpoints);
                }
            }
            let atoms = (0..self.atoms.len()).filter(|atom| self.atoms[*atom].is_subset(&need.services));
            for atom in atoms {
                for (class, own) in &own {
                    let shut = self.shut(need, own, atom);
                    let demand = demands.entry((*class, atom)).or_default();
                    for part in need.peers(self.direction) {
                        self.demand(demand, part, own, &shut);
                    }
                }
            }
        }
        demands
    }

    fn demand(&self, demand: &mut Demand, part: &Part, own: &Endpoints, shut: &Endpoints) {
        let Some(member) = part.member() else {
            demand.internet |= shut.intersection(&part.endpoints).is_empty();
            return;
        };
        let mut ends = part.endpoints.difference(shut);
        // What a node sends to its own address does not cross the network.
        if size(own) == 1 {
            ends = ends.difference(own);
        }
        if !ends.is_empty() {
            let known = demand.ends.entry(member).or_default();
            *known = known.union(&ends);
        }
    }

    /// Peers of a need that are shut out and stay so.
    fn shut(&self, need: &Need, own: &Endpoints, atom: usize) -> Endpoints {
        let packets =
            || self.direction.packets(Endpoints::everything(), own.clone(), self.atoms[atom].clone());
        let shut = self.blocked.iter().filter(|one| one.flow == need.flow);
        all_of(shut.map(|one| one.packets.intersection(&packets()).endpoints(self.direction.peer_side())))
    }

    /// Finds the peers that are a decision of their own: how much of the internet is let in, and a part of the addresses
    /// that something may turn out to have.
    fn decide(&self, (class, atom): At<usize>, demand: &mut Demand) {
        let admitted = all_of(self.rules_at(class, atom).map(|rule| rule.peers.clone()));
        let mut about = Endpoints::default();
        if demand.internet {
            about = self.space.internet.clone();
            if admitted.intersection(&about).is_empty() {
                demand.decided.push(Peer::Internet);
            }
        }
        for ends in demand.ends.values_mut() {
            for one in ends.unfixed_members() {
                let (own, addresses) = (Endpoints::unfixed(one), self.space.addresses_of(one));
                let some = !addresses.intersection(&admitted).is_empty();
                if some && !missing(self.space, &own, &admitted).is_empty() {
                    about = about.union(&addresses);
                    *ends = ends.difference(&own);
                }
            }
        }
        let mut stated: Vec<(Peer, Endpoints)> = self
            .rules_at(class, atom)
            .filter(|rule| !rule.stays && !rule.peers.intersection(&about).is_empty())
            .filter_map(|rule| Some((rule.network()?, rule.peers.clone())))
            .collect();
        stated.sort_by_key(|(_, peers)| std::cmp::Reverse(size(peers)));
        let staying = self.rules_at(class, atom).filter(|rule| rule.stays);
        let mut known = all_of(staying.map(|rule| rule.peers.clone()));
        for (peer, peers) in stated {
            if !peers.is_subset(&known) {
                known = known.union(&peers);
                demand.decided.push(peer);
            }
        }
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
                let needed = missing(self.space, &share.ends, &around);
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
            missing(self.space, needed, &all_of(some.iter().map(|(_, peers)| peers.clone()))).is_empty()
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

    fn list(&self, group: GroupRef, mut items: Vec<Item>) -> Least {
        let staying = self.of_group.get(&group).into_iter().flatten().map(|rule| &self.rules[*rule]);
        let staying: Vec<RulePeer> =
            staying.filter(|rule| rule.stays).flat_map(|rule| rule.stated.peers.iter().copied()).collect();
        let count = |items: &[Item]| {
            let peers = rules_of(items).into_iter().flat_map(|(peer, services)| {
                let times = services.ranges().len();
                as_rules(&peer).into_iter().flat_map(move |peer| std::iter::repeat_n(peer, times))
            });
            counted(staying.iter().copied().chain(peers))
        };
        let mut wider = Vec::new();
        let most = self.given.most.unwrap_or(usize::MAX);
        if count(&items) > most {
            items.sort_by_key(|item| std::cmp::Reverse(item.peers.len()));
        }
        for at in 0..items.len() {
            if count(&items) <= most {
                break;
            }
            let exact = std::mem::take(&mut items[at].peers);
            let ranges = items[at].services.ranges().len().max(1);
            let room = (most.saturating_sub(count(&items)) / ranges).max(1);
            if exact.len() <= room {
                items[at].peers = exact;
                continue;
            }
            let item = &items[at];
            let peers = self.fewer(group, item, room).unwrap_or_else(|| exact.clone());
            let others = meaning(self.space, group, &peers).difference(&item.allowed);
            let services = item.services.clone();
            if !others.is_empty() {
                wider.push(Wider { services, peers: peers.clone(), exact: exact.len(), others });
            }
            items[at].peers = peers;
        }
        let crowded = count(&items) > most;
        Least { group, direction: self.direction, rules: rules_of(&items), wider, crowded }
    }

    /// Not more peers than there is room for, with as few others as possible.
    fn fewer(&self, group: GroupRef, item: &Item, room: usize) -> Option<Vec<Peer>> {
        let by_group = by_group(self.space, group, &item.needed);
        let left = item.needed.difference(&meaning(self.space, group, &by_group));
        let networks = |ends: &Endpoints| {
            let unfixed = ends.unfixed_members();
            let somewhere = unfixed.iter().map(|one| match one {
                Unfixed::Inside(_) => self.space.addresses_of(*one),
                Unfixed::Public(_) => Endpoints::networks([IpNet::V4(ipnet::Ipv4Net::default())]),
            });
            let all = all_of(somewhere.chain([ends.fixed()]));
            let v4 = all.as_networks().into_iter().filter_map(|net| match net {
                IpNet::V4(net) => Some(net),
                IpNet::V6(_) => None,
            });
            v4.collect::<Vec<_>>()
        };
        let nets = |ends: &Endpoints, most: usize| {
            aggregate(&networks(ends), most).into_iter().map(|net| Peer::Network(net.into()))
        };
        let rest = nets(&left, room.saturating_sub(by_group.len()).max(1));
        let by_group: Vec<Peer> = by_group.into_iter().chain(rest).collect();
        let choices = [by_group, nets(&item.needed, room).collect()];
        let others = |peers: &Vec<Peer>| {
            let others = meaning(self.space, group, peers).difference(&item.allowed);
            (peers.len() > room, size(&others), peers.len())
        };
        choices.into_iter().filter(|peers| !peers.is_empty()).min_by_key(others)
    }
}

/// Ports that a group admits from the same peers.
struct Item {
    services: Services,
    needed: Endpoints,
    allowed: Endpoints,
    peers: Vec<Peer>,
    decided: Vec<Peer>,
}

fn rules_of(items: &[Item]) -> BTreeMap<Peer, Services> {
    let mut rules: BTreeMap<Peer, Services> = BTreeMap::new();
    for item in items {
        for peer in item.peers.iter().chain(&item.decided) {
            let known = rules.entry(peer.clone()).or_default();
            *known = known.union(&item.services);
        }
    }
    rules
}

/// What a provider makes of a peer.
fn as_rules(peer: &Peer) -> Vec<RulePeer> {
    match peer {
        Peer::Network(net) => vec![RulePeer::Network(*net)],
        Peer::Internet => {
            vec![
                RulePeer::Network(IpNet::V4(Default::default())),
                RulePeer::Network(IpNet::V6(Default::default())),
            ]
        }
        // Which group it is makes no difference to the count.
        Peer::Itself | Peer::Group(_) => vec![RulePeer::Group(GroupRef(0))],
    }
}
