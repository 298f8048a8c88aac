# The security group rancher-ext-lb. Rendered by rancher-gen.
# Each rule is a resource of its own, named by what it is: another rule changes none of these.
# assumed: the document puts it into no group
resource "aws_security_group" "rancher-ext-lb" {
  # A prefix, so that a group that has to be replaced is there before the old one goes.
  name_prefix = "rancher-ext-lb-"
  description = "rancher-ext-lb of rancher-gen"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "rancher-ext-lb"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_ingress_rule" "rancher-ext-lb_80-tcp_0-0-0-0_0" {
  security_group_id = aws_security_group.rancher-ext-lb.id
  description       = "internet"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_ipv4         = "0.0.0.0/0"
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_ingress_rule" "rancher-ext-lb_443-tcp_0-0-0-0_0" {
  security_group_id = aws_security_group.rancher-ext-lb.id
  description       = "internet"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_ingress_rule" "rancher-ext-lb_8080-tcp_0-0-0-0_0" {
  security_group_id = aws_security_group.rancher-ext-lb.id
  description       = "internet"
  ip_protocol       = "tcp"
  from_port         = 8080
  to_port           = 8080
  cidr_ipv4         = "0.0.0.0/0"
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "rancher-ext-lb_81-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.rancher-ext-lb.id
  description                  = "mgmt-host"
  ip_protocol                  = "tcp"
  from_port                    = 81
  to_port                      = 81
  referenced_security_group_id = aws_security_group.server-nodes.id
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_egress_rule" "rancher-ext-lb_444-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.rancher-ext-lb.id
  description                  = "mgmt-host"
  ip_protocol                  = "tcp"
  from_port                    = 444
  to_port                      = 444
  referenced_security_group_id = aws_security_group.server-nodes.id
}
