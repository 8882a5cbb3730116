#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The exporter's metrics against /proc and what the workload does, as Prometheus and its tools
# read them.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"
# shellcheck source=selftests/lib/exporter.sh
. "$selftests/lib/exporter.sh"
# shellcheck source=selftests/lib/prometheus.sh
. "$selftests/lib/prometheus.sh"

need curl python3
((EUID == 0)) || skip_all "not root"

page=$(getconf PAGESIZE)
# Others may run a workload, too.
mine=mine$$
cp "$workload" "$mine"
workload=$scratch/$mine
openmetrics='Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'

vmlck_of_workload() { vmlck "$mine"; }
mlocked() { meminfo Mlocked; }
unevictable() { meminfo Unevictable; }

# ---- figures, by the names of tasks

start_exporter --by comm
check started test -n "$port"
in_background "$workload" hold 33 >held
wait_until test -s held
check_quietly locked_by_group_is_vmlck same vmlck_of_workload mlocktrace_locked_bytes "group=\"$mine\""
check_quietly locked_of_all_is_vmlck same vmlck mlocktrace_locked_bytes
check_quietly mlocked_is_in_meminfo same mlocked mlocktrace_machine_mlocked_bytes
check_quietly unevictable_is_in_meminfo same unevictable mlocktrace_machine_unevictable_bytes
end_job "$job" KILL 2>/dev/null
get /metrics >m
check who_is_gone_holds_nothing test "$(value m mlocktrace_locked_bytes "group=\"$mine\"")" = 0

# Limit and use of a process that has no capability
in_background prlimit --memlock=$((4 * page)):$((4 * page)) setpriv --reuid 65534 --clear-groups \
	"$workload" hold 3 >held
wait_until test -s held
get /metrics >m
check_equal used_is_a_part_of_the_limit "$(value m mlocktrace_limit_used_ratio "group=\"$mine\"")" 0.75
check_equal limit_of_the_user "$(value m mlocktrace_user_limit_bytes 'user="65534"')" $((4 * page))
end_job "$job" KILL 2>/dev/null

# moved METRIC [LABEL]...: from m to n
moved()
{
	echo $(($(value n "$@") - $(value m "$@")))
}

get /metrics >m
"$workload" user-loop 12 >/dev/null
get /metrics >n
check_equal refusals_by_cause \
	"$(moved mlocktrace_refusals_total 'op="mlock2"' 'cause="bad_flags"' "group=\"$mine\"")" 12
check_equal refused_at_an_address_that_is_not_mapped \
	"$(moved mlocktrace_refusals_total 'op="munlock"' 'cause="not_mapped"' "group=\"$mine\"")" 12
check refused_for_the_limit test \
	"$(moved mlocktrace_refusals_total 'cause="over_limit"' "group=\"$mine\"")" -gt 0
check_equal failures_are_refusals "$(value n mlocktrace_calls_total 'result="failed"')" \
	"$(value n mlocktrace_refusals_total)"

# calls_seen OP: how many strace saw of that call
calls_seen()
{
	grep -cE "(^|[] ])$1\(" strace.out
}

counted_as_by_strace()
{
	local op

	get /metrics >m
	strace -f -o strace.out "$workload" loop 7 >/dev/null 2>&1
	get /metrics >n
	for op in mlock mlock2 munlock mlockall munlockall; do
		echo "$op: $(calls_seen "$op") seen, $(moved mlocktrace_calls_total "op=\"$op\"") counted," \
			"$(moved mlocktrace_call_duration_seconds_count "op=\"$op\"") in the histogram"
		(($(calls_seen "$op") && $(moved mlocktrace_calls_total "op=\"$op\"") == $(calls_seen "$op") &&
			$(moved mlocktrace_call_duration_seconds_count "op=\"$op\"") == $(calls_seen "$op"))) ||
			return
	done
	(($(moved mlocktrace_calls_total 'result="failed"' 'op="m') ==
		$(grep -cE '\bm(un)?lock(2|all)?\(.*= -1 E' strace.out)))
}

