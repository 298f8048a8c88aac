# mgmt-host: Rancher management server nodes
# Rendered by rancher-gen from the topology rancher-1-ha-hardened: edit that, not this.

# CentOS 7. The account and the names are published at https://wiki.centos.org/Cloud/AWS
# CentOS 7 had its last update in June 2024, and its images may be withdrawn: copy one into your account, or
# find another, and put its id into `image_ids`.
# `image_ids` in variables.tf names another image; nothing is looked up then.
data "aws_ami" "mgmt-host" {
  count = contains(keys(var.image_ids), "mgmt-host") ? 0 : 1

  owners             = ["125523088429"]
  most_recent        = true
  include_deprecated = true

  filter {
    name   = "name"
    values = ["CentOS Linux 7 *", "CentOS 7.*"]
  }

  filter {
    name   = "architecture"
    values = ["x86_64"]
  }
}

# The topology does not say, and assumes:
#   instance_type: 8 GiB of memory: a Java server with a heap of 4 GiB fits
#   volume_size: room for images and logs, in GiB
#   associate_public_ip_address: images come from the internet, and the network has no NAT gateway
resource "aws_instance" "mgmt-host" {
  for_each = local.nodes_mgmt-host

  ami           = lookup(var.image_ids, "mgmt-host", one(data.aws_ami.mgmt-host[*].id))
  instance_type = "m5.large"
  key_name      = var.key_pair

  subnet_id                   = aws_subnet.network[each.value.subnet].id
  private_ip                  = each.value.address
  associate_public_ip_address = true
  vpc_security_group_ids      = [aws_security_group.server-nodes.id]

  root_block_device {
    volume_type = "gp3"
    volume_size = 50
    encrypted   = true
  }

  # Nothing reads the machine's data without a token, and no token gets through to a container: one hop.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  tags = {
    Name = each.key
    Pool = "mgmt-host"
  }

  lifecycle {
    # A newer image must not replace nodes that run. To take one, replace them one by one:
    #   terraform apply -replace='aws_instance.mgmt-host["NODE"]'
    ignore_changes = [ami]
  }

  # A node fetches its images through the gateway from its first minute.
  depends_on = [aws_route.internet]
}

locals {
  nodes_mgmt-host = {
    "mgmt-host-1" = { subnet = "management-a", address = "172.22.1.210" }
    "mgmt-host-2" = { subnet = "management-b", address = "172.22.2.210" }
    "mgmt-host-3" = { subnet = "management-c", address = "172.22.3.210" }
  }
}
