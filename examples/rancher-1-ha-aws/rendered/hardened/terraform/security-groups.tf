# Security groups. Rendered by rancher-gen from the topology rancher-1-ha-hardened: edit that, not this.
# The key of a rule is what it lets through and the other side, so that a new rule changes no other one. AWS takes few
# characters in a description: where a purpose has others, the tag `Purpose` has it as it was written.

# load-balancer: External load balancer
resource "aws_security_group" "load-balancer" {
  # A prefix, since names are unique in a network: when the group must be replaced, the new one is there first.
  name_prefix = "load-balancer-"
  description = "load-balancer of rancher-1-ha-hardened"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "load-balancer"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "load-balancer" {
  for_each = {
    "80/tcp from 0.0.0.0/0"  = { ip_protocol = "tcp", from_port = 80, to_port = 80, cidr_ipv4 = "0.0.0.0/0", description = "http" }
    "443/tcp from 0.0.0.0/0" = { ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ipv4 = "0.0.0.0/0", description = "https" }
  }

  security_group_id            = aws_security_group.load-balancer.id
  ip_protocol                  = each.value.ip_protocol
  from_port                    = lookup(each.value, "from_port", null)
  to_port                      = lookup(each.value, "to_port", null)
  cidr_ipv4                    = lookup(each.value, "cidr_ipv4", null)
  cidr_ipv6                    = lookup(each.value, "cidr_ipv6", null)
  referenced_security_group_id = lookup(each.value, "group", null)
  description                  = each.value.description
  tags                         = lookup(each.value, "tags", null)
}

resource "aws_vpc_security_group_egress_rule" "load-balancer" {
  for_each = {
    "81/tcp to server-nodes"  = { ip_protocol = "tcp", from_port = 81, to_port = 81, group = aws_security_group.server-nodes.id, description = "proxy_to_http" }
    "444/tcp to server-nodes" = { ip_protocol = "tcp", from_port = 444, to_port = 444, group = aws_security_group.server-nodes.id, description = "proxy_to_https" }
    "80/tcp to server-nodes"  = { ip_protocol = "tcp", from_port = 80, to_port = 80, group = aws_security_group.server-nodes.id, description = "health check" }
  }

  security_group_id            = aws_security_group.load-balancer.id
  ip_protocol                  = each.value.ip_protocol
  from_port                    = lookup(each.value, "from_port", null)
  to_port                      = lookup(each.value, "to_port", null)
  cidr_ipv4                    = lookup(each.value, "cidr_ipv4", null)
  cidr_ipv6                    = lookup(each.value, "cidr_ipv6", null)
  referenced_security_group_id = lookup(each.value, "group", null)
  description                  = each.value.description
  tags                         = lookup(each.value, "tags", null)
}

# server-nodes: Rancher management server nodes
resource "aws_security_group" "server-nodes" {
  # A prefix, since names are unique in a network: when the group must be replaced, the new one is there first.
  name_prefix = "server-nodes-"
  description = "server-nodes of rancher-1-ha-hardened"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "server-nodes"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes" {
  for_each = {
    "22/tcp from 203.0.113.0/24" = { ip_protocol = "tcp", from_port = 22, to_port = 22, cidr_ipv4 = "203.0.113.0/24", description = "ssh" }
    "81/tcp from load-balancer"  = { ip_protocol = "tcp", from_port = 81, to_port = 81, group = aws_security_group.load-balancer.id, description = "proxy_to_http" }
    "444/tcp from load-balancer" = { ip_protocol = "tcp", from_port = 444, to_port = 444, group = aws_security_group.load-balancer.id, description = "proxy_to_https" }
    "80/tcp from load-balancer"  = { ip_protocol = "tcp", from_port = 80, to_port = 80, group = aws_security_group.load-balancer.id, description = "health check" }
    "6379/tcp from server-nodes" = { ip_protocol = "tcp", from_port = 6379, to_port = 6379, group = aws_security_group.server-nodes.id, description = "redis" }
    "2181/tcp from server-nodes" = { ip_protocol = "tcp", from_port = 2181, to_port = 2181, group = aws_security_group.server-nodes.id, description = "zookeeper_client" }
    "2888/tcp from server-nodes" = { ip_protocol = "tcp", from_port = 2888, to_port = 2888, group = aws_security_group.server-nodes.id, description = "zookeeper_quorum" }
    "3888/tcp from server-nodes" = { ip_protocol = "tcp", from_port = 3888, to_port = 3888, group = aws_security_group.server-nodes.id, description = "zookeeper_leader" }
    "500/udp from server-nodes"  = { ip_protocol = "udp", from_port = 500, to_port = 500, group = aws_security_group.server-nodes.id, description = "access between nodes" }
    "4500/udp from server-nodes" = { ip_protocol = "udp", from_port = 4500, to_port = 4500, group = aws_security_group.server-nodes.id, description = "access between nodes" }
  }

  security_group_id            = aws_security_group.server-nodes.id
  ip_protocol                  = each.value.ip_protocol
  from_port                    = lookup(each.value, "from_port", null)
  to_port                      = lookup(each.value, "to_port", null)
  cidr_ipv4                    = lookup(each.value, "cidr_ipv4", null)
  cidr_ipv6                    = lookup(each.value, "cidr_ipv6", null)
  referenced_security_group_id = lookup(each.value, "group", null)
  description                  = each.value.description
  tags                         = lookup(each.value, "tags", null)
}

# Assumed: the document states no such rules; these admit the declared flows and nothing else.
resource "aws_vpc_security_group_egress_rule" "server-nodes" {
  for_each = {
    "80/tcp to 0.0.0.0/0"      = { ip_protocol = "tcp", from_port = 80, to_port = 80, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
    "443/tcp to 0.0.0.0/0"     = { ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
    "2181/tcp to server-nodes" = { ip_protocol = "tcp", from_port = 2181, to_port = 2181, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "2888/tcp to server-nodes" = { ip_protocol = "tcp", from_port = 2888, to_port = 2888, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "3306/tcp to database"     = { ip_protocol = "tcp", from_port = 3306, to_port = 3306, group = aws_security_group.database.id, description = "rancher-ext-db (assumed)" }
    "3888/tcp to server-nodes" = { ip_protocol = "tcp", from_port = 3888, to_port = 3888, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "6379/tcp to server-nodes" = { ip_protocol = "tcp", from_port = 6379, to_port = 6379, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "123/udp to 0.0.0.0/0"     = { ip_protocol = "udp", from_port = 123, to_port = 123, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
    "500/udp to server-nodes"  = { ip_protocol = "udp", from_port = 500, to_port = 500, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "4500/udp to server-nodes" = { ip_protocol = "udp", from_port = 4500, to_port = 4500, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
  }

  security_group_id            = aws_security_group.server-nodes.id
  ip_protocol                  = each.value.ip_protocol
  from_port                    = lookup(each.value, "from_port", null)
  to_port                      = lookup(each.value, "to_port", null)
  cidr_ipv4                    = lookup(each.value, "cidr_ipv4", null)
  cidr_ipv6                    = lookup(each.value, "cidr_ipv6", null)
  referenced_security_group_id = lookup(each.value, "group", null)
  description                  = each.value.description
  tags                         = lookup(each.value, "tags", null)
}

# database: External database
resource "aws_security_group" "database" {
  # A prefix, since names are unique in a network: when the group must be replaced, the new one is there first.
  name_prefix = "database-"
  description = "database of rancher-1-ha-hardened"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "database"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each = {
    "3306/tcp from server-nodes" = { ip_protocol = "tcp", from_port = 3306, to_port = 3306, group = aws_security_group.server-nodes.id, description = "mysql" }
  }

  security_group_id            = aws_security_group.database.id
  ip_protocol                  = each.value.ip_protocol
  from_port                    = lookup(each.value, "from_port", null)
  to_port                      = lookup(each.value, "to_port", null)
  cidr_ipv4                    = lookup(each.value, "cidr_ipv4", null)
  cidr_ipv6                    = lookup(each.value, "cidr_ipv6", null)
  referenced_security_group_id = lookup(each.value, "group", null)
  description                  = each.value.description
  tags                         = lookup(each.value, "tags", null)
}
