//! The least rules that still admit every flow, as a change of a document's text.
//!
//! [`Admission::least`](crate::policy::Admission::least) concludes which rules there should be. Here it is said which rules
//! stay whatever the flows need, which of those that are written become which, and how the text says it then.

mod keep;
mod outcome;
mod packets;
mod plan;
mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use keep::Because;
pub use outcome::{Admitted, Kept, RulePackets, RuleWords, Tightened, Widened};

use crate::diagnostic::{Diagnostic, Fix, Span};
use crate::document::{Document, Spanned};
use crate::fix::Editor;
use crate::lint::Context;
use crate::lint::rules::{Needless, Written, is_missed};
use crate::policy::{Differs, Direction, Given, GroupRef, Least, Quota, RuleId, Services};
use crate::provider::aws;
use crate::scalar::{Name, Peer};
use crate::topology::Topology;
use crate::validate::largest;
use crate::{Resolved, resolved};
use plan::{Line, Plan, Row, plan};
use text::{List, Stated};

/// What one round cannot put into the text together, the next one can. No document needs as many; it is there for edits that
/// would undo each other.
const ROUNDS: usize = 20;

/// A rule as it stands in the document: its group, its list, its position there.
type Place = (GroupRef, Direction, usize);

/// The rules of each list.
type Lists = BTreeMap<(GroupRef, Direction), Vec<RuleId>>;

fn lists(cx: &Context<'_>) -> Lists {
    let mut lists = Lists::new();
    for id in cx.admission.rule_ids() {
        let rule = &cx.admission[id];
        lists.entry((rule.group, rule.direction)).or_default().push(id);
    }
    lists
}

/// For each rule that is a slip of the ports or the protocol, what it was meant for.
fn slips(cx: &Context<'_>) -> BTreeMap<RuleId, Services> {
    let mut slips: BTreeMap<RuleId, Services> = BTreeMap::new();
    for blocked in cx.admission.blocked() {
        let miss = blocked.near_miss;
        if let Some(miss) = miss.filter(|miss| matches!(miss.differs, Differs::Ports | Differs::Protocol)) {
            let meant = slips.entry(miss.rule).or_default();
            *meant = meant.union(&blocked.services);
        }
    }
    slips
}

/// Proposes the least rules, by what they admit, that still admit every flow; of those that admit equally little the fewest.
///
/// Of what is shut out, only what a finding tells of is let in. What flows do not tell is kept, each time with the reason.
///
/// # Errors
/// Everything that is wrong with the text, with places, when it cannot be read or resolved.
///
/// ```
/// let text = "
/// name: tiny
/// network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
/// nodes:
///   box: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: boxes}
/// security-groups:
///   boxes:
///     inbound:
///       - {port: 7000-7999/tcp, from: 10.0.1.0/24}
/// services:
///   store: {image: store:3.6.4, placement: box, publish: [7000:7000], traffic-to: store}
/// ";
/// let tightened = rancher_topology::tighten(text)?;
/// assert_eq!(tightened.text, text.replace("7000-7999/tcp, from: 10.0.1.0/24", "7000/tcp, from: self"));
/// # Ok::<(), Vec<rancher_topology::Diagnostic>>(())
/// ```
pub fn tighten(text: &str) -> Result<Tightened, Vec<Diagnostic>> {
    in_rounds(text, ROUNDS)
}

fn in_rounds(text: &str, most: usize) -> Result<Tightened, Vec<Diagnostic>> {
    let (document, topology) = good(text)?;
    let before = Context::new(&document, &topology);
    let given = (&before, text);
    let mut now = match round(&before, text)? {
        Round::Next(next) if most > 0 => next,
        Round::Next(_) => return Ok(outcome::of([given, given], &Left::of(&before), false)),
        Round::Last(left) => return Ok(outcome::of([given, given], &left, true)),
    };
    let mut rounds = 1;
    loop {
        let (document, topology) = good(&now)?;
        let after = Context::new(&document, &topology);
        let made = (&after, now.as_str());
        now = match round(&after, &now)? {
            Round::Next(next) if rounds < most => next,
            Round::Next(_) => return Ok(outcome::of([given, made], &Left::of(&after), false)),
            Round::Last(left) => return Ok(outcome::of([given, made], &left, true)),
        };
        rounds += 1;
    }
}

fn good(text: &str) -> Result<(Document, Topology), Vec<Diagnostic>> {
    let Resolved { document, topology, refused } = resolved(text);
    document.zip(topology).filter(|_| refused.is_empty()).ok_or(refused)
}

