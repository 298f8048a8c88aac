//! Rules that may have been meant for a flow that is shut out.

use super::space::{Space, all_of};
use super::{Blocked, Differs, NearMiss, RuleId, StatedRule, Usage};
use crate::diagnostic::nearest;
use crate::flow::{Flow, FlowGraph, Route};
use crate::policy::{Endpoints, ServiceRange, Services};
use crate::scalar::{PortRange, Ports, Protocol, Traffic};
use crate::topology::Topology;

/// Finds for each flow that is shut out the rule that nobody uses and that is nearest to what the flow needs.
pub(super) fn find(space: &Space<'_>, flows: &FlowGraph, rules: &[StatedRule], blocked: &mut [Blocked]) {
    let free: Vec<Free<'_>> = rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| is_free(space, rule))
        .filter_map(|(id, rule)| match rule.traffic {
            Traffic::Ports(ports) => {
                let peers = all_of(rule.peers.iter().map(|peer| space.peer(*peer)));
                Some(Free { id: RuleId(id), rule, ports, peers })
            }
            Traffic::Icmp | Traffic::Any => None,
        })
        .collect();
    if free.is_empty() {
        return;
    }
    for one in blocked.iter_mut().filter(|one| one.certain) {
        let peers = space.wherever(&one.packets.endpoints(one.direction.peer_side()));
        let inside = inside(space.topology, &flows[one.flow]);
        let misses = free.iter().filter(|free| free.rule.direction == one.direction);
        let misses = misses.filter_map(|free| {
            let differs = difference(one, free, &inside, &peers)?;
            Some(NearMiss { rule: free.id, differs })
        });
        one.near_miss = misses.min_by_key(|miss| (miss.differs, miss.rule));
    }
}

/// A rule for ports that no flow uses.
struct Free<'a> {
    id: RuleId,
    rule: &'a StatedRule,
    ports: Ports,
    peers: Endpoints,
}

/// Whether no flow uses a rule, and those whom it admits are not outside of what a document can declare.
fn is_free(space: &Space<'_>, rule: &StatedRule) -> bool {
    let peers = || rule.packets.endpoints(rule.direction.peer_side()).fixed();
    match rule.usage {
        Usage::Flows(_) => false,
        Usage::Unused | Usage::Nobody => true,
        Usage::Undeclared(_) => rule.peer_is_nowhere || peers().is_subset(&space.network),
    }
}

/// The one thing in which a rule differs from what is needed; `None` where there is more, or no likeness.
fn difference(blocked: &Blocked, free: &Free<'_>, inside: &Services, peers: &Endpoints) -> Option<Differs> {
    let ports = free.ports;
    let same_group = blocked.groups.contains(&free.rule.group);
    let same_ports = blocked.services.is_subset(&ports.into());
    let same_peers = !peers.intersection(&free.peers).is_empty();
    match (same_group, same_ports, same_peers) {
        (true, true, false) => Some(Differs::Peer),
        (false, true, true) => Some(Differs::Group),
        (true, false, true) => {
            let [ServiceRange::Ports(needed)] = *blocked.services.ranges() else { return None };
            let twin = Ports { protocol: needed.protocol, ..ports };
            if needed.protocol != ports.protocol {
                return Services::from(needed).is_subset(&twin.into()).then_some(Differs::Protocol);
            }
            let is_inside = !inside.intersection(&ports.into()).is_empty();
            (is_inside || is_slip(ports, needed)).then_some(Differs::Ports)
        }
        _ => None,
    }
}

/// The ports that a flow has inside the network namespace of its server; a rule never sees them.
fn inside(topology: &Topology, flow: &Flow) -> Services {
    let own = Services::from(flow.ports);
    let Route::Tunnels(mesh) = flow.route else { return own };
    let mesh = &topology[mesh];
    let last = mesh.local_port(topology[mesh.pool].nodes.len());
    let ranges = [PortRange::new(mesh.port, last), PortRange::single(mesh.entry)];
    let tcp = |range| Services::from(Ports { protocol: Protocol::Tcp, range });
    ranges.into_iter().flatten().fold(own, |all, range| all.union(&tcp(range)))
}

/// Whether a finger slipped: a digit or two, or the port beside it.
fn is_slip(written: Ports, needed: Ports) -> bool {
    let beside = |one: u16, two: u16| one.abs_diff(two) == 1;
    let (one, two) = (written.range, needed.range);
    let same_length = one.len() == two.len();
    same_length
        && (beside(one.first(), two.first())
            || nearest(&one.to_string(), [two.to_string().as_str()]).is_some())
}
