#!/usr/bin/env bash
# Puts the PROXY protocol policies on load balancers that were made by hand. Rendered by rancher-gen from the topology
# rancher-1-ha-hardened.
#
# Terraform makes these policies itself (load-balancers.tf): this is instead of it, never a step after it.
# The listeners must be there already: a policy is for the port of the targets that a listener forwards to.
#
#   AWS_PROFILE=PROFILE ./proxy-protocol.sh      `dev` when no profile is named
#
# It can be run again: a policy that is there is kept, and set on its ports once more.
set -euo pipefail
AWS_PROFILE=${AWS_PROFILE:-dev}
AWS_REGION=us-west-2

elb() {
    aws --profile "${AWS_PROFILE}" --region "${AWS_REGION}" elb "$@"
}

LB_NAME=rancher-ext-lb
POLICY_NAME=rancher-ext-lb-ProxyProtocol-policy
if ! elb describe-load-balancer-policies \
    --load-balancer-name "${LB_NAME}" \
    --policy-names "${POLICY_NAME}" >/dev/null 2>&1; then
    elb create-load-balancer-policy \
        --load-balancer-name "${LB_NAME}" \
        --policy-name "${POLICY_NAME}" \
        --policy-type-name ProxyProtocolPolicyType \
        --policy-attributes AttributeName=ProxyProtocol,AttributeValue=true
fi
elb set-load-balancer-policies-for-backend-server \
    --load-balancer-name "${LB_NAME}" \
    --instance-port 81 \
    --policy-names "${POLICY_NAME}"
elb set-load-balancer-policies-for-backend-server \
    --load-balancer-name "${LB_NAME}" \
    --instance-port 444 \
    --policy-names "${POLICY_NAME}"
