#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Books and kernel say the same: of threads at full rate, of programs that lock by
# all ways, of what ran before we came, and while records are being lost.

# shellcheck source=selftests/lib/live.sh
. "$(dirname "$0")/../lib/live.sh"

seconds=${MLT_AUDIT_SECONDS:-2}

# audit FILE ARG...: JSON to FILE, notes to notes; sets status
audit()
{
	local file=$1

	shift
	"$mlocktrace" audit --tier "$tier" --json -o "$file" "$@" 2>notes
	status=$?
}

# summary FILE KEY
summary()
{
	jq -c "select(.type == \"summary\") | .$2" "$1"
}

# wrong FILE: rows that do not agree
wrong()
{
	jq -c 'select(.type != "summary") |
		select(.drift != 0 or .unattributed != 0 or .records_agree == false)' "$1" | head
}

# passes NAME FILE: after audit
passes()
{
	missed "$1" && return
	check_equal "$1: exit_status" "$status" 0
	check_equal "$1: drift" "$(summary "$2" drift)$(wrong "$2")" 0
	check_equal "$1: pass" "$(summary "$2" pass)" true
	check_equal "$1: nothing_is_unattributed" "$(summary "$2" unattributed)" 0
	diag "$1: $(summary "$2" '| [.alive, .ended, .lost, .records_compared, .not_compared]' 2>/dev/null ||
		jq -c 'select(.type == "summary")' "$2")"
}

# last_vmlck FILE: bytes, by the workload's own last look at /proc
last_vmlck()
{
	awk -F '\t' '$1 == "checkpoint" { last = $4 } END { print last }' "$1"
}

"$mlocktrace" audit --tier "$tier" --json -d 0.1 -a >out.json 2>notes
if grep -q 'keeps no books' notes; then
	skip_all "this tier does not see address spaces end here"
fi

audit out.json -f -- "$workload" books 4 "$seconds" >log
passes books out.json
check_equal "books: records_were_compared" "$(summary out.json 'lost == 0')" \
	"$(summary out.json records_compared)"
pid=$(cut -f 2 log | head -n 1)
if [[ $(summary out.json records_compared) == true ]]; then
	check_equal "books: the_end_is_what_proc_said" \
		"$(jq "select(.pid == $pid and .ended) | .kernel" out.json)" "$(last_vmlck log)"
fi

audit out.json --buffer 4K -f -- "$workload" books 4 "$seconds" >log
passes tiny_buffer out.json
if (($(summary out.json lost) > 0)); then
	check_equal "tiny_buffer: says_that_records_could_not_be_compared" \
		"$(summary out.json records_compared)" false
else
	skip "tiny_buffer: says_that_records_could_not_be_compared" "nothing was lost"
fi

if type -P stress-ng >/dev/null; then
	audit out.json -f -- stress-ng --mlock 2 --mlockmany 2 --timeout "$seconds" --quiet
	passes stress-ng out.json
	check "stress-ng: there_was_something_to_compare" test "$(summary out.json ended)" -gt 0
else
	skip stress-ng "stress-ng is not installed"
fi

# The rest is about the tool, and every start takes an emulated machine its time.
[[ -z ${MLOCKTRACE_VM-} ]] || ktap_end

audit out.json -f -- "$workload" ledger 4 10 >log
passes ledger out.json

# A short one ends before anything of it has been read.
n=0
for _ in 1 2 3; do
	audit out.json -- "$workload" ledger 1 1 >log
	n=$((n + $(jq -c 'select(.ended == true and .records_agree)' out.json | wc -l)))
done
check_equal "short: all_records_were_read_before_they_were_compared" "$n" 3

# A process that holds three pages before we come, and a few after, and rests then.
start_waiting ledger 1 10 >checkpoints
audit out.json -d 0.3 -p "$waiting"
passes running out.json
check_equal "running: what_it_held_before" \
	"$(jq "select(.pid == $waiting) | .held_before" out.json)" \
	$((1024 * $(awk '$1 == "VmLck:" { print $2 }' "/proc/$waiting/status")))
check_equal "running: the_counter_is_that_of_proc" \
	"$(jq "select(.pid == $waiting) | .kernel" out.json)" \
	$((1024 * $(awk '$1 == "VmLck:" { print $2 }' "/proc/$waiting/status")))

# The same while it works, to its end.
in_background "$mlocktrace" audit --tier "$tier" --json -o out.json -p "$waiting" 2>notes
auditor=$job
wait_until grep -q Ctrl-C notes
go_on "$waiting"
wait "$waiting"
wait "$auditor"
status=$?
passes to_its_end out.json
check_equal "to_its_end: it_has_ended" "$(summary out.json '| [.alive, .ended]' 2>/dev/null)" "[0,1]"

# In the midst of its work, with and without enough buffer
in_background "$workload" books 4 60 >log
busy=$job
wait_until test -s log
for buffer in 8M 4K; do
	audit out.json -d 0.5 --buffer "$buffer" -p "$busy"
	passes "busy: buffer $buffer" out.json
done
end_job "$busy" KILL

audit out.json -- bash -c 'exit 3'
check_equal the_status_is_that_of_the_command "$status" 3
"$mlocktrace" audit 2>err
check_equal "nothing_to_audit: exit_status" $? 2

ktap_end
