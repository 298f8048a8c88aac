//! Rules that stay as they are: flows alone do not tell whether anybody needs them.

use crate::document::Allowance;
use crate::lint::Context;
use crate::lint::rules::{Needless, WIDE, Written, forgotten_peer, is_forgotten, lost_flow};
use crate::policy::{RuleId, Usage};

/// Why a rule stays although it admits more than the flows need.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Because {
    /// Who uses it cannot be declared, for this reason.
    Undeclared(&'static str),
    /// The document says that the cluster can do without it.
    Optional,
    /// A finding is allowed there.
    Allowed {
        /// The lint's id.
        lint: String,
        /// The reason that the document gives.
        reason: String,
    },
    /// Nothing is in this group yet.
    NoMembers(String),
    /// This flow, from a client to a server, leads nowhere and may have been meant for it.
    Nowhere(String, String),
    /// Its text cannot be changed by itself: it stands for several rules, or an alias or an anchor is in the way.
    Text,
}

/// Why a rule stays; `None` when the flows decide.
pub(super) fn reason(cx: &Context<'_>, needless: &Needless, id: RuleId) -> Option<Because> {
    let rule = &cx.admission[id];
    let written = Written::of(cx, rule)?;
    if let Some(allowance) = allowance(cx, &written, written.place(rule)) {
        let (lint, reason) = (allowance.id.to_string(), allowance.reason.to_string());
        return Some(Because::Allowed { lint, reason });
    }
    if written.optional {
        return Some(Because::Optional);
    }
    let name = |group| cx.policy[group].name.to_string();
    match &rule.usage {
        Usage::Flows(_) => None,
        Usage::Nobody if is_forgotten(cx, rule.group) => Some(Because::NoMembers(name(rule.group))),
        Usage::Nobody => Some(Because::NoMembers(name(forgotten_peer(cx, rule)?))),
        Usage::Unused => {
            let flow = lost_flow(cx, rule)?;
            let end = |party: crate::flow::Party| party.name(cx.topology).to_owned();
            Some(Because::Nowhere(end(flow.client), end(flow.server)))
        }
        Usage::Undeclared(reason) => {
            let stays = |other: &RuleId| matches!(cx.admission[*other].usage, Usage::Undeclared(_));
            let is_needless = needless.is(cx, rule) && rule.covered_by.iter().all(stays);
            (!is_needless).then_some(Because::Undeclared(reason))
        }
    }
}

/// What a person has allowed in the rule itself, or around it of the lints that would narrow it.
fn allowance<'c>(cx: &'c Context<'_>, written: &Written<'_>, place: crate::Span) -> Option<&'c Allowance> {
    let own = |one: &&Allowance| one.scopes.contains(&written.span);
    let around = || {
        let allowed = WIDE.iter().find_map(|lint| cx.allowed(lint, place).or(cx.allowed(lint, written.span)));
        allowed.and_then(|position| cx.allowances().get(position))
    };
    cx.allowances().iter().find(own).or_else(around)
}
