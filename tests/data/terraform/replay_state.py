#!/usr/bin/env python3
"""Create in an AWS mock, with boto3, what a Terraform state says exists.

    replay_state.py STATE.json ENDPOINT

STATE.json is `terraform show -json` after an apply with schema_provider.py: every
resource is there with all its references filled in by made-up ids. Resources
are created in dependency order; each made-up id or arn is then replaced by the
mock's own wherever it appears. The mock thus checks what a schema cannot: that
subnets lie inside the VPC and do not overlap, that rules are not given twice,
that what is referred to exists. Prints one JSON line per resource.
"""
import json
import re
import sys

import boto3

REGION = "us-west-2"


def drop_empty(**kw):
    return {k: v for k, v in kw.items() if v not in (None, "", [], {})}


def given(v, name):
    """The value unless schema_provider.py made it up (it writes NAME-xxxxxxxx)."""
    return None if re.fullmatch(name + "-[0-9a-f]{8}", v[name] or "") else v[name]


def tags(v, kind):
    t = v.get("tags")
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": x} for k, x in t.items()]}] if t else None


class Replay:
    def __init__(self, endpoint):
        def client(name):
            return boto3.client(name, endpoint_url=endpoint, region_name=REGION,
                                aws_access_key_id="test", aws_secret_access_key="test")
        self.ec2, self.elb, self.rds, self.route53 = map(client, ("ec2", "elb", "rds", "route53"))

    # each handler takes the values and returns {attribute: the mock's value}

    def aws_vpc(self, v):
        r = self.ec2.create_vpc(**drop_empty(CidrBlock=v["cidr_block"], TagSpecifications=tags(v, "vpc")))
        return {"id": r["Vpc"]["VpcId"]}

    def aws_subnet(self, v):
        r = self.ec2.create_subnet(**drop_empty(
            VpcId=v["vpc_id"], CidrBlock=v["cidr_block"], AvailabilityZone=given(v, "availability_zone"),
            TagSpecifications=tags(v, "subnet")))
        return {"id": r["Subnet"]["SubnetId"]}

    def aws_internet_gateway(self, v):
        gw = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gw, VpcId=v["vpc_id"])
        return {"id": gw}

    def aws_route_table(self, v):
        rt = self.ec2.create_route_table(VpcId=v["vpc_id"])["RouteTable"]["RouteTableId"]
        for r in v.get("route") or []:
            self.ec2.create_route(**drop_empty(
                RouteTableId=rt, DestinationCidrBlock=r.get("cidr_block"),
                GatewayId=r.get("gateway_id"), NatGatewayId=r.get("nat_gateway_id")))
        return {"id": rt}

    def aws_route(self, v):
        self.ec2.create_route(**drop_empty(
            RouteTableId=v["route_table_id"], DestinationCidrBlock=v["destination_cidr_block"],
            GatewayId=given(v, "gateway_id"), NatGatewayId=given(v, "nat_gateway_id")))
        return {}

    def aws_route_table_association(self, v):
        r = self.ec2.associate_route_table(RouteTableId=v["route_table_id"], SubnetId=v["subnet_id"])
        return {"id": r["AssociationId"]}

    def aws_security_group(self, v):
        r = self.ec2.create_security_group(
            GroupName=v["name"], Description=v["description"] or "Managed by Terraform", VpcId=v["vpc_id"])
        # the provider takes AWS's default allow-all egress rule away
        self.ec2.revoke_security_group_egress(GroupId=r["GroupId"], IpPermissions=[
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        return {"id": r["GroupId"]}

    def permission(self, v):
        p = drop_empty(IpProtocol=v.get("protocol") or v.get("ip_protocol"))
        if p["IpProtocol"] != "-1":
            p.update(FromPort=int(v["from_port"]), ToPort=int(v["to_port"]))
        cidrs = v.get("cidr_blocks") or [c for c in [v.get("cidr_ipv4")] if c]
        if cidrs:
            p["IpRanges"] = [drop_empty(CidrIp=c, Description=v.get("description")) for c in cidrs]
        cidrs6 = v.get("ipv6_cidr_blocks") or [c for c in [v.get("cidr_ipv6")] if c]
        if cidrs6:
            p["Ipv6Ranges"] = [drop_empty(CidrIpv6=c, Description=v.get("description")) for c in cidrs6]
        other = v.get("referenced_security_group_id") or v.get("source_security_group_id")
        if other and not cidrs and not cidrs6:
            p["UserIdGroupPairs"] = [{"GroupId": other}]
        return [p]

    def rule(self, v, ingress):
        call = (self.ec2.authorize_security_group_ingress if ingress
                else self.ec2.authorize_security_group_egress)
        r = call(GroupId=v["security_group_id"], IpPermissions=self.permission(v))
        return {"id": r["SecurityGroupRules"][0]["SecurityGroupRuleId"]}

    def aws_vpc_security_group_ingress_rule(self, v):
        return self.rule(v, True)

    def aws_vpc_security_group_egress_rule(self, v):
        return self.rule(v, False)

    def aws_instance(self, v):
        r = self.ec2.run_instances(**drop_empty(
            ImageId=v["ami"], InstanceType=v["instance_type"], SubnetId=v["subnet_id"],
            PrivateIpAddress=v["private_ip"], SecurityGroupIds=v["vpc_security_group_ids"],
            MinCount=1, MaxCount=1, TagSpecifications=tags(v, "instance")))
        i = r["Instances"][0]
        assert i["PrivateIpAddress"] == v["private_ip"], i["PrivateIpAddress"]
        return {"id": i["InstanceId"]}

    def aws_db_subnet_group(self, v):
        self.rds.create_db_subnet_group(
            DBSubnetGroupName=v["name"], DBSubnetGroupDescription="-", SubnetIds=v["subnet_ids"])
        return {"id": v["name"]}

    def aws_db_parameter_group(self, v):
        self.rds.create_db_parameter_group(
            DBParameterGroupName=v["name"], DBParameterGroupFamily=v["family"], Description="-")
        self.rds.modify_db_parameter_group(DBParameterGroupName=v["name"], Parameters=[
            {"ParameterName": p["name"], "ParameterValue": p["value"], "ApplyMethod": "immediate"}
            for p in v["parameter"]])
        return {"id": v["name"]}

    def aws_route53_zone(self, v):
        r = self.route53.create_hosted_zone(
            Name=v["name"], CallerReference="test", VPC={"VPCRegion": REGION, "VPCId": v["vpc"][0]["vpc_id"]})
        return {"zone_id": r["HostedZone"]["Id"].rsplit("/", 1)[1]}

    def aws_route53_record(self, v):
        record = drop_empty(Name=v["name"], Type=v["type"])
        if v.get("records"):
            record.update(TTL=int(v["ttl"]), ResourceRecords=[{"Value": x} for x in v["records"]])
        for alias in v.get("alias") or []:
            record["AliasTarget"] = dict(HostedZoneId=alias["zone_id"], DNSName=alias["name"],
                                         EvaluateTargetHealth=alias["evaluate_target_health"])
        self.route53.change_resource_record_sets(
            HostedZoneId=v["zone_id"], ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
        return {}

    def aws_db_instance(self, v):
        r = self.rds.create_db_instance(**drop_empty(
            DBInstanceIdentifier=v["identifier"], Engine=v["engine"], EngineVersion=v["engine_version"],
            DBInstanceClass=v["instance_class"], AllocatedStorage=int(v["allocated_storage"]),
            MasterUsername=v["username"], ManageMasterUserPassword=v["manage_master_user_password"],
            MultiAZ=v["multi_az"], StorageEncrypted=v["storage_encrypted"], Port=int(v["port"]),
            DBParameterGroupName=v["parameter_group_name"], DBSubnetGroupName=v["db_subnet_group_name"],
            VpcSecurityGroupIds=v["vpc_security_group_ids"]))
        return {"id": r["DBInstance"]["DBInstanceIdentifier"], "arn": r["DBInstance"]["DBInstanceArn"]}

    def aws_elb(self, v):
        r = self.elb.create_load_balancer(
            LoadBalancerName=v["name"], Subnets=v["subnets"], SecurityGroups=v["security_groups"],
            Listeners=[drop_empty(
                Protocol=x["lb_protocol"].upper(), LoadBalancerPort=int(x["lb_port"]),
                InstanceProtocol=x["instance_protocol"].upper(), InstancePort=int(x["instance_port"]),
                SSLCertificateId=x.get("ssl_certificate_id")) for x in v["listener"]])
        for h in v.get("health_check") or []:
            self.elb.configure_health_check(LoadBalancerName=v["name"], HealthCheck=dict(
                Target=h["target"], Interval=int(h["interval"]), Timeout=int(h["timeout"]),
                HealthyThreshold=int(h["healthy_threshold"]), UnhealthyThreshold=int(h["unhealthy_threshold"])))
        return {"id": v["name"], "dns_name": r["DNSName"]}

    def aws_elb_attachment(self, v):
        self.elb.register_instances_with_load_balancer(
            LoadBalancerName=v["elb"], Instances=[{"InstanceId": v["instance"]}])
        return {}

    def aws_load_balancer_policy(self, v):
        self.elb.create_load_balancer_policy(
            LoadBalancerName=v["load_balancer_name"], PolicyName=v["policy_name"],
            PolicyTypeName=v["policy_type_name"], PolicyAttributes=[
                {"AttributeName": a["name"], "AttributeValue": a["value"]} for a in v["policy_attribute"]])
        return {"id": f'{v["load_balancer_name"]}:{v["policy_name"]}'}

    def aws_load_balancer_backend_server_policy(self, v):
        self.elb.set_load_balancer_policies_for_backend_server(
            LoadBalancerName=v["load_balancer_name"], InstancePort=int(v["instance_port"]),
            PolicyNames=v["policy_names"])
        return {"id": f'{v["load_balancer_name"]}:{v["instance_port"]}'}


def in_order(resources):
    """Dependencies first (a state names whole resources, not instances)."""
    waiting = list(resources)
    while waiting:
        base = [r["address"].split("[")[0] for r in waiting]
        ready = [r for r in waiting if not any(d in base for d in r.get("depends_on", []))]
        if not ready:
            raise SystemExit("dependency cycle")
        yield from ready
        waiting = [r for r in waiting if r not in ready]


def swap(value, real):
    if isinstance(value, str):
        return real.get(value, value)
    if isinstance(value, list):
        return [swap(x, real) for x in value]
    if isinstance(value, dict):
        return {k: swap(x, real) for k, x in value.items()}
    return value


def resources_of(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources_of(child)


def main():
    path, endpoint = sys.argv[1:]
    with open(path) as f:
        state = json.load(f)
    replay, real, failed = Replay(endpoint), {}, 0
    for r in in_order(r for r in resources_of(state["values"]["root_module"]) if r["mode"] == "managed"):
        handler = getattr(replay, r["type"], None)
        line = {"address": r["address"]}
        if handler is None:
            line["error"] = "no handler"
            failed += 1
        else:
            try:
                made = handler(swap(r["values"], real))
                real.update({r["values"][k]: m for k, m in made.items() if r["values"].get(k)})
                line.update(made)
            except Exception as e:  # report every refusal, not just the first
                line["error"] = f"{type(e).__name__}: {e}"
                failed += 1
        print(json.dumps(line))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
