//! Which of the rules that are written become those that there should be, and which are missing.

use std::collections::BTreeMap;

use crate::policy::{ServiceRange, Services};
use crate::scalar::{Name, Peer, PortRange, Ports, Text, Traffic};

/// A rule as it is written.
pub(super) struct Row {
    pub(super) traffic: Traffic,
    pub(super) peers: Vec<Peer>,
    /// For each peer, whether it stays whatever the flows need.
    pub(super) stays: Vec<bool>,
    pub(super) kind: Option<Text>,
    pub(super) purpose: Option<Text>,
    /// Whether flows use it.
    pub(super) used: bool,
    /// What it may have been meant for, by a slip.
    pub(super) meant: Services,
}

/// A rule as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) traffic: Traffic,
    pub(super) peers: Vec<Peer>,
    pub(super) kind: Option<Text>,
    pub(super) purpose: Option<Text>,
}

/// What becomes of the rules of a list.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// For each row what it becomes; `None` when it goes.
    pub(super) rows: Vec<Option<Line>>,
    /// The rules that come in, each with the row that it follows; at the end where it follows none.
    pub(super) added: Vec<(Option<usize>, Line)>,
}

impl Row {
    fn is_fixed(&self) -> bool {
        self.stays.contains(&true)
    }

    fn line(&self, traffic: Traffic, peers: Vec<Peer>) -> Line {
        Line { traffic, peers, kind: self.kind.clone(), purpose: self.purpose.clone() }
    }

    fn order(&self, at: usize) -> (bool, u32, usize) {
        let width = match self.traffic {
            Traffic::Ports(ports) => ports.range.len(),
            Traffic::Icmp => 1,
            Traffic::Any => u32::MAX,
        };
        (!self.used, width, at)
    }
}

/// Gives each rule that is written what it has of those that there should be.
pub(super) fn plan(own: &Name, rows: &[Row], rules: BTreeMap<Peer, Services>, crowded: bool) -> Plan {
    let mut left = rules;
    let mut claims: Vec<Vec<(Peer, Services)>> = rows.iter().map(|_| Vec::new()).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| rows[*at].order(*at));
    // First what is written as it should be, then what admitted it under another name, then slips.
    for &at in &order {
        let row = &rows[at];
        let all = Services::from(row.traffic);
        for (peer, _) in row.peers.iter().zip(&row.stays).filter(|(_, stays)| !**stays) {
            let meant = if matches!(peer, Peer::Group(name) if name == own) { &Peer::Itself } else { peer };
            let wanted = left.get(meant).map(|left| left.intersection(&all)).unwrap_or_default();
            if !wanted.is_empty() && (!row.is_fixed() || wanted == all) {
                take(&mut left, meant, &wanted);
                claims[at].push((peer.clone(), wanted));
            }
        }
    }
    for meant in [false, true] {
        for &at in &order {
            let row = &rows[at];
            if row.is_fixed() || (claims[at].len() == row.peers.len()) || (meant && !claims[at].is_empty()) {
                continue;
            }
            let all = if meant { row.meant.clone() } else { row.traffic.into() };
            for peer in left.keys().cloned().collect::<Vec<_>>() {
                let wanted = left[&peer].intersection(&all);
                if !wanted.is_empty() {
                    take(&mut left, &peer, &wanted);
                    claims[at].push((peer, wanted));
                }
            }
        }
    }
    let mut plan = Plan::default();
    for (at, (row, claims)) in rows.iter().zip(claims).enumerate() {
        let mut lines = pieces(claims).into_iter().map(|(traffic, peers)| row.line(traffic, peers));
        if row.is_fixed() {
            let mut claimed: Vec<Peer> = lines.next().map(|line| line.peers).unwrap_or_default();
            let mut peers = row.peers.clone();
            let mut stays = row.stays.iter();
            // What is said twice is claimed once.
            peers.retain(|peer| {
                let at = claimed.iter().position(|claimed| claimed == peer).map(|at| claimed.remove(at));
                stays.next() == Some(&true) || at.is_some()
            });
            plan.rows.push(Some(row.line(row.traffic, peers)));
            continue;
        }
        plan.rows.push(lines.next());
        plan.added.extend(lines.map(|line| (Some(at), line)));
    }
    let missing = pieces(left.into_iter().collect());
    let line = |(traffic, peers)| (None, Line { traffic, peers, kind: None, purpose: None });
    plan.added.extend(missing.into_iter().map(line));
    plan.join(rows, crowded);
    plan
}

