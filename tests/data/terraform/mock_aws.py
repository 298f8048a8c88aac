#!/usr/bin/env python3
"""Makes in an AWS mock what a Terraform state says exists, and prints what the mock then says of it, as JSON.

    mock_aws.py STATE.json [SCRIPT]

STATE.json is `terraform show -json` after an apply with schema_provider.py: every resource is there with all its
references filled in by made-up ids. Resources are created through boto3 in dependency order; each made-up id or arn is
then replaced by the mock's own wherever it appears. The mock thus checks what a schema cannot: that subnets lie inside
the VPC and do not overlap, that no rule is given twice, that what is referred to exists.

With SCRIPT, the load balancers' policies are not made from the state: the script makes them, with aws_stub.py as `aws`.

Exits 1, and names every resource, when something was refused. Needs: pip install 'moto[server]'
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

POLICIES = ("aws_load_balancer_policy", "aws_load_balancer_backend_server_policy")


def drop_empty(**kw):
    return {k: v for k, v in kw.items() if v not in (None, "", [], {})}


def given(v, name):
    """The value unless schema_provider.py made it up (it writes NAME-xxxxxxxx)."""
    return None if re.fullmatch(name + "-[0-9a-f]{8}", v[name] or "") else v[name]


def tags(v, kind):
    t = v.get("tags")
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": x} for k, x in t.items()]}] if t else None


def named(thing):
    return next((tag["Value"] for tag in thing.get("Tags", []) if tag["Key"] == "Name"), None)


class Mock:
    def __init__(self, endpoint, region):
        def client(name):
            return boto3.client(name, endpoint_url=endpoint, region_name=region,
                                aws_access_key_id="test", aws_secret_access_key="test",
                                config=Config(retries={"total_max_attempts": 1}))
        self.ec2, self.elb, self.rds, self.route53, self.iam = map(client, ("ec2", "elb", "rds", "route53", "iam"))
        self.region = region

    # Each handler takes the values of a resource and returns {attribute: the mock's value}.

    def aws_vpc(self, v):
        r = self.ec2.create_vpc(**drop_empty(CidrBlock=v["cidr_block"], TagSpecifications=tags(v, "vpc")))
        vpc = r["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": v["enable_dns_hostnames"]})
        return {"id": vpc}

    def aws_subnet(self, v):
        r = self.ec2.create_subnet(**drop_empty(
            VpcId=v["vpc_id"], CidrBlock=v["cidr_block"], AvailabilityZone=v["availability_zone"],
            TagSpecifications=tags(v, "subnet")))
        return {"id": r["Subnet"]["SubnetId"]}

    def aws_internet_gateway(self, v):
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=v["vpc_id"])
        return {"id": gateway}

    def aws_route_table(self, v):
        return {"id": self.ec2.create_route_table(VpcId=v["vpc_id"])["RouteTable"]["RouteTableId"]}

    def aws_route(self, v):
        self.ec2.create_route(RouteTableId=v["route_table_id"], GatewayId=v["gateway_id"],
                              DestinationCidrBlock=v["destination_cidr_block"])
        return {}

    def aws_route_table_association(self, v):
        r = self.ec2.associate_route_table(RouteTableId=v["route_table_id"], SubnetId=v["subnet_id"])
        return {"id": r["AssociationId"]}

    def aws_security_group(self, v):
        assert v["name_prefix"], "a group that is replaced needs a name of its own"
        r = self.ec2.create_security_group(**drop_empty(
            GroupName=v["name_prefix"] + v["id"], Description=v["description"], VpcId=v["vpc_id"],
            TagSpecifications=tags(v, "security-group")))
        # The provider takes away AWS's rule that lets everything out.
        self.ec2.revoke_security_group_egress(GroupId=r["GroupId"], IpPermissions=[
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        return {"id": r["GroupId"]}

    def rule(self, v, call):
        p = {"IpProtocol": v["ip_protocol"]}
        if v["ip_protocol"] != "-1":
            p.update(FromPort=int(v["from_port"]), ToPort=int(v["to_port"]))
        peers = [("cidr_ipv4", "IpRanges", "CidrIp"), ("cidr_ipv6", "Ipv6Ranges", "CidrIpv6"),
                 ("referenced_security_group_id", "UserIdGroupPairs", "GroupId")]
        peers = [(kind, key, v[name]) for name, kind, key in peers if v[name]]
        assert len(peers) == 1, f"a rule has one peer, not {peers}"
        (kind, key, peer), = peers
        p[kind] = [drop_empty(**{key: peer, "Description": v["description"]})]
        r = call(**drop_empty(GroupId=v["security_group_id"], IpPermissions=[p],
                              TagSpecifications=tags(v, "security-group-rule")))
        return {"id": r["SecurityGroupRules"][0]["SecurityGroupRuleId"]}

    def aws_vpc_security_group_ingress_rule(self, v):
        return self.rule(v, self.ec2.authorize_security_group_ingress)

    def aws_vpc_security_group_egress_rule(self, v):
        return self.rule(v, self.ec2.authorize_security_group_egress)

    def aws_instance(self, v):
        r = self.ec2.run_instances(**drop_empty(
            ImageId=v["ami"], InstanceType=v["instance_type"], MinCount=1, MaxCount=1, KeyName=given(v, "key_name"),
            NetworkInterfaces=[dict(DeviceIndex=0, SubnetId=v["subnet_id"], PrivateIpAddress=v["private_ip"],
                                    AssociatePublicIpAddress=v["associate_public_ip_address"],
                                    Groups=v["vpc_security_group_ids"])],
            TagSpecifications=tags(v, "instance")))
        return {"id": r["Instances"][0]["InstanceId"]}

    def aws_db_subnet_group(self, v):
        self.rds.create_db_subnet_group(
            DBSubnetGroupName=v["name"], DBSubnetGroupDescription="-", SubnetIds=v["subnet_ids"])
        return {"id": v["name"]}

    def aws_db_parameter_group(self, v):
        name = v["name_prefix"] + v["name"]
        self.rds.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily=v["family"], Description="-")
        self.rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[
            dict(ParameterName=p["name"], ParameterValue=p["value"], ApplyMethod="immediate") for p in v["parameter"]])
        return {"id": name, "name": name}

    def aws_db_instance(self, v):
        r = self.rds.create_db_instance(**drop_empty(
            DBInstanceIdentifier=v["identifier"], Engine=v["engine"], EngineVersion=v["engine_version"],
            DBInstanceClass=v["instance_class"], AllocatedStorage=int(v["allocated_storage"]),
            MasterUsername=v["username"], ManageMasterUserPassword=v["manage_master_user_password"],
            Port=int(v["port"]), DBSubnetGroupName=v["db_subnet_group_name"], MultiAZ=v["multi_az"],
            DBParameterGroupName=v["parameter_group_name"], StorageEncrypted=v["storage_encrypted"],
            VpcSecurityGroupIds=v["vpc_security_group_ids"]))["DBInstance"]
        return {"id": r["DBInstanceIdentifier"], "arn": r["DBInstanceArn"], "address": r["Endpoint"]["Address"]}

    def certificate(self, arn):
        """A listener's certificate must be there: one of IAM, which has its name's arn."""
        name = arn.rsplit("/", 1)[1]
        try:
            self.iam.get_server_certificate(ServerCertificateName=name)
        except self.iam.exceptions.NoSuchEntityException:
            self.iam.upload_server_certificate(ServerCertificateName=name, CertificateBody="-", PrivateKey="-")

    def aws_elb(self, v):
        for listener in v["listener"]:
            if listener["ssl_certificate_id"]:
                self.certificate(listener["ssl_certificate_id"])
        r = self.elb.create_load_balancer(**drop_empty(
            LoadBalancerName=v["name"], Subnets=v["subnets"], SecurityGroups=v["security_groups"],
            Scheme="internal" if v["internal"] else None,
            Listeners=[drop_empty(
                Protocol=x["lb_protocol"].upper(), LoadBalancerPort=int(x["lb_port"]),
                InstanceProtocol=x["instance_protocol"].upper(), InstancePort=int(x["instance_port"]),
                SSLCertificateId=x["ssl_certificate_id"]) for x in v["listener"]]))
        health, = v["health_check"]
        self.elb.configure_health_check(LoadBalancerName=v["name"], HealthCheck=dict(
            Target=health["target"], Interval=int(health["interval"]), Timeout=int(health["timeout"]),
            HealthyThreshold=int(health["healthy_threshold"]), UnhealthyThreshold=int(health["unhealthy_threshold"])))
        self.elb.modify_load_balancer_attributes(LoadBalancerName=v["name"], LoadBalancerAttributes=dict(
            CrossZoneLoadBalancing={"Enabled": v["cross_zone_load_balancing"]},
            ConnectionSettings={"IdleTimeout": int(v["idle_timeout"])},
            ConnectionDraining={"Enabled": v["connection_draining"], "Timeout": int(v["connection_draining_timeout"])}))
        self.elb.register_instances_with_load_balancer(
            LoadBalancerName=v["name"], Instances=[{"InstanceId": i} for i in v["instances"]])
        return {"id": v["name"], "dns_name": r["DNSName"]}

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

    def aws_route53_zone(self, v):
        vpc, = v["vpc"]
        r = self.route53.create_hosted_zone(
            Name=v["name"], CallerReference=v["id"], VPC={"VPCRegion": self.region, "VPCId": vpc["vpc_id"]},
            HostedZoneConfig={"PrivateZone": True})
        zone = r["HostedZone"]["Id"]
        return {"id": zone, "zone_id": zone}

    def aws_route53_record(self, v):
        record = dict(Name=v["name"], Type=v["type"])
        if v["alias"]:
            alias, = v["alias"]
            record["AliasTarget"] = dict(DNSName=alias["name"], HostedZoneId=alias["zone_id"], EvaluateTargetHealth=False)
        else:
            record.update(TTL=int(v["ttl"]), ResourceRecords=[{"Value": x} for x in v["records"]])
        self.route53.change_resource_record_sets(HostedZoneId=v["zone_id"], ChangeBatch={
            "Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
        return {}

    # What the mock says, by names where it has ids.

    def everything(self):
        groups = {g["GroupId"]: named(g) for g in self.ec2.describe_security_groups()["SecurityGroups"] if named(g)}
        subnets = {s["SubnetId"]: s for s in self.ec2.describe_subnets()["Subnets"] if named(s)}
        instances = [i for r in self.ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        names = {i["InstanceId"]: named(i) for i in instances}
        return {
            "subnets": {named(s): [s["CidrBlock"], s["AvailabilityZone"]] for s in subnets.values()},
            "rules": [self.said_of_rule(r, groups) for r in self.ec2.describe_security_group_rules(
                MaxResults=1000)["SecurityGroupRules"] if r["GroupId"] in groups],
            "instances": {named(i): {
                "address": i["PrivateIpAddress"], "subnet": named(subnets[i["SubnetId"]]), "type": i["InstanceType"],
                "public": "PublicIpAddress" in i, "groups": sorted(groups[g["GroupId"]] for g in i["NetworkInterfaces"][0]["Groups"]),
            } for i in instances},
            "databases": {d["DBInstanceIdentifier"]: {
                "engine": f'{d["Engine"]}-{d["EngineVersion"]}', "port": d["Endpoint"]["Port"], "standby": d["MultiAZ"],
                "groups": sorted(groups[g["VpcSecurityGroupId"]] for g in d["VpcSecurityGroups"]),
                "subnets": sorted(named(subnets[s["SubnetIdentifier"]]) for s in d["DBSubnetGroup"]["Subnets"]),
                "parameters": {p["ParameterName"]: p["ParameterValue"] for p in self.rds.describe_db_parameters(
                    DBParameterGroupName=d["DBParameterGroups"][0]["DBParameterGroupName"])["Parameters"]},
            } for d in self.rds.describe_db_instances()["DBInstances"]},
            "load_balancers": {b["LoadBalancerName"]: self.said_of_balancer(b, groups, subnets, names)
                               for b in self.elb.describe_load_balancers()["LoadBalancerDescriptions"]},
            "records": {r["Name"].rstrip("."): r["Type"] for z in self.route53.list_hosted_zones()["HostedZones"]
                        for r in self.route53.list_resource_record_sets(HostedZoneId=z["Id"])["ResourceRecordSets"]
                        if r["Type"] in ("A", "CNAME")},
        }

    def said_of_rule(self, r, groups):
        other = r.get("ReferencedGroupInfo", {}).get("GroupId")
        return {
            "group": groups[r["GroupId"]], "direction": "out" if r["IsEgress"] else "in", "protocol": r["IpProtocol"],
            "ports": [r.get("FromPort"), r.get("ToPort")],
            "peer": groups[other] if other else r.get("CidrIpv4") or r.get("CidrIpv6"),
        }

    def said_of_balancer(self, b, groups, subnets, names):
        attributes = self.elb.describe_load_balancer_attributes(
            LoadBalancerName=b["LoadBalancerName"])["LoadBalancerAttributes"]
        listeners = [x["Listener"] for x in b["ListenerDescriptions"]]
        return {
            "scheme": b["Scheme"], "health_check": b["HealthCheck"]["Target"],
            "idle_timeout": attributes["ConnectionSettings"]["IdleTimeout"],
            # moto forgets what is spoken to the targets, and says the listener's own protocol again.
            "listeners": sorted([x["LoadBalancerPort"], x["Protocol"], x["InstancePort"],
                                 x.get("SSLCertificateId", "")] for x in listeners),
            "instances": sorted(names[i["InstanceId"]] for i in b["Instances"]),
            "groups": sorted(groups[g] for g in b["SecurityGroups"]),
            "subnets": sorted(named(subnets[s]) for s in b["Subnets"]),
            "policies": {str(x["InstancePort"]): x["PolicyNames"]
                         for x in b["BackendServerDescriptions"] if x["PolicyNames"]},
        }


def in_order(resources):
    """Dependencies first; a state names whole resources, not instances of them."""
    waiting = list(resources)
    while waiting:
        base = {r["address"].split("[")[0] for r in waiting}
        ready = [r for r in waiting if not any(d in base for d in r.get("depends_on", []))]
        if not ready:
            raise SystemExit("the resources depend on each other in a circle")
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


def replay(mock, resources):
    """Creates the resources; gives what was refused, all of it."""
    real, refused = {}, []
    for r in in_order(resources):
        try:
            made = getattr(mock, r["type"])(swap(r["values"], real))
            real.update({r["values"][k]: m for k, m in made.items() if r["values"].get(k)})
        except Exception as e:
            refused.append(f'{r["address"]}: {type(e).__name__}: {e}')
    return refused


def run(script, endpoint):
    stub = pathlib.Path(__file__).with_name("aws_stub.py")
    with tempfile.TemporaryDirectory() as folder:
        aws = pathlib.Path(folder, "aws")
        aws.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{stub}" "$@"\n')
        aws.chmod(0o755)
        env = dict(os.environ, PATH=f'{folder}:{os.environ["PATH"]}', AWS_ENDPOINT_URL=endpoint)
        # Twice: the second time the policies are there.
        for _ in range(2):
            subprocess.run([script], env=env, check=True, stdout=sys.stderr)


def main():
    path, script = sys.argv[1], sys.argv[2:]
    with open(path) as f:
        resources = json.load(f)["values"]["root_module"]["resources"]
    resources = [r for r in resources if r["mode"] == "managed" and not (script and r["type"] in POLICIES)]
    zone = next(r["values"]["availability_zone"] for r in resources if r["type"] == "aws_subnet")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = "http://%s:%d" % server.get_host_and_port()
        mock = Mock(endpoint, zone.rstrip("abcdefghijklmnopqrstuvwxyz"))
        refused = replay(mock, resources)
        if refused:
            sys.exit("\n".join(refused))
        if script:
            run(script[0], endpoint)
        print(json.dumps(mock.everything()))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