released_as_charged()
{
	get /metrics >m
	"$workload" loop 3
	get /metrics >n
	(($(moved mlocktrace_charged_bytes_total 'counter="vmlck"') > 0 &&
		$(moved mlocktrace_charged_bytes_total 'counter="vmlck"') ==
		$(moved mlocktrace_released_bytes_total 'counter="vmlck"')))
}

if type -P strace >/dev/null; then
	check_quietly calls_are_counted_as_by_strace counted_as_by_strace
else
	skip calls_are_counted_as_by_strace "strace is not installed"
fi
check_quietly what_is_charged_is_released released_as_charged
check_equal nothing_is_dropped "$(value n mlocktrace_records_dropped_total)" 0

# ---- both formats

get /metrics -D head >m
check text_has_its_type grep -qi '^content-type: text/plain; version=0.0.4' head
promtool_takes promtool_takes_the_text m
check no_process_ids bash -c "! grep -qE '[{,]pid=' m"
get /metrics -D head -H "$openmetrics" >om
check openmetrics_has_its_type grep -qi '^content-type: application/openmetrics-text; version=1.0.0' head
check_equal openmetrics_has_an_end "$(tail -n 1 om)" "# EOF"
check_equal openmetrics_has_one_end "$(grep -c EOF om)" 1
# Debian's module is that of Debian's Python.
/usr/bin/python3 "$selftests/lib/openmetrics.py" <om >parsed 2>why
case $? in
0)
	pass the_reference_parser_takes_openmetrics
	# Samples that do not move between two scrapes
	check_equal both_formats_say_the_same \
		"$(sed -nE 's/^(gauge|counter) [a-z-]* (mlocktrace_[a-z_]*)\{.*\} (.*)/\2 \3/p' parsed |
			grep -vE 'exporter_|machine_' | sort)" \
		"$(sed -nE 's/^(mlocktrace_[a-z_]*)(\{.*\})? ([0-9.e+-]+)$/\1 \3/p' m |
			grep -vE 'exporter_|machine_|call_duration|build_info' | sort)"
	check units_are_told grep -q '^gauge bytes mlocktrace_locked_bytes' parsed
	;;
3) skip the_reference_parser_takes_openmetrics "python3-prometheus-client is not installed" ;;
*)
	diag_file why
	fail the_reference_parser_takes_openmetrics
	;;
esac

# ---- names made to hurt

name=$'a"}\n\\\xff{=,'
cp "$workload" "$name"
in_background "./$name" hold 2 >held
wait_until test -s held
get /metrics >m
promtool_takes promtool_takes_hostile_names m
check_equal hostile_names_are_escaped "$(grep -cF \
	'mlocktrace_locked_bytes{group="a\"}\\x0a\\x5c\\xff{=,"} 8192' m)" 1
get /metrics -H "$openmetrics" >om
/usr/bin/python3 "$selftests/lib/openmetrics.py" <om >parsed 2>/dev/null
case $? in
3) skip the_reference_parser_reads_them "python3-prometheus-client is not installed" ;;
*) check the_reference_parser_reads_them grep -qF '{group=a"}\x0a\x5c\xff{=,} 8192' parsed ;;
esac
get /api/state >state
check_equal json_has_them "$(jq -r '.holders[] | select(.vmlck == 8192) | .comm' state)" \
	'a"}\x0a\x5c\xff{=,'
end_job "$job" KILL 2>/dev/null
end_job "$exporter" TERM
check_equal sigterm_ends_it_cleanly $? 0

# ---- groups

holders=()
for i in 1 2 3 4 5; do
	cp "$workload" "group$i"
	in_background "./group$i" hold "$i" >"held$i"
	holders+=("$job")
	wait_until test -s "held$i"
