//! A typed model of a cluster's network, nodes, ports, security rules, services and the traffic between them.
