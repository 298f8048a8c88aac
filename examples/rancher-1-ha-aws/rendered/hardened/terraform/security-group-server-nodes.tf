# The security group server-nodes: Rancher management server nodes. Rendered by rancher-gen.
# Each rule is a resource of its own, named by what it is: another rule changes none of these.
resource "aws_security_group" "server-nodes" {
  # A prefix, so that a group that has to be replaced is there before the old one goes.
  name_prefix = "server-nodes-"
  description = "server-nodes of rancher-gen"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "server-nodes"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_22-tcp_203-0-113-0_24" {
  security_group_id = aws_security_group.server-nodes.id
  description       = "ssh"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = "203.0.113.0/24"
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_81-tcp_group_load-balancer" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "proxy_to_http"
  ip_protocol                  = "tcp"
  from_port                    = 81
  to_port                      = 81
  referenced_security_group_id = aws_security_group.load-balancer.id
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_444-tcp_group_load-balancer" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "proxy_to_https"
  ip_protocol                  = "tcp"
  from_port                    = 444
  to_port                      = 444
  referenced_security_group_id = aws_security_group.load-balancer.id
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_80-tcp_group_load-balancer" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "health check"
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
  referenced_security_group_id = aws_security_group.load-balancer.id
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_6379-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "redis"
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
  referenced_security_group_id = aws_security_group.server-nodes.id
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_2181-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "zookeeper_client"
  ip_protocol                  = "tcp"
  from_port                    = 2181
  to_port                      = 2181
  referenced_security_group_id = aws_security_group.server-nodes.id
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_2888-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "zookeeper_quorum"
  ip_protocol                  = "tcp"
  from_port                    = 2888
  to_port                      = 2888
  referenced_security_group_id = aws_security_group.server-nodes.id
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_3888-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "zookeeper_leader"
  ip_protocol                  = "tcp"
  from_port                    = 3888
  to_port                      = 3888
  referenced_security_group_id = aws_security_group.server-nodes.id
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_500-udp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "access between nodes"
  ip_protocol                  = "udp"
  from_port                    = 500
  to_port                      = 500
  referenced_security_group_id = aws_security_group.server-nodes.id
}

resource "aws_vpc_security_group_ingress_rule" "server-nodes_4500-udp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "access between nodes"
  ip_protocol                  = "udp"
  from_port                    = 4500
  to_port                      = 4500
  referenced_security_group_id = aws_security_group.server-nodes.id
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_80-tcp_0-0-0-0_0" {
  security_group_id = aws_security_group.server-nodes.id
  description       = "internet"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_ipv4         = "0.0.0.0/0"
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_443-tcp_0-0-0-0_0" {
  security_group_id = aws_security_group.server-nodes.id
  description       = "internet"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_2181-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "mgmt-host"
  ip_protocol                  = "tcp"
  from_port                    = 2181
  to_port                      = 2181
  referenced_security_group_id = aws_security_group.server-nodes.id
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_2888-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "mgmt-host"
  ip_protocol                  = "tcp"
  from_port                    = 2888
  to_port                      = 2888
  referenced_security_group_id = aws_security_group.server-nodes.id
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_3306-tcp_group_database" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "rancher-ext-db"
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
  referenced_security_group_id = aws_security_group.database.id
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_3888-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "mgmt-host"
  ip_protocol                  = "tcp"
  from_port                    = 3888
  to_port                      = 3888
  referenced_security_group_id = aws_security_group.server-nodes.id
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_6379-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "mgmt-host"
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
  referenced_security_group_id = aws_security_group.server-nodes.id
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_123-udp_0-0-0-0_0" {
  security_group_id = aws_security_group.server-nodes.id
  description       = "internet"
  ip_protocol       = "udp"
  from_port         = 123
  to_port           = 123
  cidr_ipv4         = "0.0.0.0/0"
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_500-udp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "mgmt-host"
  ip_protocol                  = "udp"
  from_port                    = 500
  to_port                      = 500
  referenced_security_group_id = aws_security_group.server-nodes.id
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "server-nodes_4500-udp_group_server-nodes" {
  security_group_id            = aws_security_group.server-nodes.id
  description                  = "mgmt-host"
  ip_protocol                  = "udp"
  from_port                    = 4500
  to_port                      = 4500
  referenced_security_group_id = aws_security_group.server-nodes.id
}
