//! Ports of what is never meant for everybody.

use crate::scalar::{Ports, Protocol};

/// What listens on a port of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sensitive {
    port: u16,
    protocol: Protocol,
    pub(super) what: &'static str,
    /// Why everybody is too many.
    pub(super) danger: &'static str,
}

const MANAGEMENT: &str = "whoever logs in there has the machine";
const DATABASE: &str = "whoever connects is one password away from the data, if there is one";
const COORDINATION: &str = "it trusts whoever connects: locks, leaders and configuration can be changed";

const fn tcp(port: u16, what: &'static str, danger: &'static str) -> Sensitive {
    Sensitive { port, protocol: Protocol::Tcp, what, danger }
}

/// Sources: IANA, Service Name and Transport Protocol Port Number Registry; for those that are not registered there, the
/// documentation of the program (Docker, Kubernetes "Ports and Protocols", Rancher "Port Requirements", Redis, MongoDB,
/// Elasticsearch, ZooKeeper, Consul).
const ALL: &[Sensitive] = &[
    tcp(22, "SSH", MANAGEMENT),
    tcp(23, "Telnet", MANAGEMENT),
    tcp(111, "the port mapper", MANAGEMENT),
    tcp(445, "SMB", MANAGEMENT),
    tcp(1433, "SQL Server", DATABASE),
    tcp(1521, "Oracle", DATABASE),
    tcp(2049, "NFS", DATABASE),
    tcp(2181, "ZooKeeper's clients' port", COORDINATION),
    tcp(2375, "Docker without TLS", MANAGEMENT),
    tcp(2376, "Docker or Swarm", MANAGEMENT),
    tcp(2377, "Swarm's managers", COORDINATION),
    tcp(2379, "etcd's clients' port", COORDINATION),
    tcp(2380, "etcd's peers' port", COORDINATION),
    tcp(2888, "ZooKeeper's followers' port", COORDINATION),
    tcp(3306, "MySQL", DATABASE),
    tcp(3389, "Remote Desktop", MANAGEMENT),
    tcp(3888, "ZooKeeper's election", COORDINATION),
    tcp(5432, "PostgreSQL", DATABASE),
    tcp(5900, "VNC", MANAGEMENT),
    tcp(5984, "CouchDB", DATABASE),
    tcp(6379, "Redis", DATABASE),
    tcp(7000, "Cassandra's gossip", COORDINATION),
    tcp(8300, "Consul's servers", COORDINATION),
    tcp(8500, "Consul", COORDINATION),
    tcp(9042, "Cassandra", DATABASE),
    tcp(9092, "Kafka", DATABASE),
    tcp(9200, "Elasticsearch", DATABASE),
    tcp(9300, "Elasticsearch's nodes", COORDINATION),
    tcp(9345, "RKE2's supervisor", COORDINATION),
    tcp(10250, "the kubelet", MANAGEMENT),
    tcp(11211, "memcached", DATABASE),
    tcp(27017, "MongoDB", DATABASE),
];

/// What of that kind listens on some ports.
pub(super) fn among(ports: Ports) -> impl Iterator<Item = &'static Sensitive> {
    ALL.iter().filter(move |one| one.protocol == ports.protocol && ports.range.contains(one.port))
}
