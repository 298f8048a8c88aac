//! Where Rancher 1.0 and 1.1 stand in a topology.

use super::{DatabaseId, Known, LoadBalancerId, ServiceId};
use crate::diagnostic::Span;
use crate::scalar::{HttpsUrl, Name};

/// A Rancher 1.x of a topology.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rancher1 {
    /// The cluster manager's service.
    pub cluster_manager: ServiceId,
    /// The database.
    pub database: DatabaseId,
    /// The load balancer that hosts and people come through.
    pub load_balancer: LoadBalancerId,
    /// The URL that hosts register at.
    pub registration_url: Known<HttpsUrl>,
    /// The name of the database in the server.
    pub database_name: Known<Name>,
    /// The database's user.
    pub database_user: Known<Name>,
    /// Where the document says it.
    pub span: Span,
}
