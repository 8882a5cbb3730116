#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# However tracing ends, or fails to begin: nothing is left half-written, the
# exit status is right, and a message names the remedy.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

whole_lines()
{
	test -s "$1" && test -z "$(tail -c 1 "$1")" && jq -e . "$1"
}

# A busy process, so that the end comes while records are written.
in_background "$workload" loop
busy=$job

for signal in INT TERM HUP; do
	attach "$busy"
	end_job "$tracer" $signal
	check_equal "SIG$signal: exit_status" $? 0
	check "SIG$signal: whole_lines" whole_lines out.json
	check "SIG$signal: summary" grep -q 'records, .* lost in' notes
done
check the_target_lives_on kill -0 "$busy"

trace --json -o out.json -p "$busy" -d 0.2 2>notes
check_equal "duration: exit_status" $? 0
check "duration: whole_lines" whole_lines out.json

# A reader that has read enough
trace --json -p "$busy" 2>notes | head -n 1 >first
check_equal "closed_pipe: exit_status" "${PIPESTATUS[0]}" 0
check "closed_pipe: whole_lines" whole_lines first
check_equal "closed_pipe: no_complaint" "$(grep -ciE 'pipe|error|cannot' notes)" 0

trace -q -p "$busy" -d 5 >/dev/full 2>notes
check_equal "/dev/full: exit_status" $? 1
check "/dev/full: message" grep -qi 'no space left' notes
"$mlocktrace" record --tier "$tier" -q -o /dev/full -p "$busy" -d 5 2>notes
check_equal "/dev/full: exit_status_of_record" $? 1

mkdir small
if mount -t tmpfs -o size=256k tmpfs small 2>mount.err; then
	trace --json -o small/out.json -p "$busy" 2>notes
	check_equal "full_disk: exit_status" $? 1
	check "full_disk: message_names_the_file" grep -q 'small/out.json.*[Nn]o space' notes
	check "full_disk: whole_lines" whole_lines small/out.json
	rm small/out.json
	"$mlocktrace" record --tier "$tier" -o small/data -p "$busy" 2>notes
	check_equal "full_disk: exit_status_of_record" $? 1
	"$mlocktrace" report --json -o report.json small/data 2>notes
	check "full_disk: the_recording_has_whole_records" whole_lines report.json
	check "full_disk: its_report_says_that_it_was_cut_off" grep -q 'cut off' notes
	umount small
else
	skip "full_disk" "cannot mount a tmpfs: $(cat mount.err)"
fi
end_job "$busy" KILL 2>/dev/null

# The target ends
start_waiting exit 7
attach "$waiting"
go_on "$waiting"
wait "$tracer"
check_equal "target_ends: exit_status" $? 0
check "target_ends: whole_lines" whole_lines out.json
check "target_ends: it_is_said" grep -q "$waiting" notes

start_waiting exit 0
attach "$waiting"
kill -KILL "$waiting"
wait "$tracer"
check_equal "target_killed: exit_status" $? 0

# The target does not exist
sleep 0 &
gone=$!
wait $gone
trace -p $gone >out 2>notes
check_equal "no_such_process: exit_status" $? 1
check "no_such_process: named_with_a_remedy" grep -q "$gone.*ps" notes

# A process that gets the number of a traced one is a stranger.
cat >reuse <<'END'
"$1" trace --tier "$2" --json -f -o "$4" -- "$3" exit 0 2>/dev/null
"$3" loop 0 20000 &
first=$!
"$1" trace --tier "$2" --json -o "$4" -p $first -e mlock,munlock,exit &
tracer=$!
until test -s "$4"; do sleep 0.1; done
"$1" trace --tier "$2" --json -o "$4.2" -p $first -p $$ -e mlock,munlock,exit &
second_tracer=$!
until test -s "$4.2"; do sleep 0.1; done
kill -KILL $first
wait $first
echo $((first - 1)) >/proc/sys/kernel/ns_last_pid || exit 4
"$3" loop 5 &
again=$!
wait $again $tracer
kill -INT $second_tracer
wait $second_tracer
test $again = $first || exit 4
END
# The module knows processes by their ids in the initial namespace.
apart=(unshare --pid --fork --mount-proc)
[[ $tier != kmod ]] || apart=()
"${apart[@]}" bash reuse "$mlocktrace" "$tier" "$workload" "$scratch/reuse.json" \
	>reuse.out 2>&1
status=$?
if ((status == 0)); then
	check_equal "pid_reuse: one_process_only" \
		"$(records start_ns <reuse.json.2 | sort -u | wc -l)" 1
	check_equal "pid_reuse: ids_are_those_of_the_tracers_namespace" \
		"$(records pid <reuse.json | sort -u | wc -l)" 1
elif ((status == 4)); then
	skip pid_reuse "no process number can be had twice at will here"
else
	diag_file reuse.out
	fail pid_reuse "exit status $status"
fi

# Without privilege
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)
"${nobody[@]}" "$mlocktrace" trace --tier "$tier" -a -d 1 >out 2>notes
check_equal "unprivileged: exit_status" $? 1
check "unprivileged: the_message_names_a_remedy" grep -qE 'root|sudo|CAP_' notes
check_equal "unprivileged: nothing_on_stdout" "$(cat out)" ""
"${nobody[@]}" "$mlocktrace" trace --tier "$tier" -- "$workload" exit 3 >out 2>notes
check_equal "unprivileged: command_is_not_run" $? 1

# A file that was there stays as it is when tracing cannot begin.
echo precious >precious
trace -o precious -p $gone 2>notes
check_equal "failed_start: the_output_file_is_left_alone" "$(cat precious)" precious

ktap_end
