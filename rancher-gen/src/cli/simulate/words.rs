//! Failures and losses in words.

use std::fmt::Write as _;

use rancher_topology::failure::{Cause, Choice, Cut, Failure, Loss, Outcome, Simulation, Thing, ZoneId};
use rancher_topology::topology::NodeId;

/// The most names that a person is told in one list; JSON has all.
const MOST: usize = 8;

pub(super) const fn failure_kind(failure: Failure) -> &'static str {
    match failure {
        Failure::Node(_) => "node",
        Failure::Zone(_) => "zone",
        Failure::Service(_) => "service",
        Failure::Database(_) => "database",
        Failure::LoadBalancer(_) => "load-balancer",
    }
}

pub(super) const fn thing_kind(thing: Thing) -> &'static str {
    match thing {
        Thing::Node(_) => "node",
        Thing::Service(_) => "service",
        Thing::Database(_) => "database",
        Thing::LoadBalancer(_) => "load-balancer",
        Thing::Entry(_) => "entry-point",
    }
}

/// Names in a row; of very many some, and how many more.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let shown = if names.len() > MOST { 3 } else { names.len() };
    let mut out = names[..shown].iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if shown < names.len() {
        let _ = write!(out, " and {} more", names.len() - shown);
    }
    out
}

fn zones(simulation: &Simulation<'_>, zones: &[ZoneId]) -> String {
    let names: Vec<&str> = zones.iter().map(|zone| simulation.failure_name(Failure::Zone(*zone))).collect();
    listed(&names)
}

fn nodes(simulation: &Simulation<'_>, outcome: &Outcome, nodes: &[NodeId]) -> String {
    let names: Vec<&str> = nodes.iter().map(|node| simulation.failure_name(Failure::Node(*node))).collect();
    let mut with: Vec<ZoneId> = Vec::new();
    for node in nodes {
        if let Some(Loss { cause: Cause::Zones(own), .. }) = outcome.losses.get(&Thing::Node(*node)) {
            with.extend(own.iter().filter(|zone| !with.contains(zone)).copied().collect::<Vec<_>>());
        }
    }
    let is = if names.len() == 1 { "is" } else { "are" };
    let with = if with.is_empty() { String::new() } else { format!(" with {}", zones(simulation, &with)) };
    format!("{} {is} down{with}", listed(&names))
}

/// One step of a chain: what a thing has to do with what it was lost by.
pub(super) fn cause(simulation: &Simulation<'_>, outcome: &Outcome, thing: Thing, cause: &Cause) -> String {
    match cause {
        Cause::Failed => "has failed".to_owned(),
        Cause::Zones(own) => {
            let certain = outcome.losses.get(&thing).is_some_and(|loss| loss.certain);
            let has = if own.len() == 1 { "has" } else { "have" };
            format!(
                "{} in {}, which {has} failed",
                if certain { "stands" } else { "may stand" },
                zones(simulation, own)
            )
        }
        Cause::TooFew { left, of, needed, down } => {
            let down = nodes(simulation, outcome, down);
            format!("has {left} of {of} left and needs {needed}: {down}")
        }
        Cause::Owner(owner, because) => {
            let because = self::cause(simulation, outcome, thing, because);
            let owner = simulation.thing_name(Thing::Service(*owner));
            format!("is in the network namespace of {owner}, which {because}")
        }
        Cause::Requires(other) => format!("requires {}", simulation.thing_name(*other)),
        Cause::Balancer(id) => {
            format!("is a listener of {}", simulation.thing_name(Thing::LoadBalancer(*id)))
        }
        Cause::NoTarget { services, down } if services.is_empty() => {
            format!("has no target left: {}", nodes(simulation, outcome, down))
        }
        Cause::NoTarget { services, .. } => {
            let first = services.iter().take(1).map(|id| simulation.thing_name(Thing::Service(*id)));
            format!("is answered by {}", first.collect::<String>())
        }
        _ => String::new(),
    }
}

/// Why a thing is lost, to the failure that it ends at.
pub(super) fn why(simulation: &Simulation<'_>, outcome: &Outcome, thing: Thing) -> String {
    let chain = outcome.chain(thing);
    // That a node is down is said where it is named.
    let steps = chain.iter().filter(|(thing, _)| !matches!(thing, Thing::Node(_)));
    let words: Vec<String> =
        steps.map(|(thing, because)| cause(simulation, outcome, *thing, because)).collect();
    words.join(", which ")
}

/// Sets of failures.
pub(super) fn cut(simulation: &Simulation<'_>, cut: &Cut) -> String {
    let all = |own: &&Choice| own.count == own.of.len();
    let (whole, some): (Vec<&Choice>, Vec<&Choice>) = cut.choices.iter().partition(all);
    let words: Vec<String> = whole.iter().chain(&some).map(|own| choice(simulation, own)).collect();
    let mut out = words.join(" with ");
    if !cut.certain {
        out.push_str(" (may lose it)");
    }
    out
}

fn choice(simulation: &Simulation<'_>, choice: &Choice) -> String {
    let one = |alike: &Vec<Failure>| {
        let names: Vec<&str> = alike.iter().map(|failure| simulation.failure_name(*failure)).collect();
        match names.as_slice() {
            [own, rest @ ..] if !rest.is_empty() => format!("{own} (or {})", rest.join(" or ")),
            _ => names.concat(),
        }
    };
    let names: Vec<String> = choice.of.iter().map(one).collect();
    match (choice.count, names.len()) {
        (count, all) if count == all && all <= MOST => names.join(" and "),
        (count, all) if count == all => format!("all {all}: {}", listed(&names)),
        (1, all) if all <= MOST => format!("any of {}", listed(&names)),
        (count, all) if all > MOST => format!("any {count} of {all}: {}", listed(&names)),
        (count, _) => format!("any {count} of {}", listed(&names)),
    }
}
