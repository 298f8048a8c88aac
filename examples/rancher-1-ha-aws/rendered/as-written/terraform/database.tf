# Databases. Rendered by rancher-gen.

# External database (RDS)
resource "aws_db_subnet_group" "rancher-ext-db" {
  name_prefix = "rancher-ext-db-"
  # assumed: every subnet; RDS wants two zones
  subnet_ids = [aws_subnet.management.id, aws_subnet.second.id, aws_subnet.third.id]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_parameter_group" "rancher-ext-db" {
  name_prefix = "rancher-ext-db-"
  family      = "mariadb10.11"

  parameter {
    name = "max_connections"
    # assumed: 50 for each node, more than 150 in all, and 100,000 at most: no server accepts more
    value = "151"
  }

  parameter {
    name = "character_set_server"
    # assumed: what Rancher's schema fits in
    value = "utf8"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# It was seen at 172.22.1.26. RDS takes no address: clients use rancher-ext-db.rancher-vpc.internal, which follows it.
resource "aws_db_instance" "rancher-ext-db" {
  identifier = "rancher-ext-db"
  engine     = "mariadb"
  # stated: mariadb-10.0.24; assumed: RDS no longer makes the stated version; this is the oldest line near it that it makes
  engine_version = "10.11"
  # assumed: 4 GiB of memory
  instance_class = "db.t3.medium"
  # assumed: the least that RDS gives, in GiB
  allocated_storage = 20
  storage_type      = "gp3"
  storage_encrypted = true
  port              = 3306
  # assumed: no standby is spoken of
  multi_az               = false
  db_subnet_group_name   = aws_db_subnet_group.rancher-ext-db.name
  parameter_group_name   = aws_db_parameter_group.rancher-ext-db.name
  vpc_security_group_ids = [aws_security_group.rancher-ext-db.id]
  publicly_accessible    = false

  # For administration. AWS keeps the password and changes it every seven days: the cluster has a user of its own.
  username                    = "administrator"
  manage_master_user_password = true

  backup_retention_period = 7
  copy_tags_to_snapshot   = true
  # To destroy it: apply with deletion_protection = false first. A last snapshot stays in any case.
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = false
  final_snapshot_identifier = "rancher-ext-db-final"
}
