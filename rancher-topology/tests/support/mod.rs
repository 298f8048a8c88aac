//! Single questions of who reaches whom, for what answers many of them at once.

#![allow(clippy::unwrap_used)]

use rancher_topology::flow::FlowGraph;
use rancher_topology::load;
use rancher_topology::policy::{SecurityPolicy, Verdict};
use rancher_topology::reach::{Cause, Reach};
use rancher_topology::scalar::Ports;
use rancher_topology::topology::{Place, Topology};

/// Does something with a topology that can be asked.
pub(crate) fn with<T>(text: &str, then: impl FnOnce(&Topology, &Reach<'_>) -> T) -> T {
    let topology = load(text).unwrap();
    let flows = FlowGraph::of(&topology);
    let policy = SecurityPolicy::of(&topology, &flows);
    then(&topology, &Reach::of(&topology, &flows, &policy))
}

/// Whether packets get from one machine to another by themselves, whether anybody listens there or not; and whether
/// anybody does.
pub(crate) fn direct(reach: &Reach<'_>, from: &Place, to: &Place, ports: Ports) -> (Verdict, bool) {
    let answer = reach.ask(&[*from], &[*to], Some(ports));
    let ways = &answer.alike[0].ways;
    let direct = ways.iter().filter(|way| way.hops.iter().all(|hop| hop.kind.as_str() != "load balancer"));
    let verdicts = direct.map(|way| {
        let mut causes = way.refusals().map(|refusal| refusal.cause);
        let nobody = way.refusals().next().is_some() && causes.all(|cause| cause == Cause::NothingListens);
        let doubted = way.hops.iter().any(|hop| !hop.doubts.is_empty());
        match (way.verdict, nobody) {
            (Verdict::No, true) if doubted => (Verdict::Possible, false),
            (Verdict::No, true) => (Verdict::Yes, false),
            (verdict, _) => (verdict, verdict != Verdict::No),
        }
    });
    verdicts.min_by_key(|(verdict, _)| *verdict).unwrap()
}
