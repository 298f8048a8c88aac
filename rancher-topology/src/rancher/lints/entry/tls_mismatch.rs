//! TLS where plain HTTP is expected, or the reverse.

use super::{Arrives, Cluster, reads_requests};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-tls-mismatch",
    severity: Severity::Error,
    summary: "What a listener sends is TLS and its target expects none, or the reverse.",
    reason: "80 and 81 speak plain HTTP, 443 and 444 speak TLS, and on 444 the PROXY header stands before the \
             TLS. A load balancer that ends TLS and passes plain bytes on to 444, one that hands a client's TLS \
             to 81, and one that wraps the header into TLS of its own (`ssl` to 444) are refused on every \
             connection. The documentation of v1.1 names SSL 443 to TCP 444; that worked with v1.0.1 only.",
    source: "rancher/cattle, `haproxy.cfg.ftl` (`bind … accept-proxy ssl`); rancher/rancher#4697; the PROXY \
             protocol's specification, section 2: the header comes first.",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:80/ping\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}\n",
        "      - {listen: 443/ssl, forward: 444/tcp, proxy-protocol: client-address, certificate: rancher}\n",
    ),
    good: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:80/ping\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}\n",
        "      - {listen: 443/tcp, forward: 444/tcp, proxy-protocol: client-address}\n",
    ),
    instead_of: &["aws-proxy-inside-tls"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let ports = cluster.ports();
    let tls_on_444 = cluster.release().is_none_or(crate::rancher::Release::speaks_tls_behind_proxy_header);
    for (said, listener) in cluster.listeners() {
        let port = listener.forward.port;
        if reads_requests(listener.listen.protocol) || !ports.is_entry(port) {
            continue;
        }
        // With v1.0.1 that is a finding of its own, with another way out.
        if port == ports.proxy_https && !tls_on_444 {
            continue;
        }
        let expects_tls = [ports.https, ports.proxy_https].contains(&port);
        let what = match cluster.arrives(listener) {
            Arrives::Plain if expects_tls => format!("{port} expects TLS, and gets plain bytes"),
            Arrives::Tls if !expects_tls => format!("{port} speaks plain HTTP, and gets TLS"),
            Arrives::TlsInTls => format!("{port} gets TLS inside TLS"),
            Arrives::Tls if port == ports.proxy_https && listener.forward.protocol.needs_certificate() => {
                format!("{port} expects the PROXY header before the TLS, and gets it inside")
            }
            _ => continue,
        };
        findings.push(
            LINT.finding(what, said.forward.span)
                .also(said.listen.span, "what comes in here")
                .why("the connection is refused before a request is read")
                .help(format!(
                    "pass TLS on: `443/tcp` to `{}/tcp` with `proxy-protocol`; or end it here and encrypt anew: \
                     `443/ssl` to `{}/ssl`",
                    ports.proxy_https, ports.https
                )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;

    fn found(listener: &str) -> Vec<&'static str> {
        let bad = "{listen: 443/ssl, forward: 444/tcp, proxy-protocol: client-address, certificate: rancher}";
        assert!(LINT.bad.contains(bad));
        let text = crate::validate::complete(&LINT.bad.replace(bad, listener));
        let report = crate::validate(&text);
        // Which ports the security groups admit is not the matter here.
        report.findings.iter().map(|finding| finding.id).filter(|id| id.starts_with("rancher-1")).collect()
    }

    #[test]
    fn each_way_through_the_load_balancer_has_its_verdict() {
        let pass_through = "{listen: 443/tcp, forward: 444/tcp, proxy-protocol: client-address}";
        let encrypt_anew = "{listen: 443/ssl, forward: 443/ssl, certificate: rancher}";
        for good in [pass_through, encrypt_anew, "{listen: 443/tcp, forward: 443/tcp}"] {
            assert_eq!(found(good), [""; 0], "{good}");
        }
        // What clients speak on a port of their own choice is not known.
        let own_port = "{listen: 8443/tcp, forward: 443/tcp}";
        assert_eq!(found(own_port), ["rancher-1-registration-url-listener"]);
        let end_here =
            "{listen: 443/ssl, forward: 81/tcp, proxy-protocol: client-address, certificate: rancher}";
        assert_eq!(found(end_here), ["rancher-1-http-links"]);
        let bad = [
            "{listen: 443/ssl, forward: 444/ssl, proxy-protocol: client-address, certificate: rancher}",
            "{listen: 443/ssl, forward: 443/tcp, certificate: rancher}",
            "{listen: 443/tcp, forward: 81/tcp, proxy-protocol: client-address}",
            "{listen: 443/tcp, forward: 80/tcp}",
            "{listen: 443/tcp, forward: 443/ssl}",
        ];
        for bad in bad {
            assert_eq!(found(bad), [LINT.id], "{bad}");
        }
        assert_eq!(
            found("{listen: 443/https, forward: 443/https, certificate: rancher}"),
            ["rancher-1-http-listener"]
        );
    }
}
