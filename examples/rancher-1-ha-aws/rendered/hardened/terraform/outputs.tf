# What others need to know of this. Rendered by rancher-gen.
output "network_id" {
  description = "The VPC."
  value       = aws_vpc.network.id
}

output "nodes_mgmt-host" {
  description = "The nodes of mgmt-host with their private and public addresses."
  value       = { for name, node in aws_instance.mgmt-host : name => { private = node.private_ip, public = node.public_ip } }
}

output "load-balancer_rancher-ext-lb" {
  description = "The name that people and managed hosts reach rancher-ext-lb by; point your own name at it."
  value       = aws_elb.rancher-ext-lb.dns_name
}

output "database_rancher-ext-db" {
  description = "Where rancher-ext-db listens, and the secret that holds its administrator's password."
  value = {
    endpoint = aws_db_instance.rancher-ext-db.endpoint
    secret   = one(aws_db_instance.rancher-ext-db.master_user_secret[*].secret_arn)
  }
}
