#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What contrib/ has is what those who read it take: Prometheus, systemd, Grafana; and it
# names no metric that the exporter does not have. Prints KTAP.

cd "$(dirname "$0")/.." || exit 1
# shellcheck source=selftests/lib/ktap.sh
. selftests/lib/ktap.sh

scratch=$(mktemp -d "${TMPDIR:-/tmp}/mlocktrace-contrib.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

if type -P promtool >/dev/null; then
	check rules_are_rules promtool check rules contrib/prometheus/{rules,alerts,fleet}.yml
	check servers_take_their_files promtool check config --syntax-only contrib/prometheus/{shard,global}.yml
	check rules_do_what_their_tests_say promtool test rules contrib/prometheus/tests.yml
else
	skip rules_are_rules "promtool is not installed (make deps)"
fi
untested=
while read -r alert; do
	grep -q "alertname: $alert\$" contrib/prometheus/tests.yml || untested+="$alert "
done < <(sed -nE 's/.*- alert: (.*)/\1/p' contrib/prometheus/alerts.yml)
check_equal every_alert_has_a_test "$untested" ""

scripts/metrics-table.sh | sed -nE 's/^\.It Cm (mlocktrace_[a-z_]*).*/\1/p' >"$scratch/metrics"
check there_are_metrics test -s "$scratch/metrics"
# Names between colons are those of recorded rules.
check_equal metrics_are_those_of_the_exporter "$(grep -rhoE '(^|[^a-z_:])mlocktrace_[a-z_]+' \
	contrib/prometheus contrib/grafana | grep -oE 'mlocktrace_[a-z_]+' |
	sed -E 's/_(bucket|sum|count)$//' | sort -u | grep -vxFf "$scratch/metrics")" ""
check the_dashboard_is_json jq -e '.panels | length > 10' contrib/grafana/mlocktrace.json

if type -P systemd-analyze >/dev/null; then
	# Where it will be installed there need be nothing yet.
	for unit in contrib/systemd/*; do
		sed "s|/usr/local/bin/mlocktrace|$(type -P true)|; /^Documentation=/d" "$unit" \
			>"$scratch/${unit##*/}"
	done
	check_equal units_are_units "$(systemd-analyze verify "$scratch"/*.service "$scratch"/*.socket 2>&1)" ""
	if systemd-analyze --help | grep -q -- --threshold; then
		check the_service_is_confined systemd-analyze security --offline=true --threshold=25 \
			contrib/systemd/mlocktrace-exporter.service
	fi
else
	skip units_are_units "systemd-analyze is not installed"
fi

ktap_end
