# The security group load-balancer: External load balancer. Rendered by rancher-gen.
# Each rule is a resource of its own, named by what it is: another rule changes none of these.
resource "aws_security_group" "load-balancer" {
  # A prefix, so that a group that has to be replaced is there before the old one goes.
  name_prefix = "load-balancer-"
  description = "load-balancer of rancher-gen"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "load-balancer"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "load-balancer_80-tcp_0-0-0-0_0" {
  security_group_id = aws_security_group.load-balancer.id
  description       = "http"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "load-balancer_443-tcp_0-0-0-0_0" {
  security_group_id = aws_security_group.load-balancer.id
  description       = "https"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "load-balancer_81-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.load-balancer.id
  description                  = "proxy_to_http"
  ip_protocol                  = "tcp"
  from_port                    = 81
  to_port                      = 81
  referenced_security_group_id = aws_security_group.server-nodes.id
}

resource "aws_vpc_security_group_egress_rule" "load-balancer_444-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.load-balancer.id
  description                  = "proxy_to_https"
  ip_protocol                  = "tcp"
  from_port                    = 444
  to_port                      = 444
  referenced_security_group_id = aws_security_group.server-nodes.id
}

resource "aws_vpc_security_group_egress_rule" "load-balancer_80-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.load-balancer.id
  description                  = "health check"
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
  referenced_security_group_id = aws_security_group.server-nodes.id
}
