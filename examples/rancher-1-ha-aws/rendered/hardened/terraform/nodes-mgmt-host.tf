# The nodes of mgmt-host: Rancher management server nodes. Rendered by rancher-gen.
# One line for each: another node changes none of these.
locals {
  nodes_mgmt-host = {
    "mgmt-host-1" = { address = "172.22.1.210", subnet = aws_subnet.management-a.id }
    "mgmt-host-2" = { address = "172.22.2.210", subnet = aws_subnet.management-b.id }
    "mgmt-host-3" = { address = "172.22.3.210", subnet = aws_subnet.management-c.id }
  }
}

# CentOS 7, as those who make it publish it. A newer image does not replace a node that is there.
# CentOS 7 is no longer maintained (since 2024-06-30) and its images are deprecated: put your own image into the variable where there is none.
data "aws_ami" "mgmt-host" {
  count              = var.image_mgmt-host == null ? 1 : 0
  owners             = ["125523088429"]
  most_recent        = true
  include_deprecated = true

  filter {
    name   = "name"
    values = ["CentOS 7.*x86_64*", "CentOS Linux 7*x86_64*"]
  }

  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}

resource "aws_instance" "mgmt-host" {
  for_each = local.nodes_mgmt-host

  ami = var.image_mgmt-host == null ? data.aws_ami.mgmt-host[0].id : var.image_mgmt-host
  # assumed: 8 GiB of memory: a server with its heap of 4 GiB fits
  instance_type = "m5.large"
  key_name      = var.key_name
  subnet_id     = each.value.subnet
  private_ip    = each.value.address
  # assumed: images come from the internet, and the network has no NAT gateway
  associate_public_ip_address = true
  vpc_security_group_ids      = [aws_security_group.server-nodes.id]

  # A request for credentials needs a token, which a container that was tricked into asking cannot get (IMDSv2).
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    # assumed: room for images and logs, in GiB
    volume_size = 50
    volume_type = "gp3"
    encrypted   = true
  }

  tags = {
    Name = each.key
  }

  lifecycle {
    ignore_changes = [ami]
  }

  # A node gets its software from the internet when it starts.
  depends_on = [aws_route.internet]
}
