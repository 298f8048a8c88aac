//! The way in: load balancer, health check, registration URL.

mod api_open;
mod bootstrap_port;
mod health_check;
mod health_check_fails;
mod http_links;
mod http_listener;
mod no_tls_on_444;
mod proxy_protocol_missing;
mod proxy_protocol_unexpected;
mod registration_url_assumed;
mod registration_url_listener;
mod swarm_entry;
mod tls_mismatch;

use super::{Cluster, with_spare_rules};
use crate::lint::Family;
use crate::scalar::ListenerProtocol;
use crate::topology::Listener;

/// Lints about the way in.
pub(super) const FAMILY: Family = Family {
    name: "Load balancer",
    lints: &[
        &http_listener::LINT,
        &proxy_protocol_missing::LINT,
        &proxy_protocol_unexpected::LINT,
        &tls_mismatch::LINT,
        &no_tls_on_444::LINT,
        &http_links::LINT,
        &health_check::LINT,
        &health_check_fails::LINT,
        &api_open::LINT,
        &bootstrap_port::LINT,
        &swarm_entry::LINT,
        &registration_url_assumed::LINT,
        &registration_url_listener::LINT,
    ],
};

/// Whether a load balancer reads requests here, and does not only pass bytes on.
const fn reads_requests(protocol: ListenerProtocol) -> bool {
    matches!(protocol, ListenerProtocol::Http | ListenerProtocol::Https)
}

/// What a listener's target gets to read behind the PROXY header, where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrives {
    Plain,
    /// The client's own TLS, or the load balancer's.
    Tls,
    /// The client's TLS inside the load balancer's.
    TlsInTls,
    /// The document does not say what clients speak on this port.
    Unknown,
}

impl Cluster<'_> {
    /// What arrives through a listener that passes bytes on.
    ///
    /// Clients speak TLS on the registration URL's port and on 443, and plain HTTP on 80.
    fn arrives(&self, listener: &Listener) -> Arrives {
        let port = listener.listen.port;
        let encrypts = listener.forward.protocol == ListenerProtocol::Ssl;
        let from_client = match listener.listen.protocol {
            ListenerProtocol::Tcp if port == self.is.registration_url.port() || port == 443 => Arrives::Tls,
            ListenerProtocol::Tcp if port != 80 => Arrives::Unknown,
            _ => Arrives::Plain,
        };
        match from_client {
            Arrives::Tls if encrypts => Arrives::TlsInTls,
            Arrives::Plain if encrypts => Arrives::Tls,
            other => other,
        }
    }

    /// Whether a load balancer puts a PROXY header before connections to a port: its policy holds for the port, whichever
    /// listener names it.
    ///
    /// Source: Elastic Load Balancing, SetLoadBalancerPoliciesForBackendServer.
    fn has_proxy_header(listeners: &[Listener], port: u16) -> bool {
        listeners.iter().any(|listener| listener.forward.port == port && listener.proxy_protocol.is_some())
    }
}
