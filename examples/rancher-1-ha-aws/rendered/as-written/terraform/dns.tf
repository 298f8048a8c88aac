# Names inside the network, which stay when what they stand for is made anew. Rendered by rancher-gen from the topology
# rancher-1-ha-aws: edit that, not this. The domain `internal` is reserved for private use.
resource "aws_route53_zone" "network" {
  name = "rancher-vpc.internal"

  vpc {
    vpc_id = aws_vpc.network.id
  }
}

# Clients follow a new instance within a minute.
resource "aws_route53_record" "database" {
  for_each = {
    "rancher-ext-db.rancher-vpc.internal" = aws_db_instance.rancher-ext-db.address
  }

  zone_id = aws_route53_zone.network.zone_id
  name    = each.key
  type    = "CNAME"
  ttl     = 60
  records = [each.value]
}

resource "aws_route53_record" "load_balancer" {
  for_each = {
    "rancher-ext-lb.rancher-vpc.internal" = aws_elb.rancher-ext-lb
  }

  zone_id = aws_route53_zone.network.zone_id
  name    = each.key
  type    = "A"

  alias {
    name                   = each.value.dns_name
    zone_id                = each.value.zone_id
    evaluate_target_health = false
  }
}
