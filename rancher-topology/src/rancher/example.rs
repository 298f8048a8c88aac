//! What makes a whole Rancher 1.x of a lint's example.

use crate::lint::Rest;

/// A small cluster with all that the lints of this set look for, and nothing wrong with it.
pub(crate) const REST: Rest = &[
    (
        "nodes",
        "\
nodes:
  node:
    count: 3
    first-address: {a: 10.0.1.10, b: 10.0.2.10, c: 10.0.3.10}
    os: centos-7
    engine: docker-1.10.3
    groups: nodes
",
    ),
    (
        "security-groups",
        "\
security-groups:
  balancer:
    inbound:
      - {port: 80/tcp, from: 203.0.113.0/24, purpose: people}
      - {port: 443/tcp, from: 203.0.113.0/24, purpose: people}
  nodes:
    inbound:
      - {port: 80-81/tcp, from: balancer, purpose: requests and health checks}
      - {port: 444/tcp, from: balancer, purpose: requests}
  database:
    inbound:
      - {port: 3306/tcp, from: nodes, purpose: cattle}
",
    ),
    (
        "databases",
        "\
databases:
  db:
    engine: mysql-5.7
    port: 3306
    groups: database
    standby: true
    max-connections: 200
    character-set: utf8
",
    ),
    (
        "load-balancers",
        "\
load-balancers:
  front:
    targets: node
    groups: balancer
    health-check: HTTP:80/ping
    listeners:
      - {listen: 80/tcp, forward: 81/tcp, proxy-protocol: client-address}
      - {listen: 443/tcp, forward: 444/tcp, proxy-protocol: client-address}
",
    ),
    (
        "services",
        "\
services:
  rancher-ha:
    image: rancher/server:v1.1.4
    command: ha
    placement: node
    network: host
    privileged: true
    traffic-to: db
  load-balancer:
    image: rancher/agent-instance:v0.8.3
    placement: node
    publish: [80-81:80-81, 443-444:443-444]
",
    ),
];
