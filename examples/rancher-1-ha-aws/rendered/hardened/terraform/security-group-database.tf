# The security group database: External database. Rendered by rancher-gen.
# Each rule is a resource of its own, named by what it is: another rule changes none of these.
resource "aws_security_group" "database" {
  # A prefix, so that a group that has to be replaced is there before the old one goes.
  name_prefix = "database-"
  description = "database of rancher-gen"
  vpc_id      = aws_vpc.network.id

  tags = {
    Name = "database"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "database_3306-tcp_group_server-nodes" {
  security_group_id            = aws_security_group.database.id
  description                  = "mysql"
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
  referenced_security_group_id = aws_security_group.server-nodes.id
}
