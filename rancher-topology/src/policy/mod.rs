//! Which packets are admitted: by the security groups, and by each node's own firewall.
//!
//! Nothing here prints a rule; the outputs do. What the document leaves to the tool is filled in here with
//! rules that admit declared flows only, each marked with the reason for it. [`Admission`] compares what the document
//! states with what its flows need; whoever asks about rules and traffic asks there.

mod admission;
mod groups;
mod host;
mod host_packets;
mod packets;

pub use admission::{
    Admission, Blocked, Differs, Direction, Excess, Exposure, Extent, Gates, Given, Least, NearMiss, Passage,
    Passing, Quota, RuleId, RuleRef, ShutOut, StatedRule, Usage, Verdict, Wider,
};
pub use groups::{EffectiveGroup, EffectiveRule, GroupRef, Member, RulePeer, RulePlace, SecurityPolicy};
pub use host::{HostPolicy, HostRule, PeerSet, host_policies};
pub use host_packets::{HostAdmission, Permission, Reason};
pub use packets::{EndpointRange, Endpoints, PacketBox, PacketSet, ServiceRange, Services, Side, Unfixed};
