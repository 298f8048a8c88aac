# Load balancers. Rendered by rancher-gen from the topology rancher-1-ha-hardened: edit that, not this.

# rancher-ext-lb: External load balancer (ELB)
resource "aws_elb" "rancher-ext-lb" {
  name            = "rancher-ext-lb"
  internal        = false
  subnets         = [aws_subnet.network["management-a"].id, aws_subnet.network["management-b"].id, aws_subnet.network["management-c"].id]
  security_groups = [aws_security_group.load-balancer.id]

  instances = flatten([
    [for node in aws_instance.mgmt-host : node.id],
  ])

  # Targets get the same share whatever zone they are in, and connections of one that is taken out may end in peace.
  cross_zone_load_balancing   = true
  connection_draining         = true
  connection_draining_timeout = 300
  idle_timeout                = 400

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

  # How often, and how many answers count, are AWS's own defaults.
  health_check {
    target              = "HTTP:80/ping"
    interval            = 30
    timeout             = 5
    healthy_threshold   = 10
    unhealthy_threshold = 2
  }

  # AWS makes no load balancer with public addresses in a network without a gateway.
  depends_on = [aws_route.internet]
}

# The targets learn the client's address from a PROXY header. Not aws_proxy_protocol_policy: that one always calls the
# policy TFEnableProxyProtocol.
resource "aws_load_balancer_policy" "rancher-ext-lb" {
  for_each = toset(["rancher-ext-lb-ProxyProtocol-policy"])

  load_balancer_name = aws_elb.rancher-ext-lb.name
  policy_name        = each.key
  policy_type_name   = "ProxyProtocolPolicyType"

  policy_attribute {
    name  = "ProxyProtocol"
    value = "true"
  }
}

# By the port of the targets.
resource "aws_load_balancer_backend_server_policy" "rancher-ext-lb" {
  for_each = {
    "81"  = ["rancher-ext-lb-ProxyProtocol-policy"]
    "444" = ["rancher-ext-lb-ProxyProtocol-policy"]
  }

  load_balancer_name = aws_elb.rancher-ext-lb.name
  instance_port      = each.key
  policy_names       = [for policy in each.value : aws_load_balancer_policy.rancher-ext-lb[policy].policy_name]
}
