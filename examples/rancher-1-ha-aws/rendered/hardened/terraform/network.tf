# The network rancher-vpc: its subnets, and the way to the internet. Rendered by rancher-gen.
resource "aws_vpc" "network" {
  cidr_block = "172.22.0.0/16"
  # The names in dns.tf are found through the network's own resolver.
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = {
    Name = "rancher-vpc"
  }
}

resource "aws_subnet" "management-a" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "172.22.1.0/24"
  availability_zone = "us-west-2a"

  tags = {
    Name = "management-a"
  }
}

resource "aws_subnet" "management-b" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "172.22.2.0/24"
  availability_zone = "us-west-2b"

  tags = {
    Name = "management-b"
  }
}

resource "aws_subnet" "management-c" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "172.22.3.0/24"
  availability_zone = "us-west-2c"

  tags = {
    Name = "management-c"
  }
}

resource "aws_internet_gateway" "network" {
  vpc_id = aws_vpc.network.id

  tags = {
    Name = "rancher-vpc"
  }
}

resource "aws_route_table" "network" {
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

resource "aws_route_table_association" "management-a" {
  subnet_id      = aws_subnet.management-a.id
  route_table_id = aws_route_table.network.id
}

resource "aws_route_table_association" "management-b" {
  subnet_id      = aws_subnet.management-b.id
  route_table_id = aws_route_table.network.id
}

resource "aws_route_table_association" "management-c" {
  subnet_id      = aws_subnet.management-c.id
  route_table_id = aws_route_table.network.id
}
