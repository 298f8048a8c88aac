# Names inside the network that stay when what they lead to is replaced. Rendered by rancher-gen.
resource "aws_route53_zone" "network" {
  name = "rancher-vpc.internal"

  vpc {
    vpc_id = aws_vpc.network.id
  }
}

resource "aws_route53_record" "database_rancher-ext-db" {
  zone_id = aws_route53_zone.network.zone_id
  name    = "rancher-ext-db.rancher-vpc.internal"
  type    = "CNAME"
  ttl     = 60
  records = [aws_db_instance.rancher-ext-db.address]
}

resource "aws_route53_record" "load-balancer_rancher-ext-lb" {
  zone_id = aws_route53_zone.network.zone_id
  name    = "rancher-ext-lb.rancher-vpc.internal"
  type    = "A"

  alias {
    name                   = aws_elb.rancher-ext-lb.dns_name
    zone_id                = aws_elb.rancher-ext-lb.zone_id
    evaluate_target_health = false
  }
}
