"""Makes the template's table in a DynamoDB: maketable.py template.yaml URL name."""

import sys

import boto3
from samcli.yamlhelper import yaml_parse


def main(source, url, name):
    with open(source, encoding="utf-8") as file:
        table = yaml_parse(file.read())["Resources"]["Table"]["Properties"]
    kept = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")
    boto3.client("dynamodb", endpoint_url=url).create_table(TableName=name, **{k: table[k] for k in kept})


if __name__ == "__main__":
    main(*sys.argv[1:])
