"""Reads a JSON list of YAML texts from standard input and writes what they hold as a JSON list.

A key that stands twice is an error. With a JSON Schema as its argument, so is a text that is not valid against it.
"""
import json
import sys

import jsonschema
import yaml


class Strict(yaml.SafeLoader):
    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


documents = [yaml.load(text, Strict) for text in json.load(sys.stdin)]
if len(sys.argv) > 1:
    with open(sys.argv[1], encoding="utf-8") as schema:
        validator = jsonschema.Draft4Validator(json.load(schema))
    wrong = [error for document in documents for error in validator.iter_errors(document)]
    if wrong:
        sys.exit("\n".join(f"{list(error.path)}: {error.message}" for error in wrong))
json.dump(documents, sys.stdout)
