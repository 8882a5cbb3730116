#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A recording shows what live tracing would have shown, also when it was cut
# off, and what is not a recording is refused.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

# Two tracers watch one run: the inner one live, the outer one to a file.
"$mlocktrace" record --tier "$tier" -f -q -o data -e "$lock_ops" -- \
	"${tracing[@]}" -f -q --json -o live.json -e "$lock_ops" -- "$workload" --all calls >/dev/null 2>notes
"$mlocktrace" report --json -q data >report.json 2>report.err
check_equal "report: exit_status" $? 0

# Each tracer has its own numbers, names address spaces by itself, and measures for itself.
neutral()
{
	jq -cS 'del(.seq, .cpu, .mm_id, .time_ns, .duration_ns, .limit_set.time_ns, .armed_ns) |
		if .explain then
			.explain |= gsub("[^ ]+ [^ ]+ (?<w>before by|ago)"; "a moment \(.w)") |
			.explain |= gsub("less than a moment"; "a moment")
		else . end' "$1" | sort
}
# The outer one also saw the processes of the inner one.
pids=$(jq -s 'map(.pid) | unique' live.json)
jq -c --argjson pids "$pids" 'select(.pid as $p | $pids | index($p))' report.json >same.json
neutral live.json >live.neutral
neutral same.json >report.neutral
check report_shows_what_live_tracing_did diff -u live.neutral report.neutral
check there_is_something_to_show test "$(wc -l <live.json)" -gt 100

check_equal source_reads_it_too "$("$mlocktrace" trace -q --json --source ./data | md5sum)" \
	"$(md5sum <report.json)"
check_equal from_a_pipe "$("$mlocktrace" report -q --json /dev/stdin <data | md5sum)" \
	"$(md5sum <report.json)"
check_equal failures_only_of_a_recording "$("$mlocktrace" report -q --json -x data | md5sum)" \
	"$(records ret <report.json | paste - report.json | awk -F '\t' '$1 < 0' | cut -f 2- | md5sum)"
check_equal ops_of_a_recording "$("$mlocktrace" report -q --json -e munlock data | wc -l)" \
	"$(records op <report.json | grep -cx munlock)"
"$mlocktrace" report data >text 2>notes
check text_of_a_recording grep -q 'over the limit' text
check table_at_the_end grep -qE 'PID +COMM' text

# Cut off anywhere: all before it is shown, the rest is told, and it is no crash.
size=$(stat -c %s data)
bad=
for at in 0 1 7 8 63 64 65 200 1000 $((size / 3)) $((size / 2)) $((size - 300)) $((size - 1)); do
	head -c $at data >cut.data
	"$mlocktrace" report -q --json cut.data >cut.json 2>cut.err
	status=$?
	((status == 1)) && [[ -s cut.err ]] && jq . cut.json >/dev/null ||
		bad+="at $at: exit status $status, $(head -c 200 cut.err)"$'\n'
	cmp -s cut.json <(head -c "$(stat -c %s cut.json)" report.json) ||
		bad+="at $at: other records than before"$'\n'
done
check_equal cut_off_recordings_are_told "$bad" ""
check half_a_recording_shows_half test -s cut.json

# Damaged anywhere: told or unnoticed, but no crash and no broken JSON.
bad=
for at in 0 4 9 20 100 300 $((size / 4)) $((size / 2)) $((size - 20)); do
	cp data damaged
	printf '\377\377\377\377' | dd of=damaged bs=1 seek=$at conv=notrunc 2>/dev/null
	timeout 60 "$mlocktrace" report -q --json damaged >damaged.json 2>damaged.err
	status=$?
	((status <= 1)) && jq . damaged.json >/dev/null || bad+="at $at: exit status $status"$'\n'
done
check_equal damaged_recordings_do_no_harm "$bad" ""

head -c 4096 /dev/urandom >noise
"$mlocktrace" report noise >out 2>notes
check_equal noise_is_refused $? 1
check noise_is_named grep -qi 'recording' notes
"$mlocktrace" report ./nothing >out 2>notes
check_equal missing_file_is_refused $? 1
check missing_file_is_named grep -q 'nothing' notes

# The end of tracing is in the file, however it ends.
start_waiting loop 2
in_background "$mlocktrace" record --tier "$tier" -o killed -p "$waiting" 2>notes
recorder=$job
wait_until grep -q tracing notes
go_on "$waiting"
wait "$waiting"
wait "$recorder"
check recorded_until_the_target_ended "$mlocktrace" report -q -o /dev/null killed

ktap_end
