# Security groups. Rendered by rancher-gen from the topology rancher-1-ha-aws: edit that, not this.
# The key of a rule is what it lets through and the other side, so that a new rule changes no other one. AWS takes few
# characters in a description: where a purpose has others, the tag `Purpose` has it as it was written.

# server-nodes: Rancher management server nodes
resource "aws_security_group" "server-nodes" {
  # A prefix, since names are unique in a network: when the group must be replaced, the new one is there first.
  name_prefix = "server-nodes-"
  description = "server-nodes of rancher-1-ha-aws"
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
    "22/tcp from 0.0.0.0/0"       = { ip_protocol = "tcp", from_port = 22, to_port = 22, cidr_ipv4 = "0.0.0.0/0", description = "ssh" }
    "80/tcp from 0.0.0.0/0"       = { ip_protocol = "tcp", from_port = 80, to_port = 80, cidr_ipv4 = "0.0.0.0/0", description = "http" }
    "443/tcp from 0.0.0.0/0"      = { ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ipv4 = "0.0.0.0/0", description = "https" }
    "81/tcp from 0.0.0.0/0"       = { ip_protocol = "tcp", from_port = 81, to_port = 81, cidr_ipv4 = "0.0.0.0/0", description = "proxy_to_http" }
    "444/tcp from 0.0.0.0/0"      = { ip_protocol = "tcp", from_port = 444, to_port = 444, cidr_ipv4 = "0.0.0.0/0", description = "proxy_to_https" }
    "6379/tcp from 172.22.1.0/24" = { ip_protocol = "tcp", from_port = 6379, to_port = 6379, cidr_ipv4 = "172.22.1.0/24", description = "redis" }
    "2376/tcp from 172.22.1.0/24" = { ip_protocol = "tcp", from_port = 2376, to_port = 2376, cidr_ipv4 = "172.22.1.0/24", description = "swarm" }
    "2181/tcp from 0.0.0.0/0"     = { ip_protocol = "tcp", from_port = 2181, to_port = 2181, cidr_ipv4 = "0.0.0.0/0", description = "zookeeper_client" }
    "2888/tcp from 172.22.1.0/24" = { ip_protocol = "tcp", from_port = 2888, to_port = 2888, cidr_ipv4 = "172.22.1.0/24", description = "zookeeper_quorum" }
    "3888/tcp from 172.22.1.0/24" = { ip_protocol = "tcp", from_port = 3888, to_port = 3888, cidr_ipv4 = "172.22.1.0/24", description = "zookeeper_leader" }
    "3306/tcp from 172.22.1.0/24" = { ip_protocol = "tcp", from_port = 3306, to_port = 3306, cidr_ipv4 = "172.22.1.0/24", description = "mysql (RDS)" }
    "8080/tcp from 0.0.0.0/0"     = { ip_protocol = "tcp", from_port = 8080, to_port = 8080, cidr_ipv4 = "0.0.0.0/0", description = "no purpose is stated" }
    "18080/tcp from 0.0.0.0/0"    = { ip_protocol = "tcp", from_port = 18080, to_port = 18080, cidr_ipv4 = "0.0.0.0/0", description = "optional" }
    "500/udp from 172.22.1.0/24"  = { ip_protocol = "udp", from_port = 500, to_port = 500, cidr_ipv4 = "172.22.1.0/24", description = "access between nodes" }
    "4500/udp from 172.22.1.0/24" = { ip_protocol = "udp", from_port = 4500, to_port = 4500, cidr_ipv4 = "172.22.1.0/24", description = "access between nodes" }
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
    "80/tcp to 0.0.0.0/0"        = { ip_protocol = "tcp", from_port = 80, to_port = 80, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
    "443/tcp to 0.0.0.0/0"       = { ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
    "2181/tcp to server-nodes"   = { ip_protocol = "tcp", from_port = 2181, to_port = 2181, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "2888/tcp to server-nodes"   = { ip_protocol = "tcp", from_port = 2888, to_port = 2888, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "3306/tcp to rancher-ext-db" = { ip_protocol = "tcp", from_port = 3306, to_port = 3306, group = aws_security_group.rancher-ext-db.id, description = "rancher-ext-db (assumed)" }
    "3888/tcp to server-nodes"   = { ip_protocol = "tcp", from_port = 3888, to_port = 3888, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "6379/tcp to server-nodes"   = { ip_protocol = "tcp", from_port = 6379, to_port = 6379, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "123/udp to 0.0.0.0/0"       = { ip_protocol = "udp", from_port = 123, to_port = 123, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
    "500/udp to server-nodes"    = { ip_protocol = "udp", from_port = 500, to_port = 500, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "4500/udp to server-nodes"   = { ip_protocol = "udp", from_port = 4500, to_port = 4500, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
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

# rancher-ext-lb
# The topology does not state this group: the document puts it into no group.
resource "aws_security_group" "rancher-ext-lb" {
  # A prefix, since names are unique in a network: when the group must be replaced, the new one is there first.
  name_prefix = "rancher-ext-lb-"
  description = "rancher-ext-lb of rancher-1-ha-aws"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "rancher-ext-lb"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Assumed: the document states no such rules; these admit the declared flows and nothing else.
resource "aws_vpc_security_group_ingress_rule" "rancher-ext-lb" {
  for_each = {
    "80/tcp from 0.0.0.0/0"   = { ip_protocol = "tcp", from_port = 80, to_port = 80, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
    "443/tcp from 0.0.0.0/0"  = { ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
    "8080/tcp from 0.0.0.0/0" = { ip_protocol = "tcp", from_port = 8080, to_port = 8080, cidr_ipv4 = "0.0.0.0/0", description = "internet (assumed)" }
  }

  security_group_id            = aws_security_group.rancher-ext-lb.id
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
resource "aws_vpc_security_group_egress_rule" "rancher-ext-lb" {
  for_each = {
    "81/tcp to server-nodes"  = { ip_protocol = "tcp", from_port = 81, to_port = 81, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
    "444/tcp to server-nodes" = { ip_protocol = "tcp", from_port = 444, to_port = 444, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
  }

  security_group_id            = aws_security_group.rancher-ext-lb.id
  ip_protocol                  = each.value.ip_protocol
  from_port                    = lookup(each.value, "from_port", null)
  to_port                      = lookup(each.value, "to_port", null)
  cidr_ipv4                    = lookup(each.value, "cidr_ipv4", null)
  cidr_ipv6                    = lookup(each.value, "cidr_ipv6", null)
  referenced_security_group_id = lookup(each.value, "group", null)
  description                  = each.value.description
  tags                         = lookup(each.value, "tags", null)
}

# rancher-ext-db
# The topology does not state this group: the document puts it into no group.
resource "aws_security_group" "rancher-ext-db" {
  # A prefix, since names are unique in a network: when the group must be replaced, the new one is there first.
  name_prefix = "rancher-ext-db-"
  description = "rancher-ext-db of rancher-1-ha-aws"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "rancher-ext-db"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Assumed: the document states no such rules; these admit the declared flows and nothing else.
resource "aws_vpc_security_group_ingress_rule" "rancher-ext-db" {
  for_each = {
    "3306/tcp from server-nodes" = { ip_protocol = "tcp", from_port = 3306, to_port = 3306, group = aws_security_group.server-nodes.id, description = "mgmt-host (assumed)" }
  }

  security_group_id            = aws_security_group.rancher-ext-db.id
  ip_protocol                  = each.value.ip_protocol
  from_port                    = lookup(each.value, "from_port", null)
  to_port                      = lookup(each.value, "to_port", null)
  cidr_ipv4                    = lookup(each.value, "cidr_ipv4", null)
  cidr_ipv6                    = lookup(each.value, "cidr_ipv6", null)
  referenced_security_group_id = lookup(each.value, "group", null)
  description                  = each.value.description
  tags                         = lookup(each.value, "tags", null)
}
