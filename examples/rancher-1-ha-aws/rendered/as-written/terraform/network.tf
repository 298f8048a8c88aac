# The network and its subnets. Rendered by rancher-gen from the topology rancher-1-ha-aws: edit that, not this.
resource "aws_vpc" "network" {
  cidr_block = "172.22.0.0/16"

  # The private zone and the database's own name answer only with both.
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = {
    Name = "rancher-vpc"
  }
}

resource "aws_subnet" "network" {
  for_each = {
    "management" = { cidr_block = "172.22.1.0/24", zone = "us-west-2a", tags = { Name = "management", Title = "Rancher management subnet" } }
    "second"     = { cidr_block = "172.22.2.0/24", zone = "us-west-2b", tags = { Name = "second", Assumed = "The page speaks of three subnets and gives one" } }
    "third"      = { cidr_block = "172.22.3.0/24", zone = "us-west-2c", tags = { Name = "third", Assumed = "The page speaks of three subnets and gives one" } }
  }

  vpc_id            = aws_vpc.network.id
  cidr_block        = each.value.cidr_block
  availability_zone = each.value.zone
  tags              = each.value.tags
}

resource "aws_route_table" "network" {
  vpc_id = aws_vpc.network.id

  tags = {
    Name = "rancher-vpc"
  }
}

resource "aws_route_table_association" "network" {
  for_each = aws_subnet.network

  subnet_id      = each.value.id
  route_table_id = aws_route_table.network.id
}

# Public addresses work through it, and only where a security group admits the packet.
resource "aws_internet_gateway" "network" {
  vpc_id = aws_vpc.network.id

  tags = {
    Name = "rancher-vpc"
  }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.network.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.network.id
}
