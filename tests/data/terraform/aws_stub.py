#!/usr/bin/env python3
"""So much of the AWS CLI as the rendered script calls: `aws --profile P --region R elb OPERATION --OPTION VALUE…`.

Options are the operation's parameters in kebab case, as the CLI derives them; botocore refuses what is none.
"""
import os
import sys

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError


def value(shape, words):
    if shape.type_name == "list":
        return [value(shape.member, [word]) for word in words]
    if shape.type_name == "structure":  # the CLI's shorthand: Key=Value,Key=Value
        return dict(pair.split("=", 1) for pair in words[0].split(","))
    return int(words[0]) if shape.type_name == "integer" else words[0]


def main():
    profile, _, region_option, region, service, operation, *words = sys.argv[1:]
    assert (profile, region_option) == ("--profile", "--region"), sys.argv
    client = boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name=region,
                          aws_access_key_id="test", aws_secret_access_key="test")
    model = client.meta.service_model
    model = next(model.operation_model(name) for name in model.operation_names if xform_name(name, "-") == operation)
    options = {"--" + xform_name(name, "-"): (name, shape) for name, shape in model.input_shape.members.items()}
    given = {}
    for word in words:
        if word.startswith("--"):
            given[word] = []
        else:
            given[list(given)[-1]].append(word)
    parameters = {options[option][0]: value(options[option][1], words) for option, words in given.items()}
    try:
        print(getattr(client, xform_name(model.name))(**parameters))
    except ClientError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