done
start_exporter --by comm --groups 2
get /metrics >m
check_equal so_many_groups_and_no_more "$(grep -c '^mlocktrace_locked_bytes' m)" 3
check_quietly what_is_left_is_with_others same vmlck mlocktrace_locked_bytes
end_job "$exporter" TERM
start_exporter --by none
get /metrics >m
check_equal without_groups "$(grep '^mlocktrace_holders' m | tr -d '0-9')" "mlocktrace_holders "
end_job "$exporter" TERM
start_exporter
check_quietly by_cgroup_the_sum_is_the_same same vmlck mlocktrace_locked_bytes
check_equal by_cgroup_there_are_names "$(grep -c 'locked_bytes{group="group[0-9]"' m)" 0
end_job "$exporter" TERM
for job in "${holders[@]}"; do
	end_job "$job" KILL 2>/dev/null
done

# ---- Prometheus itself

if type -P prometheus >/dev/null; then
	start_exporter --by comm
	in_background "$workload" hold 21 >held
	holder=$job
	wait_until test -s held
	"$workload" loop 1 >/dev/null
	cat >prometheus.yml <<-END
		global: { scrape_interval: 1s, evaluation_interval: 1s }
		rule_files: [ "$selftests/../contrib/prometheus/rules.yml", "$selftests/../contrib/prometheus/alerts.yml" ]
		scrape_configs:
		  - job_name: mlocktrace
		    static_configs: [ { targets: [ "127.0.0.1:$port" ] } ]
	END
	start_prometheus prometheus
	wait_until scraped 'count_over_time(up{job="mlocktrace"}[1m]) > bool 2' 1
	query_is it_is_up 'up{job="mlocktrace"}' 1
	refused_before=$(query "sum(mlocktrace_refusals_total{group=\"$mine\"})")
	"$workload" loop 5 >/dev/null
	# Of each round two mlock() and one munlock() of what is not mapped, and a flag unknown; and once
	# mlockall() without flags
	wait_until scraped "sum(mlocktrace_refusals_total{group=\"$mine\"})" $((refused_before + 21))
	query_is refusals_are_those_of_the_workload "sum(mlocktrace_refusals_total{group=\"$mine\"})" \
		$((refused_before + 21))
	query_is by_cause "sum by (cause) (mlocktrace_refusals_total{group=\"$mine\",op=\"mlock2\"})" 6
	query_is the_histogram_counts_all \
		'sum(mlocktrace_call_duration_seconds_bucket{op="mlock2",le="+Inf"}) == bool
		sum(mlocktrace_calls_total{op="mlock2"})' 1
	query_is locked_is_what_proc_says "mlocktrace_locked_bytes{group=\"$mine\"}" \
		"$(awk '$1 == "VmLck:" { print $2 * 1024 }' "/proc/$holder/status")"
	query_is the_source_is_told 'count(mlocktrace_build_info{source=~"bpf|kmod"})' 1
	wait_until scraped 'count(instance:mlocktrace_locked_bytes:sum)' 1
	check_equal rules_are_evaluated_without_error "$(curl -sS "http://127.0.0.1:$prometheus/api/v1/rules" |
		jq -r '.data.groups[].rules[] | select(.health == "err") | .name')" ""
	check_equal openmetrics_is_what_it_asked_for "$(curl -sS \
		"http://127.0.0.1:$prometheus/api/v1/targets/metadata?metric=mlocktrace_locked_bytes" |
		jq -r '.data[].unit')" bytes
	wait_until scraped 'changes(mlocktrace_exporter_looks_total[1m]) > bool 3' 1
	query_is every_scrape_was_good 'min_over_time(up{job="mlocktrace"}[1m])' 1
	end_job "$holder" KILL 2>/dev/null
	end_job "$server" TERM
	check_equal prometheus_had_nothing_to_say "$(said_by prometheus)" ""
	end_job "$exporter" INT
	check_equal sigint_ends_it_cleanly $? 0
else
	skip prometheus "prometheus is not installed (make deps)"
fi

ktap_end
