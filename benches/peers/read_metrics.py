"""Reads Prometheus' text format with Prometheus' own parser, from standard input.

Prints every sample as JSON: its name, its labels and its value, with the type of its family.
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

print(json.dumps([
    {"name": sample.name, "labels": sample.labels, "value": sample.value, "type": family.type}
    for family in text_string_to_metric_families(sys.stdin.read())
    for sample in family.samples
]))
