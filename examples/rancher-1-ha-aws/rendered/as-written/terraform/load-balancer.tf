# Load balancers. Rendered by rancher-gen.

# External load balancer (ELB)
resource "aws_elb" "rancher-ext-lb" {
  name = "rancher-ext-lb"
  # assumed: people and managed hosts come from outside the network
  internal = false
  # assumed: one subnet of each zone
  subnets                   = [aws_subnet.management.id, aws_subnet.second.id, aws_subnet.third.id]
  security_groups           = [aws_security_group.rancher-ext-lb.id]
  cross_zone_load_balancing = true
  connection_draining       = true
  # assumed: AWS's own default
  idle_timeout = 60

  listener {
    lb_port           = 80
    lb_protocol       = "tcp"
    instance_port     = 81
    instance_protocol = "tcp"
  }

  listener {
    lb_port           = 443
    lb_protocol       = "tcp"
    instance_port     = 444
    instance_protocol = "tcp"
  }

  listener {
    lb_port           = 8080
    lb_protocol       = "http"
    instance_port     = 8080
    instance_protocol = "http"
  }

  health_check {
    # assumed: the first listener's port, as AWS would take it
    target              = "TCP:81"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  tags = {
    Name = "rancher-ext-lb"
  }

  # An internet-facing load balancer is refused where the network has no gateway.
  depends_on = [aws_internet_gateway.network]
}

resource "aws_elb_attachment" "rancher-ext-lb_mgmt-host" {
  for_each = aws_instance.mgmt-host

  elb      = aws_elb.rancher-ext-lb.id
  instance = each.value.id
}

# Puts a PROXY header before each connection to the targets, so that they see who it is from.
resource "aws_load_balancer_policy" "rancher-ext-lb_rancher-ext-lb-ProxyProtocol-policy" {
  load_balancer_name = aws_elb.rancher-ext-lb.name
  policy_name        = "rancher-ext-lb-ProxyProtocol-policy"
  policy_type_name   = "ProxyProtocolPolicyType"

  policy_attribute {
    name  = "ProxyProtocol"
    value = "true"
  }
}

resource "aws_load_balancer_backend_server_policy" "rancher-ext-lb_81" {
  load_balancer_name = aws_elb.rancher-ext-lb.name
  instance_port      = 81
  policy_names       = [aws_load_balancer_policy.rancher-ext-lb_rancher-ext-lb-ProxyProtocol-policy.policy_name]
}

resource "aws_load_balancer_backend_server_policy" "rancher-ext-lb_444" {
  load_balancer_name = aws_elb.rancher-ext-lb.name
  instance_port      = 444
  policy_names       = [aws_load_balancer_policy.rancher-ext-lb_rancher-ext-lb-ProxyProtocol-policy.policy_name]
}
