"""Expands template.yaml as AWS SAM does when it is deployed.

python expand.py template.yaml out.json [Name=value ...] writes what
CloudFormation gets: every resource that SAM makes of another one, and nothing of
SAM's. It asks no network and no account. The parameters named take the values
given and the others their defaults; SAM resolves few of them, so !Ref Environment
stays what it is.
"""

import json
import os
import sys

# The translator asks boto3 for a region, and for no more.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.parser.parser import Parser
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    """Stands in for IAM's list of managed policies: no function uses one."""

    def load(self):
        return {}


def read(path):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    # Aliases are one object in several places, which the translator would change
    # for all of them.
    return json.loads(json.dumps(template))


def package(template):
    """Names a place for the code, as sam package does after it has uploaded it."""
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://code/{name}"
            resource.get("Metadata", {}).pop("BuildMethod", None)


def main(source, target, *assignments):
    template = read(source)
    package(template)
    expanded = transform(template, dict(a.split("=", 1) for a in assignments), NoManagedPolicies())
    with open(target, "w", encoding="utf-8") as file:
        json.dump(expanded, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
