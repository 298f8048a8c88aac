# Databases. Rendered by rancher-gen from the topology rancher-1-ha-aws: edit that, not this.
# To destroy one on purpose: terraform apply -var deletion_protection=false, then terraform destroy.

# rancher-ext-db: External database (RDS)
# Stated as mariadb-10.0.24; clients use rancher-ext-db.rancher-vpc.internal:3306.
# It was seen at 172.22.1.26. RDS gives no fixed address, so none is asked for: the name above follows it.
resource "aws_db_subnet_group" "rancher-ext-db" {
  name       = "rancher-ext-db-subnets"
  subnet_ids = [aws_subnet.network["management"].id, aws_subnet.network["second"].id, aws_subnet.network["third"].id]
}

resource "aws_db_parameter_group" "rancher-ext-db" {
  # A prefix, so that a new family's group is there before the old one goes.
  name_prefix = "rancher-ext-db-"
  family      = "mariadb10.11"

  parameter {
    name  = "max_connections"
    value = "151"
  }

  parameter {
    name  = "character_set_server"
    value = "utf8"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# The topology does not say, and assumes:
#   engine_version: RDS no longer makes the stated version; this is the oldest line near it that it makes
#   instance_class: 4 GiB of memory
#   allocated_storage: the least that RDS gives, in GiB
#   multi_az: no standby is spoken of
#   subnet_ids: every subnet; RDS wants two zones
#   max_connections: 50 for each node, more than 150 in all, and 100,000 at most: no server accepts more
#   character_set_server: what an index of 767 bytes, the most of older servers, still holds
resource "aws_db_instance" "rancher-ext-db" {
  identifier     = "rancher-ext-db"
  engine         = "mariadb"
  instance_class = "db.t3.medium"
  port           = 3306

  # A line, not a release: RDS withdraws releases one by one, and keeps the instance on the last one of its line.
  engine_version             = "10.11"
  auto_minor_version_upgrade = true

  storage_type      = "gp3"
  allocated_storage = 20
  storage_encrypted = true

  multi_az               = false
  publicly_accessible    = false
  db_subnet_group_name   = aws_db_subnet_group.rancher-ext-db.name
  parameter_group_name   = aws_db_parameter_group.rancher-ext-db.name
  vpc_security_group_ids = [aws_security_group.rancher-ext-db.id]

  # For administration. AWS keeps the password in Secrets Manager and changes it every seven days, so that it is in no
  # state file; programs have users of their own.
  username                    = "admin"
  manage_master_user_password = true

  # A week of backups, to any second of which it can be restored.
  backup_retention_period   = 7
  copy_tags_to_snapshot     = true
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = var.final_snapshot == ""
  final_snapshot_identifier = var.final_snapshot == "" ? null : join("-", ["rancher-ext-db", var.final_snapshot])
}
