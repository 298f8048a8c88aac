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

resource "aws_subnet" "management" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "172.22.1.0/24"
  availability_zone = "us-west-2a"

  tags = {
    Name = "management"
  }
}

# assumed: The page speaks of three subnets and gives one
resource "aws_subnet" "second" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "172.22.2.0/24"
  availability_zone = "us-west-2b"

  tags = {
    Name = "second"
  }
}

# assumed: The page speaks of three subnets and gives one
resource "aws_subnet" "third" {
  vpc_id            = aws_vpc.network.id
  cidr_block        = "172.22.3.0/24"
  availability_zone = "us-west-2c"

  tags = {
    Name = "third"
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

resource "aws_route_table_association" "management" {
  subnet_id      = aws_subnet.management.id
  route_table_id = aws_route_table.network.id
}

resource "aws_route_table_association" "second" {
  subnet_id      = aws_subnet.second.id
  route_table_id = aws_route_table.network.id
}

resource "aws_route_table_association" "third" {
  subnet_id      = aws_subnet.third.id
  route_table_id = aws_route_table.network.id
}
