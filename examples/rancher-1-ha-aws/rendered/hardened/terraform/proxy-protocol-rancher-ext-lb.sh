#!/usr/bin/env bash
# The PROXY header policies of a load balancer that was made by hand, through the AWS CLI. Rendered by rancher-gen.
# This is another way to what load-balancer.tf does, and no second step after it: where Terraform made the load balancer,
# do not run this. The listeners have to be there already.
set -euo pipefail

AWS_PROFILE=${AWS_PROFILE:-dev}
LB_NAME=rancher-ext-lb

POLICY_NAME=rancher-ext-lb-ProxyProtocol-policy
aws --profile "${AWS_PROFILE}" elb create-load-balancer-policy \
    --load-balancer-name "${LB_NAME}" \
    --policy-name "${POLICY_NAME}" \
    --policy-type-name ProxyProtocolPolicyType \
    --policy-attributes AttributeName=ProxyProtocol,AttributeValue=true
aws --profile "${AWS_PROFILE}" elb set-load-balancer-policies-for-backend-server \
    --load-balancer-name "${LB_NAME}" \
    --instance-port 81 \
    --policy-names "${POLICY_NAME}"
aws --profile "${AWS_PROFILE}" elb set-load-balancer-policies-for-backend-server \
    --load-balancer-name "${LB_NAME}" \
    --instance-port 444 \
    --policy-names "${POLICY_NAME}"