fn take(left: &mut BTreeMap<Peer, Services>, peer: &Peer, wanted: &Services) {
    if let Some(rest) = left.get_mut(peer) {
        *rest = rest.difference(wanted);
    }
}

/// Peers with the same range of ports are one rule.
fn pieces(claims: Vec<(Peer, Services)>) -> Vec<(Traffic, Vec<Peer>)> {
    let mut pieces: BTreeMap<Traffic, Vec<Peer>> = BTreeMap::new();
    for (peer, services) in claims {
        let ranges = services.ranges().into_iter().filter_map(|range| match range {
            ServiceRange::Ports(ports) => Some(Traffic::Ports(ports)),
            ServiceRange::Icmp => Some(Traffic::Icmp),
            ServiceRange::OtherProtocols => None,
        });
        if services == Services::everything() {
            pieces.entry(Traffic::Any).or_default().push(peer);
        } else {
            ranges.for_each(|range| pieces.entry(range).or_default().push(peer.clone()));
        }
    }
    pieces.into_iter().collect()
}

impl Plan {
    /// Puts ports together that follow each other and have the same peers. Where they are for different purposes they stay
    /// apart unless there are too many rules.
    fn join(&mut self, rows: &[Row], crowded: bool) {
        let free = |at: &usize| !rows[*at].is_fixed();
        while let Some((one, other, traffic)) = self.neighbours(free, crowded) {
            if let Some(line) = self.line_mut(one) {
                line.traffic = traffic;
            }
            match other {
                Key::Row(at) => self.rows[at] = None,
                Key::Added(at) => drop(self.added.remove(at)),
            }
        }
    }

    fn line_mut(&mut self, key: Key) -> Option<&mut Line> {
        match key {
            Key::Row(at) => self.rows[at].as_mut(),
            Key::Added(at) => self.added.get_mut(at).map(|(_, line)| line),
        }
    }

    fn neighbours(&self, free: impl Fn(&usize) -> bool, crowded: bool) -> Option<(Key, Key, Traffic)> {
        let rows = self.rows.iter().enumerate().filter(|(at, _)| free(at));
        let rows = rows.filter_map(|(at, line)| Some((Key::Row(at), line.as_ref()?)));
        let added = self.added.iter().enumerate().map(|(at, (_, line))| (Key::Added(at), line));
        // By their peers and ports, those that can be one stand beside each other.
        let mut lines: Vec<(Vec<Peer>, Ports, Key, &Line)> = rows
            .chain(added)
            .filter_map(|(key, line)| {
                let Traffic::Ports(ports) = line.traffic else { return None };
                let mut peers = line.peers.clone();
                peers.sort();
                Some((peers, ports, key, line))
            })
            .collect();
        let place = |ports: Ports| (ports.protocol, ports.range);
        lines.sort_by(|one, other| (&one.0, place(one.1), one.2).cmp(&(&other.0, place(other.1), other.2)));
        lines.windows(2).find_map(|pair| {
            let ((peers, ports, one, line), (others, next, other, beside)) = (&pair[0], &pair[1]);
            let (first, second) = (ports.range, next.range);
            let follows = ports.protocol == next.protocol
                && u32::from(second.first()) <= u32::from(first.last()) + 1
                && peers == others;
            let alike = crowded || (&line.kind, &line.purpose) == (&beside.kind, &beside.purpose);
            let range = PortRange::new(first.first(), first.last().max(second.last())).ok()?;
            let traffic = Traffic::Ports(Ports { protocol: ports.protocol, range });
            let (kept, gone) = if one < other { (*one, *other) } else { (*other, *one) };
            (follows && alike).then_some((kept, gone, traffic))
        })
    }
}

/// Which line of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Row(usize),
    Added(usize),
}
