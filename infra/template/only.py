"""Writes a built template with one API alone: only.py template.yaml Conomy out.yaml.

sam local start-api serves all APIs of a template as one, and prefers a path's ANY to
its GET, where API Gateway does the reverse: what answers to any method is left out.
"""

import sys

from samcli.yamlhelper import yaml_dump, yaml_parse


def main(source, api, target):
    with open(source, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    served = {api + "Api", api + "AuthorizerFunction"}
    for name, resource in list(template["Resources"].items()):
        events = resource["Properties"].get("Events", {}).values()
        calls = [e["Properties"] for e in events]
        if any(c.get("RestApiId") == {"Ref": api + "Api"} and c["Method"] != "ANY" for c in calls):
            served.add(name)
        if resource["Type"].startswith("AWS::Serverless::") and name not in served:
            del template["Resources"][name]
    with open(target, "w", encoding="utf-8") as file:
        file.write(yaml_dump(template))


if __name__ == "__main__":
    main(*sys.argv[1:])
