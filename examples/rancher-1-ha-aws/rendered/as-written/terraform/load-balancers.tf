# Load balancers. Rendered by rancher-gen from the topology rancher-1-ha-aws: edit that, not this.

# rancher-ext-lb: External load balancer (ELB)
# The topology does not say, and assumes:
#   internal: people come from outside the network
#   subnets: one subnet of each zone
#   health_check: the first listener's port, as AWS would take it
#   idle_timeout: AWS's own default
resource "aws_elb" "rancher-ext-lb" {
  name            = "rancher-ext-lb"
  internal        = false
  subnets         = [aws_subnet.network["management"].id, aws_subnet.network["second"].id, aws_subnet.network["third"].id]
  security_groups = [aws_security_group.rancher-ext-lb.id]

  instances = flatten([
    [for node in aws_instance.mgmt-host : node.id],
  ])

  # Targets get the same share whatever zone they are in, and connections of one that is taken out may end in peace.
  cross_zone_load_balancing   = true
  connection_draining         = true
  connection_draining_timeout = 300
  idle_timeout                = 60

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

  # How often, and how many answers count, are AWS's own defaults.
  health_check {
    target              = "TCP:81"
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
