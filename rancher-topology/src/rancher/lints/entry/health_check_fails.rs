//! A health check that every node fails.

use super::{Cluster, reads_requests, with_spare_rules};
use crate::diagnostic::Severity;
use crate::lint::{Context, Findings, Found, Lint};

pub(super) const LINT: Lint = Lint {
    id: "rancher-1-health-check-fails",
    severity: Severity::Error,
    summary: "The load balancer's health check is one that Rancher never answers.",
    reason: "81 and 444 drop what does not begin with a PROXY header, and a load balancer's health check has \
             none; 443 answers no plain HTTP, and 80 no HTTPS. Every node then counts as unwell, and the load \
             balancer sends nobody anywhere.",
    source: "rancher/cattle, `haproxy.cfg.ftl` (`accept-proxy`); rancher/rancher#4738; the documentation of v1.1, \
             \"Installing Rancher Server (multi nodes)\".",
    bad: example!(
        "load-balancers:\n",
        "  front:\n",
        "    targets: node\n",
        "    groups: balancer\n",
        "    health-check: HTTP:81/ping\n",
        "    listeners:\n",
        "      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}\n",
        "      - {listen: 443/tcp, forward: 444/tcp, proxy-protocol: client-address}\n",
        "security-groups:\n",
        "  balancer:\n",
        "    inbound:\n",
        "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
        "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
        "  nodes:\n",
        "    inbound:\n",
        "      - {port: 81/tcp, from: balancer}\n",
        "      - {port: 444/tcp, from: balancer}\n",
        "  database:\n",
        "    inbound: [{port: 3306/tcp, from: nodes}]\n",
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
    instead_of: &["health-check-proxy", "unused-rule"],
    found: Found::Whole(check),
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(cluster) = Cluster::of(cx) else { return };
    let ports = cluster.ports();
    for (_, said, balancer) in cluster.balancers() {
        let target = &*balancer.health_check;
        let Some(said) = said.health_check.as_ref().filter(|_| reads_requests(target.protocol)) else {
            continue;
        };
        let tls = target.protocol.needs_certificate();
        let why = match target.port {
            port if ports.expects_proxy_header(port) => {
                format!("{port} drops what does not begin with a PROXY header, and a health check has none")
            }
            port if port == ports.https && !tls => format!("{port} answers no plain HTTP"),
            port if port == ports.http && tls => format!("{port} answers no HTTPS"),
            _ => continue,
        };
        let finding = LINT
            .finding(format!("every node fails `{target}`"), said.span)
            .why(why)
            .help(format!("write `health-check: HTTP:{}/ping`", ports.http));
        findings.push(with_spare_rules(cx, finding, balancer, ports.http));
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate;
    use crate::validate::complete;

    /// What is found where the rules are those that the good example needs.
    fn ids(from: &str, to: &str) -> Vec<&'static str> {
        let rules = concat!(
            "security-groups:\n",
            "  balancer:\n",
            "    inbound:\n",
            "      - {port: 80/tcp, from: 203.0.113.0/24}\n",
            "      - {port: 443/tcp, from: 203.0.113.0/24}\n",
            "  nodes:\n",
            "    inbound:\n",
            "      - {port: 80/tcp, from: balancer}\n",
            "      - {port: 81/tcp, from: balancer}\n",
            "      - {port: 444/tcp, from: balancer}\n",
            "  database:\n",
            "    inbound: [{port: 3306/tcp, from: nodes}]\n",
        );
        let good = LINT.bad.replace("HTTP:81/ping", "HTTP:80/ping");
        let start = good.find("security-groups:").unwrap();
        let end = good[start..].find("    inbound: [{port: 3306/tcp, from: nodes}]\n").unwrap() + start;
        let rest = &good[end + "    inbound: [{port: 3306/tcp, from: nodes}]\n".len()..];
        let text = format!("{}{rules}{rest}", &good[..start]);
        assert!(from == to || text.contains(from), "{text}");
        let report = validate(&complete(&text.replace(from, to)));
        assert!(report.topology.is_some(), "{:#?}", report.findings);
        report.findings.iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn the_rules_for_what_is_to_be_written_are_not_to_be_taken_away() {
        assert_eq!(ids("", ""), Vec::<&str>::new());
        assert_eq!(ids("HTTP:80/ping", "HTTP:81/ping"), ["rancher-1-health-check-fails"]);
        assert_eq!(ids("    health-check: HTTP:80/ping\n", ""), ["rancher-1-health-check"]);
        let listener = "{listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}";
        assert_eq!(ids(listener, "{listen: 80/http, forward: 80/http}"), ["rancher-1-http-listener"]);
        let found = ids(listener, "{listen: 80/tcp, forward: 80/tcp, proxy-protocol: client-address}");
        assert_eq!(found, ["rancher-1-proxy-protocol-unexpected"]);
    }
}
