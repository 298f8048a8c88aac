//! A health check that sends a request to what speaks no HTTP.

use super::balancers;
use crate::diagnostic::Severity;
use crate::flow::{Party, Reason, Route};
use crate::lint::{Context, Findings, Found, Lint};
use crate::scalar::{ListenerProtocol, Protocol};

pub(super) const LINT: Lint = Lint {
    id: "health-check-not-http",
    severity: Severity::Error,
    summary: "A health check sends an HTTP request to the port of a database, a cache or a queue.",
    reason: "What listens there speaks a protocol of its own and answers no request: every target is found unwell, and nobody is \
             left to forward to. Redis even takes such a request for an attack and closes the connection.",
    source: "IANA, Service Name and Transport Protocol Port Number Registry (2181 is ZooKeeper's by its own documentation); \
             Redis, \"Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands\"; User \
             Guide for Classic Load Balancers, \"Health checks for the instances\".",
    bad: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:6379/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080], traffic-to: cache}
  cache: {image: redis:7.4.1, placement: node, publish: [6379:6379]}
security-groups:
  balancer:
    inbound: [{port: 80/tcp, from: internet, purpose: people}]
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
      - {port: 6379/tcp, from: [balancer, self], purpose: cache}
",
    good: "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:8080/health
    listeners:
      - {listen: 80/http, forward: 8080/http}
services:
  web: {image: nginx:1.27.2, placement: node, publish: [8080:8080], traffic-to: cache}
  cache: {image: redis:7.4.1, placement: node, publish: [6379:6379]}
security-groups:
  balancer:
    inbound: [{port: 80/tcp, from: internet, purpose: people}]
  nodes:
    inbound:
      - {port: 8080/tcp, from: balancer, purpose: requests}
      - {port: 6379/tcp, from: self, purpose: cache}
",

    // To admit the question would not bring an answer.
    instead_of: &["flow-not-admitted"],
    found: Found::Whole(check),
};

const SPEAK_NO_HTTP: [(u16, &str); 9] = [
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2181, "ZooKeeper"),
    (3306, "MySQL"),
    (5432, "PostgreSQL"),
    (5672, "AMQP"),
    (6379, "Redis"),
    (9042, "Cassandra"),
    (11_211, "memcached"),
];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for balancer in balancers(cx) {
        let Some(asked) = &balancer.said.health_check else { continue };
        if !matches!(asked.protocol, ListenerProtocol::Http | ListenerProtocol::Https) {
            continue;
        }
        // A listener that leads there says that it is meant.
        if balancer.said.listeners.iter().any(|listener| listener.forward.port == asked.port) {
            continue;
        }
        let flows = balancer.towards(cx, asked.port, Reason::HealthCheck);
        let speaks = flows.filter(|flow| flow.route != Route::Nowhere).find_map(|flow| {
            let is = |(port, _): &&(u16, &str)| {
                flow.ports.protocol == Protocol::Tcp
                    && flow.ports.range.contains(*port)
                    && flow.ports.range.len() == 1
            };
            let Party::Service(service) = flow.server else { return None };
            Some((&cx.topology[service].name, SPEAK_NO_HTTP.iter().find(is)?.1))
        });
        let Some((service, what)) = speaks else { continue };
        let mut ports: Vec<u16> =
            balancer.said.listeners.iter().map(|listener| listener.forward.port).collect();
        ports.sort_unstable();
        ports.dedup();
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        let ports = ports.join(", ");
        findings.push(
            LINT.finding(
                format!(
                    "`{}` sends a request to {}, where `{service}` speaks no HTTP",
                    balancer.is.name, asked.port
                ),
                asked.span,
            )
            .here(format!("the port of {what}"))
            .also(balancer.is.span, format!("its listeners lead to {ports}"))
            .why(
                "the request is not answered: every target is found unwell, and nobody is left to forward to",
            )
            .help(format!(
                "ask what the listeners lead to ({ports}), with a path that answers when it is well"
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::LINT;
    use crate::validate;
    use crate::validate::complete;

    fn ids(text: &str) -> Vec<&'static str> {
        validate(&complete(text)).findings.iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn to_admit_the_question_is_no_advice() {
        assert_eq!(ids(&LINT.bad.replace("[balancer, self]", "self")), ["health-check-not-http"]);
    }

    #[test]
    fn a_connection_may_be_opened_to_anything_and_what_listens_inside_decides() {
        assert_eq!(ids(&LINT.bad.replace("HTTP:6379/health", "TCP:6379")), Vec::<&str>::new());
        let inside = LINT.bad.replace("[6379:6379]", "['6379:8081']");
        assert_eq!(ids(&inside), Vec::<&str>::new());
    }
}
