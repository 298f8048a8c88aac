# What is known once it is applied. Rendered by rancher-gen from the topology rancher-1-ha-aws: edit that, not this.
output "nodes" {
  description = "By the name of a node, its private and its public address."
  value = merge(
    { for name, node in aws_instance.mgmt-host : name => { private = node.private_ip, public = node.public_ip } },
  )
}

output "load_balancers" {
  description = "By the name of a load balancer, the name that the internet resolves and the one inside the network."
  value = {
    "rancher-ext-lb" = {
      dns_name  = aws_elb.rancher-ext-lb.dns_name
      host_name = "rancher-ext-lb.rancher-vpc.internal"
    }
  }
}

output "databases" {
  description = "By the name of a database, its endpoint, its name inside the network, and the secret that holds the administrator's password: aws secretsmanager get-secret-value --secret-id SECRET_ARN."
  value = {
    "rancher-ext-db" = {
      endpoint   = aws_db_instance.rancher-ext-db.endpoint
      host_name  = "rancher-ext-db.rancher-vpc.internal"
      secret_arn = one(aws_db_instance.rancher-ext-db.master_user_secret[*].secret_arn)
    }
  }
}