enum Round {
    /// The text with something of what is to be done.
    Next(String),
    /// Nothing is left to do.
    Last(Left),
}

/// What a document's rules are, when nothing is left to do.
struct Left {
    kept: BTreeMap<RuleId, Because>,
    least: Vec<Least>,
}

impl Left {
    fn of(cx: &Context<'_>) -> Self {
        Self::without(cx, &BTreeSet::new())
    }

    /// The rules that there should be, where some cannot be changed.
    fn without(cx: &Context<'_>, fixed: &BTreeSet<Place>) -> Self {
        let needless = Needless::of(cx);
        let reason = |id: RuleId| {
            let rule = &cx.admission[id];
            let fixed = fixed.contains(&(rule.group, rule.direction, rule.place.rule));
            keep::reason(cx, &needless, id).or(fixed.then_some(Because::Text))
        };
        let kept: BTreeMap<RuleId, Because> =
            cx.admission.rule_ids().filter_map(|id| Some((id, reason(id)?))).collect();
        let given = Given {
            stays: &|id| kept.contains_key(&id),
            admits: &|blocked| is_missed(cx, blocked),
            quota: quota(cx),
        };
        let least = cx.admission.least(cx.topology, &cx.flows, &cx.policy, &given);
        Self { kept, least }
    }
}

fn round(cx: &Context<'_>, text: &str) -> Result<Round, Vec<Diagnostic>> {
    let editor = Editor::new(text).map_err(|error| vec![error])?;
    let json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let (lists, slips) = (lists(cx), slips(cx));
    let mut fixed = shared(cx);
    loop {
        let left = Left::without(cx, &fixed);
        let (mut fixes, mut unfit) = (Vec::new(), BTreeSet::new());
        for least in &left.least {
            let Some((name, _)) = cx.document.security_groups.get_index(least.group.position()) else {
                continue;
            };
            let list = List { editor: &editor, text, json, group: name.as_str(), direction: least.direction };
            let ids = lists.get(&(least.group, least.direction)).map_or(&[][..], Vec::as_slice);
            let written = rows(cx, &left, ids, &slips);
            of_list(cx, written, least, &list, &mut fixes, &mut unfit);
        }
        if unfit.is_subset(&fixed) {
            return Ok(applied(&editor, text, &fixes, left));
        }
        fixed.extend(unfit);
    }
}

/// As many rules as the document's provider gives a group.
fn quota(cx: &Context<'_>) -> Option<Quota> {
    aws::provides(cx.document).then_some(aws::RULES)
}

fn applied(editor: &Editor<'_>, text: &str, fixes: &[Fix], left: Left) -> Round {
    let all: Vec<&Fix> = fixes.iter().collect();
    let mut next = None;
    largest(&all, |some| {
        let edited = editor.apply(some).filter(|edited| edited != text);
        let is_good = edited.as_ref().is_some_and(|edited| good(edited).is_ok());
        if is_good {
            next = edited;
        }
        is_good
    });
    next.map_or(Round::Last(left), Round::Next)
}

/// Rules whose text is the text of others too, by an alias.
fn shared(cx: &Context<'_>) -> BTreeSet<Place> {
    let mut by_text: BTreeMap<Span, BTreeSet<Place>> = BTreeMap::new();
    for rule in cx.admission.rules() {
        if let Some(written) = Written::of(cx, rule) {
            let place = (rule.group, rule.direction, rule.place.rule);
            by_text.entry(written.span).or_default().insert(place);
        }
    }
    by_text.into_values().filter(|places| places.len() > 1).flatten().collect()
}

