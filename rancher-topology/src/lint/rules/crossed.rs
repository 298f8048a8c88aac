//! Two ports that are published as each other, where the rules are for the ports as they are inside.

use crate::diagnostic::{Diagnostic, Edit};
use crate::flow::{Party, Route};
use crate::lint::{Context, Lint};
use crate::policy::{Blocked, Differs};
use crate::scalar::Publish;
use crate::topology::ServiceId;

/// A service and the positions of two of its published ports, the earlier one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Crossed {
    service: ServiceId,
    at: [usize; 2],
}

impl Crossed {
    /// Why a flow is shut out, where its port is published as another one that is published as it.
    pub(super) fn of(cx: &Context<'_>, blocked: &Blocked) -> Option<Self> {
        let flow = &cx.flows[blocked.flow];
        let (Party::Service(server), Route::Published(host)) = (flow.server, &flow.route) else {
            return None;
        };
        if blocked.near_miss.is_none_or(|miss| miss.differs != Differs::Ports) {
            return None;
        }
        let service = cx.topology.namespace_service(server);
        let all = &cx.topology[service].publish;
        let at = |host, container| {
            all.iter().position(|publish| {
                (publish.protocol, publish.host, publish.container) == (flow.ports.protocol, host, container)
            })
        };
        let inside = flow.ports.range;
        let (own, other) = (at(*host, inside)?, at(inside, *host)?);
        (own != other).then(|| Self { service, at: [own.min(other), own.max(other)] })
    }

    pub(super) fn finding(self, cx: &Context<'_>, lint: &Lint) -> Diagnostic {
        let service = &cx.topology[self.service];
        let [first, second] = self.at.map(|at| service.publish[at]);
        let places = self.at.map(|at| {
            let said = cx.document.services.get_index(self.service.position());
            said.and_then(|(_, said)| said.publish.get(at)).map_or(service.span, |publish| publish.span)
        });
        let straight = |publish: Publish| Publish { host: publish.container, ..publish };
        // Each in its own place of the list, in the order of the node's ports.
        let meant = [straight(second), straight(first)];
        let edits = places
            .iter()
            .zip(meant)
            .map(|(span, meant)| Edit::Replace { span: *span, text: format!("\"{meant}\"") });
        lint.finding(
            format!(
                "`{}` publishes {} and {} as each other, and the rules are for the ports inside",
                service.name, first.container, second.container
            ),
            places[0],
        )
        .here(format!("leads to {}", first.container))
        .also(places[1], format!("leads to {}", second.container))
        .why("the packets are dropped, and the client waits until it gives up")
        .help(format!("write `{}` and `{}`", meant[0], meant[1]))
        .suggest(edits.collect())
    }
}
