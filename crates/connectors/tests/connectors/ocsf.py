"""Checks OCSF events, one on each line of standard input, against the published schema of the version they name.

The schema is the export of schema.ocsf.io that the package ocsf-json-schema carries: required attributes, attributes that
a class or an object does not have, types, enumerations, patterns, and the constraints `at_least_one` and `just_one`.
Prints how many events of which class it has seen; ends with 1 and the findings if there are any.
"""

import collections
import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchema, OcsfJsonSchemaEmbedded, get_ocsf_schema

FINDINGS_MAX = 30


class Validators:
    """One validator for each version, class and set of profiles."""

    def __init__(self):
        self.schemas = {}
        self.validators = {}

    def of(self, event):
        version = event["metadata"]["version"]
        profiles = event["metadata"].get("profiles", [])
        key = (version, event["class_uid"], *profiles)
        if key not in self.validators:
            if version not in self.schemas:
                self.schemas[version] = OcsfJsonSchemaEmbedded(OcsfJsonSchema(get_ocsf_schema(version)))
            schema = self.schemas[version]
            name = schema.lookup_class_name_from_uid(event["class_uid"])
            self.validators[key] = Draft202012Validator(schema.get_class_schema(name, profiles))
        return self.validators[key]


def main():
    validators = Validators()
    counts = collections.Counter()
    findings = collections.Counter()
    for line in sys.stdin:
        event = json.loads(line)
        kind = f"{event['metadata']['version']} {event['class_name']}"
        counts[kind] += 1
        for error in validators.of(event).iter_errors(event):
            path = ".".join(str(part) for part in error.absolute_path) or "the event"
            findings[f"{kind}: {path}: {error.message[:300]}"] += 1
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    for finding, count in findings.most_common(FINDINGS_MAX):
        print(f"{count:6} {finding}", file=sys.stderr)
    sys.exit(1 if findings else 0)


main()
