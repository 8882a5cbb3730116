#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each filter lets through what it should and nothing else; several mean "and".

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

# distinct KEY: its values in out.json, on one line
distinct()
{
	records "$1" <out.json | sort -u | paste -sd' '
}

# What there is to be filtered: 8 rounds, the same each time.
trace_json out.json -e "$lock_ops" -- "$workload" loop 8
cp out.json all.json
check there_are_records test "$(wc -l <all.json)" -gt 60

trace_json out.json -x -e "$lock_ops" -- "$workload" loop 8
check_equal only_failures "$(records op ret <out.json)" \
	"$(records op ret <all.json | awk '$2 < 0')"
check failures_exist test -s out.json

trace_json out.json -e munlock,mlockall -- "$workload" loop 8
check_equal only_these_ops "$(records op ret <out.json)" \
	"$(records op ret <all.json | awk '$1 == "munlock" || $1 == "mlockall"')"

trace_json out.json -x -e munlock -- "$workload" loop 8
check_equal failures_of_an_op "$(records op ret <out.json)" \
	"$(records op ret <all.json | awk '$1 == "munlock" && $2 < 0')"

trace_json out.json -- "$workload" fork-exec 3
check_equal without_follow_only_the_command "$(distinct pid | wc -w)" 1
trace_json out.json -f -- "$workload" fork-exec 3
check_equal with_follow_its_children_too "$(distinct pid | wc -w)" 4
trace_json out.json -f -e fork -- "$workload" fork-exec 3
check_equal children_are_announced "$(records op target_pid <out.json | grep -c '^fork.[0-9]')" 3

trace_json out.json -f -e "$lock_ops" -u 65534 -- \
	"$workload" mlockall_locks_all_of_memory all_five_calls_work >log
check_equal only_this_user "$(distinct uid)" 65534
check_equal this_user_completely "$(records op <out.json)" \
	"$(awk '$1 == "all_five_calls_work" { print $4 }' log)"
trace_json out.json -f -u nobody -- "$workload" all_five_calls_work >/dev/null
check_equal user_by_name "$(distinct uid)" "$(id -u nobody)"

trace_json out.json -e "$lock_ops" -c '%s%n%d%x' -- "$workload" hostile-comm
check_equal only_this_name "$(records comm op <out.json)" \
	$'%s%n%d%x\tmlock\n%s%n%d%x\tmlock\n%s%n%d%x\tmunlock'

# -p of several: two of three, with their threads
for i in 1 2 3; do
	start_waiting threads 2 2
	pids[i]=$waiting
done
both_are_seen()
{
	(($(records pid <out.json | sort -u | wc -l) >= 2))
}
attach "${pids[1]}" -p "${pids[2]}"
check attached_to_both wait_until both_are_seen
for i in 1 2 3; do
	go_on "${pids[i]}"
done
wait "${pids[@]}"
wait "$tracer"
check_equal it_ends_with_its_processes $? 0
check_equal only_these_processes "$(distinct pid)" "$(printf '%s\n' "${pids[1]}" "${pids[2]}" |
	sort | paste -sd' ')"
check_equal all_threads_of_them "$(records pid tid <out.json | sort -u | wc -l)" 6

start_waiting loop 1
attach "$waiting,$waiting"
go_on "$waiting"
wait "$waiting" "$tracer"
check_equal list_of_pids "$(distinct pid)" "$waiting"

cgroups=$(findmnt -nro TARGET -t cgroup2 | head -n 1)
folder=$cgroups/mlocktrace-test-$$
if [[ -n $cgroups ]] && mkdir -p "$folder/below" "$folder-other" 2>/dev/null; then
	cat >in_cgroups <<'END'
inside()
{
	sh -c 'echo $$ >"$1"/cgroup.procs && shift && exec "$@"' sh "$@"
}
inside "$2" "$1" loop 1
inside "$2/below" "$1" loop 2
inside "$2-other" "$1" loop 4
END
	trace_json out.json -f --cgroup "$folder" -- sh in_cgroups "$workload" "$folder"
	check_equal this_cgroup_and_below "$(records op <out.json | grep -cx munlockall)" 3
	check_equal cgroup_ids_are_those_of_the_folders "$(distinct cgroup)" \
		"$(stat -c %i "$folder" "$folder/below" | sort -u | paste -sd' ')"
	rmdir "$folder/below" "$folder" "$folder-other"
else
	skip this_cgroup_and_below "no cgroup v2 hierarchy that can be written to"
fi

ktap_end