/// The fixes that make a list what it should be. What cannot be fixed is unfit.
fn of_list(
    cx: &Context<'_>,
    written: Vec<(Stated<'_>, Row)>,
    least: &Least,
    list: &List<'_>,
    fixes: &mut Vec<Fix>,
    unfit: &mut BTreeSet<Place>,
) {
    let (stated, rows): (Vec<Stated<'_>>, Vec<Row>) = written.into_iter().unzip();
    let plan = fitting(cx, least, &rows);
    let Plan { rows: becomes, mut added } = plan;
    let mut gone = Vec::new();
    let survives = becomes.iter().any(Option::is_some);
    for (at, (rule, line)) in stated.iter().zip(&becomes).enumerate() {
        let as_it_was = |line: &Line| line.traffic == rule.traffic && line.peers == rows[at].peers;
        let fix = match line {
            Some(line) if as_it_was(line) => continue,
            Some(line) => list.becomes(rule, line),
            None if !survives && !added.is_empty() => list.replaced(rule, &added.remove(0).1),
            None => {
                gone.push((at, list.removed(rule)));
                continue;
            }
        };
        match fix {
            Some(fix) => fixes.push(fix),
            None => drop(unfit.insert((least.group, least.direction, at))),
        }
    }
    let mut by_row: BTreeMap<usize, Vec<&Line>> = BTreeMap::new();
    for (row, line) in &added {
        by_row.entry(row.unwrap_or(usize::MAX)).or_default().push(line);
    }
    for (row, lines) in by_row {
        let others = (0..stated.len()).rev().filter(|at| becomes[*at].is_some());
        let behind: Vec<Span> =
            stated.get(row).into_iter().chain(others.map(|at| &stated[at])).map(|rule| rule.span).collect();
        fixes.extend(list.added(&behind, &lines));
    }
    for (at, fix) in gone {
        match fix {
            Some(fix) => fixes.push(fix),
            None => drop(unfit.insert((least.group, least.direction, at))),
        }
    }
}

/// As few rules as keep their purposes apart; where these are too many, fewer.
fn fitting(cx: &Context<'_>, least: &Least, rows: &[Row]) -> Plan {
    let own: &Name = &cx.policy[least.group].name;
    let apart = plan(own, rows, least.rules.clone(), false);
    let lines = apart.rows.iter().flatten().chain(apart.added.iter().map(|(_, line)| line));
    if quota(cx).is_some_and(|quota| quota.is_exceeded(lines.flat_map(|line| &line.peers))) {
        return plan(own, rows, least.rules.clone(), true);
    }
    apart
}

/// The rules of a list as they are written.
fn rows<'a>(
    cx: &'a Context<'_>,
    left: &Left,
    ids: &[RuleId],
    slips: &BTreeMap<RuleId, Services>,
) -> Vec<(Stated<'a>, Row)> {
    let mut rows: BTreeMap<usize, (Stated<'a>, Row)> = BTreeMap::new();
    for id in ids {
        let rule = &cx.admission[*id];
        let Some(written) = Written::of(cx, rule) else { continue };
        let peers: &'a [Spanned<Peer>] = written.peers;
        let (_, row) = rows.entry(rule.place.rule).or_insert_with(|| {
            let stated = Stated {
                span: written.span,
                port: written.port,
                traffic: rule.traffic,
                peers,
                kind: written.kind.map(|kind| kind.span),
                purpose: written.purpose.map(|purpose| purpose.span),
            };
            let row = Row {
                traffic: rule.traffic,
                peers: peers.iter().map(|peer| peer.value.clone()).collect(),
                stays: vec![false; peers.len()],
                kind: written.kind.map(|kind| kind.value.clone()),
                purpose: written.purpose.map(|purpose| purpose.value.clone()),
                used: false,
                meant: Services::default(),
            };
            (stated, row)
        });
        if let Some(stays) = row.stays.get_mut(rule.place.peer) {
            *stays |= left.kept.contains_key(id);
        }
        row.used |= matches!(rule.usage, crate::policy::Usage::Flows(_));
        if let Some(meant) = slips.get(id) {
            row.meant = row.meant.union(meant);
        }
    }
    rows.into_values().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::in_rounds;

    const WIDE: &str = "
name: tiny
network: {name: lab, cidr: 10.0.0.0/16, subnets: {a: {cidr: 10.0.1.0/24}}}
nodes:
  box: {count: 2, first-address: {a: 10.0.1.10}, os: debian-12, engine: docker-27.3.1, groups: boxes}
security-groups:
  boxes: {inbound: [{port: 7000-7999/tcp, from: 10.0.1.0/24}]}
services:
  store: {image: 'store:3.6.4', placement: box, publish: ['7000:7000'], traffic-to: store}
";

    #[test]
    fn what_is_not_finished_is_not_tight() {
        let none = in_rounds(WIDE, 0).unwrap();
        assert_eq!(
            (none.changed, none.finished, none.is_tight(), none.text.as_str()),
            (false, false, false, WIDE)
        );
        let one = in_rounds(WIDE, 1).unwrap();
        assert_eq!(
            (one.changed, one.finished, one.is_tight(), one.needs_a_person()),
            (true, true, false, false)
        );
        let again = in_rounds(&one.text, 1).unwrap();
        assert_eq!((again.changed, again.finished, again.is_tight()), (false, true, true));
    }
}
