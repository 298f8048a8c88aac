# The security group rancher-ext-db. Rendered by rancher-gen.
# Each rule is a resource of its own, named by what it is: another rule changes none of these.
# assumed: the document puts it into no group
resource "aws_security_group" "rancher-ext-db" {
  # A prefix, so that a group that has to be replaced is there before the old one goes.
  name_prefix = "rancher-ext-db-"
  description = "rancher-ext-db of rancher-gen"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "rancher-ext-db"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# assumed: the document states no such rules; these admit the declared flows and nothing else
resource "aws_vpc_security_group_ingress_rule" "rancher-ext-db_3306-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.rancher-ext-db.id
  description                  = "mgmt-host"
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
  referenced_security_group_id = aws_security_group.server-nodes.id
}
