#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The list of metrics in mlocktrace-exporter(1), from tools/metrics.def.
# check-docs.sh compares the page with it.
set -eu

cd "$(dirname "$0")/.."
"${CC:-gcc}" -E -P -x c -D'MLT_METRIC(tag, type, name, unit, labels, help)=@ type name unit labels help @' \
	tools/metrics.def | tr '\n' ' ' | sed 's/@ *@/\n/g; s/@/\n/g' | awk -F'"' '
	NF < 8 { next }
	{
		type = tolower($1)
		gsub(/ /, "", type)
		suffix = type == "counter" ? "_total" : type == "info" ? "_info" : ""
		labels = $6
		gsub(/,/, " , ", labels)
		printf ".It Cm mlocktrace_%s%s%s\n.Pq %s\n", $2, suffix,
			labels == "" ? "" : " Brq Ar " labels, type
		gsub(/\. /, ".\n", $8)
		print $8 "."
	}'
