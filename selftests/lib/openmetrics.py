# SPDX-License-Identifier: GPL-2.0
#
# Read OpenMetrics from stdin as the reference implementation does, and print what is in it:
# name{label=value,...} value. Exit status 3: that is not installed.
import sys

try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
except ImportError:
    sys.exit(3)

for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        print(f"{family.type} {family.unit or '-'} {sample.name}{{{labels}}} {sample.value:.15g}")
