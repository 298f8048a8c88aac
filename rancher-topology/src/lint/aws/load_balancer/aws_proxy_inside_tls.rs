//! A PROXY policy on a port to which the load balancer speaks TLS.

use crate::diagnostic::Severity;
use crate::lint::load_balancer::balancers;
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::ListenerProtocol;

pub(super) const LINT: Lint = Lint {
    id: "aws-proxy-inside-tls",
    severity: Severity::Warning,
    summary: "A PROXY header goes inside the TLS that the load balancer speaks to its targets.",
    reason: "A Classic Load Balancer that encrypts towards its targets writes the PROXY header into the encrypted stream. \
             HAProxy, nginx and most others look for it before the handshake: they find a TLS greeting instead, and close \
             the connection. Passing the bytes on over TCP leaves the header where it is looked for.",
    source: "PROXY protocol specification, section 2: the header is the first thing that is sent; GOV.UK PaaS, architecture \
             decision record 009.",
    bad: on_aws!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: TCP:8443
    listeners:
      - {listen: 443/ssl, forward: 8443/ssl, certificate: front, proxy-protocol: front-proxy}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8443:8443]}
security-groups:
  balancer:
    inbound:
      - {port: 443/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8443/tcp, from: balancer, purpose: requests}
"
    ),
    good: on_aws!(
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: TCP:8443
    listeners:
      - {listen: 443/tcp, forward: 8443/tcp, proxy-protocol: front-proxy}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8443:8443]}
security-groups:
  balancer:
    inbound:
      - {port: 443/tcp, from: internet, purpose: people}
  nodes:
    inbound:
      - {port: 8443/tcp, from: balancer, purpose: requests}
"
    ),
    instead_of: &[],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        for listener in &balancer.said.listeners {
            let Some(policy) = &listener.proxy_protocol else { continue };
            if listener.forward.protocol != ListenerProtocol::Ssl {
                continue;
            }
            let port = listener.forward.port;
            findings.push(
                LINT.finding(format!("the PROXY header to {port} is inside TLS"), listener.forward.span)
                    .here("the load balancer encrypts here")
                    .also(policy.span, "and puts the header into what it encrypts")
                    .why("most programs look for it before the handshake, and close the connection")
                    .help(format!(
                        "pass the bytes on: `listen: {}/tcp, forward: {port}/tcp`",
                        listener.listen.port
                    )),
            );
        }
    }
}
