//! Networks, subnets, instances, load balancers, databases and names of hosts as a provider has them, against those of the
//! model.
//!
//! A thing of the model is the one that exists by its name, or else the one with its address, whatever that is called.
//! What a topology does not say and whoever applies it chooses (images, key pairs, certificates) is not compared.

mod fact;
mod model;

use std::collections::{BTreeMap, BTreeSet};

pub use fact::{Destination, Fact, Item, ResourceKind, Route, Value, Way};
use model::{Meant, Said, of_model};

use crate::policy::SecurityPolicy;
use crate::topology::Topology;

/// A resource that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveResource {
    /// What it is.
    pub kind: ResourceKind,
    /// What it is called.
    pub name: String,
    /// The provider's id.
    pub id: String,
    /// Where it stands: an address of Terraform.
    pub place: String,
    /// What is known of it.
    pub facts: BTreeMap<Fact, Value>,
    /// What of it is not understood, in words.
    pub unclear: Vec<String>,
    /// Whether somebody else has it, and it was only looked up. What the model does not have may be there for others.
    pub elsewhere: bool,
}

/// Resources beside the model's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResourcesAudit {
    /// In what they differ: the model's in their order, then what is not in it.
    pub differences: Vec<ResourceDifference>,
    /// What is not understood of those that count, in words.
    pub unclear: Vec<String>,
}

/// In what a resource differs from the model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceDifference {
    /// One of the model is not among those that exist.
    Missing {
        /// What it is.
        kind: ResourceKind,
        /// Its name in the model.
        name: String,
    },
    /// One exists that the model does not have.
    Unknown {
        /// What it is.
        kind: ResourceKind,
        /// What it is called.
        name: String,
        /// Where it stands.
        place: String,
    },
    /// It is otherwise than the model says.
    Differs {
        /// What it is.
        kind: ResourceKind,
        /// Its name in the model.
        name: String,
        /// In what.
        fact: Fact,
        /// What is.
        live: Value,
        /// What the model says.
        model: Value,
        /// Whether the document leaves it open, and it is what is rendered then.
        assumed: bool,
        /// Where it stands.
        place: String,
    },
}

/// Compares the resources that exist with those of a topology on AWS.
#[must_use]
pub fn resources(topology: &Topology, policy: &SecurityPolicy, live: &[LiveResource]) -> ResourcesAudit {
    let model = of_model(topology, policy);
    let pairs = pairs(&model, live);
    let mut names: BTreeMap<&str, &str> =
        live.iter().map(|one| (one.id.as_str(), one.name.as_str())).collect();
    for (meant, at) in model.iter().zip(&pairs) {
        names.extend(at.map(|at| (live[at].id.as_str(), meant.name.as_str())));
    }
    let named = |value: &Value| match value {
        Value::All(items) => Value::All(
            items
                .iter()
                .map(|item| match item {
                    Item::Resource(id) => Item::Word((*names.get(&**id).unwrap_or(&&**id)).to_owned()),
                    other => other.clone(),
                })
                .collect(),
        ),
        other => other.clone(),
    };
    let mut found = Vec::new();
    for (meant, at) in model.iter().zip(&pairs) {
        let Some(own) = at.map(|at| &live[at]) else {
            found.push(ResourceDifference::Missing { kind: meant.kind, name: meant.name.clone() });
            continue;
        };
        for (&fact, Said { value: model, assumed }) in &meant.facts {
            let Some(live) = own.facts.get(&fact).map(named) else { continue };
            if !is_same(fact, &live, model) {
                let (kind, name, place) = (meant.kind, meant.name.clone(), own.place.clone());
                let (model, assumed) = (model.clone(), *assumed);
                found.push(ResourceDifference::Differs { kind, name, fact, live, model, assumed, place });
            }
        }
    }
    let used: BTreeSet<usize> = pairs.into_iter().flatten().collect();
    let mut unclear = Vec::new();
    for (at, one) in live.iter().enumerate() {
        let is_ours = used.contains(&at);
        if is_ours || !one.elsewhere {
            unclear.extend(one.unclear.iter().cloned());
        }
        if !is_ours && !one.elsewhere {
            let (kind, name, place) = (one.kind, one.name.clone(), one.place.clone());
            found.push(ResourceDifference::Unknown { kind, name, place });
        }
    }
    ResourcesAudit { differences: found, unclear }
}

/// For each resource of the model, the one that it is: by its name, or else by the fact that nothing else can have.
fn pairs(model: &[Meant], live: &[LiveResource]) -> Vec<Option<usize>> {
    let mut by_name: BTreeMap<(ResourceKind, &str), usize> = BTreeMap::new();
    let mut by_key: BTreeMap<(ResourceKind, &Value), usize> = BTreeMap::new();
    for (at, one) in live.iter().enumerate() {
        by_name.entry((one.kind, &one.name)).or_insert(at);
        if let Some(value) = key(one.kind).and_then(|fact| one.facts.get(&fact)) {
            by_key.entry((one.kind, value)).or_insert(at);
        }
    }
    let with_key = |one: &Meant| {
        let said = key(one.kind).and_then(|fact| one.facts.get(&fact))?;
        by_key.get(&(one.kind, &said.value)).copied()
    };
    // Of several with the name, the one that has the address too.
    let named = |one: &Meant| {
        let both = with_key(one).filter(|at| live[*at].name == one.name);
        both.or_else(|| by_name.get(&(one.kind, one.name.as_str())).copied())
    };
    let mut pairs: Vec<Option<usize>> = model.iter().map(named).collect();
    let mut used: BTreeSet<usize> = pairs.iter().flatten().copied().collect();
    for (one, pair) in model.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
        *pair = with_key(one).filter(|at| used.insert(*at));
    }
    pairs
}

const fn key(kind: ResourceKind) -> Option<Fact> {
    match kind {
        ResourceKind::Instance => Some(Fact::Address),
        ResourceKind::Network | ResourceKind::Subnet => Some(Fact::Cidr),
        _ => None,
    }
}

/// Whether what exists is what the model says. A version of the model is a line, of which any release will do.
fn is_same(fact: Fact, live: &Value, model: &Value) -> bool {
    match (fact, live, model) {
        (Fact::Version, Value::Word(live), Value::Word(line)) => {
            live.strip_prefix(line.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        _ => live == model,
    }
}
